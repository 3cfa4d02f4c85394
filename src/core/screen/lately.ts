import type { Instant } from '../model.ts'

/** Distances of the last hour and a half, oldest first, five minutes together. Constant size, JSON-safe. */
export type Lately = readonly Stretch[]

interface Stretch {
  /** Of its first value. */
  readonly at: Instant
  readonly sum: number
  readonly count: number
}

const [KEPT_MS, STRETCH_MS] = [5_400_000, 300_000]

/** With one more distance. What is later than that, by a clock that went backwards, is forgotten. */
export function lengthened(lately: Lately, { at, distance }: { readonly at: Instant; readonly distance: number }): Lately {
  const kept = lately.filter(one => at >= one.at && at - one.at < KEPT_MS)
  const last = kept.at(-1)
  if (last === undefined || at - last.at >= STRETCH_MS) return [...kept, { at, sum: distance, count: 1 }]
  return kept.with(-1, { at: last.at, sum: last.sum + distance, count: last.count + 1 })
}

/** Mean of all distances; of none it is 0. */
export function levelOf(lately: Lately): number {
  let [sum, count] = [0, 0]
  for (const one of lately) {
    sum += one.sum
    count += one.count
  }
  return count === 0 ? 0 : sum / count
}

/** The mean moves for one giant spike too; most of the stretches move only where the level did. `usual`: where the mean is usually. */
export function hasMoved(lately: Lately, usual: number): boolean {
  const away = lately.map(({ sum, count }) => Math.abs(sum / count - usual)).toSorted((a, b) => a - b)
  return away[Math.floor((away.length - 1) / 2)]! >= 0.5 * Math.abs(levelOf(lately) - usual)
}
