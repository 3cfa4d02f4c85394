import { existsSync, readFileSync } from 'node:fs'

/**
 * Labelled series, and how they are split. Written down before anything was tuned: five random halves of the files by seeds 1 to 5, each
 * used in both directions, thresholds chosen on one half and scored on the other. The shared data hold 19 of the 58 series of the
 * Numenta Anomaly Benchmark; the other 39 are kept back. The cloud monitoring series are not part of that benchmark: they show
 * whether what was found on it holds elsewhere.
 */
export interface Labelled {
  readonly name: string
  readonly at: Float64Array
  readonly value: Float64Array
  /** Rows that do not count, for learning: NAB's 15 %, 750 at most. */
  readonly probation: number
  /** First and last row of each anomaly window. */
  readonly windows: readonly (readonly [number, number])[]
}

const SEEDS = [1, 2, 3, 4, 5]
const DATA = new URL('../../../shared/data/', import.meta.url).pathname
const PROBATION = 0.15
const LONGEST_PROBATION = 5000

/** Rows in the order of the file, as NAB scores them. None where the shared data are absent. */
export function nabSeries(): readonly Labelled[] {
  const windows = json<Record<string, readonly (readonly [string, string])[]>>('nab/combined_windows.json')
  return Object.keys(windows ?? {})
    .sort()
    .map(name => labelled(`nab/${name}`, () => windows![name]!.map(([from, to]) => [timeOf(from), timeOf(to)] as const)))
}

/** Labels are hours; windows are widened as NAB's are: a tenth of the file shared among them, overlapping ones joined. */
export function cloudSeries(): readonly Labelled[] {
  const labels = json<Record<string, readonly (readonly [number, number])[]>>('ms_cloud_monitoring/labels.json')
  return Object.keys(labels ?? {})
    .sort()
    .map(name =>
      labelled(`ms_cloud_monitoring/${name}.csv`, at =>
        widened(labels![name]!, (0.1 * (at.at(-1)! - at[0]!)) / labels![name]!.length),
      ),
    )
}

function json<T>(path: string): T | undefined {
  const file = `${DATA}${path}`
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined
}

const timeOf = (text: string) =>
  /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(`${text.replace(' ', 'T').slice(0, 23)}Z`)

type Spans = readonly (readonly [number, number])[]

function labelled(path: string, windowsOf: (at: Float64Array) => Spans): Labelled {
  const rows = readFileSync(`${DATA}${path}`, 'utf8').trim().split('\n').slice(1)
  const cells = rows.map(row => row.split(','))
  const at = Float64Array.from(cells, ([time = '']) => timeOf(time))
  const value = Float64Array.from(cells, ([, text]) => Number(text))
  const probation = Math.floor(PROBATION * Math.min(at.length, LONGEST_PROBATION))
  const windows = windowsOf(at)
    .map(([from, to]) => [at.findIndex(time => time >= from - 500), at.findLastIndex(time => time <= to + 500)] as const)
    .filter(([first, last]) => first >= probation && last >= first)
  return { name: path, at, value, probation, windows }
}

function widened(labels: Spans, spanMs: number): Spans {
  const joined: [number, number][] = []
  for (const [from, to] of labels) {
    const middle = (from + to) * 500
    const [first, last] = [Math.min(from * 1000, middle - spanMs / 2), Math.max(to * 1000, middle + spanMs / 2)]
    const before = joined.at(-1)
    if (before !== undefined && first <= before[1]) before[1] = Math.max(before[1], last)
    else joined.push([first, last])
  }
  return joined
}

/** Halves of `count` files, as places. */
export function halvesOf(count: number): readonly (readonly [train: readonly number[], test: readonly number[]])[] {
  return SEEDS.flatMap(seed => {
    const places = shuffled(count, seed)
    const [one, other] = [places.slice(0, count >> 1), places.slice(count >> 1)]
    return [
      [one, other],
      [other, one],
    ] as const
  })
}

/** Fisher and Yates with mulberry32. */
function shuffled(count: number, seed: number): readonly number[] {
  const places = Array.from({ length: count }, (_, place) => place)
  let state = seed
  for (let last = count - 1; last > 0; last--) {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    const other = Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * (last + 1))
    ;[places[last], places[other]] = [places[other]!, places[last]!]
  }
  return places
}
