import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Chart, chartData } from './chart.ts'
import { escapeHtml } from './markup.ts'

/** A page's words are text; its body is markup, made with escaped text. */
export interface Page {
  readonly title: string
  /** In the corner: what kind of page it is. */
  readonly note: string
  readonly heading: string
  readonly lead: string
  readonly body: string
  /** Each stands in the body as `chartPanel`, inside the element with its id. */
  readonly charts: readonly Chart[]
  readonly origin: PageOrigin
}

export interface PageOrigin {
  /** The command that makes this page again, e.g. "crescendo backtest --trace web.csv --html out.html". */
  readonly command: string
  /** Product and version, e.g. "crescendo 0.1.0". */
  readonly madeBy: string
}

/**
 * One self-contained page: styles, uPlot and data are inside it, it fetches nothing, and its content security policy
 * forbids it to (scripts and styles run by hash only). Texts that come from outside are escaped.
 */
export function renderPage({ title, note, heading, lead, body, charts, origin }: Page): string {
  const script = `${uplotScript()}\n{${beside('client.js')}}`
  const style = `${uplotStyle()}\n${beside('page.css')}\n${beside('chart.css')}`
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`
  const data = JSON.stringify(charts.map(chartData)).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header class="top"><span class="brand"><svg viewBox="0 0 20 16" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><path d="M19 1 2 8l17 7"/></svg>Crescendo</span><span class="note">${escapeHtml(note)}</span></header>
<main>
<h1>${escapeHtml(heading)}</h1>
<p class="lead">${escapeHtml(lead)}</p>
<noscript><p class="lead">The charts need JavaScript; the tables below do not.</p></noscript>
${body}
<footer><p>${escapeHtml(origin.madeBy)} · make this page again: <code>${escapeHtml(origin.command)}</code></p></footer>
</main>
<script type="application/json" id="data">${data}</script>
<script>${script}</script>
</body>
</html>
`
}

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const beside = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')

/** uPlot without its banner, which holds a web address; the page names its licence in words instead. */
function uplotScript(): string {
  const path = createRequire(import.meta.url).resolve('uplot/dist/uPlot.iife.min.js')
  return readFileSync(path, 'utf8').replace(/^\/\*![\s\S]*?\*\/\s*/, '/* uPlot 1.6, MIT licence, (c) Leon Sorokin */\n')
}

const uplotStyle = () => readFileSync(createRequire(import.meta.url).resolve('uplot/dist/uPlot.min.css'), 'utf8').trim()
