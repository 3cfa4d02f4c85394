import { type BudgetFact, createFleet, type Fleet, type FleetMember, memberAfter, type Standing } from '../core/fleet/fleet.ts'
import type { Spending } from '../core/fleet/purse.ts'
import type { Allowance, Decision, Instant } from '../core/model.ts'
import type { Clock, DurableStore, Outcome } from '../ports.ts'
import type { ControllerConfiguration } from '../resources/documents.ts'
import { fleetSettingsFrom } from '../resources/fleet-settings.ts'
import type { Settings } from '../resources/settings.ts'
import type { Withheld } from './agent.ts'
import type { Autoscaler } from './objects.ts'
import type { Plan } from './plan.ts'

export interface SharedBudgetsOptions {
  readonly clock: Clock
  readonly store: Pick<DurableStore, 'recall' | 'remember'>
  readonly configuration?: ControllerConfiguration
  readonly settings: { readonly costPerReplicaHour: number }
  /** Throws where the object's policies make no sense. */
  readonly settingsOf: (object: Autoscaler) => Settings
  readonly autoscalers: () => readonly Autoscaler[]
}

/** The budgets that objects share, on a live cluster. Without any in the configuration nothing of it does anything. */
export interface SharedBudgets {
  /** This process has begun to lead: goes on with what was spent, and with what each object had on order. */
  begin(): Promise<void>
  /** Whether one holds for an object with these settings. */
  holdFor(settings: Settings): boolean
  /** Of a plan with the bounds in force (`Plan.target`), here and below: a floor of a schedule is put aside as `minReplicas` is. */
  allowance(plan: Plan, ordered: number): Allowance | undefined
  /** Why there is no money for that many replicas, although its allowance had it: another one took it in the same moment. */
  claim(plan: Plan, to: number): Withheld | undefined
  note(plan: Plan, done: { readonly decision: Decision; readonly outcome: Outcome | undefined }): void
  forget(id: string): void
  /** How each stands now. */
  facts(): readonly BudgetFact[]
}

/** Under which name the store keeps what was spent; objects have a slash in theirs. */
export const BUDGETS = 'budgets'

const KEEP_MS = 5000

export function createSharedBudgets(options: SharedBudgetsOptions): SharedBudgets {
  const { clock, store } = options
  const settings = fleetSettingsFrom(options.configuration?.cost)
  let fleet: Fleet | undefined
  let keptAt: Instant = 0
  const holdFor = ({ tier }: Settings) =>
    settings !== undefined && (settings.fleet !== undefined || (tier !== undefined && settings.tiers?.[tier] !== undefined))
  const fleetOf = (plan: Plan) => (holdFor(plan.settings) ? fleet : undefined)
  return {
    holdFor,
    async begin() {
      if (settings === undefined) return
      const { slots } = await store.recall(BUDGETS)
      const members = options.autoscalers().flatMap(object => lastKnown(object, options))
      fleet = createFleet(settings, { spent: slots as Readonly<Record<string, Spending>>, members }) // written by `note`
    },
    allowance: (plan, ordered) => fleetOf(plan)?.allowance(standingOf(plan), { at: clock.now(), ordered }),
    claim(plan, to) {
      if (fleetOf(plan)?.claim(standingOf(plan), to, clock.now()) !== false) return undefined
      return { by: 'Budget', why: 'another object took the money of the shared budget meanwhile; decided anew at the next turn' }
    },
    note(plan, { decision, outcome }) {
      const ours = fleetOf(plan)
      if (ours === undefined) return fleet?.forget(plan.target.id, clock.now())
      ours.note(memberOf(plan, { decision, outcome }), clock.now())
      if (clock.now() - keptAt < KEEP_MS) return
      keptAt = clock.now()
      void store.remember(BUDGETS, { slots: ours.spent() })
    },
    forget: id => fleet?.forget(id, clock.now()),
    facts: () => fleet?.budgets(clock.now()) ?? [],
  }
}

function standingOf({ target, settings, costPerReplicaHour }: Plan): Standing {
  const { priority, tier } = settings
  return { id: target.id, priority, costPerReplicaHour, minReplicas: target.minReplicas, ...(tier && { tier }) }
}

/** What nothing is written for keeps what it has, whatever would be decided. */
function memberOf(plan: Plan, { decision, outcome }: Parameters<SharedBudgets['note']>[1]): FleetMember {
  const ordered = outcome?.kind === 'scaled' ? decision.to : decision.from
  const member = memberAfter(standingOf(plan), { decision, target: plan.target, ordered })
  const { mode } = plan.settings
  const isHandsOff = mode === 'Recommend' || mode === 'Paused'
  return isHandsOff ? { ...member, kept: ordered, needed: ordered, wanted: ordered } : member
}

/** An object that has had no turn yet, as its status says; one that is new has its minimum until its first turn. */
function lastKnown(object: Autoscaler, { settingsOf, settings }: SharedBudgetsOptions): readonly FleetMember[] {
  try {
    const { priority, tier, minReplicas } = settingsOf(object)
    const { desiredReplicas } = (object.status ?? {}) as { readonly desiredReplicas?: unknown } // looked at before it is believed
    const ordered = typeof desiredReplicas === 'number' ? desiredReplicas : minReplicas
    const { costPerReplicaHour } = settings
    const standing: Standing = { id: object.id, priority, costPerReplicaHour, minReplicas, ...(tier && { tier }) }
    return [{ ...standing, kept: 0, needed: ordered, wanted: ordered, ordered }]
  } catch {
    return [] // its turn tells what is wrong with it
  }
}
