import type { MetricFamily, MetricFamilySample } from '../ports.ts'

export const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8'
export type Format = typeof OPENMETRICS | typeof PROMETHEUS_TEXT

/** OpenMetrics, unless a reader asks for plain text and not for it: older scrapers, and `promtool check metrics`. */
export function formatFor(accept: string | undefined): Format {
  const wanted = accept ?? ''
  return wanted.includes('text/plain') && !wanted.includes('openmetrics') ? PROMETHEUS_TEXT : OPENMETRICS
}

export function exposition(families: readonly MetricFamily[], format: Format = OPENMETRICS): string {
  return format === OPENMETRICS ? `${families.map(openMetrics).join('')}# EOF\n` : families.map(prometheusText).join('')
}

function openMetrics(family: MetricFamily): string {
  const { name, type, help } = family
  const unit = unitOf(name)
  const head = [`# TYPE ${name} ${type}`, ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]), `# HELP ${name} ${help}`]
  return linesOf([...head, ...sampleLines(family)])
}

/** Here a family has the name of its samples, and there are neither units nor infos. */
function prometheusText(family: MetricFamily): string {
  const { type, help } = family
  const name = sampleName(family)
  return linesOf([`# HELP ${name} ${help}`, `# TYPE ${name} ${type === 'info' ? 'gauge' : type}`, ...sampleLines(family)])
}

function unitOf(name: string): string | undefined {
  return /_(seconds|bytes|ratio)$/.exec(name)?.[1]
}

function sampleName({ name, type }: MetricFamily): string {
  return `${name}${{ gauge: '', counter: '_total', info: '_info', histogram: '' }[type]}`
}

function sampleLines(family: MetricFamily): readonly string[] {
  const name = sampleName(family)
  const lines: string[] = []
  for (const sample of family.samples) {
    if ('value' in sample) lines.push(lineOf(name, sample))
    else lines.push(...histogramLines(name, sample))
  }
  return lines
}

function histogramLines(name: string, { labels, histogram }: Extract<MetricFamilySample, { histogram: unknown }>) {
  const { bounds, counts, sum, count } = histogram
  return [
    ...bounds.map((bound, index) =>
      lineOf(`${name}_bucket`, { labels: { ...labels, le: boundText(bound) }, value: counts[index] ?? 0 }),
    ),
    lineOf(`${name}_bucket`, { labels: { ...labels, le: '+Inf' }, value: count }),
    lineOf(`${name}_sum`, { labels, value: sum }),
    lineOf(`${name}_count`, { labels, value: count }),
  ]
}

/** OpenMetrics writes a whole number with ".0" in `le`; both formats do so here, so that a series is the same in both. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

function lineOf(name: string, { labels, value }: { readonly labels: Readonly<Record<string, string>>; readonly value: number }) {
  return `${name}${labelText(labels)} ${valueText(value)}`
}

function valueText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}

function linesOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

/** Written for speed: a thousand objects are tens of thousands of lines, and the loop waits meanwhile. */
function labelText(labels: Readonly<Record<string, string>>): string {
  let text = ''
  for (const name in labels) text += `${text === '' ? '{' : ','}${name}="${escapeLabel(labels[name] ?? '')}"`
  return text === '' ? '' : `${text}}`
}

const SPECIAL = /[\\"\n]/

function escapeLabel(value: string): string {
  if (!SPECIAL.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
