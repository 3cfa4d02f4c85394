import type { Samples } from '../../ports.ts'
import type { Random } from '../random.ts'
import { seededRandom } from '../random.ts'
import type { Cut } from './recording.ts'
import { type Resampled, resample } from './resample.ts'

export interface BridgeOptions extends Cut {
  readonly seed: number
  /** Sets the size of the counting noise: one replica at its safe load handles `eventsPerReplicaTick` events in a tick. */
  readonly capacityPerReplica: number
  /** Default 100. */
  readonly eventsPerReplicaTick?: number
}

/** A normal's standard deviation is 1.4826 times its median absolute deviation. */
const SIGMA_PER_MAD = 1.4826

/**
 * Coarse recordings as ticks that look like traffic, for the bench: between two samples a Brownian bridge of the logarithm,
 * with the variance of the trace's own step changes (robust: from their median absolute deviation), then Poisson noise. Straight
 * lines would leak the slope, and held values would be calmer than life. The same seed gives the same ticks. Gaps are as in `resample`.
 */
export function bridge(samples: Samples, options: BridgeOptions): Resampled {
  const held = resample(samples, options)
  const random = seededRandom(options.seed, 2)
  const value = held.load.value
  const floor = 0.01 * options.capacityPerReplica
  const sigmaPerStep = stepSigma(samples, floor)
  for (let from = 0; from < samples.at.length; from++) {
    bend(value, { samples, from, floor, sigmaPerStep, startMs: held.load.startMs, tickMs: options.tickMs, random })
  }
  const noise = (options.eventsPerReplicaTick ?? 100) / options.capacityPerReplica
  for (let tick = 0; tick < value.length; tick++) value[tick] = random.poisson(value[tick]! * noise) / noise
  return held
}

interface Segment {
  readonly samples: Samples
  readonly from: number
  readonly floor: number
  readonly sigmaPerStep: number
  readonly startMs: number
  readonly tickMs: number
  readonly random: Random
}

/** Replaces the held ticks between sample `from` and the next by a bridge; two zeros stay zero, and a gap stays as it is. */
function bend(value: Float64Array, segment: Segment): void {
  const { samples, from, floor, sigmaPerStep, startMs, tickMs, random } = segment
  const first = Math.ceil((samples.at[from]! - startMs) / tickMs - 1e-9)
  const next = from + 1 < samples.at.length ? Math.ceil((samples.at[from + 1]! - startMs) / tickMs - 1e-9) : first
  const steps = next - first
  if (steps < 2 || (samples.value[from] === 0 && samples.value[from + 1] === 0)) return
  let now = Math.log(Math.max(floor, samples.value[from]!))
  const goal = Math.log(Math.max(floor, samples.value[from + 1]!))
  const variance = sigmaPerStep ** 2 / steps
  for (let step = 1; step < steps; step++) {
    const left = steps - step + 1
    now += (goal - now) / left + Math.sqrt((variance * (left - 1)) / left) * random.normal()
    value[first + step] = Math.exp(now)
  }
}

/** Robust standard deviation of ln(next / this) over one step of the recording. */
function stepSigma({ value }: Samples, floor: number): number {
  const steps = new Float64Array(value.length - 1)
  for (let index = 0; index < steps.length; index++) {
    steps[index] = Math.log(Math.max(floor, value[index + 1]!) / Math.max(floor, value[index]!))
  }
  const middle = median(steps)
  return SIGMA_PER_MAD * median(steps.map(step => Math.abs(step - middle)))
}

function median(values: Float64Array): number {
  return values.toSorted()[values.length >> 1]!
}
