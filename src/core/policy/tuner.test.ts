import { describe, expect, test } from 'vitest'
import { seededUniform } from '../forecast/seeded-load.ts'
import { workload } from '../guard/timeline.ts'
import { type Forecast, type Target, WINDOW_LEVELS } from '../model.ts'
import type { Parameters } from '../rules.ts'
import { createTuner, type TunerOptions } from './tuner.ts'

const PER_DAY = 1440
/** One unit of load a replica, a tick a minute, ready after two of them. */
const target: Target = {
  ...workload,
  capacityPerReplica: 1,
  minReplicas: 1,
  maxReplicas: 100,
  startupMs: 120_000,
  periodMs: 60_000,
}

interface Minute {
  readonly demand: number | undefined
  readonly forecast: Forecast | undefined
}

/** Bounds of `usual` for every level below `from`, of `high` from there on; nothing more is to be kept than `usual`. */
function bounds(usual: number, from: (typeof WINDOW_LEVELS)[number], high: number): Forecast {
  const window = { fromMs: 120_000, toMs: 120_000, quantiles: WINDOW_LEVELS.map(level => (level < from ? usual : high)) }
  const calm = { ...window, quantiles: WINDOW_LEVELS.map(() => usual) }
  return { by: 'test', madeAt: 0, points: [], windows: [window, calm, calm] }
}

/** A tuner that lives through minutes; lists the parameters after each. */
function live(minutes: readonly Minute[], options: Partial<TunerOptions> = {}): readonly (Parameters | undefined)[] {
  const tuner = createTuner({ target, delayMs: 0, ...options })
  return minutes.map((minute, i) => {
    tuner.absorb({ at: (i + 1) * 60_000, target, ...minute })
    return tuner.parameters()
  })
}

const days = (count: number, minute: (minuteOfDay: number, day: number) => Minute): readonly Minute[] =>
  Array.from({ length: count * PER_DAY }, (_, i) => minute(i % PER_DAY, Math.floor(i / PER_DAY)))

/** Ten replicas' worth of load, and minutes of fourteen that only the levels from 0.999 on foresee; one on the first day. */
const spiky = (isSpike: (minuteOfDay: number, day: number) => boolean) => (minuteOfDay: number, day: number) => ({
  demand: isSpike(minuteOfDay, day) || (day === 0 && minuteOfDay === 100) ? 14 : 10,
  forecast: bounds(10, 0.999, 14),
})
const never = () => false
/** Four minutes a day, far from its end: what is replayed late of a day counts on the next. */
const sometimes = (minuteOfDay: number) => minuteOfDay % 240 === 100 && minuteOfDay < 960

