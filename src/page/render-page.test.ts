import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { type Chart, chartPanel, type LineLane } from './chart.ts'
import { factList, scrollTable, strokeKey } from './markup.ts'
import { renderPage } from './render-page.ts'

const START = Date.UTC(2026, 10, 2)
const HOSTILE = `</script><script>alert(1)</script><img src=x>"'&`
const LANE: LineLane = {
  kind: 'lines',
  title: HOSTILE,
  unit: HOSTILE,
  heightPixels: 100,
  lines: [
    { title: HOSTILE, stroke: { colour: '--c-load' }, points: { seconds: [0, 15.5, 31], values: [1, undefined, 123.4567] } },
  ],
}
const CHART: Chart = {
  id: 'one',
  label: HOSTILE,
  startAt: START,
  endAt: START + 60_000,
  stepSeconds: 15,
  shadedUntil: START - 1000,
  hint: HOSTILE,
  views: [{ title: HOSTILE, from: START + 30_000 }],
  groups: [{ name: HOSTILE, stroke: { colour: '--c-hpa', dash: [6, 3] } }],
  spans: [[0, 5, HOSTILE]],
  lanes: [
    LANE,
    {
      kind: 'rows',
      title: 'rows',
      unit: '',
      rows: [
        {
          title: HOSTILE,
          stroke: { colour: '--c-hpa' },
          markColour: '--c-hpa',
          marks: [[1, 2, HOSTILE]],
          suffix: HOSTILE,
          idle: HOSTILE,
        },
      ],
    },
  ],
}

const page = (charts: readonly Chart[]) =>
  renderPage({
    title: HOSTILE,
    note: HOSTILE,
    heading: HOSTILE,
    lead: HOSTILE,
    body: charts.map(chart => `<section id="${chart.id}">${chartPanel(chart)}</section>`).join(''),
    charts,
    origin: { command: HOSTILE, madeBy: HOSTILE },
  })

const dataOf = (html: string) => JSON.parse(/id="data">(.*?)<\/script>/s.exec(html)![1]!)

test('a page fetches nothing and allows exactly the script and the styles that are in it', () => {
  const html = page([CHART])
  const sha = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`
  const script = /<script>([\s\S]*?)<\/script>/.exec(html)![1]!
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!
  expect(html).toContain(
    `default-src 'none'; script-src '${sha(script)}'; style-src '${sha(style)}'; base-uri 'none'; form-action 'none'`,
  )
  expect(() => new Script(script)).not.toThrow()
  expect(html).not.toMatch(/(https?:)?\/\/[a-z0-9-]+\.[a-z]/i)
  expect(html).not.toMatch(/<(link|img|iframe|object|embed)\b|@import|url\(|\bfetch\(|XMLHttpRequest|<script[^>]+src=/)
  expect(html).not.toMatch(/ style="| on[a-z]+="/)
})

test('every style sheet of this folder is in the page', () => {
  const html = page([CHART])
  const sheets = readdirSync(import.meta.dirname).filter(name => name.endsWith('.css'))
  expect(sheets).toEqual(['chart.css', 'page.css'])
  for (const sheet of sheets) expect(html).toContain(readFileSync(join(import.meta.dirname, sheet), 'utf8'))
})

test('every text of a chart is escaped in markup and harmless in the data, and arrives there as it was', () => {
  const html = page([CHART])
  expect(html).not.toContain('<script>alert')
  expect(html).not.toContain('<img')
  expect(html.match(/<script/g)).toHaveLength(2)
  expect(html.match(/<\/script/g)).toHaveLength(2)
  expect(html).toContain('data-group="&lt;/script&gt;')
  expect(dataOf(html)[0].lanes[1].rows[0].marks).toEqual([[1, 2, HOSTILE]])
})

test('the data holds times as differences and values with five digits; a gap is null, and history before the start is none', () => {
  const [chart] = dataOf(page([CHART]))
  expect(chart).toMatchObject({ start: START / 1000, end: START / 1000 + 60, shadedUntil: START / 1000, opensAt: START / 1000 })
  expect(chart.lanes[0].lines[0]).toMatchObject({ s: [0, 15.5, 15.5], v: [1, null, 123.46] })
})

test('the panel has a readout for each line, band and row, and buttons for views in epoch seconds', () => {
  const band = { title: 'band', stroke: { colour: '--c-forecast' }, low: LANE.lines[0]!.points, high: LANE.lines[0]!.points }
  const markup = chartPanel({ ...CHART, lanes: [{ ...LANE, bands: [{ ...band, absent: 'none' }] }, CHART.lanes[1]!] })
  expect([...markup.matchAll(/data-read="([^"]+)"/g)].map(([, name]) => name)).toEqual(['0-0', '0-1', '1-0'])
  expect(markup).toContain(`data-from="${START / 1000 + 30}" data-to="${START / 1000 + 60}"`)
})

test('pieces: a key shows its dash, facts are pairs, and a table says what it is', () => {
  expect(strokeKey({ colour: '--c-hpa', dash: [1, 3] })).toContain('key dotted')
  expect(strokeKey({ colour: '--c-hpa', dash: [6, 3] })).toContain('key dashed')
  expect(strokeKey({ colour: '--c-hpa' })).toContain('class="key"')
  expect(factList([['a', '1']])).toBe('<dl class="facts"><div><dt>a</dt><dd>1</dd></div></dl>')
  expect(scrollTable('"x"', ['a'], [])).toContain('aria-label="&quot;x&quot;"')
})
