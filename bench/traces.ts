import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readSeries } from '../src/observe/series-file.ts'
import type { Samples } from '../src/ports.ts'
import type { Load } from '../src/sim/load.ts'
import { bridge } from '../src/sim/traffic/bridge.ts'
import { generate } from '../src/sim/traffic/generate.ts'
import type { ProfileName } from '../src/sim/traffic/profiles.ts'

/** A load and how it came to be; `capacity` is such that 75 replicas carry its 99.9th percentile. */
export interface BenchTrace {
  readonly name: string
  readonly kind: 'recorded' | 'generated'
  read(seed: number, cut?: Cut): Promise<{ readonly load: Load; readonly capacity: number } | { readonly unfit: string }>
}

/** Other ticks than those of 15 s, and how many of the last days (generated: of so many). */
export interface Cut {
  readonly tickMs: number
  readonly days: number
}

const DATA = new URL('../../shared/data/', import.meta.url).pathname
const DAY_MS = 86_400_000
const TICK_MS = 15_000
/** Longer recordings are cut to their last four weeks. */
const LONGEST_DAYS = 28
/** Shorter ones have no day to learn from and one to be scored on. */
const SHORTEST_DAYS = 6
/** Points further apart than this say nothing about minutes, and less than nothing about ticks. */
const COARSEST_MS = 1_800_000
const REPLICAS_AT_P999 = 75

/** Folders of request rates, and the files of them that are loads. */
const FOLDERS: readonly { readonly folder: string; readonly files: RegExp }[] = [
  { folder: 'web_requests', files: /\.csv(\.gz)?$/ },
  { folder: 'crane_workloads', files: /\.csv(\.gz)?$/ },
  { folder: 'ms_cloud_monitoring', files: /(ingress|application)-rate__|application-rps__/ },
  { folder: 'servegen_llm', files: /\.csv(\.gz)?$/ },
  { folder: 'genai_images', files: /txt_2_img/ },
  { folder: 'nab/realKnownCause', files: /nyc_taxi/ },
  { folder: 'nab/realAWSCloudwatch', files: /elb_request_count/ },
]

const GENERATED: readonly ProfileName[] = ['api-gateway', 'audio-processor', 'ml-inference', 'analytics']
const GENERATED_DAYS = 14

/** Every request-rate recording in the shared data (none, where that folder is absent), and seeded generated traffic. */
export function benchTraces(): readonly BenchTrace[] {
  const recorded = FOLDERS.flatMap(({ folder, files }) => {
    const path = join(DATA, folder)
    if (!existsSync(path)) return []
    return readdirSync(path)
      .filter(file => files.test(file) && !/crash/.test(file))
      .sort()
      .map(file => recordedTrace(join(path, file)))
  })
  return [...recorded, ...GENERATED.map(generatedTrace)]
}

const stem = (path: string): string =>
  path
    .split('/')
    .at(-1)!
    .replace(/\.csv(\.gz)?$/, '')
    .replace(/^.*__/, '')

function recordedTrace(path: string): BenchTrace {
  return {
    name: stem(path),
    kind: 'recorded',
    async read(seed, { tickMs, days } = { tickMs: TICK_MS, days: LONGEST_DAYS }) {
      const { samples } = await readSeries(path)
      const why = unfit(samples)
      if (why !== undefined) return { unfit: why }
      const cut = lastDays(samples, days)
      const capacity = quantile(cut.value, 0.999) / REPLICAS_AT_P999
      const { load } = bridge(cut, { tickMs, seed, capacityPerReplica: capacity })
      return { load, capacity }
    },
  }
}

function generatedTrace(profile: ProfileName, index: number): BenchTrace {
  return {
    name: `generated ${profile}`,
    kind: 'generated',
    async read(seed, { tickMs, days } = { tickMs: TICK_MS, days: GENERATED_DAYS }) {
      const { load } = generate(profile, {
        days,
        seed: seed * 100 + index,
        tickMs,
        startMs: Date.UTC(2026, 0, 5),
      })
      return { load, capacity: quantile(load.value, 0.999) / REPLICAS_AT_P999 }
    },
  }
}

/** Why a recording is not in the table; undefined when it is. */
function unfit({ at, value }: Samples): string | undefined {
  const spacings = Float64Array.from({ length: at.length - 1 }, (_, i) => at[i + 1]! - at[i]!).sort()
  const days = (at.at(-1)! - at[0]!) / DAY_MS
  if (days < SHORTEST_DAYS) return `${days.toFixed(1)} days are too short`
  if (spacings[spacings.length >> 1]! > COARSEST_MS) return 'its points are more than 30 minutes apart'
  return quantile(value, 0.999) > 0 ? undefined : 'it is zero nearly always'
}

function lastDays(samples: Samples, days: number): Samples {
  const from = samples.at.findIndex(at => at > samples.at.at(-1)! - days * DAY_MS)
  return { at: samples.at.subarray(from), value: samples.value.subarray(from) }
}

function quantile(values: Float64Array, level: number): number {
  const sorted = values.toSorted()
  return sorted[Math.min(sorted.length - 1, Math.floor(level * sorted.length))]!
}