describe('the tuner', () => {
  test('has no parameters before two days: the first teaches the forecaster, the second is replayed', () => {
    const chosen = live(days(2, spiky(never)))
    expect(chosen.findIndex(one => one !== undefined)).toBe(2 * PER_DAY - 1)
  })

  test('takes the cheapest where nothing is missed', () => {
    expect(live(days(2, spiky(never))).at(-1)).toEqual({
      missingPrice: 10,
      keepPrice: 10,
      orderAhead: 0.05,
      orderToMedian: false,
      deadband: 0.1,
      holdTicks: 1,
    })
  })

  test('pays a dearer price where misses happen: the first beyond 4 / 0.00195, where all levels that foresee them are worth it', () => {
    const chosen = live(days(2, spiky(sometimes))).at(-1)
    expect(chosen?.missingPrice).toBe(3200)
  })

  test('stays cheap where the service may miss that much, by its budget and the share of it that the past may use up', () => {
    const priceFor = (options: Partial<TunerOptions>) => live(days(2, spiky(sometimes)), options).at(-1)?.missingPrice
    expect(priceFor({ badMinutesPerDay: 20 })).toBe(10)
    expect(priceFor({ badMinutesPerDay: 20, learnt: { budgetShare: 0.2 } })).toBe(3200)
    expect(priceFor({ badMinutesPerDay: 8, learnt: { budgetShare: 1 } })).toBe(10)
  })

  test('where nobody keeps to the budget, the one that misses least is taken, however dear', () => {
    const minutes = days(2, (minuteOfDay, day) =>
      minuteOfDay % 200 === 50 ? { demand: 50, forecast: bounds(10, 0.999, 14) } : spiky(sometimes)(minuteOfDay, day),
    )
    expect(live(minutes).at(-1)?.missingPrice).toBe(3200)
  })

  test('a lazy hold is taken where a brisk one would move more often than a stock HPA, a brisk one where that is allowed', () => {
    // Five minutes of 20 and of 10 in turn, foreseen by all levels.
    const waves = days(2, minuteOfDay => {
      const load = (minute: number) => (minute % 10 < 5 ? 20 : 10)
      return { demand: load(minuteOfDay), forecast: bounds(load(minuteOfDay + 3), 0.5, load(minuteOfDay + 3)) }
    })
    expect(live(waves).at(-1)?.holdTicks).toBe(6)
    expect(live(waves, { learnt: { actionLimit: 1000 } }).at(-1)?.holdTicks).toBe(1)
  })

  test('chooses from the past only: whatever comes after a moment, nothing that was chosen before it changes', () => {
    const uniform = seededUniform(3)
    const past = days(
      4,
      spiky((minuteOfDay, day) => day === 2 && sometimes(minuteOfDay)),
    )
    const cut = 2 * PER_DAY + 300
    const otherwise = past.map((minute, i) =>
      i <= cut ? minute : { demand: 90 * uniform(), forecast: bounds(50 * uniform(), 0.9, 50 + 50 * uniform()) },
    )
    const [one, other] = [live(past), live(otherwise)]
    expect(other.slice(0, cut + 1)).toEqual(one.slice(0, cut + 1))
    expect(other.slice(cut + 1)).not.toEqual(one.slice(cut + 1))
    expect(live(past.slice(0, cut + 1)).at(-1)).toEqual(one[cut])
  })

  test('chooses anew within the day once that day has used up its budget', () => {
    const chosen = live(
      days(
        3,
        spiky((minuteOfDay, day) => day === 2 && minuteOfDay >= 300 && minuteOfDay % 60 === 0),
      ),
    )
    const prices = chosen.slice(2 * PER_DAY - 1).map(one => one?.missingPrice)
    const changed = prices.findIndex(price => price !== 10)
    expect(prices[changed]).toBe(3200)
    expect(changed).toBeGreaterThan(300)
    expect(changed).toBeLessThan(300 + 60 * 2 + 240)
  })

  test('keeps its choice for the day otherwise, and forgets a bad day after fourteen', () => {
    const chosen = live(
      days(
        17,
        spiky((minuteOfDay, day) => day === 1 && minuteOfDay >= 300 && minuteOfDay % 60 === 0),
      ),
    )
    const byDay = Array.from({ length: 16 }, (_, i) => chosen[(i + 2) * PER_DAY - 1]?.missingPrice)
    expect(byDay).toEqual([...Array(14).fill(3200), 10, 10])
    expect(new Set(chosen.slice(2 * PER_DAY - 1, 3 * PER_DAY - 1).map(one => one?.missingPrice)).size).toBe(1)
  })

  test('replays the delay of the metrics: what is seen now was the load of an earlier minute', () => {
    // Cheap levels foresee every rise a minute late; dear ones are in time.
    const load = (minute: number) => (minute % 60 < 30 ? 10 : 14)
    const delayed = (delayTicks: number) =>
      days(2, (minuteOfDay, day) => {
        const now = day * PER_DAY + minuteOfDay + 60
        return {
          demand: load(now - 1 - delayTicks),
          forecast: bounds(load(now + 1), 0.999, Math.max(load(now + 1), load(now + 2))),
        }
      })
    for (const delayTicks of [0, 1, 2]) {
      expect(live(delayed(delayTicks), { delayMs: delayTicks * 60_000 }).at(-1)?.missingPrice).toBe(3200)
      expect(live(delayed(delayTicks + 1), { delayMs: delayTicks * 60_000 }).at(-1)?.missingPrice).toBe(10)
    }
  })
})

