import { follow, type Wish } from '../decide/block-rule.ts'
import type { Target } from '../model.ts'
import type { Restorable, Tuner } from '../rules.ts'
import { type Kept, listOf, listPart, numbersPart, type Part, partsOf, restorable } from '../state.ts'
import { CANDIDATES, type Candidate, parametersOf } from './candidates.ts'
import { createFamiliarity } from './familiarity.ts'
import { createPast, type PastTicks } from './past-ticks.ts'
import { createReferenceHpa, type ReferenceHpa } from './reference-hpa.ts'
import { createFleetTable, type FleetTable, settleTick, type Tally, takeTally } from './replay.ts'

export interface TunerOptions {
  readonly target: Target
  /** How old the newest demand is at a decision. */
  readonly delayMs: number
  /** What the service may miss: 1.44 minutes a day are 99.9 %. */
  readonly badMinutesPerDay?: number
  /** Share of that budget which the replayed past may use up; the rest pays for the winner's curse of choosing among many. */
  readonly budgetShare?: number
  /** Scaling actions, relative to the HPA that would have met the budget on the same past. */
  readonly actionLimit?: number
}

const SHARES = Array.from({ length: 15 }, (_, i) => 0.3 + 0.05 * i)
/** The reactive fallback that speaks where there is no forecast. */
const FALLBACK_SHARE = 0.7
/** Days of replay that count. */
const KEPT_DAYS = 14
export const BAD_MINUTES_PER_DAY = 1.44

/**
 * Chooses the parameters of the predictive decision by replay of the past only (`decision.md` 6): every candidate lives
 * through every past tick with the forecasts that were really made then; at the end of each day the cheapest that kept to its share
 * of the error budget and to the action limit wins, and if none did, the one that violated least.
 */
export function createTuner(options: TunerOptions): Tuner & Restorable {
  const { target, delayMs } = options
  const ticksPerDay = Math.round(86_400_000 / target.periodMs)
  const lag = 1 + Math.round(delayMs / target.periodMs)
  const minute = createMinuteMean(target.periodMs)
  const past = createPast(lag)
  const ledger = createLedger({ ...options, ticksPerDay })
  const familiarity = createFamiliarity({ ...options, lag })
  let tick = 0
  const time = () =>
    numbersPart(
      () => [tick],
      ([value = 0]) => {
        tick = value
      },
    )

  return {
    name: 'replay',
    ...restorable(() => ({ kind: kindOf(options), version: 1 }), {
      part: () => partsOf({ time: time(), minute, past, ledger, familiarity }),
    }),
    absorb({ demand, forecast, target: now }) {
      if (tick === 0 && demand === undefined) return
      const need = demand === undefined ? undefined : demand / now.capacityPerReplica
      const mean = minute.of(need)
      past.reveal(need)
      familiarity.see({ need, forecast, target: now })
      tick += 1
      const isUnfamiliar = familiarity.doubt() !== undefined
      // The first day's forecasts are a beginner's: whoever does well on them learnt nothing for later.
      if (tick > ticksPerDay) past.push({ forecast, need, mean, isUnfamiliar, target: now })
      if (past.isFull()) past.take(ledger.play)
      if (tick % ticksPerDay !== 0) return
      familiarity.closeDay()
      if (tick > ticksPerDay) ledger.closeDay()
    },
    parameters() {
      const parameters = ledger.chosen()
      const unfamiliar = familiarity.doubt()
      return parameters && unfamiliar !== undefined ? { ...parameters, unfamiliar } : parameters
    },
  }
}

/** Everything is counted in ticks and replicas: a past in others means nothing. */
function kindOf({ target: { periodMs, startupMs, capacityPerReplica }, delayMs }: TunerOptions): string {
  return `replay ${JSON.stringify({ periodMs, startupMs, capacityPerReplica, delayMs })}`
}

/** Who lives through the past, what it cost them day by day, and who is chosen of it. */
function createLedger(options: TunerOptions & { readonly ticksPerDay: number }) {
  const field = createField(options.target)
  const days: Float64Array[] = []
  const perDay = (options.badMinutesPerDay ?? BAD_MINUTES_PER_DAY) * (options.ticksPerDay / 1440)
  let played = 0
  let best: number | undefined
  const chosen = () =>
    listPart(
      2,
      () => [played, ...(best === undefined ? [] : [best])],
      ([first = 0, second]) => {
        ;[played, best] = [first, second]
      },
    )
  return {
    part: () =>
      partsOf({
        chosen: chosen(),
        days: daysPart(days),
        fleets: field.fleets,
        hpas: listOf([...field.references, field.fallback]),
      }),
    chosen: () => (best === undefined ? undefined : parametersOf(CANDIDATES[best]!, options.target.periodMs)),
    play(ticks: PastTicks, count: number) {
      play(field, { ticks, count, from: played, periodMs: options.target.periodMs })
      played += count
      // A day whose budget is gone before it ended is reason enough to choose anew, with what it taught so far.
      if (best !== undefined && field.fleets.bad(best) > perDay) best = choose([...days, dayOf(field)], options)
    },
    closeDay() {
      days.push(dayOf(field))
      for (let i = 0; i < CANDIDATES.length; i++) field.fleets.clear(i)
      for (const { fleet } of field.references) takeTally(fleet)
      if (days.length > KEPT_DAYS) days.shift()
      best = choose(days, options)
    },
  }
}

const SCORED = CANDIDATES.length + SHARES.length

/** One day: cost, bad, actions of every candidate, then of every reference. */
function dayOf({ fleets, references }: Field): Float64Array {
  const day = new Float64Array(3 * SCORED)
  for (let i = 0; i < SCORED; i++) {
    const { cost, bad, actions } = i < CANDIDATES.length ? fleets.tally(i) : references[i - CANDIDATES.length]!.fleet
    day.set([cost, bad, actions], 3 * i)
  }
  return day
}

