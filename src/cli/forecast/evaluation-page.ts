import { type Chart, type ChartLine, chartPanel, type LineLane } from '../../page/chart.ts'
import { amount, escapeHtml, factList, instantText, scrollTable, tableRow } from '../../page/markup.ts'
import { type PageOrigin, renderPage } from '../../page/render-page.ts'
import { durationText } from '../durations.ts'
import { type ByQuantile, type PointAccuracy, SCORED } from './accuracy.ts'
import type { Evaluation, Prediction } from './evaluate.ts'
import { ACTUAL, actualsFrom, BAND, lineOf, MEDIAN, sentence, seriesSection } from './page-parts.ts'
import type { Evaluated } from './told-evaluation.ts'

/** Forecasts for one distance: when for, and what was said. */
interface HorizonLine {
  readonly at: number[]
  readonly median: number[]
  readonly p90: number[]
}

/** Of all predictions of an evaluation, those for the next step and those for the last step of the horizon. */
export interface HorizonLines {
  readonly hear: (prediction: Prediction) => void
  readonly shortest: HorizonLine
  readonly longest: HorizonLine
}

export type EvaluatedWithLines = Evaluated & { readonly lines: HorizonLines }

const [P50, P90] = [SCORED.indexOf(0.5), SCORED.indexOf(0.9)]
const DAY_MS = 86_400_000
const LONGEST = { colour: '--c-forecast', dash: [6, 3] }

export function collectHorizonLines(horizonSteps: number): HorizonLines {
  const empty = (): HorizonLine => ({ at: [], median: [], p90: [] })
  const [shortest, longest] = [empty(), empty()]
  const add = (line: HorizonLine, { target, quantiles }: Prediction) => {
    line.at.push(target)
    line.median.push(quantiles[P50]!)
    line.p90.push(quantiles[P90]!)
  }
  return {
    shortest,
    longest,
    hear(prediction) {
      if (prediction.stepsAhead === 1) add(shortest, prediction)
      if (prediction.stepsAhead === horizonSteps) add(longest, prediction)
    },
  }
}

/** The evaluations of all series as one self-contained page. A series that could not be scored says why. */
export function evaluationPage(results: readonly EvaluatedWithLines[], origin: PageOrigin): string {
  const parts = results.map((result, index) => partOf(result, `series-${index}`))
  return renderPage({
    title: `Crescendo forecast, evaluated: ${results.map(({ file }) => file).join(', ')}`,
    note: 'Evaluated on recorded load',
    heading: 'How well could it be told before it came?',
    lead: 'Every forecast was made with what lay before its origin only. wape is the sum of errors over the sum of the load; mase compares with the history.',
    body: [results.length > 1 ? seriesTable(results) : '', ...parts.map(({ markup }) => markup)].join('\n'),
    charts: parts.flatMap(({ chart }) => chart ?? []),
    origin,
  })
}

function seriesTable(results: readonly EvaluatedWithLines[]): string {
  const rows = results.map(({ file, evaluation }, index) =>
    tableRow([
      `<a href="#series-${index}">${escapeHtml(file)}</a>`,
      ...pointCells(evaluation),
      ...SCORED.map((_, place) => coverageText(evaluation, place)),
    ]),
  )
  const head = ['series', 'mase', 'wape', ...SCORED.map(level => `at or below ${level}`)]
  return `<div class="panel"><h3>How well on every series?</h3>${scrollTable('All series', head, rows)}</div>`
}

function partOf(result: EvaluatedWithLines, id: string): { readonly markup: string; readonly chart?: Chart } {
  const { file, evaluation, abstains } = result
  if (evaluation.points === 0) return { markup: seriesSection(id, file, sentence(escapeHtml(abstains ?? ''))) }
  const chart = chartOf(result, id)
  const body = [sentence(answer(evaluation)), facts(result), chartPanel(chart), models(evaluation), quantiles(evaluation)]
  return { chart, markup: seriesSection(id, file, body.join('\n')) }
}

function answer(evaluation: Evaluation): string {
  const { baselines, wape, coverage } = evaluation
  const against = baselines
    .filter(one => one.wape !== undefined)
    .map(one => `${escapeHtml(one.title)} ${percent(one.wape)}`)
    .join(', ')
  const above = coverage === undefined ? '' : ` ${percent(coverage['0.99'])} of the values lay at or below their p99.`
  return `The median was off by <b>${percent(wape)}</b> of the load${against === '' ? '' : ` (${against})`}.${above}`
}

