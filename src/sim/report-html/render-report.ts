import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { escapeHtml, traceSection, tracesTable } from './markup.ts'
import type { BacktestReport, TraceReport } from './report.ts'
import { styleOf } from './scaler-style.ts'
import { type Line, thinLine, thinSteps, violationStretches } from './thin.ts'

/** Points a line may have on the page; together with exact steps that keeps a month of 15 s ticks under 3 MB. */
const LOAD_BUCKETS = 20_000
const STEPS = 20_000
const STRETCHES = 5_000

/**
 * One self-contained page: styles, uPlot and data are inside it, it fetches nothing, and its content security policy
 * forbids it to (scripts and styles run by hash only). Texts that come from outside are escaped.
 */
export function renderReport(report: BacktestReport): string {
  const script = `${uplotScript()}\n{${beside('client.js')}}`
  const style = `${uplotStyle()}\n${beside('page.css')}`
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`
  const data = JSON.stringify(report.traces.map(pageData)).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Crescendo back-test: ${escapeHtml(report.traces.map(trace => trace.file).join(', '))}</title>
<style>${style}</style>
</head>
<body>
<header class="top"><span class="brand"><svg viewBox="0 0 20 16" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><path d="M19 1 2 8l17 7"/></svg>Crescendo</span><span class="note">Simulated on recorded load</span></header>
<main>
<h1>Same traffic, different autoscalers. Who keeps the promise, and at what price?</h1>
<p class="lead">A violation is a moment when the load exceeds ready replicas × capacity per replica. Cost is what is billed: from the order of a replica to its removal.</p>
<noscript><p class="lead">The charts need JavaScript; the tables below do not.</p></noscript>
${report.traces.length > 1 ? tracesTable(report) : ''}
${report.traces.map(traceSection).join('\n')}
<footer><p>${escapeHtml(report.madeBy)} · make this page again: <code>${escapeHtml(report.command)}</code></p></footer>
</main>
<script type="application/json" id="data">${data}</script>
<script>${script}</script>
</body>
</html>
`
}

/** Columns of one trace as the page's script reads them: times as differences in seconds, values with five digits. */
function pageData(trace: TraceReport): object {
  const { at, load, world, scoredFrom, band } = trace
  const [start, end] = [at[0] ?? 0, at[at.length - 1] ?? 0]
  const secondsOf = (instant: number) => Math.round((instant - start) / 1000)
  const startOf = (column: ArrayLike<number>) => secondsOf(column[0] ?? start)
  return {
    start: Math.round(start / 1000),
    seconds: secondsOf(end) + world.tickSeconds,
    tick: world.tickSeconds,
    scoredFrom: Math.round(Math.max(scoredFrom, start) / 1000),
    capacity: world.capacityPerReplica,
    load: packed(thinLine({ at, value: load }, LOAD_BUCKETS), 0),
    ...(band && {
      band: {
        low: packed(thinLine({ at: band.at, value: band.low }, LOAD_BUCKETS / 2), startOf(band.at)),
        high: packed(thinLine({ at: band.at, value: band.high }, LOAD_BUCKETS / 2), startOf(band.at)),
      },
    }),
    scalers: trace.scalers.map(({ name, ready }) => ({
      name,
      ...styleOf(name),
      ready: packed(thinSteps({ at, value: ready }, STEPS), 0),
      bad: violationStretches({ at, load, ready, scoredFrom, ...world }, STRETCHES).map(({ from, to, missing }) => [
        from,
        to,
        missing,
      ]),
    })),
  }
}

function packed({ seconds, values }: Line, offset: number): object {
  return {
    s: seconds.map((second, index) => (index === 0 ? second + offset : second - seconds[index - 1]!)),
    v: values.map(value => (value === undefined ? null : Number(value.toPrecision(5)))), // JSON has no undefined: null is the page's gap
  }
}

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const beside = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')

/** uPlot without its banner, which holds a web address; the page names its licence in words instead. */
function uplotScript(): string {
  const path = createRequire(import.meta.url).resolve('uplot/dist/uPlot.iife.min.js')
  return readFileSync(path, 'utf8').replace(/^\/\*![\s\S]*?\*\/\s*/, '/* uPlot 1.6, MIT licence, (c) Leon Sorokin */\n')
}

const uplotStyle = () => readFileSync(createRequire(import.meta.url).resolve('uplot/dist/uPlot.min.css'), 'utf8').trim()