describe('gaps in the past', () => {
  test('missing demand is neither a miss nor a need', () => {
    const minutes = days(2, (minuteOfDay, day) =>
      minuteOfDay >= 600 && minuteOfDay < 800 ? { demand: undefined, forecast: undefined } : spiky(never)(minuteOfDay, day),
    )
    expect(live(minutes).at(-1)?.missingPrice).toBe(10)
  })

  test('where there was no forecast the reactive fallback is replayed for all, so a rise there is nobody’s miss', () => {
    const minutes = days(2, (minuteOfDay, day) =>
      minuteOfDay >= 600 && minuteOfDay < 800 ? { demand: 13, forecast: undefined } : spiky(never)(minuteOfDay, day),
    )
    expect(live(minutes, { badMinutesPerDay: 20 }).at(-1)?.missingPrice).toBe(10)
  })

  test('days count from the first demand: silence before it is no past', () => {
    const silence = Array<Minute>(500).fill({ demand: undefined, forecast: undefined })
    const chosen = live([...silence, ...days(2, spiky(never))])
    expect(chosen.findIndex(one => one !== undefined)).toBe(500 + 2 * PER_DAY - 1)
  })

  test('a past of silence after that gives parameters too, the cheapest', () => {
    const minutes = days(2, (minuteOfDay, day) => ({ demand: minuteOfDay + day === 0 ? 1 : undefined, forecast: undefined }))
    expect(live(minutes).at(-1)).toMatchObject({ missingPrice: 10 })
  })
})

describe('a present unlike the past', () => {
  const grown = (demand: number) => (minuteOfDay: number, day: number) =>
    day === 2 && minuteOfDay >= 500 && minuteOfDay < 520
      ? { demand, forecast: bounds(demand, 0.5, demand) }
      : { demand: 10, forecast: bounds(10, 0.5, demand) }

  test('is marked on the parameters, with the reason, until the day ends', () => {
    const chosen = live(days(4, grown(12)))
    const marked = chosen.map(one => one?.unfamiliar)
    const from = 2 * PER_DAY + 500
    expect(marked.slice(2 * PER_DAY - 1, from).every(why => why === undefined)).toBe(true)
    expect(marked.slice(from, 3 * PER_DAY - 1).every(why => why === 'the load is beyond every day before')).toBe(true)
    expect(marked.slice(3 * PER_DAY).every(why => why === undefined)).toBe(true)
  })

  test('less than a tenth more is not', () => {
    expect(live(days(3, grown(10.9))).some(one => one?.unfamiliar !== undefined)).toBe(false)
  })

  test('a load above a forecast of 99.95 % is marked too', () => {
    const minutes = days(3, (minuteOfDay, day) => ({
      demand: day > 0 && minuteOfDay === 700 ? 20 : 10,
      forecast: bounds(10, 0.99995, 20),
    }))
    const chosen = live(minutes)
    expect(chosen[2 * PER_DAY + 700]?.unfamiliar).toBe('the load just outran its forecast')
    expect(chosen[2 * PER_DAY + 731]?.unfamiliar).toBeUndefined()
  })

  test('is replayed with the reactive target speaking: its headroom saves a cheap forecast from what that cannot foresee', () => {
    // In the afternoon the load swings between 10 and 15; only dear levels know. On the first day it was as high, or it was not.
    const afternoon = (firstPeak: number) =>
      days(2, (minuteOfDay, day) => {
        const isHigh = day === 1 && minuteOfDay >= 720 && minuteOfDay % 20 >= 10
        const demand = day === 0 && minuteOfDay === 100 ? firstPeak : isHigh ? 15 : 10
        return { demand, forecast: bounds(10, 0.999, 15) }
      })
    expect(live(afternoon(15), { badMinutesPerDay: 10 }).at(-1)?.missingPrice).toBe(3200)
    expect(live(afternoon(10), { badMinutesPerDay: 10 }).at(-1)?.missingPrice).toBe(10)
  })
})
