import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { freshDetector, observe } from '../core/screen/detector.ts'
import { type Episode, storyteller } from '../core/screen/episodes.ts'
import { fileError, isFileError } from '../errors.ts'
import { readSeries, requireSamples, type Series } from '../observe/series-file.ts'
import { note, paint, printJson, printLine } from './output.ts'
import { tableLines } from './terminal/table.ts'
import { figure } from './terminal/text.ts'

export interface AnomalyOptions {
  /** Standard deviations. */
  readonly threshold: number
  /** Where the scores of all values go. */
  readonly csv?: string
  readonly skipBadRows?: boolean
  readonly json?: boolean
}

/** As many rows as a person reads; the rest is in --json and --csv. */
const LONGEST_TABLE = 25
const CSV_HEADER = 'timestamp,value,anomaly_score,is_anomaly\n'

/** Reads the series once, scores each value as it comes, and prints what was found. */
export async function findAnomalies(file: string, options: AnomalyOptions): Promise<void> {
  const { threshold, csv, skipBadRows = false } = options
  const out = csv === undefined ? undefined : scoreFile(csv)
  const story = storyteller(threshold)
  let state = freshDetector
  try {
    const series = await readSeries(file, {
      skipBadRows,
      values: 'any',
      order: 'any',
      onRow: ({ atMs, value }, timestamp) => {
        const { finding, state: next } = observe(state, { at: atMs, value }, threshold)
        state = next
        story.hear(atMs, value, finding)
        out?.write(`${timestamp},${value},${finding.score},${finding.isAnomaly ? 1 : 0}\n`)
      },
    })
    requireSamples(series, 2, 'anomaly detection')
    out?.finish()
    report(series, story.episodes(), options)
  } catch (error) {
    out?.discard()
    throw error
  }
}

function report(series: Series, episodes: readonly Episode[], { threshold, csv, json }: AnomalyOptions): void {
  if (series.skipped > 0) note(`${series.skipped} bad rows left out, the first: ${series.firstSkipped}`)
  const points = series.samples.at.length
  if (json) {
    const anomalies = episodes.map(({ startAt, endAt, ...rest }) => ({ start: isoOf(startAt), end: isoOf(endAt), ...rest }))
    printJson({ file: series.file, points, skipped: series.skipped, threshold, anomalies })
    return
  }
  const found = episodes.length === 1 ? '1 anomaly' : `${episodes.length} anomalies`
  printLine(`${series.file}: ${found} in ${points.toLocaleString('en-US')} values at ${threshold} sigma`)
  if (episodes.length > 0) printTable(episodes)
  if (csv !== undefined) printLine(`scores of every value: ${csv}`)
}

function printTable(episodes: readonly Episode[]): void {
  const shown = episodes
    .toSorted((a, b) => b.sigma - a.sigma)
    .slice(0, LONGEST_TABLE)
    .toSorted((a, b) => a.startAt - b.startAt)
  const columns = [
    { title: 'start' },
    { title: 'kind' },
    { title: 'severity' },
    { title: 'sigma', align: 'right' },
    { title: 'value', align: 'right' },
    { title: 'expected', align: 'right' },
  ] as const
  const rows = shown.map(({ startAt, kind, severity, sigma, value, expected }) => [
    isoOf(startAt),
    kind,
    paint(severity === 'critical' ? 'red' : severity === 'major' ? 'yellow' : 'dim', severity),
    sigma.toFixed(1),
    figure(value),
    figure(expected),
  ])
  for (const line of tableLines(columns, rows, { paintTitle: text => paint('bold', text) })) printLine(line)
  if (shown.length < episodes.length) printLine(`and ${episodes.length - shown.length} smaller ones (--json lists all)`)
}

const isoOf = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z')

/** Written beside its place and moved there when complete, so that a failure never leaves half a file. */
function scoreFile(path: string) {
  const isSpecial = statSync(path, { throwIfNoEntry: false })?.isFile() === false // a pipe or a device cannot be moved onto
  const target = isSpecial ? path : `${path}.partial`
  const descriptor = opened(target, path)
  let buffer = CSV_HEADER
  const flush = () => {
    for (let bytes = Buffer.from(buffer); bytes.length > 0; ) bytes = bytes.subarray(writeSync(descriptor, bytes))
    buffer = ''
  }
  return {
    write(line: string) {
      buffer += line
      if (buffer.length > 65_536) flush()
    },
    finish() {
      flush()
      closeSync(descriptor)
      if (!isSpecial) renameSync(target, path)
    },
    discard() {
      if (!isSpecial) rmSync(target, { force: true })
    },
  }
}

function opened(target: string, path: string): number {
  try {
    return openSync(target, 'w')
  } catch (error) {
    throw isFileError(error) ? fileError(error, path) : error
  }
}
