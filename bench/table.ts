import { BUDGET_MINUTES_PER_DAY } from '../src/sim/rivals/hpa-tuned.ts'
import { type Evaluated, meets, type Row, SCALERS } from './evaluate.ts'
import { median, percent, table } from './format.ts'
import { goals } from './goals.ts'

const SHOWN = SCALERS.filter(name => name !== 'oracle')

/** The whole bench as Markdown: a summary for each start-up time, then every trace, losers included. */
export function markdown(results: readonly Evaluated[], unfit: ReadonlyMap<string, string>): string {
  const startups = [...new Set(results.map(one => one.startupSeconds))]
  const parts = startups.map(startup => {
    const these = results.filter(one => one.startupSeconds === startup)
    return [
      `### Start-up ${startup} s, ${these.length} traces`,
      summary(these),
      headline(these),
      ...enterprise(these),
      perTrace(these),
    ].join('\n\n')
  })
  const left = [...unfit].map(([trace, why]) => `${trace} (${why})`).join(', ')
  return `${goals(results)}\n\n## Results\n\n${parts.join('\n\n')}\n${left === '' ? '' : `\nLeft out: ${left}.\n`}`
}

const rowOf = ({ rows }: Evaluated, scaler: string): Row => rows.find(row => row.scaler === scaler)!

function summary(results: readonly Evaluated[]): string {
  const lines = SHOWN.map(scaler => {
    const rows = results.map(one => rowOf(one, scaler))
    const worst = results.reduce((a, b) => (rowOf(b, scaler).badMinutesPerDay > rowOf(a, scaler).badMinutesPerDay ? b : a))
    return [
      scaler,
      percent(median(rows.map(row => row.excess))),
      median(rows.map(row => row.excessHoursPerDay)).toFixed(0),
      median(rows.map(row => row.badMinutesPerDay)).toFixed(2),
      `${rows.filter(row => meets(row)).length} of ${rows.length}`,
      median(rows.map(row => row.actionsPerDay)).toFixed(0),
      `${worst.trace} ${rowOf(worst, scaler).badMinutesPerDay.toFixed(1)}`,
    ]
  })
  const head = [
    'scaler',
    'excess over oracle',
    'replica-h a day over',
    'bad min a day',
    `within ${BUDGET_MINUTES_PER_DAY}`,
    'actions a day',
    'worst trace, bad min a day',
  ]
  return table([head, ...lines])
}

/** The two figures that the product is held to: on how many traces the bound is met, and at what excess where both meet it. */
function headline(results: readonly Evaluated[]): string {
  const [ours, tuned] = ['crescendo', 'hpa-tuned'].map(scaler => results.filter(one => meets(rowOf(one, scaler)))) as [
    Evaluated[],
    Evaluated[],
  ]
  const both = ours.filter(one => tuned.includes(one))
  const ratios = both.map(one => rowOf(one, 'crescendo').excess / rowOf(one, 'hpa-tuned').excess)
  const actions = results.map(one => rowOf(one, 'crescendo').actionsPerDay / rowOf(one, 'hpa-tuned').actionsPerDay)
  return [
    `Within ${BUDGET_MINUTES_PER_DAY} bad minutes a day: crescendo on ${ours.length} of ${results.length} traces, hpa-tuned on ${tuned.length}.`,
    `Where both are (${both.length} traces), crescendo's excess over the oracle is ${ratio(ratios)} of hpa-tuned's in the median.`,
    `Scaling actions: ${ratio(actions)} of hpa-tuned's in the median.`,
  ].join(' ')
}

/** The tier Enterprise with its guard of own violations, and without. */
function enterprise(results: readonly Evaluated[]): readonly string[] {
  const told = ['crescendo-99.99', 'crescendo-enterprise'].flatMap(scaler => {
    const rows = results.flatMap(one => one.rows.filter(row => row.scaler === scaler))
    if (rows.length === 0) return []
    const [excess, bad] = [median(rows.map(row => row.excess)), median(rows.map(row => row.badMinutesPerDay))]
    const worst = Math.max(...rows.map(row => row.badMinutesPerDay))
    return [
      `${scaler} ${percent(excess)}, ${bad.toFixed(2)} bad minutes a day, at worst ${worst.toFixed(2)} (${rows.length} traces)`,
    ]
  })
  return told.length === 0 ? [] : [`With 0.144 bad minutes a day, medians: ${told.join('; ')}.`]
}

const ratio = (values: readonly number[]): string =>
  values.length === 0 ? 'not comparable' : `${median(values).toFixed(2)} times`

function perTrace(results: readonly Evaluated[]): string {
  const shown = ['crescendo', 'hpa', 'hpa-tuned', 'keda', 'kpa', 'static-peak']
  const cell = (row: Row) => `${percent(row.excess)} / ${row.badMinutesPerDay.toFixed(2)} / ${row.actionsPerDay.toFixed(0)}`
  const lines = results.map(one => [one.trace, one.days.toFixed(1), ...shown.map(scaler => cell(rowOf(one, scaler)))])
  return `Excess over the oracle / bad minutes a day / actions a day:\n\n${table([['trace', 'days', ...shown], ...lines])}`
}
