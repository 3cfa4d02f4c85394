import type { BacktestReport, ScalerReport, ScoreFacts, TraceReport } from './report.ts'
import { styleOf } from './scaler-style.ts'
import { violationStretches } from './thin.ts'

/** Text from outside, safe inside elements and quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** Over all traces: bad minutes and cost of every scaler, each trace linked to its section. */
export function tracesTable(report: BacktestReport): string {
  const names = [...new Set(report.traces.flatMap(trace => trace.scalers.map(scaler => scaler.name)))]
  const cell = (trace: TraceReport, name: string) => {
    const score = trace.scalers.find(scaler => scaler.name === name)?.score
    return `<td>${score === undefined ? 'not run' : `${amount(score.sloViolationMinutes)} min · ${amount(score.cost)}`}</td>`
  }
  const rows = report.traces.map(
    (trace, index) =>
      `<tr><td><a href="#trace-${index}">${escapeHtml(trace.file)}</a></td>${names.map(name => cell(trace, name)).join('')}</tr>`,
  )
  const head = names.map(name => `<th scope="col">${keyOf(name)}${escapeHtml(name)}</th>`).join('')
  return `<div class="panel"><h3>How did each fare on every trace?<span>bad minutes · cost</span></h3>
<div class="scroll" tabindex="0" role="region" aria-label="All traces"><table><thead><tr><th scope="col">trace</th>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div></div>`
}

/** Everything about one trace: answer, world, score table, the three lanes of the chart, and the worst stretches. */
export function traceSection(trace: TraceReport, index: number): string {
  return `<section id="trace-${index}" aria-labelledby="title-${index}">
<h2 id="title-${index}">${escapeHtml(trace.file)}</h2>
<p class="answer">${answer(trace)}</p>
${worldFacts(trace)}
<div class="panel"><h3>What did it cost, and what did it break?</h3>${scoreTable(trace)}</div>
<div class="panel charts" tabindex="0" role="group" aria-label="Charts of ${escapeHtml(trace.file)}: load, ready replicas and violations over time. The tables hold the same figures.">
${toolbar(trace)}
${lanes(trace)}
<p class="hint">Drag to zoom. Keys: <kbd>←</kbd> <kbd>→</kbd> move, <kbd>PgUp</kbd> <kbd>PgDn</kbd> move far, <kbd>+</kbd> <kbd>-</kbd> zoom, <kbd>0</kbd> everything. The shaded part is history: nobody is scored on it.</p>
</div>
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
    ['from', instant(at[0] ?? 0)],
    ['scored from', instant(scoredFrom)],
    ['to', instant(at[at.length - 1] ?? 0)],
    ['capacity per replica', amount(world.capacityPerReplica)],
    ['start-up', `${amount(world.startupSeconds)} s`],
    ['metrics delay', `${amount(world.metricsDelaySeconds)} s`],
    ['tick', `${amount(world.tickSeconds)} s`],
    ['price', `${amount(world.price)} a replica-hour`],
    ...(world.minReplicas === undefined ? [] : [['min', amount(world.minReplicas)] as const]),
    ...(world.maxReplicas === undefined ? [] : [['max', amount(world.maxReplicas)] as const]),
  ]
  return `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>`
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
  const head = COLUMNS.map(column => `<th scope="col">${column.title}</th>`).join('')
  return `<div class="scroll" tabindex="0" role="region" aria-label="Scores"><table><thead><tr><th scope="col">scaler</th>${head}</tr></thead><tbody>${scalers.map(row).join('\n')}</tbody></table></div>`
}

function toolbar({ scalers }: TraceReport): string {
  const toggles = scalers.map(
    ({ name }) => `<button type="button" data-scaler aria-pressed="true">${keyOf(name)}${escapeHtml(name)}</button>`,
  )
  return `<div class="bar">${toggles.join('')}<span class="grow"></span><span class="when"></span><button type="button" data-scored>Scored part</button><button type="button" data-all>Everything</button></div>`
}

function lanes({ scalers, band }: TraceReport): string {
  const read = (name: string, key: string, title: string) => `<div>${key}<dt>${title}</dt><dd data-read="${name}"></dd></div>`
  const line = (colour: string, shape = '') => `<span class="key ${shape}" data-colour="${colour}"></span>`
  const loads =
    read('load', line('--c-load'), 'load') +
    (band === undefined
      ? ''
      : read('band', line('--c-forecast', 'dotted'), `p${digits(band.levels.low)} to p${digits(band.levels.high)}`))
  const rows = (what: 'ready' | 'bad') =>
    scalers.map(({ name }, index) => read(`${what}${index}`, keyOf(name), escapeHtml(name))).join('')
  const said = band === undefined ? '' : `, and what crescendo had said ${amount(band.leadSeconds / 60)} min before`
  const lane = (title: string, unit: string, readouts: string) =>
    `<div class="lane"><h3>${title}<span>${unit}</span></h3><div class="plot"></div><dl class="read">${readouts}</dl></div>`
  return [
    lane('How much load came?', `load units${said}`, loads),
    lane(
      'How many replicas were ready?',
      'replicas; dotted: what the load needs',
      read('needed', line('--text-3', 'dotted'), 'needed') + rows('ready'),
    ),
    lane('Who broke the promise, and when?', 'a mark is at least two pixels wide, so that none vanishes', rows('bad')),
  ].join('\n')
}

/** The longest violations of every scaler as a table, for those who cannot or will not read the chart. */
function worstStretches({ at, load, world, scoredFrom, scalers }: TraceReport): string {
  const rows = scalers.flatMap(({ name, ready }) =>
    violationStretches({ at, load, ready, scoredFrom, ...world }, Number.POSITIVE_INFINITY)
      .toSorted((a, b) => b.to - b.from - (a.to - a.from))
      .slice(0, 5)
      .map(
        ({ from, to, missing }) =>
          `<tr><td>${keyOf(name)}${escapeHtml(name)}</td><td>${instant((at[0] ?? 0) + from * 1000)}</td><td>${amount((to - from) / 60)} min</td><td>${amount(missing)}</td></tr>`,
      ),
  )
  const body = rows.length === 0 ? '<p class="hint">Nobody broke it.</p>' : ''
  const table = `<div class="scroll" tabindex="0" role="region" aria-label="Longest violations"><table><thead><tr><th scope="col">scaler</th><th scope="col">from</th><th scope="col">for</th><th scope="col">replicas missing at worst</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`
  return `<details class="panel"><summary>The longest violations of each</summary>${body || table}</details>`
}

function keyOf(name: string): string {
  const { colour, dash } = styleOf(name)
  const shape = dash === undefined ? '' : (dash[0] ?? 0) <= 2 ? ' dotted' : ' dashed'
  return `<span class="key${shape}" data-colour="${colour}"></span>`
}

/** Three significant digits below 1000, whole numbers with separators above. */
function amount(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${amount(Math.abs(value))}`
const digits = (level: number) => String(Number((100 * level).toFixed(3)))
const instant = (at: number) => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
