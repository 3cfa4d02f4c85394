import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { writePart } from '../benchmarks-page.ts'
import { thatAreThere } from '../shared-data.ts'
import { CONTENDERS, type Contender } from './contenders.ts'
import { bestThreshold, type Candidate, candidatesOf, PROFILES, type Profile, scoreAt } from './scorer.ts'
import { cloudSeries, halvesOf, type Labelled, nabSeries } from './splits.ts'

const PUBLISHED = new URL('../../../shared/data/published/nab_scores_by_file.csv', import.meta.url)
const WEEK_MS = 604_800_000
const SHOWN_SIGMA = [2, 2.5, 3.5, 5]

/** `npm run bench:anomalies [-- --write]`: labelled series, our detector and plain ones, cross-validated by file. */
function main(): void {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
  const nab = thatAreThere(nabSeries())
  const text = [sectionOf('Numenta Anomaly Benchmark', nab, published()), sectionOf('Cloud monitoring', cloudSeries(), [])].join(
    '\n\n',
  )
  process.stdout.write(`${text}\n`)
  if (values.write) writePart('anomalies', text)
}

type Row = readonly string[]

function sectionOf(title: string, series: readonly Labelled[], more: readonly Row[]): string {
  const windows = windowsOf(series)
  const found = CONTENDERS.map(contender => ({ contender, ...candidatesBySeries(contender, series) }))
  const rows = found.map(({ contender, candidates, usPerValue }) => scoreRow(contender.name, { series, candidates, usPerValue }))
  return [
    `### ${title}: ${series.length} series, ${windows} windows`,
    table(
      ['detector', 'cross-validated', 'worst to best half', 'in sample', 'low FP', 'low FN', 'hit', 'us a value'],
      [...rows, ...more],
    ),
    'What an operator hears at fixed thresholds (score; windows hit; alarms outside of windows in a series and week):',
    table(
      ['detector', ...SHOWN_SIGMA.map(sigma => `${sigma} sigma`)],
      found.map(({ contender, candidates }) => operatorRow(contender.name, { series, candidates })),
    ),
  ].join('\n\n')
}

interface Scored {
  readonly series: readonly Labelled[]
  readonly candidates: readonly (readonly Candidate[])[]
}

function candidatesBySeries({ scores }: Contender, series: readonly Labelled[]) {
  const began = performance.now()
  const scored = series.map(scores)
  const values = series.reduce((sum, { value }) => sum + value.length, 0)
  const usPerValue = (1000 * (performance.now() - began)) / values
  return { candidates: series.map((one, place) => candidatesOf(one, scored[place]!)), usPerValue }
}

function scoreRow(name: string, { series, candidates, usPerValue }: Scored & { readonly usPerValue: number }): Row {
  const halves = halvesOf(series.length).map(([train, test]) => {
    const { threshold } = bestThreshold(
      train.flatMap(place => candidates[place]!),
      windowsIn(series, train),
    )
    return scoreAt(
      test.flatMap(place => candidates[place]!),
      { windows: windowsIn(series, test), threshold },
    ).score
  })
  const all = windowsOf(series)
  const inSample = (profile: Profile) => bestThreshold(candidates.flat(), all, profile)
  const best = inSample(PROFILES.standard)
  return [
    name,
    (halves.reduce((sum, score) => sum + score, 0) / halves.length).toFixed(1),
    `${Math.min(...halves).toFixed(0)} to ${Math.max(...halves).toFixed(0)}`,
    best.score.toFixed(1),
    inSample(PROFILES['reward low FP']).score.toFixed(1),
    inSample(PROFILES['reward low FN']).score.toFixed(1),
    `${best.hits}/${all}`,
    usPerValue.toFixed(1),
  ]
}

function operatorRow(name: string, { series, candidates }: Scored): Row {
  const windows = windowsOf(series)
  const weeks = series.reduce((sum, { at, probation }) => sum + (at.at(-1)! - at[probation]!) / WEEK_MS, 0)
  return [
    name,
    ...SHOWN_SIGMA.map(threshold => {
      const { score, hits, falseRows } = scoreAt(candidates.flat(), { windows, threshold })
      return `${score.toFixed(1)}; ${hits}/${windows}; ${(falseRows / weeks).toFixed(2)}`
    }),
  ]
}

const windowsIn = (series: readonly Labelled[], places: readonly number[]) =>
  places.reduce((sum, place) => sum + series[place]!.windows.length, 0)

const windowsOf = (series: readonly Labelled[]) => series.reduce((sum, { windows }) => sum + windows.length, 0)

/** What NAB's own results say of the same files: thresholds chosen in sample on all of its 58, some with the range of the whole file. */
function published(): readonly Row[] {
  if (!existsSync(PUBLISHED)) return []
  const sums = new Map<string, Record<string, number>>()
  const files = new Set<string>()
  for (const line of readFileSync(PUBLISHED, 'utf8').trim().split('\n').slice(1)) {
    const [detector = '', profile = '', file = '', , score] = line.split(',')
    const own = sums.get(detector) ?? {}
    own[profile] = (own[profile] ?? 0) + Number(score)
    sums.set(detector, own)
    files.add(file)
  }
  const windows = windowsOf(nabSeries())
  const normalised = (raw: number | undefined, { found, missed }: Profile) =>
    raw === undefined ? '-' : ((100 * (raw + missed * windows)) / (windows * (found + missed))).toFixed(1)
  return [
    'ARTime',
    'numenta',
    'htmjava',
    'numentaTM',
    'contextOSE',
    'knncad',
    'relativeEntropy',
    'twitterADVec',
    'windowedGaussian',
  ]
    .map(name => [name, sums.get(name) ?? {}] as const)
    .map(([name, own]) => [
      `${name} (published)`,
      '-',
      '-',
      normalised(own.standard, PROFILES.standard),
      normalised(own.reward_low_FP_rate, PROFILES['reward low FP']),
      normalised(own.reward_low_FN_rate, PROFILES['reward low FN']),
      '-',
      '-',
    ])
}

function table(titles: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map((_, place) => (place === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

main()
