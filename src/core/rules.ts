import type { ChampionFacts, ForecastAccuracy } from './forecast/accuracy/accuracy.ts'
import type { Condition, Doubt, Forecast, Instant, Observation, SafeLoad, ScheduledWindow, Situation, Target } from './model.ts'

/**
 * What a target remembers between ticks: one slot for each plug-in, under its name. Slots hold JSON-safe values that the
 * plug-in returned last time; nobody else reads them. Forecasters keep an accumulator of their own (`Forecaster`).
 */
export interface Memory {
  readonly slots: Readonly<Record<string, unknown>>
  /** The last decision. Whether it happened shows in the replicas that are observed next; `refused`: it is known that it did not. */
  readonly decided?: { readonly at: Instant; readonly from: number; readonly to: number; readonly refused?: boolean }
}

export const emptyMemory: Memory = { slots: {} }

/** Everything a proposer or a guard may look at. */
export interface Context {
  readonly now: Instant
  readonly target: Target
  readonly situation: Situation
  readonly memory: Memory
  /** The forecast of this tick, or why there is none; absent where the rules have no forecaster. */
  readonly forecast?: Forecast | { readonly abstains: string }
  /** What the tuner chose from the past; absent where the rules have no tuner, or it has seen too little. */
  readonly parameters?: Parameters
  /** What the capacity of `target` rests on; absent where the rules do not learn it. */
  readonly safeLoad?: SafeLoad
}

/** What plug-in `name` returned as `memory` at the last tick; `empty` the first time. */
export function recall<T>(memory: Memory, name: string, empty: T): T {
  const slot = memory.slots[name]
  return slot === undefined ? empty : (slot as T) // the slot is written by the same plug-in only, so it has its type
}

/**
 * `missing`: the demand cannot be used at all, and why; every later stage then sees none, never a zero.
 * `masks`: what it doubts is no load at all, so the screens behind it are shown what it believes, and learn nothing of the sample.
 */
export interface Screen {
  readonly name: string
  readonly masks?: boolean
  /** `believed`: what the screens before it left of the demand, where they doubt it: who learns what is usual learns that. */
  doubt(
    observation: Observation,
    memory: Memory,
    believed?: number,
  ): { readonly doubt?: Doubt; readonly missing?: string; readonly memory?: unknown }
}

/**
 * `outright`: HPA brings replicas outside min..max back at once; stabilisation and pace do not bind such a proposal.
 * `floor`: not what is wanted but what it must not go below; where nobody else proposes, it takes nothing away.
 */
export type Proposed =
  | {
      readonly kind: 'proposes'
      readonly replicas: number
      readonly why: string
      readonly outright?: boolean
      readonly floor?: boolean
    }
  | { readonly kind: 'abstains'; readonly why: string }

export interface Proposer {
  readonly name: string
  propose(context: Context): Proposed & { readonly memory?: unknown; readonly conditions?: readonly Condition[] }
}

/** What the guards work on: the highest proposal, and what is left of it after the guards before. */
export interface Draft {
  readonly asked: number
  readonly replicas: number
  readonly outright: boolean
  /** No proposer spoke: `replicas` are those of the spec, wanted by nobody, and only a guard with a reason of its own moves them. */
  readonly abstained?: boolean
  /** How many replicas the SLO needs for the believed demand right now; absent when that is unknown. */
  readonly needed?: number
}

export interface Guard {
  readonly name: string
  limit(
    draft: Draft,
    context: Context,
  ): {
    readonly replicas: number
    readonly why: string
    readonly keeps?: number
    readonly memory?: unknown
    readonly conditions?: readonly Condition[]
  }
}

/**
 * The whole state of an accumulator, as a plain value that `structuredClone` copies: numbers, strings, arrays, typed arrays. `kind`
 * names the accumulator and everything that its shape depends on (step, windows, unit).
 */
export interface Snapshot {
  readonly kind: string
  readonly version: number
  readonly state: unknown
}

