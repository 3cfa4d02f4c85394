import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { generate } from '../../sim/traffic/generate.ts'
import { main } from '../main.ts'

const folder = mkdtempSync(join(tmpdir(), 'pages-'))
afterAll(() => rmSync(folder, { recursive: true }))

let out = ''
let err = ''
beforeEach(() => {
  out = ''
  err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    err += String(text)
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

const START = 1_763_942_400

function file(name: string, days: number, stepSeconds = 300): string {
  const { load } = generate('api-gateway', { days, seed: 7, startMs: START * 1000, tickMs: stepSeconds * 1000 })
  const path = join(folder, name)
  const rows = Array.from(load.value, (value, tick) => `${START + tick * stepSeconds},${value}`)
  writeFileSync(path, `timestamp,value\n${rows.join('\n')}\n`)
  return path
}

/** Times in epoch seconds and values of a line as the page's script would unpack them. */
function unpacked(chart: { start: number }, { s, v }: { s: number[]; v: (number | null)[] }) {
  let at = chart.start
  return s.map((difference, index) => {
    at += difference
    return [at, v[index]] as const
  })
}

function pageAt(path: string) {
  const html = readFileSync(path, 'utf8')
  return { html, charts: JSON.parse(/id="data">(.*?)<\/script>/s.exec(html)![1]!) }
}

function expectSelfContained(html: string): void {
  expect(html).toContain(`default-src 'none'; script-src 'sha256-`)
  expect(html).not.toMatch(/(https?:)?\/\/[a-z0-9-]+\.[a-z]/i)
  expect(html).not.toMatch(/<(link|img|iframe|object|embed)\b|@import|url\(|<script[^>]+src=/)
}

describe('crescendo forecast --html', () => {
  test('draws two days of the past and the forecast that --json tells, opening at the newest value', async () => {
    const [path, html] = [file('plain.csv', 5), join(folder, 'plain.html')]
    expect(await main(['forecast', path, '--json', '--html', html])).toBe(0)
    const [told] = JSON.parse(out).forecasts
    const { html: text, charts } = pageAt(html)
    expectSelfContained(text)
    const [chart] = charts
    const { lines, bands } = chart.lanes[0]
    const actual = unpacked(chart, lines[0])
    expect(actual).toHaveLength((2 * 86_400) / 300)
    const seconds = (time: string) => Date.parse(time) / 1000
    expect(actual.at(-1)![0]).toBe(seconds(told.origin))
    const expected = (name: string) => [
      actual.at(-1),
      ...told.points.map((point: Record<string, string>) => [seconds(point.target!), Number(Number(point[name]).toPrecision(5))]),
    ]
    expect(unpacked(chart, lines[1])).toEqual(expected('q50'))
    expect(bands.map(({ high }: { high: { s: number[]; v: number[] } }) => unpacked(chart, high))).toEqual([
      expected('q90'),
      expected('q99'),
    ])
    expect(chart.shadedUntil).toBe(seconds(told.origin))
    expect(text.match(/<tr><td>2025-/g)).toHaveLength(6)
  })

  test('a long horizon shows three of them of the past, and a table that a person still reads', async () => {
    const html = join(folder, 'long.html')
    expect(await main(['forecast', file('long.csv', 8), '--horizon', '1d', '--step', '10m', '--html', html])).toBe(0)
    const { html: text, charts } = pageAt(html)
    expect(unpacked(charts[0], charts[0].lanes[0].lines[0])).toHaveLength(3 * 144)
    expect(text.match(/<tr><td>2025-/g)).toHaveLength(72)
    expect(text).toContain('one in 2; --json has all')
    expect(out).toContain(`as a page: ${html}\n`)
  }, 120_000)

  test('a series that is too short says so on the page; one beside it is drawn', async () => {
    const html = join(folder, 'short.html')
    expect(await main(['forecast', file('a.csv', 0.2), file('b.csv', 3), '--html', html])).toBe(1)
    const { html: text, charts } = pageAt(html)
    expect(text).toMatch(/a\.csv<\/h2>\n<p class="answer">58 values every 5m are too few for a forecast, 108 are needed/)
    expect(charts.map(({ id }: { id: string }) => id)).toEqual(['series-1'])
    expect(err).toContain('too few')
  })

  test('a file name cannot become markup', async () => {
    const html = join(folder, 'hostile.html')
    const path = file(`<img src=x onerror=alert(1)>"'&.csv`, 2)
    expect(await main(['forecast', path, '--html', html])).toBe(0)
    expect(await main(['forecast', path, '--evaluate', '--html', join(folder, 'hostile-too.html')])).toBe(0)
    for (const name of ['hostile.html', 'hostile-too.html']) {
      const { html: text } = pageAt(join(folder, name))
      expect(text).not.toContain('<img')
      expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;.csv')
    }
  })
})

describe('crescendo forecast --evaluate --html', () => {
  test('draws what came and what --predictions holds for the shortest and the longest horizon', async () => {
    const [path, html, csv] = [file('held.csv', 8), join(folder, 'held.html'), join(folder, 'held-predictions.csv')]
    expect(await main(['forecast', path, '--json', '--html', html, '--predictions', csv])).toBe(0)
    const [own] = JSON.parse(out).files
    const rows = readFileSync(csv, 'utf8').trimEnd().split('\n').slice(1)
    const predictions = rows.map(row => row.split(',').slice(1).map(Number) as [number, number, number, number])
    const said = (ahead: number, column: 2 | 3) =>
      predictions.filter(([origin, target]) => target - origin === ahead).map(row => [row[1], Number(row[column].toPrecision(5))])
    const { html: text, charts } = pageAt(html)
    expectSelfContained(text)
    const [chart] = charts
    const { lines, bands } = chart.lanes[0]
    expect(unpacked(chart, lines[0])).toHaveLength(own.evaluatedSteps)
    expect(unpacked(chart, lines[1])).toEqual(said(300, 2))
    expect(unpacked(chart, lines[2])).toEqual(said(1800, 2))
    expect(unpacked(chart, bands[0].high)).toEqual(said(1800, 3))
    expect(text).toContain(`<td class="best">${own.mase.toFixed(3)}</td>`)
    for (const { mase } of Object.values<{ mase: number }>(own.baselines)) expect(text).toContain(`<td>${mase.toFixed(3)}</td>`)
    expect(text).toContain(`<td>${own.coverage['0.99'].toFixed(3)}</td>`)
  })

  test('several series have a table above, with a link to each', async () => {
    const html = join(folder, 'several.html')
    expect(await main(['forecast', file('c.csv', 3), file('d.csv', 0.2), '--evaluate', '--html', html])).toBe(1)
    const { html: text } = pageAt(html)
    expect(text).toContain('How well on every series?')
    expect(text).toContain('href="#series-1"')
    expect(text).toMatch(/d\.csv<\/h2>\n<p class="answer">58 values are too few for an evaluation/)
  })

  test('a failure leaves no page behind', async () => {
    const html = join(folder, 'none.html')
    expect(await main(['forecast', file('fine.csv', 2), join(folder, 'missing.csv'), '--html', html])).toBe(2)
    expect(readdirSync(folder).filter(name => name.startsWith('none.html'))).toEqual([])
    expect(await main(['forecast', file('fine.csv', 2), '--html', join(folder, 'nowhere', 'x.html')])).toBe(2)
    expect(err).toMatch(/x\.html: no such file or folder\n$/)
  })

  test('200,000 values stay under 2 MB', async () => {
    const html = join(folder, 'large.html')
    expect(
      await main(['forecast', file('large.csv', 139, 60), '--step', '1m', '--horizon', '3m', '--evaluate', '--html', html]),
    ).toBe(0)
    expect(readFileSync(html, 'utf8').length).toBeLessThan(2e6)
  }, 60_000)
})

test('the binary writes the page', () => {
  const html = join(folder, 'binary.html')
  const run = spawnSync(process.execPath, ['bin/crescendo.js', 'forecast', file('bin.csv', 2), '--html', html], {
    encoding: 'utf8',
  })
  expect(run).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining(`as a page: ${html}\n`) })
  expect(existsSync(html)).toBe(true)
  expect(pageAt(html).html).toMatch(/make this page again: <code>crescendo forecast \S+bin\.csv --html \S+binary\.html<\/code>/)
})
