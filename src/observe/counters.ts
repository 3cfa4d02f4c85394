import type { Instant } from '../core/model.ts'

interface Point {
  readonly at: Instant
  readonly value: number
}

/** More scrapes than this within one range add nothing. */
const MAX_POINTS = 64

/** Rates of the counters of one pod, from scrape to scrape. */
export interface Counters {
  /** Notes a counter's value. `key` tells the series. */
  note(key: string, point: Point): void
  /** Increase per second over the range that ends with the last scrape; `undefined` until it was seen twice. */
  rate(key: string, rangeMs: number): number | undefined
  /** Drops series that no scrape has shown for a while. */
  forget(now: Instant): void
}

export function createCounters(keepMs: number): Counters {
  const series = new Map<string, Point[]>()
  return {
    note(key, point) {
      const points = series.get(key) ?? []
      series.set(key, points)
      if (points.at(-1)?.at === point.at) return
      points.push(point)
      if (points.length > MAX_POINTS) points.shift()
    },
    forget(now) {
      for (const [key, points] of series) if (now - (points.at(-1)?.at ?? 0) > keepMs) series.delete(key)
    },
    rate(key, rangeMs) {
      const points = series.get(key) ?? []
      const newest = points.at(-1)?.at ?? 0
      const inRange = points.filter(({ at }) => newest - at <= rangeMs)
      return rateOf(inRange.length > 1 ? inRange : points.slice(-2))
    },
  }
}

/** A counter that is lower than before began anew at zero, so what it shows now came since. */
function rateOf(points: readonly Point[]): number | undefined {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || last.at <= first.at) return undefined
  let increase = 0
  for (const [index, { value }] of points.entries()) {
    const before = points[index - 1]?.value ?? value
    increase += value >= before ? value - before : value
  }
  return increase / ((last.at - first.at) / 1000)
}
