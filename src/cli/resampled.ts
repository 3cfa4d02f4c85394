import { CrescendoError } from '../errors.ts'
import type { Series } from '../observe/series-file.ts'
import { type Resampled, resample } from '../sim/traffic/resample.ts'

/** A series cut into ticks; what is wrong with it names the file. */
export function resampledSeries(series: Series, tickMs: number): Resampled {
  try {
    return resample(series.samples, { tickMs })
  } catch (error) {
    throw error instanceof CrescendoError ? new CrescendoError(error.code, `${series.file}: ${error.message}`) : error
  }
}
