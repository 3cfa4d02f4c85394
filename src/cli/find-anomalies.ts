import { freshDetector, observe, streamScoreOf } from '../core/screen/detector.ts'
import { storyteller } from '../core/screen/episodes.ts'
import { watchedSeries } from '../core/screen/watched-series.ts'
import { readSeries, requireSamples, type Series } from '../observe/series-file.ts'
import { anomaliesPage, type FoundEpisode, type ScoredSeries } from './anomalies-page.ts'
import { note, paint, printJson, printLine } from './output.ts'
import { pageOrigin } from './page-origin.ts'
import { type RowFile, refuseSamePath, withRowFile } from './row-file.ts'
import { tableLines } from './terminal/table.ts'
import { figure } from './terminal/text.ts'

export interface AnomalyOptions {
  /** Standard deviations. */
  readonly threshold: number
  /** Where the scores of all values go. */
  readonly csv?: string
  /** Where the page with the chart goes. */
  readonly html?: string
  readonly skipBadRows?: boolean
  readonly json?: boolean
}

/** As many rows as a person reads; the rest is in --json and --csv. */
const LONGEST_TABLE = 25
const CSV_HEADER = 'timestamp,value,anomaly_score,is_anomaly\n'

/** Reads the series once, scores each value as it comes, and prints what was found. */
export async function findAnomalies(file: string, options: AnomalyOptions): Promise<void> {
  refuseSamePath({ '--csv': options.csv, '--html': options.html })
  const found = await withRowFile(options.csv, scores =>
    withRowFile(options.html, async page => {
      const scored = await scoreSeries(file, options, { scores, isDrawn: page !== undefined })
      page?.write(anomaliesPage(scored, pageOrigin()))
      return scored
    }),
  )
  report(found, options)
}

type Found = ScoredSeries & { readonly series: Series }

async function scoreSeries(
  file: string,
  { threshold, skipBadRows = false }: AnomalyOptions,
  { scores, isDrawn }: { readonly scores: RowFile | undefined; readonly isDrawn: boolean },
): Promise<Found> {
  const story = storyteller(threshold)
  const kinds = watchedSeries(threshold)
  const drawn = { score: [] as number[], expected: [] as number[] }
  let state = freshDetector
  let [lastMs, outOfOrder] = [Number.NEGATIVE_INFINITY, 0]
  scores?.write(CSV_HEADER)
  const series = await readSeries(file, {
    skipBadRows,
    values: 'any',
    order: 'any',
    onRow: ({ atMs, value }, timestamp) => {
      const { finding, state: next } = observe(state, { at: atMs, value }, threshold)
      state = next
      if (atMs <= lastMs) outOfOrder++
      else kinds.hear({ at: atMs, value, expected: finding.expected })
      lastMs = Math.max(lastMs, atMs)
      story.hear(atMs, value, finding)
      scores?.write(`${timestamp},${value},${streamScoreOf(finding)},${finding.isAnomaly ? 1 : 0}\n`)
      if (!isDrawn) return
      drawn.score.push(streamScoreOf(finding))
      drawn.expected.push(finding.expected)
    },
  })
  requireSamples(series, 2, 'anomaly detection')
  if (outOfOrder > 0) note(`${file}: ${outOfOrder} times repeat or go backwards; values are judged in the order of the file`)
  const { samples } = series
  const episodes = [...story.episodes(), ...kinds.episodes()].toSorted((a, b) => a.startAt - b.startAt)
  return { series, file: series.file, samples, ...drawn, episodes, thresholdSigma: threshold }
}

function report({ series, episodes }: Found, { threshold, csv, html, json }: AnomalyOptions): void {
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
  if (html !== undefined) printLine(`as a page: ${html}`)
}

function printTable(episodes: readonly FoundEpisode[]): void {
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
