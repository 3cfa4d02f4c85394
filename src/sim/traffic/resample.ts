import type { Samples } from '../../ports.ts'
import type { Load } from '../load.ts'
import { type Cut, eachPiece, type Recording, recordingOf } from './recording.ts'

/** A recorded series cut into ticks, and what the cut found. */
export interface Resampled {
  readonly load: Load
  /** Stretches without a sample, and the ticks in them. */
  readonly gaps: number
  readonly missingTicks: number
  readonly spacingSeconds: number
}

/**
 * Each sample's value holds until the next one; where several fall into a tick, the tick has their mean over time. Nothing
 * is interpolated: a straight line between two samples would tell every scaler where the load is going.
 *
 * A distance of more than `gapFactor` (10) times the median spacing is a gap: the load in it is unknown. Ticks of which less than half is
 * known are marked missing: their metrics are missing for every scaler, and they are not scored. `value` holds the last
 * known load there.
 */
export function resample(samples: Samples, cut: Cut): Resampled {
  const recording = recordingOf(samples, cut)
  const { ticks, tickMs } = recording
  const [value, knownMs] = [new Float64Array(ticks), new Float64Array(ticks)]
  eachPiece(recording, ({ tick, index, lengthMs }) => {
    value[tick]! += samples.value[index]! * lengthMs
    knownMs[tick]! += lengthMs
  })
  return finish(recording, { value, knownMs, tickMs })
}

/** Turns sums into means, carries the last known load through gaps, and marks what is not known. */
function finish(
  recording: Recording,
  { value, knownMs, tickMs }: { value: Float64Array; knownMs: Float64Array; tickMs: number },
): Resampled {
  const missing = new Uint8Array(value.length)
  let [missingTicks, last] = [0, recording.samples.value[0]!]
  for (let tick = 0; tick < value.length; tick++) {
    if (knownMs[tick]! > 0) last = value[tick]! / knownMs[tick]!
    value[tick] = last
    if (knownMs[tick]! * 2 >= tickMs * (1 - 1e-9)) continue
    missing[tick] = 1
    missingTicks++
  }
  return {
    load: { startMs: recording.samples.at[0]!, tickMs, value, ...(missingTicks > 0 && { missing }) },
    gaps: gapsIn(missing),
    missingTicks,
    spacingSeconds: recording.spacingMs / 1000,
  }
}

function gapsIn(missing: Uint8Array): number {
  let gaps = 0
  for (let tick = 0; tick < missing.length; tick++) if (missing[tick] === 1 && missing[tick - 1] !== 1) gaps++
  return gaps
}
