import { type Chart, chartPanel } from '../../page/chart.ts'
import { amount, escapeHtml, factList, instantText, scrollTable, signed, strokeKey, tableRow } from '../../page/markup.ts'
import type { ScalerReport, ScoreFacts, TraceReport } from './report.ts'
import { styleOf } from './scaler-style.ts'
import { violationStretches } from './violation-stretches.ts'

/** Over all traces: bad minutes and cost of every scaler, each trace linked to its section. */
export function tracesTable(traces: readonly TraceReport[]): string {
  const names = [...new Set(traces.flatMap(trace => trace.scalers.map(scaler => scaler.name)))]
  const cell = (trace: TraceReport, name: string) => {
    const score = trace.scalers.find(scaler => scaler.name === name)?.score
    return `<td>${score === undefined ? 'not run' : `${amount(score.sloViolationMinutes)} min · ${amount(score.cost)}`}</td>`
  }
  const rows = traces.map(
    (trace, index) =>
      `<tr><td><a href="#trace-${index}">${escapeHtml(trace.file)}</a></td>${names.map(name => cell(trace, name)).join('')}</tr>`,
  )
  const head = ['trace', ...names.map(name => keyOf(name) + escapeHtml(name))]
  return `<div class="panel"><h3>How did each fare on every trace?<span>bad minutes · cost</span></h3>
${scrollTable('All traces', head, rows)}</div>`
}

/** Everything about one trace: answer, world, score table, the three lanes of the chart, and the worst stretches. */
export function traceSection(trace: TraceReport, chart: Chart): string {
  return `<section id="${chart.id}" aria-labelledby="${chart.id}-title">
<h2 id="${chart.id}-title">${escapeHtml(trace.file)}</h2>
<p class="answer">${answer(trace)}</p>
${worldFacts(trace)}
<div class="panel"><h3>What did it cost, and what did it break?</h3>${scoreTable(trace)}</div>
${chartPanel(chart)}
${worstStretches(trace)}
</section>`
}

/** The first line is the answer in words and numbers, whoever has won. */
function answer(trace: TraceReport): string {
  const [ours, hpa] = ['crescendo', 'hpa'].map(name => trace.scalers.find(scaler => scaler.name === name))
  const told = (scaler: ScalerReport) =>
    `<b>${escapeHtml(scaler.name)}</b> broke the promise for <b>${amount(scaler.score.sloViolationMinutes)} min</b> and cost <b>${amount(scaler.score.cost)}</b>`
  if (ours === undefined || hpa === undefined) return `${trace.scalers.map(told).join('; ')}.`
  const share = hpa.score.cost === 0 ? undefined : ours.score.cost / hpa.score.cost - 1
  const against = share === undefined ? '' : ` (${signed(100 * share)} % against hpa)`
  return `${told(ours)}${against}; ${told(hpa)}.`
}

function worldFacts({ at, world, scoredFrom }: TraceReport): string {
  const facts: readonly (readonly [string, string])[] = [
    ['from', instantText(at[0] ?? 0)],
    ['scored from', instantText(scoredFrom)],
    ['to', instantText(at[at.length - 1] ?? 0)],
    ['capacity per replica', amount(world.capacityPerReplica)],
    ['start-up', `${amount(world.startupSeconds)} s`],
    ['metrics delay', `${amount(world.metricsDelaySeconds)} s`],
    ['tick', `${amount(world.tickSeconds)} s`],
    ['price', `${amount(world.price)} a replica-hour`],
    ...(world.minReplicas === undefined ? [] : [['min', amount(world.minReplicas)] as const]),
    ...(world.maxReplicas === undefined ? [] : [['max', amount(world.maxReplicas)] as const]),
  ]
  return factList(facts)
}

interface Column {
  readonly title: string
  readonly of: (score: ScoreFacts, oracle: ScoreFacts | undefined) => number | undefined
  readonly text: (value: number) => string
  /** Lower is better, so the lowest is marked; counts of scalings are only told. */
  readonly ranked?: boolean
}

const COLUMNS: readonly Column[] = [
  { title: 'bad minutes', of: score => score.sloViolationMinutes, text: amount, ranked: true },
  { title: 'of the time', of: score => 100 * score.sloViolationRatio, text: value => `${amount(value)} %` },
  { title: 'unserved load', of: score => score.unservedLoad, text: amount, ranked: true },
  { title: 'cost', of: score => score.cost, text: amount, ranked: true },
  { title: 'over oracle', of: excess, text: value => `${signed(value)} %`, ranked: true },
  { title: 'replica-hours', of: score => score.replicaHours, text: amount },
  { title: 'idle replica-hours', of: score => score.overProvisionedReplicaHours, text: amount },
  { title: 'scale-ups', of: score => score.scaleUps, text: amount },
  { title: 'scale-downs', of: score => score.scaleDowns, text: amount },
  { title: 'decision p50, µs', of: score => score.decisionMicros?.p50, text: amount },
  { title: 'decision p99, µs', of: score => score.decisionMicros?.p99, text: amount },
]

/** Billed replica-hours above the cheapest schedule without a violation, in percent of it. */
function excess(score: ScoreFacts, oracle: ScoreFacts | undefined): number | undefined {
  if (oracle === undefined || oracle.replicaHours === 0) return undefined
  return 100 * (score.replicaHours / oracle.replicaHours - 1)
}

function scoreTable({ scalers }: TraceReport): string {
  const oracle = scalers.find(scaler => scaler.name === 'oracle')?.score
  const rivals = scalers.filter(scaler => scaler.name !== 'oracle')
  const bests = COLUMNS.map(column => {
    const values = rivals.flatMap(({ score }) => column.of(score, oracle) ?? [])
    return column.ranked === true && values.length > 1 ? Math.min(...values) : undefined
  })
  const cell = (scaler: ScalerReport, index: number) => {
    const column = COLUMNS[index]!
    const value = column.of(scaler.score, oracle)
    const best = scaler.name !== 'oracle' && value !== undefined && value === bests[index]
    return `<td${best ? ' class="best"' : ''}>${value === undefined ? '' : column.text(value)}</td>`
  }
  const row = (scaler: ScalerReport) =>
    `<tr${scaler.name === 'oracle' ? ' class="bound"' : ''}><td>${keyOf(scaler.name)}${escapeHtml(scaler.name)}</td>${COLUMNS.map((_, index) => cell(scaler, index)).join('')}</tr>`
  return scrollTable('Scores', ['scaler', ...COLUMNS.map(({ title }) => title)], scalers.map(row))
}

/** The longest violations of every scaler as a table, for those who cannot or will not read the chart. */
function worstStretches({ at, load, world, scoredFrom, scalers }: TraceReport): string {
  const rows = scalers.flatMap(({ name, ready }) =>
    violationStretches({ at, load, ready, scoredFrom, ...world }, Number.POSITIVE_INFINITY)
      .toSorted((a, b) => b.to - b.from - (a.to - a.from))
      .slice(0, 5)
      .map(({ from, to, missing }) =>
        tableRow([
          keyOf(name) + escapeHtml(name),
          instantText((at[0] ?? 0) + from * 1000),
          `${amount((to - from) / 60)} min`,
          amount(missing),
        ]),
      ),
  )
  const head = ['scaler', 'from', 'for', 'replicas missing at worst']
  const body = rows.length === 0 ? '<p class="hint">Nobody broke it.</p>' : scrollTable('Longest violations', head, rows)
  return `<details class="panel"><summary>The longest violations of each</summary>${body}</details>`
}

function keyOf(name: string): string {
  return strokeKey(styleOf(name))
}
