import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Seeded randomness: the same seed and stream give the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Standard normal. */
  normal(): number
  /** A Poisson count; beyond a mean of 60 its normal approximation, rounded and never negative. */
  poisson(mean: number): number
}

/** `stream` separates users of one seed: start-up times do not change because the traffic drew one number more. */
export function seededRandom(seed: number, stream: number): Random {
  const generator = xoroshiro128plus((Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) | 0)
  const uniform = () => uniformFloat64(generator)
  // Box and Muller; 1 - u lies in (0, 1], so the logarithm is finite
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return {
    uniform,
    normal,
    poisson: mean => (mean > 60 ? Math.max(0, Math.round(mean + Math.sqrt(mean) * normal())) : knuth(mean, uniform)),
  }
}

/** Knuth's product of uniforms: exact, and quick for small means. */
function knuth(mean: number, uniform: () => number): number {
  const limit = Math.exp(-mean)
  let [count, product] = [0, uniform()]
  while (product > limit) {
    count++
    product *= uniform()
  }
  return count
}
