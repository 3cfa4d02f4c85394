import { decisionWindows } from '../../src/core/decide/block-rule.ts'
import { seasonalRidge } from '../../src/core/forecast/seasonal-ridge.ts'
import type { Target } from '../../src/core/model.ts'
import type { Forecaster } from '../../src/core/rules.ts'
import type { Load } from '../../src/sim/load.ts'
import { generate } from '../../src/sim/traffic/generate.ts'
import type { ProfileName } from '../../src/sim/traffic/profiles.ts'

const [DAY_MS, HOUR_MS, MINUTE_MS, TICK_MS] = [86_400_000, 3_600_000, 60_000, 15_000]
export const DELAY_MS = 15_000
const [DAYS, CHANGE_DAY] = [10, 7]
const REPLICAS_AT_P999 = 75
const TICKS_A_DAY = DAY_MS / TICK_MS

/** From one day to the next the world is another one, or the forecaster always was of another one. */
export interface DriftCase {
  readonly name: string
  /** The load of a tick after the change; `usual` is the load that would have come. */
  readonly after?: (usual: (tick: number) => number, tick: number) => number
  /** What a forecaster is told instead of the demand. */
  readonly mistold?: (demand: number, usual: (tick: number) => number, tick: number) => number
  /** What the history was like, as a share of the usual load. */
  readonly historyShare?: number
}

const sinceChange = (tick: number): number => tick / TICKS_A_DAY - CHANGE_DAY
const minuteOfHour = (tick: number): number => ((tick * TICK_MS) % HOUR_MS) / MINUTE_MS

export const CASES: readonly DriftCase[] = [
  { name: 'level x 2', after: (usual, tick) => 2 * usual(tick) },
  { name: 'level x 5', after: (usual, tick) => 5 * usual(tick) },
  { name: 'level x 0.3', after: (usual, tick) => 0.3 * usual(tick) },
  { name: 'out of nearly nothing', historyShare: 0.02 },
  { name: 'grows by a quarter a day', after: (usual, tick) => (1 + 0.25 * sinceChange(tick)) * usual(tick) },
  { name: 'the day is six hours later', after: (usual, tick) => usual(tick - TICKS_A_DAY / 4) },
  { name: 'day and night change places', after: (usual, tick) => usual(tick - TICKS_A_DAY / 2) },
  {
    name: 'twice the load for five minutes of each hour',
    after: (usual, tick) => (minuteOfHour(tick) >= 20 && minuteOfHour(tick) < 25 ? 2 : 1) * usual(tick),
  },
  { name: 'a forecaster that sees half of the load', mistold: demand => demand / 2 },
  {
    name: 'a forecaster of another series (half as high, half a day later)',
    mistold: (_, usual, tick) => usual(tick - TICKS_A_DAY / 2) / 2,
  },
]

export interface Material {
  readonly load: Load
  readonly capacity: number
  /** The first tick after the change: from here on it is scored. */
  readonly scoredFrom: number
  usual(tick: number): number
}

/** Ten days of generated traffic, changed after the seventh; 75 replicas carry what was usual. */
export function materialOf({ after, historyShare = 1 }: DriftCase, given: { profile: ProfileName; seed: number }): Material {
  const { load } = generate(given.profile, { days: DAYS, seed: given.seed, tickMs: TICK_MS, startMs: Date.UTC(2026, 0, 5) })
  const sorted = load.value.toSorted()
  const usual = (tick: number) => load.value[tick < 0 ? tick + TICKS_A_DAY : tick]!
  const scoredFrom = CHANGE_DAY * TICKS_A_DAY
  const value = load.value.map((own, tick) => (tick < scoredFrom ? historyShare * own : (after?.(usual, tick) ?? own)))
  const capacity = sorted[Math.floor(0.999 * sorted.length)]! / REPLICAS_AT_P999
  return { load: { startMs: load.startMs, tickMs: TICK_MS, value }, capacity, scoredFrom, usual }
}

/** A forecaster that learns what it is told instead of the demand. */
export function mistaken({ mistold }: DriftCase, { usual, load }: Material, target: Target): Forecaster | undefined {
  if (mistold === undefined) return undefined
  const inner = seasonalRidge({
    stepMs: target.periodMs,
    delayMs: DELAY_MS,
    windows: decisionWindows(target.startupMs),
    pointsMs: [],
    unit: target.capacityPerReplica,
  })
  return {
    name: inner.name,
    absorb(at, demand) {
      const tick = Math.round((at - load.startMs) / load.tickMs) - 1
      inner.absorb(at, demand === undefined ? undefined : mistold(demand, usual, tick))
    },
    predict: now => inner.predict(now),
  }
}
