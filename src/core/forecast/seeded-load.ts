/** Uniform numbers in [0, 1) from a seed, the same on every machine: mulberry32 (Tommy Ettinger, public domain). For tests. */
export function seededUniform(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface SeededLoad {
  readonly seed: number
  readonly ticks: number
  readonly stepMs: number
  /** Mean of a day. */
  readonly mean: number
  /** How far the day swings around its mean: 0.5 is from half of it to one and a half. */
  readonly swing: number
  /** Standard deviation of the noise on the logarithm of the load, new at every tick. */
  readonly noise: number
}

/** A load with a daily rhythm (two peaks, so that a sine alone does not explain it) and seeded noise on top. For tests. */
export function seasonalLoad({ seed, ticks, stepMs, mean, swing, noise }: SeededLoad): readonly number[] {
  const uniform = seededUniform(seed)
  return Array.from({ length: ticks }, (_, tick) => {
    const angle = 2 * Math.PI * ((tick * stepMs) / 86_400_000)
    const rhythm = 1 + swing * (0.7 * Math.sin(angle) + 0.3 * Math.sin(3 * angle))
    return mean * rhythm * Math.exp(noise * (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3))
  })
}
