import { scoreOf } from '../core/screen/detector.ts'
import type { Episode } from '../core/screen/episodes.ts'
import { UNUSUAL_KINDS, type UnusualKind } from '../core/screen/sighting.ts'
import { type Chart, chartPanel, type Lane, type Mark, zoomButton } from '../page/chart.ts'
import { amount, escapeHtml, factList, instantText, scrollTable, tableRow } from '../page/markup.ts'
import { type PageOrigin, renderPage } from '../page/render-page.ts'
import { thinLine } from '../page/thin.ts'
import type { Samples } from '../ports.ts'
import { durationText } from './durations.ts'

/** An episode, of whatever kind. */
export type FoundEpisode = Omit<Episode, 'kind'> & { readonly kind: UnusualKind; readonly why?: string }

/** A series with what was found in it. `score` and `expected` have one entry a sample, in the order of the samples. */
export interface ScoredSeries {
  readonly file: string
  readonly samples: Samples
  readonly score: ArrayLike<number>
  readonly expected: ArrayLike<number>
  readonly episodes: readonly FoundEpisode[]
  readonly thresholdSigma: number
}

/** Points a line may have on the page is twice that. */
const BUCKETS = 10_000
/** The most unusual ones; --json has all. */
const LONGEST_TABLE = 200
const MOST_MARKS = 3000
/** Room beside an episode when one zooms to it. */
const AROUND_MS = 6 * 3_600_000

const VALUE = { colour: '--c-load' }
const EXPECTED = { colour: '--text-3', dash: [1, 3] }
const SCORE = { colour: '--c-tuned' }
const ALARM = { colour: '--c-violation' }
const THRESHOLD = { colour: '--c-violation', dash: [6, 3] }
/** Rows that are always there; the others only where such a thing was found. */
const USUAL_KINDS: readonly UnusualKind[] = ['spike', 'drop', 'level shift']
/** Beside a row there is room for eleven letters. */
const ROW_TITLES: Partial<Record<UnusualKind, string>> = { 'change of variance': 'variance', 'lost periodicity': 'shape lost' }

/** The series, its score and its anomalies as one self-contained page. */
export function anomaliesPage(series: ScoredSeries, origin: PageOrigin): string {
  const { file, samples, episodes, thresholdSigma } = series
  const chart = chartOf(series)
  const facts = factList([
    ['from', instantText(chart.startAt)],
    ['to', instantText(chart.endAt - chart.stepSeconds * 1000)],
    ['values', amount(samples.at.length)],
    ['threshold', `${amount(thresholdSigma)} sigma`],
  ])
  return renderPage({
    title: `Crescendo anomalies: ${file}`,
    note: 'Judged as a stream',
    heading: 'What was unusual, and how much?',
    lead: 'Every value is judged by those before it only. The score is 0.5 at 2.5 sigma; after an alarm only a larger one within half a day is another, and what comes every few days scores less each time.',
    body: `<section id="${chart.id}" aria-labelledby="${chart.id}-title">
<h2 id="${chart.id}-title">${escapeHtml(file)}</h2>
<p class="answer">${answer(episodes)}</p>
${facts}
${chartPanel(chart)}
${table(episodes)}
</section>`,
    charts: [chart],
    origin,
  })
}

function answer(episodes: readonly FoundEpisode[]): string {
  const worst = mostUnusual(episodes, 1)[0]
  if (worst === undefined) return 'Nothing unusual was found.'
  const found = episodes.length === 1 ? '<b>1 anomaly</b>,' : `<b>${amount(episodes.length)} anomalies</b>, the most unusual`
  return `${found} ${worst.kind} at ${instantText(worst.startAt)}: <b>${amount(worst.value)}</b> instead of ${amount(worst.expected)}, ${worst.sigma.toFixed(1)} sigma.`
}

/** The `most` with the highest sigma, in the order of time. */
function mostUnusual(episodes: readonly FoundEpisode[], most: number): readonly FoundEpisode[] {
  return episodes
    .toSorted((a, b) => b.sigma - a.sigma)
    .slice(0, most)
    .toSorted((a, b) => a.startAt - b.startAt)
}

