import { follow, levelFor, type Wish, wholeReplicas } from '../decide/block-rule.ts'
import type { Forecast, Target } from '../model.ts'
import type { Parameters, Tuner } from '../rules.ts'
import { createFamiliarity } from './familiarity.ts'
import { createReferenceHpa, type ReferenceHpa } from './reference-hpa.ts'
import { createFleet, type Fleet, settleTick, type Tally, takeTally } from './replay.ts'

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

/** Prices of a missing replica, in replica-ticks; one level of safety each. */
const PRICES = [10, 30, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 50_000, 200_000, 1_000_000] as const
const KEEP_SHIFTS = [-2, 0, 2]
const HOLD_SECONDS = [60, 360]
const ORDER_AHEAD = 0.05
const DEADBAND = 0.1
const SHARES = Array.from({ length: 15 }, (_, i) => 0.3 + 0.05 * i)
/** The reactive fallback that speaks where there is no forecast. */
const FALLBACK_SHARE = 0.7
/** Days of replay that count. */
const KEPT_DAYS = 14
const BATCH_TICKS = 240
const BAD_MINUTES_PER_DAY = 1.44

interface Candidate {
  readonly price: number
  readonly keep: number
  readonly parameters: Parameters
}

/** One past tick, cut to what candidates need: the wishes by price index, in replicas. */
interface PastTick {
  readonly hasForecast: boolean
  readonly isUnfamiliar: boolean
  readonly up: Int32Array
  readonly block: Int32Array
  readonly keep: Int32Array
  readonly ahead: number
  /** Mean load of the last minute, in replicas. */
  readonly mean: number | undefined
  need: number | undefined
}

/**
 * Chooses the parameters of the predictive decision by replay of the past only (`decision.md` 6): every candidate lives
 * through every past tick with the forecasts that were really made then; at the end of each day the cheapest that kept to its share
 * of the error budget and to the action limit wins, and if none did, the one that violated least.
 */