/** What an accumulator may offer so that a restart need not replay days of history. */
export interface Restorable {
  snapshot(): Snapshot
  /** `false`: the snapshot is of another kind, version or shape, nothing was changed, and the caller replays history instead. */
  restore(snapshot: Snapshot): boolean
}

/** What a forecaster that knows its series can teach one of another series that is young. */
export interface Lender {
  /** As a plain value. Absent while it has not learnt enough itself. */
  lend(): Snapshot | undefined
  /** `false`: the prior is of another kind, version or shape, or comes too late, and nothing was changed. */
  borrow(prior: Snapshot): boolean
  /** `open`: it would still take one; `used`: what it says rests on one, because it has less than a day of its own. */
  prior(): 'open' | 'used' | 'none'
}

/**
 * Learns a series and forecasts it. Its state is an accumulator that `absorb` advances in place (copying megabytes each
 * tick is not an option) and that refits by itself as the series goes on. It uses no clock and no randomness, so the same
 * series always gives the same forecasts.
 */
export interface Forecaster extends Partial<Restorable>, Partial<Lender> {
  readonly name: string
  /**
   * Takes in the believed demand of the tick that ended at `at`; `undefined` is a gap. Times must ascend. `scheduled`: what was known
   * of that time; who makes nothing of it ignores it, here and below.
   */
  absorb(at: Instant, demand: number | undefined, scheduled?: readonly ScheduledWindow[]): void
  /** The forecast as of the last absorbed value, or why there is none yet. */
  predict(now: Instant, scheduled?: readonly ScheduledWindow[]): Forecast | { readonly abstains: string }
  /** How good its forecasts of the last week were; absent where nobody compares them with what came. */
  accuracy?(): ForecastAccuracy
  /** Which of its models speaks; absent where there is one only, or none yet. */
  champion?(): ChampionFacts | undefined
}

/** The bounded numbers of the predictive decision that are chosen by replay of the past (`core/policy/tuner.ts`). */
export interface Parameters {
  /** Price of a missing replica in replica-ticks: the newsvendor's mu. Picks the quantile, tick by tick. */
  readonly missingPrice: number
  /** Same for the quantile that holds replicas back from leaving. */
  readonly keepPrice: number
  /** Extra share ordered once we order at all, so that orders come in blocks: 0.03 is 3 %. */
  readonly orderAhead: number
  /** Order up to the median of the maximum over the next minutes beyond the lead time. */
  readonly orderToMedian: boolean
  /** No scale-down smaller than this share of the replicas. */
  readonly deadband: number
  /** Scale-down only after that many ticks in a row agreed. */
  readonly holdTicks: number
  /** Why the present is unlike the past that was replayed: what was chosen may not fit, so the reactive target speaks too. */
  readonly unfamiliar?: string
}

/** Chooses Parameters by replaying what was absorbed, never anything later. An accumulator like the forecaster. */
export interface Tuner extends Partial<Restorable> {
  readonly name: string
  absorb(tick: {
    readonly at: Instant
    readonly demand: number | undefined
    readonly forecast: Forecast | undefined
    readonly target: Target
  }): void
  /** `undefined` until there is enough past to replay. */
  parameters(): Parameters | undefined
}

/** Learns from how the objectives stood at which load per replica. An accumulator like the forecaster. */
export interface SafeLoadLearner extends Restorable {
  absorb(situation: Situation, periodMs: number): void
  inForce(): SafeLoad
}

/** One autoscaler is a value of Rules: ours and its rivals run the same loop. */
export interface Rules {
  readonly name: string
  readonly screens: readonly Screen[]
  readonly forecaster?: Forecaster
  readonly tuner?: Tuner
  /** Present where the target has objectives to learn its capacity from. */
  readonly safeLoad?: SafeLoadLearner
  readonly proposers: readonly Proposer[]
  readonly guards: readonly Guard[]
  /** What the stock HPA would do; not part of the decision, only told beside it. */
  readonly counterfactual?: Proposer
}
