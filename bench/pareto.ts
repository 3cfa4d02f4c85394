import { type Evaluated, SCALERS } from './evaluate.ts'

interface Point {
  readonly scaler: string
  readonly excess: number
  readonly bad: number
}

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [720, 420, 64, 48]
const LEAST_BAD = 0.01

/** Cost against violation, medians over traces: one self-contained page with a chart for each start-up time. No network. */
export function paretoPage(results: readonly Evaluated[]): string {
  const startups = [...new Set(results.map(one => one.startupSeconds))]
  const charts = startups.map(startup => {
    const these = results.filter(one => one.startupSeconds === startup)
    return `<h2>Start-up ${startup} s, ${these.length} traces</h2>${paretoChart(these)}`
  })
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Cost against violation</title>
<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:760px;padding:0 1rem}svg{width:100%;height:auto}</style>
<h1>Cost against violation</h1><p>Each point is the median over all traces: right is dearer, up is worse, lower left is better. The dashed line is 1.44 bad
minutes a day (99.9 %). The connected points are one HPA with different targets.</p>${charts.join('')}</html>`
}

/** The chart alone, as an SVG that stands by itself. */
export function paretoChart(results: readonly Evaluated[]): string {
  return chart(SCALERS.filter(name => name !== 'oracle').map(name => pointOf(results, name)))
}

const STYLE = `<style>text{fill:#888;font:12px system-ui,sans-serif}line,path{stroke:#888;fill:none}.grid{opacity:.25}circle{fill:#888}
.ours{fill:#1d9bf0;font-weight:700}.curve{opacity:.6}.bound{stroke:#d33;stroke-dasharray:4 4}</style>`

function pointOf(results: readonly Evaluated[], scaler: string): Point {
  const rows = results.flatMap(one => one.rows.filter(row => row.scaler === scaler))
  const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0
  return { scaler, excess: middle(rows.map(row => row.excess)), bad: middle(rows.map(row => row.badMinutesPerDay)) }
}

/** Excess on a root scale, bad minutes on a logarithmic one: both span decades. */
function chart(points: readonly Point[]): string {
  const most = Math.max(...points.map(point => point.excess), 0.1)
  const worst = Math.max(...points.map(point => point.bad), 10)
  const x = (excess: number) => LEFT + Math.sqrt(Math.max(0, excess) / most) * (WIDTH - LEFT - 110)
  const y = (bad: number) =>
    HEIGHT - BOTTOM - (Math.log(Math.max(LEAST_BAD, bad) / LEAST_BAD) / Math.log(worst / LEAST_BAD)) * (HEIGHT - BOTTOM - 20)
  const ticks = [0.05, 0.1, 0.2, 0.5, 1, 2, 5].filter(value => value < most)
  const grid = ticks.map(
    value =>
      `<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="10" y2="${HEIGHT - BOTTOM}"/><text x="${x(value) - 12}" y="${HEIGHT - BOTTOM + 18}">+${value * 100} %</text>`,
  )
  const levels = [0.01, 0.1, 1, 10, 100].filter(value => value <= worst)
  const rows = levels.map(
    value =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${y(value)}" y2="${y(value)}"/><text x="24" y="${y(value) + 4}">${value}</text>`,
  )
  const hpa = points
    .filter(point => point.scaler === 'hpa' || point.scaler.startsWith('hpa@'))
    .sort((a, b) => a.excess - b.excess)
  const curve = `<path class="curve" d="M${hpa.map(point => `${x(point.excess)} ${y(point.bad)}`).join('L')}"/>`
  const bound = `<line class="bound" x1="${LEFT}" x2="${WIDTH}" y1="${y(1.44)}" y2="${y(1.44)}"/>`
  const labels: { x: number; y: number }[] = []
  const marks = points.map(({ scaler, excess, bad }) => {
    const kind = scaler === 'crescendo' ? ' class="ours"' : ''
    const label = { x: x(excess) + 8, y: y(bad) - 6 }
    while (labels.some(other => Math.abs(other.x - label.x) < 60 && Math.abs(other.y - label.y) < 13)) label.y += 13
    labels.push(label)
    return `<circle${kind} cx="${x(excess)}" cy="${y(bad)}" r="5"/><text${kind} x="${label.x}" y="${label.y}">${scaler}</text>`
  })
  const axes = `<text x="${WIDTH - 300}" y="${HEIGHT - 8}">replica-hours over the oracle</text><text x="8" y="12">bad minutes a day</text>`
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Excess cost against bad minutes a day">`
  return `${head}${STYLE}${[...grid, ...rows].join('')}${bound}${curve}${marks.join('')}${axes}</svg>`
}