export function createTuner(options: TunerOptions): Tuner {
  const { target, delayMs } = options
  const ticksPerDay = Math.round(86_400_000 / target.periodMs)
  const lag = 1 + Math.round(delayMs / target.periodMs)
  const minute = createMinuteMean(target.periodMs)
  const past = createPast(lag)
  const ledger = createLedger({ ...options, ticksPerDay })
  const familiarity = createFamiliarity({ ...options, lag })
  let tick = 0

  return {
    name: 'replay',
    absorb({ demand, forecast, target: now }) {
      if (tick === 0 && demand === undefined) return
      const need = demand === undefined ? undefined : demand / now.capacityPerReplica
      const mean = minute(need)
      past.reveal(need)
      familiarity.see({ need, forecast, target: now })
      tick += 1
      const isUnfamiliar = familiarity.doubt() !== undefined
      // The first day's forecasts are a beginner's: whoever does well on them learnt nothing for later.
      if (tick > ticksPerDay) past.push(pastTick({ forecast, need, mean, isUnfamiliar, target: now }))
      if (past.isFull()) ledger.play(past.take())
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

/** Past ticks that wait to be replayed in batches; what a tick needed is seen `lag` ticks after it was decided. */
function createPast(lag: number) {
  const ticks: PastTick[] = []
  return {
    reveal(need: number | undefined) {
      const seen = ticks[ticks.length - lag]
      if (seen !== undefined && need !== undefined) seen.need = wholeReplicas(need)
    },
    push(tick: PastTick) {
      ticks.push(tick)
    },
    isFull: () => ticks.length >= BATCH_TICKS + lag,
    take: (): readonly PastTick[] => ticks.splice(0, ticks.length - lag),
  }
}

/** Who lives through the past, what it cost them day by day, and who is chosen of it. */
function createLedger(options: TunerOptions & { readonly ticksPerDay: number }) {
  const candidates = candidatesFor(options.target.periodMs)
  const field = createField(candidates, options.target)
  const days: Day[] = []
  const perDay = (options.badMinutesPerDay ?? BAD_MINUTES_PER_DAY) * (options.ticksPerDay / 1440)
  let played = 0
  let best: number | undefined

  const today = (): Day => ({ candidates: field.fleets, references: field.references.map(one => one.fleet) })
  return {
    chosen: () => (best === undefined ? undefined : candidates[best]!.parameters),
    play(batch: readonly PastTick[]) {
      play(field, candidates, { batch, from: played })
      played += batch.length
      // A day whose budget is gone before it ended is reason enough to choose anew, with what it taught so far.
      if (best !== undefined && field.fleets[best]!.bad > perDay) best = choose([...days, today()], options)
    },
    closeDay() {
      days.push({ candidates: field.fleets.map(takeTally), references: field.references.map(one => takeTally(one.fleet)) })
      if (days.length > KEPT_DAYS) days.shift()
      best = choose(days, options)
    },
  }
}

function candidatesFor(periodMs: number): readonly Candidate[] {
  const found: Candidate[] = []
  for (const [price, missingPrice] of PRICES.entries())
    for (const shift of KEEP_SHIFTS)
      for (const orderToMedian of [false, true])
        for (const holdSeconds of HOLD_SECONDS) {
          const keep = Math.max(0, Math.min(PRICES.length - 1, price + shift))
          const holdTicks = Math.round((holdSeconds * 1000) / periodMs)
          const parameters = {
            missingPrice,
            keepPrice: PRICES[keep]!,
            orderAhead: ORDER_AHEAD,
            orderToMedian,
            deadband: DEADBAND,
            holdTicks,
          }
          found.push({ price, keep, parameters })
        }
  return found
}

/** The mean of the last minute, as an HPA's metric has it; `undefined` while the newest value is missing. */
function createMinuteMean(periodMs: number): (need: number | undefined) => number | undefined {
  const kept = Math.max(1, Math.round(60_000 / periodMs))
  const recent: (number | undefined)[] = []
  return need => {
    recent.push(need)
    if (recent.length > kept) recent.shift()
    const known = recent.filter(value => value !== undefined)
    return need === undefined ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length
  }
}

interface TickFacts {
  readonly forecast: Forecast | undefined
  readonly need: number | undefined
  readonly mean: number | undefined
  readonly isUnfamiliar: boolean
  readonly target: Target
}

function pastTick({ forecast, need, mean, isUnfamiliar, target }: TickFacts): PastTick {
  const { capacityPerReplica, minReplicas, maxReplicas } = target
  const count = PRICES.length
  const [up, block, keep] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)]
  const [upWindow, keepWindow, aheadWindow] = forecast?.windows ?? []
  if (need === undefined || upWindow === undefined || keepWindow === undefined || aheadWindow === undefined)
    return { hasForecast: false, isUnfamiliar, up, block, keep, ahead: 0, mean, need: undefined }
  const floor = Math.max(minReplicas, wholeReplicas(need))
  const bounded = (replicas: number) => Math.min(maxReplicas, replicas)
  for (let i = 0; i < count; i++) {
    const load = upWindow.quantiles[levelFor(upWindow, PRICES[i]!, capacityPerReplica)]! / capacityPerReplica
    up[i] = bounded(Math.max(floor, wholeReplicas(load)))
    block[i] = bounded(wholeReplicas(load * (1 + ORDER_AHEAD)))
    keep[i] = wholeReplicas(keepWindow.quantiles[levelFor(keepWindow, PRICES[i]!, capacityPerReplica)]! / capacityPerReplica)
  }
  return {
    hasForecast: true,
    isUnfamiliar,
    up,
    block,
    keep,
    ahead: bounded(wholeReplicas(aheadWindow.quantiles[0]! / capacityPerReplica)),
    mean,
    need: undefined,
  }
}

/** All candidates and the reference HPAs, each with its own replicas. */
interface Field {
  readonly fleets: readonly Fleet[]
  readonly references: readonly ReferenceHpa[]
  readonly fallback: ReferenceHpa
}

function createField(candidates: readonly Candidate[], target: Target): Field {
  const startupTicks = Math.ceil(target.startupMs / target.periodMs - 1e-9)
  const replicas = Math.max(1, target.minReplicas)
  const reference = (share: number) => createReferenceHpa({ ...target, share, startupTicks, replicas })
  return {
    fleets: candidates.map(() => createFleet(startupTicks, replicas)),
    references: SHARES.map(reference),
    fallback: reference(FALLBACK_SHARE),
  }
}

function play(
  field: Field,
  candidates: readonly Candidate[],
  { batch, from }: { batch: readonly PastTick[]; from: number },
): void {
  const fallback = batch.map(({ mean }) => {
    field.fallback.decide(mean)
    return field.fallback.fleet.replicas
  })
  for (const { fleet, decide } of field.references) {
    for (let i = 0; i < batch.length; i++) {
      decide(batch[i]!.mean)
      settleTick(fleet, from + i, batch[i]!.need)
    }
  }
  for (let c = 0; c < candidates.length; c++) playCandidate(field.fleets[c]!, candidates[c]!, { batch, from, fallback })
}

interface Batch {
  readonly batch: readonly PastTick[]
  readonly from: number
  readonly fallback: readonly number[]
}

function playCandidate(fleet: Fleet, { price, keep, parameters }: Candidate, { batch, from, fallback }: Batch): void {
  const wish: Wish = { up: 0, block: 0, keep: 0 }
  for (let i = 0; i < batch.length; i++) {
    const past = batch[i]!
    const before = fleet.replicas
    if (past.hasForecast) {
      wish.up = past.up[price]!
      wish.block = parameters.orderToMedian ? Math.max(past.block[price]!, past.ahead) : past.block[price]!
      wish.keep = Math.max(wish.up, past.keep[keep]!)
      follow(fleet, wish, parameters)
      if (past.isUnfamiliar && fallback[i]! > fleet.replicas) fleet.replicas = fallback[i]!
    } else {
      fleet.heldTicks = 0
      fleet.highest = 0
      if (past.mean !== undefined) fleet.replicas = fallback[i]!
    }
    if (fleet.replicas !== before) fleet.actions += 1
    settleTick(fleet, from + i, past.need)
  }
}

interface Day {
  readonly candidates: readonly Tally[]
  readonly references: readonly Tally[]
}

type Limits = Pick<TunerOptions, 'badMinutesPerDay' | 'budgetShare' | 'actionLimit'> & { readonly ticksPerDay: number }

function choose(
  days: readonly Day[],
  { badMinutesPerDay = BAD_MINUTES_PER_DAY, budgetShare = 0.5, actionLimit = 1.5, ticksPerDay }: Limits,
): number {
  const budget = days.length * badMinutesPerDay * (ticksPerDay / 1440)
  const references = sums(days.map(day => day.references))
  const usual = references[cheapest(references, { bad: budget, actions: Number.POSITIVE_INFINITY })]!.actions
  return cheapest(sums(days.map(day => day.candidates)), { bad: budget * budgetShare, actions: actionLimit * usual })
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

function sums(days: readonly (readonly Tally[])[]): readonly Tally[] {
  return days[0]!.map((_, i) => ({
    cost: days.reduce((sum, day) => sum + day[i]!.cost, 0),
    bad: days.reduce((sum, day) => sum + day[i]!.bad, 0),
    actions: days.reduce((sum, day) => sum + day[i]!.actions, 0),
  }))
}
