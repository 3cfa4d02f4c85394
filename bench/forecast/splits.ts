import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { readSeries } from '../../src/observe/series-file.ts'
import type { Samples } from '../../src/ports.ts'

/**
 * What the forecaster may be tuned on, and what is only reported. Written down before anything was tuned: a series belongs to
 * the half that the parity of the FNV-1a hash of its file name says, so nobody chose.
 */
export type Half = 'tune' | 'report'

export interface BenchSeries {
  /** Folder and file below the shared data. */
  readonly name: string
  readonly folder: string
  readonly half: Half
  readonly samples: Samples
  /** Usual distance of two samples. */
  readonly spacingMs: number
}

const DATA = new URL('../../../shared/data/', import.meta.url).pathname
const DAY_MS = 86_400_000
/** Three days are forecast; five are to learn from. */
const SHORTEST_DAYS = 8
/** Forecasts 30 minutes ahead say little of series that come more rarely. */
const COARSEST_MS = 300_000
const MOST_MISSING = 0.1
/** So many values have to differ from the one before: a constant needs no forecaster. */
const LEAST_CHANGING = 0.02
/** What is longer is cut to its last four weeks. */
const LONGEST_DAYS = 28

/** Folders of single-column series of loads, latencies and utilisations. */
const FOLDERS = [
  'web_requests',
  'crane_workloads',
  'ms_cloud_monitoring',
  'genai_images',
  'bizitobs',
  'kpi_tsinghua',
  'nab/realAWSCloudwatch',
  'nab/realTweets',
  'nab/realKnownCause',
  'nab/realTraffic',
]

const halfOf = (name: string): Half => (fnv1a(name) % 2 === 0 ? 'tune' : 'report')

/** All suitable series, by name; none where the shared data are absent. */
export async function benchSeries(): Promise<readonly BenchSeries[]> {
  const files = FOLDERS.flatMap(folder => {
    const path = join(DATA, folder)
    return existsSync(path)
      ? readdirSync(path)
          .filter(file => /\.csv(\.gz)?$/.test(file))
          .sort()
          .map(file => join(path, file))
      : []
  })
  const found: BenchSeries[] = []
  for (const file of files) {
    const name = relative(DATA, file).replace(/\.csv(\.gz)?$/, '')
    const all = await read(file)
    if (all === undefined) continue
    const samples = lastDays(all, LONGEST_DAYS)
    const spacingMs = spacingOf(samples.at)
    if (isSuitable(samples, spacingMs))
      found.push({ name, folder: name.split('/').slice(0, -1).join('/'), half: halfOf(name), samples, spacingMs })
  }
  return found
}

/** Files that repeat or reorder times on purpose are another bench's. */
async function read(file: string): Promise<Samples | undefined> {
  try {
    return (await readSeries(file)).samples
  } catch {
    return undefined
  }
}

function isSuitable({ at, value }: Samples, spacingMs: number): boolean {
  if (at.length < 100 || spacingMs > COARSEST_MS) return false
  const spanMs = at.at(-1)! - at[0]!
  const changing = value.reduce((sum, one, i) => sum + (i > 0 && one !== value[i - 1] ? 1 : 0), 0)
  return (
    spanMs >= SHORTEST_DAYS * DAY_MS &&
    value.every(one => one >= 0) &&
    changing > LEAST_CHANGING * value.length &&
    1 - at.length / (spanMs / spacingMs + 1) < MOST_MISSING
  )
}

function spacingOf(at: Float64Array): number {
  return Float64Array.from({ length: at.length - 1 }, (_, i) => at[i + 1]! - at[i]!).sort()[(at.length - 1) >> 1]!
}

function lastDays(samples: Samples, days: number): Samples {
  const from = samples.at.findIndex(at => at > samples.at.at(-1)! - days * DAY_MS)
  return { at: samples.at.subarray(from), value: samples.value.subarray(from) }
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}