function daysPart(days: Float64Array[]): Part {
  return {
    save: () => days.map(day => day.slice()),
    load: state => {
      if (!Array.isArray(state) || state.length > KEPT_DAYS) return false
      const read = state.map(() => new Float64Array(3 * SCORED))
      days.splice(0, days.length, ...read)
      return listOf(read).load(state)
    },
  }
}

interface MinuteMean extends Kept {
  /** The mean of the last minute, as an HPA's metric has it; `undefined` while the newest value is missing. */
  of(need: number | undefined): number | undefined
}

function createMinuteMean(periodMs: number): MinuteMean {
  const kept = Math.max(1, Math.round(60_000 / periodMs))
  let recent: readonly (number | undefined)[] = []
  const part = () =>
    listPart(
      kept,
      () => recent.map(need => need ?? -1),
      needs => {
        recent = needs.map(need => (need < 0 ? undefined : need))
      },
    )
  return {
    part,
    of(need) {
      recent = [...recent, need].slice(-kept)
      const known = recent.filter(value => value !== undefined)
      return need === undefined ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length
    },
  }
}

/** All candidates and the reference HPAs, each with its own replicas. */
interface Field {
  readonly fleets: FleetTable
  readonly references: readonly ReferenceHpa[]
  readonly fallback: ReferenceHpa
}

function createField(target: Target): Field {
  const startupTicks = Math.ceil(target.startupMs / target.periodMs - 1e-9)
  const replicas = Math.max(1, target.minReplicas)
  const reference = (share: number) => createReferenceHpa({ ...target, share, startupTicks, replicas })
  return {
    fleets: createFleetTable(CANDIDATES.length, startupTicks, replicas),
    references: SHARES.map(reference),
    fallback: reference(FALLBACK_SHARE),
  }
}

interface Batch {
  readonly ticks: PastTicks
  readonly count: number
  readonly from: number
  readonly periodMs: number
}

function play(field: Field, batch: Batch): void {
  const { ticks, count, from } = batch
  const fallback = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    field.fallback.decide(ticks.mean(i))
    fallback[i] = field.fallback.fleet.replicas
  }
  for (const { fleet, decide } of field.references) {
    for (let i = 0; i < count; i++) {
      decide(ticks.mean(i))
      settleTick(fleet, from + i, ticks.need(i))
    }
  }
  for (let c = 0; c < CANDIDATES.length; c++) playCandidate(field.fleets, c, { ...batch, fallback })
}

function playCandidate(fleets: FleetTable, row: number, batch: Batch & { readonly fallback: Float64Array }): void {
  const { ticks, count, from, fallback, periodMs } = batch
  const candidate: Candidate = CANDIDATES[row]!
  const parameters = parametersOf(candidate, periodMs)
  const [price, keep] = [candidate.price * ticks.room, candidate.keep * ticks.room]
  const fleet = fleets.gather(row)
  const wish: Wish = { up: 0, block: 0, keep: 0 }
  for (let i = 0; i < count; i++) {
    const before = fleet.replicas
    if (ticks.hasForecast(i)) {
      const block = ticks.block[price + i]!
      wish.up = ticks.up[price + i]!
      wish.block = parameters.orderToMedian ? Math.max(block, ticks.ahead[i]!) : block
      wish.keep = Math.max(wish.up, ticks.keep[keep + i]!)
      follow(fleet, wish, parameters)
      if (ticks.isUnfamiliar(i) && fallback[i]! > fleet.replicas) fleet.replicas = fallback[i]!
    } else {
      fleet.heldTicks = 0
      fleet.highest = 0
      if (ticks.mean(i) !== undefined) fleet.replicas = fallback[i]!
    }
    if (fleet.replicas !== before) fleet.actions += 1
    settleTick(fleet, from + i, ticks.need(i))
  }
  fleets.store(row)
}

type Limits = Pick<TunerOptions, 'badMinutesPerDay' | 'budgetShare' | 'actionLimit'> & { readonly ticksPerDay: number }

function choose(
  days: readonly Float64Array[],
  { badMinutesPerDay = BAD_MINUTES_PER_DAY, budgetShare = 0.5, actionLimit = 1.5, ticksPerDay }: Limits,
): number {
  const budget = days.length * badMinutesPerDay * (ticksPerDay / 1440)
  const all = sums(days)
  const references = all.slice(CANDIDATES.length)
  const usual = references[cheapest(references, { bad: budget, actions: Number.POSITIVE_INFINITY })]!.actions
  return cheapest(all.slice(0, CANDIDATES.length), { bad: budget * budgetShare, actions: actionLimit * usual })
}

/** The cheapest inside both limits. Else: who keeps to the actions, or has the fewest, then who violated least, then who is cheapest. */
function cheapest(tallies: readonly Tally[], limit: { readonly bad: number; readonly actions: number }): number {
  const rank = ({ bad, actions, cost }: Tally) => {
    const [over, restless] = [bad > limit.bad ? bad : 0, actions > limit.actions ? actions : 0]
    return [restless, over, cost] as const
  }
  let best = 0
  for (let i = 1; i < tallies.length; i++) {
    const [a, b] = [rank(tallies[i]!), rank(tallies[best]!)]
    const at = a.findIndex((value, index) => value !== b[index])
    if (at >= 0 && a[at]! < b[at]!) best = i
  }
  return best
}

function sums(days: readonly Float64Array[]): readonly Tally[] {
  const sum = (at: number) => days.reduce((total, day) => total + day[at]!, 0)
  return Array.from({ length: SCORED }, (_, i) => ({ cost: sum(3 * i), bad: sum(3 * i + 1), actions: sum(3 * i + 2) }))
}
