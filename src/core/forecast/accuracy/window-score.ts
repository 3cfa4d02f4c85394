import { type Forecast, type Instant, WINDOW_LEVELS, type WindowForecast } from '../../model.ts'
import { type Kept, partsOf } from '../../state.ts'
import type { WindowAccuracy } from './accuracy.ts'
import { createDays } from './days.ts'

/** Whether the maximum of the longest window that was forecast stayed at or below its quantiles; remembered for seven days. */
export interface WindowScore extends Kept {
  /** Values are those of single ticks: the maximum is theirs. */
  absorb(at: Instant, demand: number | undefined): void
  note(forecast: Forecast): void
  /** `undefined` while no window has passed. */
  accuracy(now: Instant): WindowAccuracy | undefined
}

const DAYS = 7
const DAY_MS = 86_400_000
/** More windows than that do not wait at the same time: one is noted each five minutes, and they are minutes long. */
const MOST_WAITING = 16
const LEVELS = WINDOW_LEVELS.length
/** Of a window that waits; `TO` is 0 in a free place, `SEEN` is NaN after a gap: what was not seen may have been higher. */
const [FROM, TO, SEEN, BOUNDS] = [0, 1, 2, 3] as const
const WIDTH = BOUNDS + LEVELS

export function createWindowScore(): WindowScore {
  const waiting = new Float64Array(MOST_WAITING * WIDTH)
  const sums = new Float64Array(DAYS * (1 + LEVELS))
  const days = createDays(sums, DAYS)
  const span = new Float64Array(2)
  const places = Array.from({ length: MOST_WAITING }, (_, i) => waiting.subarray(i * WIDTH, (i + 1) * WIDTH))

  const settle = (one: Float64Array) => {
    const day = Math.floor(one[TO]! / DAY_MS)
    const maximum = one[SEEN]!
    one[TO] = 0
    if (Number.isNaN(maximum)) return
    days.reach(day)
    const start = days.startOf(day)
    sums[start]! += 1
    for (let i = 0; i < LEVELS; i++) sums[start + 1 + i]! += maximum <= one[BOUNDS + i]! ? 1 : 0
  }
  return {
    part: () => partsOf({ waiting, days, span }),
    absorb(at, demand) {
      for (const one of places) {
        if (one[TO] === 0 || at < one[FROM]!) continue
        if (at <= one[TO]!) one[SEEN] = Math.max(one[SEEN]!, demand ?? Number.NaN)
        if (at >= one[TO]!) settle(one)
      }
    },
    note({ madeAt, windows }) {
      const longest = windows.reduce<WindowForecast | undefined>(
        (far, one) => (one.toMs > (far?.toMs ?? 0) ? one : far),
        undefined,
      )
      const free = places.find(one => one[TO] === 0)
      if (longest === undefined || free === undefined) return
      free.set([madeAt + longest.fromMs, madeAt + longest.toMs, Number.NEGATIVE_INFINITY, ...longest.quantiles])
      span.set([longest.fromMs / 1000, longest.toMs / 1000])
    },
    accuracy(now) {
      days.reach(Math.floor(now / DAY_MS))
      const total = new Float64Array(1 + LEVELS)
      for (let i = 0; i < sums.length; i++) total[i % (1 + LEVELS)]! += sums[i]!
      const count = total[0]!
      if (count === 0) return
      return {
        fromSeconds: span[0]!,
        toSeconds: span[1]!,
        count,
        coverage: Array.from(total.subarray(1), covered => covered / count),
      }
    },
  }
}
