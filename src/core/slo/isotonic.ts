/** One value and how much it counts. */
export interface Weighed {
  readonly value: number
  /** Above 0. */
  readonly weight: number
}

/**
 * Isotonic regression: the never falling sequence that is nearest to `points` by weighted least squares. Pool adjacent violators
 * (Ayer, Brunk, Ewing, Reid and Silverman 1955; Barlow, Bartholomew, Bremner and Brunk 1972): neighbours that fall are pooled into
 * their weighted mean until none falls. Example: 1, 3, 2 of equal weight give 1, 2.5, 2.5.
 */
export function isotonic(points: readonly Weighed[]): readonly number[] {
  const pools: { value: number; weight: number; count: number }[] = []
  for (const { value, weight } of points) {
    let pool = { value, weight, count: 1 }
    for (let last = pools.at(-1); last !== undefined && last.value >= pool.value; last = pools.at(-1)) {
      pools.pop()
      const total = last.weight + pool.weight
      const mean = last.value === pool.value ? pool.value : (last.value * last.weight + pool.value * pool.weight) / total
      pool = { value: mean, weight: total, count: last.count + pool.count }
    }
    pools.push(pool)
  }
  return pools.flatMap(({ value, count }) => Array<number>(count).fill(value))
}
