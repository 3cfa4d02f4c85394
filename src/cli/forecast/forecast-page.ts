import { type Forecast, QUANTILES } from '../../core/model.ts'
import { type Chart, chartPanel, type LineLane } from '../../page/chart.ts'
import { amount, escapeHtml, factList, instantText, levelName, scrollTable, tableRow } from '../../page/markup.ts'
import { type PageOrigin, renderPage } from '../../page/render-page.ts'
import { durationText } from '../durations.ts'
import { ACTUAL, actualsFrom, BAND, lineOf, MEDIAN, sentence, seriesSection, timeOf } from './page-parts.ts'
import type { Steps } from './steps.ts'
import { type Forecasted, maximumOf } from './told-forecast.ts'

const RECENT_MS = 2 * 86_400_000
const RECENT_HORIZONS = 3
/** The page opens with that many horizons of the past in view, so that a short horizon is not a sliver at the edge. */
const OPENING_HORIZONS = 6
/** A table that a person still reads; a longer forecast is told in larger strides. */
const LONGEST_TABLE = 100
const SHOWN = [0.5, 0.9, 0.95, 0.99] as const

/** The forecasts of all series as one self-contained page. A series that abstained says why. */
export function forecastPage(results: readonly Forecasted[], origin: PageOrigin): string {
  const parts = results.map((result, index) => partOf(result, `series-${index}`))
  return renderPage({
    title: `Crescendo forecast: ${results.map(({ file }) => file).join(', ')}`,
    note: 'Forecast of recorded load',
    heading: 'What comes next, and how sure is that?',
    lead: 'Half of the values are expected at or below the median, 99 of 100 at or below p99.',
    body: parts.map(({ markup }) => markup).join('\n'),
    charts: parts.flatMap(({ chart }) => chart ?? []),
    origin,
  })
}

function partOf(result: Forecasted, id: string): { readonly markup: string; readonly chart?: Chart } {
  const { file, forecast, abstains, steps, horizonSteps } = result
  if (forecast === undefined) return { markup: seriesSection(id, file, sentence(escapeHtml(abstains ?? ''))) }
  const chart = chartOf(result, forecast, id)
  const horizon = durationText(horizonSteps * steps.stepMs)
  const facts = factList([
    ['forecast from', instantText(forecast.madeAt)],
    ['horizon', horizon],
    ['step', durationText(steps.stepMs)],
    ['history', `${amount(steps.value.length)} steps`],
    ['model', escapeHtml(forecast.by)],
  ])
  const body = [sentence(answer(forecast, horizon)), facts, chartPanel(chart), table(forecast, horizon)]
  return { chart, markup: seriesSection(id, file, body.join('\n')) }
}

function answer(forecast: Forecast, horizon: string): string {
  const maximum = maximumOf(forecast)
  const at = (level: (typeof SHOWN)[number]) => `<b>${amount(maximum[QUANTILES.indexOf(level)]!)}</b>`
  return `The highest value of the next ${horizon} is expected around ${at(0.5)}, and with 99 % certainty not above ${at(0.99)}.`
}

function chartOf({ file, steps, horizonSteps }: Forecasted, { points, madeAt }: Forecast, id: string): Chart {
  const horizonMs = horizonSteps * steps.stepMs
  const recentSteps = Math.ceil(Math.max(RECENT_MS, RECENT_HORIZONS * horizonMs) / steps.stepMs)
  const first = Math.max(0, steps.value.length - recentSteps)
  const startAt = timeOf(steps, first)
  const newest = newestOf(steps)
  const quantile = (level: (typeof SHOWN)[number]) => {
    const index = QUANTILES.indexOf(level)
    const ahead = points.map(({ at, quantiles }) => ({ at, value: quantiles[index]! }))
    const line = [...newest, ...ahead]
    return lineOf({ at: line.map(({ at }) => at), value: line.map(({ value }) => value) }, startAt)
  }
  const median = quantile(0.5)
  const lane: LineLane = {
    kind: 'lines',
    title: 'What came, and what is expected?',
    unit: `one sample every ${durationText(steps.stepMs)}; the forecast opens at the newest value`,
    heightPixels: 300,
    lines: [
      {
        title: 'actual',
        stroke: ACTUAL,
        points: lineOf(actualsFrom(steps, first), startAt),
        absent: 'not yet',
        endsSharply: true,
      },
      { title: 'median', stroke: MEDIAN, points: median, width: 2, absent: '' },
    ],
    bands: [0.9, 0.99].map(level => ({
      title: `up to ${levelName(level)}`,
      stroke: BAND,
      low: median,
      high: quantile(level as 0.9 | 0.99),
      isUpper: true,
      absent: '',
    })),
  }
  return {
    id,
    label: `Chart of ${file}: what came, and the forecast with its bands. The table holds the forecast.`,
    startAt,
    endAt: points.at(-1)?.at ?? madeAt,
    stepSeconds: steps.stepMs / 1000,
    shadedUntil: madeAt,
    hint: 'The shaded part is the past.',
    opensAt: madeAt - OPENING_HORIZONS * horizonMs,
    views: [{ title: 'Forecast', from: madeAt - OPENING_HORIZONS * horizonMs }],
    lanes: [lane],
  }
}

/** Where the fan of a forecast opens: a forecast of one step alone would be a point that nobody sees. */
function newestOf(steps: Steps): readonly { readonly at: number; readonly value: number }[] {
  const step = steps.present.lastIndexOf(1)
  return step < 0 ? [] : [{ at: timeOf(steps, step), value: steps.value[step]! }]
}

function table(forecast: Forecast, horizon: string): string {
  const { points } = forecast
  const stride = Math.ceil(points.length / LONGEST_TABLE)
  const cells = (quantiles: readonly number[]) => SHOWN.map(level => amount(quantiles[QUANTILES.indexOf(level)]!))
  const rows = [
    tableRow([`highest of ${horizon}`, ...cells(maximumOf(forecast))]),
    ...points
      .filter((_, index) => index % stride === 0)
      .map(({ at, quantiles }) => tableRow([instantText(at), ...cells(quantiles)])),
  ]
  const told = stride === 1 ? '' : `<span>one in ${stride}; --json has all</span>`
  return `<details class="panel" ${rows.length <= 16 ? 'open' : ''}><summary>The forecast in figures${told}</summary>${scrollTable('Forecast', ['time', ...SHOWN.map(levelName)], rows)}</details>`
}