function chartOf({ file, samples, score, expected, episodes, thresholdSigma }: ScoredSeries): Chart {
  const order = ascending(samples.at)
  const column = (values: ArrayLike<number>) => (order === undefined ? values : order.map(index => values[index]!))
  const at = column(samples.at)
  const [startAt, lastAt] = [at[0] ?? 0, at[at.length - 1] ?? 0]
  const line = (values: ArrayLike<number>) => thinLine({ at, value: column(values) }, BUCKETS, startAt)
  const stepSeconds = Math.max(0.001, (lastAt - startAt) / 1000 / Math.max(1, at.length - 1))
  const endAt = lastAt + stepSeconds * 1000
  const limit = scoreOf(thresholdSigma)
  const shown = mostUnusual(episodes, MOST_MARKS)
  return {
    id: 'series',
    label: `Charts of ${file}: values, scores and anomalies over time. The table lists the anomalies.`,
    startAt,
    endAt,
    stepSeconds,
    spans: shown.map(episode => markOf(episode, { startAt, told: episode.kind })),
    lanes: [
      {
        kind: 'lines',
        title: 'What came?',
        unit: 'dotted: what was expected; shaded: anomalies',
        heightPixels: 240,
        range: 'data',
        lines: [
          { title: 'value', stroke: VALUE, points: line(samples.value) },
          { title: 'expected', stroke: EXPECTED, points: line(expected), width: 0.75, isBelow: true },
        ],
      },
      {
        kind: 'lines',
        title: 'How unusual was it?',
        unit: `score; dashed: the threshold of ${amount(thresholdSigma)} sigma`,
        heightPixels: 130,
        range: [0, 1],
        lines: [
          { title: 'score', stroke: SCORE, points: line(score), width: 1 },
          {
            title: 'threshold',
            stroke: THRESHOLD,
            width: 1,
            points: { seconds: [0, (endAt - startAt) / 1000], values: [limit, limit] },
          },
        ],
      },
      kindLane(shown, startAt),
    ],
  }
}

function kindLane(episodes: readonly FoundEpisode[], startAt: number): Lane {
  const kinds = UNUSUAL_KINDS.filter(kind => USUAL_KINDS.includes(kind) || episodes.some(one => one.kind === kind))
  return {
    kind: 'rows',
    title: 'Of what kind?',
    unit: 'from the first to the last unusual value',
    rows: kinds.map(kind => ({
      title: ROW_TITLES[kind] ?? kind,
      stroke: ALARM,
      markColour: ALARM.colour,
      marks: episodes
        .filter(episode => episode.kind === kind)
        .map(episode => markOf(episode, { startAt, told: Number(episode.sigma.toFixed(1)) })),
      suffix: 'sigma',
      idle: 'none',
    })),
  }
}

function markOf(episode: FoundEpisode, { startAt, told }: { readonly startAt: number; readonly told: string | number }): Mark {
  return [(episode.startAt - startAt) / 1000, (episode.endAt - startAt) / 1000, told]
}

/** Places of the samples in the order of time; `undefined` where they stand so already. */
function ascending(at: Float64Array): readonly number[] | undefined {
  if (at.every((time, index) => index === 0 || time >= at[index - 1]!)) return
  return Array.from(at.keys()).sort((a, b) => at[a]! - at[b]!)
}

function table(episodes: readonly FoundEpisode[]): string {
  if (episodes.length === 0) return ''
  const shown = mostUnusual(episodes, LONGEST_TABLE)
  const rows = shown.map(({ startAt, endAt, kind, severity, sigma, value, expected, why }) =>
    tableRow([
      instantText(startAt),
      endAt === startAt ? 'one value' : durationText(endAt - startAt),
      why === undefined ? kind : `${kind}: ${why}`,
      severity,
      sigma.toFixed(1),
      amount(value),
      amount(expected),
      zoomButton('Show', startAt - AROUND_MS, endAt + AROUND_MS),
    ]),
  )
  const rest = episodes.length - shown.length
  const told = rest === 0 ? '' : `<span>the most unusual ones; ${amount(rest)} more in --json</span>`
  const head = ['start', 'for', 'kind', 'severity', 'sigma', 'value', 'expected', '']
  return `<div class="panel"><h3>All anomalies${told}</h3>${scrollTable('Anomalies', head, rows)}</div>`
}