function facts({ steps, horizonSteps, evaluation }: Evaluated): string {
  const { evaluatedFrom, evaluatedSteps, points, originsWithoutForecast, msPerFit, msPerForecast } = evaluation
  return factList([
    ['evaluated after', instantText(evaluatedFrom)],
    ['values', amount(evaluatedSteps)],
    ['forecasts', amount(points)],
    ['step', durationText(steps.stepMs)],
    ['horizon', durationText(horizonSteps * steps.stepMs)],
    ['a fit', `${amount(msPerFit)} ms`],
    ['a forecast', `${amount(msPerForecast)} ms`],
    ...(originsWithoutForecast > 0 ? [['without a forecast', `${amount(originsWithoutForecast)} origins`] as const] : []),
  ])
}

function chartOf({ file, steps, horizonSteps, evaluation, lines }: EvaluatedWithLines, id: string): Chart {
  const first = steps.at.findLastIndex((at, step) => steps.present[step] === 1 && at <= evaluation.evaluatedFrom) + 1
  const actuals = actualsFrom(steps, first)
  const startAt = actuals.at[0] ?? evaluation.evaluatedFrom
  const endAt = actuals.at[actuals.at.length - 1] ?? startAt
  const ahead = (count: number) => `${durationText(count * steps.stepMs)} before`
  const told = ({ at, median }: HorizonLine, line: Pick<ChartLine, 'title' | 'stroke' | 'width'>): ChartLine => ({
    ...line,
    points: lineOf({ at, value: median }, startAt),
    absent: 'no forecast',
  })
  const { shortest, longest } = lines
  const lane: LineLane = {
    kind: 'lines',
    title: 'What came, and what had been said?',
    unit: `one sample every ${durationText(steps.stepMs)}; the area reaches from the median said ${ahead(horizonSteps)} to its p90`,
    heightPixels: 300,
    lines: [
      { title: 'actual', stroke: ACTUAL, points: lineOf(actuals, startAt), isBelow: true },
      ...(horizonSteps > 1 ? [told(shortest, { title: `said ${ahead(1)}`, stroke: MEDIAN, width: 1.25 })] : []),
      told(longest, { title: `said ${ahead(horizonSteps)}`, stroke: LONGEST, width: 1.25 }),
    ],
    bands: [
      {
        title: 'up to p90',
        stroke: BAND,
        low: lineOf({ at: longest.at, value: longest.median }, startAt),
        high: lineOf({ at: longest.at, value: longest.p90 }, startAt),
        isUpper: true,
        absent: 'no forecast',
      },
    ],
  }
  return {
    id,
    label: `Chart of ${file}: what came, and the forecasts of it. The tables hold how well they did.`,
    startAt,
    endAt,
    stepSeconds: steps.stepMs / 1000,
    opensAt: endAt - 3 * DAY_MS,
    views: [
      { title: 'Last day', from: endAt - DAY_MS },
      { title: 'Three days', from: endAt - 3 * DAY_MS },
    ].filter(({ from }) => from > startAt),
    lanes: [lane],
  }
}

function models(evaluation: Evaluation): string {
  const all = [{ title: 'seasonal-ridge', ...evaluation }, ...evaluation.baselines]
  const best = Math.min(...all.map(({ wape }) => wape ?? Number.POSITIVE_INFINITY))
  const row = (model: { readonly title: string } & PointAccuracy) => {
    const isBest = model.wape === best
    const cells = pointCells(model).map(cell => `<td${isBest ? ' class="best"' : ''}>${cell}</td>`)
    return `<tr><td>${escapeHtml(model.title)}</td>${cells.join('')}</tr>`
  }
  return `<div class="panel"><h3>Who told it best?<span>lower is better</span></h3>${scrollTable('Models', ['model', 'mase', 'wape'], all.map(row))}</div>`
}

function quantiles(evaluation: Evaluation): string {
  const { pinball } = evaluation
  const rows = [
    tableRow(['values at or below', ...SCORED.map((_, place) => coverageText(evaluation, place))]),
    tableRow(['pinball loss', ...SCORED.map(level => (pinball === undefined ? '-' : amount(pinball[keyOf(level)])))]),
  ]
  return `<div class="panel"><h3>Do the bands keep what they say?<span>of the values, that share should lie at or below</span></h3>${scrollTable('Quantiles', ['quantile', ...SCORED.map(String)], rows)}</div>`
}

const keyOf = (level: (typeof SCORED)[number]) => String(level) as keyof ByQuantile // '0.5' of 0.5, and so on

function coverageText({ coverage }: Evaluation, place: number): string {
  return coverage === undefined ? '-' : coverage[keyOf(SCORED[place]!)].toFixed(3)
}

function pointCells({ mase, wape }: PointAccuracy): readonly [string, string] {
  return [mase === undefined ? '-' : mase.toFixed(3), percent(wape)]
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${(100 * share).toFixed(1)} %`
}
