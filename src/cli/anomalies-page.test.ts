import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { anomaliesPage, type ScoredSeries } from './anomalies-page.ts'
import { main } from './main.ts'

const folder = mkdtempSync(join(tmpdir(), 'anomalies-page-'))
afterAll(() => rmSync(folder, { recursive: true }))

let out = ''
beforeEach(() => {
  out = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => vi.restoreAllMocks())

const START = 1_763_942_400
const value = (index: number) =>
  index === 2000 ? 900 : Number((40 * Math.sin(index / 45.8) + 3 * Math.sin(index * 12.9898) + 30).toFixed(3))
const ROWS = Array.from({ length: 2500 }, (_, index) => `${START + index * 300},${value(index)}`)

function file(name: string, rows: readonly string[] = ROWS): string {
  const path = join(folder, name)
  writeFileSync(path, `timestamp,value\n${rows.join('\n')}\n`)
  return path
}

function dataOf(html: string) {
  const [chart] = JSON.parse(/id="data">(.*?)<\/script>/s.exec(html)![1]!)
  return chart
}

test('the page marks what --json tells from start to end with its kind, and draws values, scores and the threshold', async () => {
  const html = join(folder, 'page.html')
  const csv = join(folder, 'page.csv')
  expect(await main(['anomalies', file('in.csv'), '--threshold', '4', '--json', '--html', html, '--csv', csv])).toBe(0)
  const { anomalies } = JSON.parse(out)
  const text = readFileSync(html, 'utf8')
  expect(text).toContain(`default-src 'none'; script-src 'sha256-`)
  expect(text).not.toMatch(/(https?:)?\/\/[a-z0-9-]+\.[a-z]/i)
  const chart = dataOf(text)
  const seconds = (time: string) => Date.parse(time) / 1000 - START
  expect(anomalies.length).toBeGreaterThan(0)
  expect(chart.spans).toEqual(
    anomalies.map(({ start, end, kind }: Record<string, string>) => [seconds(start!), seconds(end!), kind]),
  )
  const [values, scores, kinds] = chart.lanes
  expect(values.lines[0].v).toEqual(Array.from(ROWS, (_, index) => Number(value(index).toPrecision(5))))
  const told = readFileSync(csv, 'utf8').trimEnd().split('\n').slice(1)
  expect(scores.lines[0].v).toEqual(told.map(line => Number(Number(line.split(',')[2]).toPrecision(5))))
  expect(scores.lines[1].v).toEqual([4 / 6.5, 4 / 6.5].map(score => Number(score.toPrecision(5))))
  expect(kinds.rows.map(({ title }: { title: string }) => title)).toEqual(['spike', 'drop', 'level shift'])
  expect(kinds.rows[0].marks[0].slice(0, 2)).toEqual([600_000, expect.any(Number)])
  expect(text).toContain('<td>2025-11-30 22:40 UTC</td>')
})

test('a quiet series says that nothing was found, and values out of order are drawn in order', async () => {
  const html = join(folder, 'quiet.html')
  expect(await main(['anomalies', file('quiet.csv', [...ROWS.slice(0, 20), `${START + 450},7`]), '--html', html])).toBe(0)
  expect(out).toContain(`as a page: ${html}\n`)
  const text = readFileSync(html, 'utf8')
  expect(text).toContain('Nothing unusual was found.')
  expect(text).not.toContain('All anomalies')
  const { s, v } = dataOf(text).lanes[0].lines[0]
  expect(s.every((difference: number) => difference >= 0)).toBe(true)
  expect(v[2]).toBe(7)
})

const COUNT = 200_000
const large = (isWild: boolean): ScoredSeries => {
  const at = Float64Array.from({ length: COUNT }, (_, index) => START * 1000 + index * 60_000)
  const noisy = Float64Array.from(at, (_, index) => 1000 * Math.sin(index) + index / 7)
  const episode = (index: number) => ({
    startAt: at[index]!,
    endAt: at[index]!,
    kind: 'spike' as const,
    severity: 'major' as const,
    sigma: 5 + index / COUNT,
    value: noisy[index]!,
    expected: 0,
  })
  return {
    file: `<img src=x>"'&.csv`,
    samples: { at, value: noisy },
    score: noisy.map(one => Math.abs(Math.sin(one))),
    expected: noisy,
    episodes: isWild ? Array.from({ length: COUNT / 10 }, (_, index) => episode(10 * index)) : [],
    thresholdSigma: 2.5,
  }
}

test.each([false, true])('200,000 values stay under 2 MB, the highest among them (an anomaly every ten values: %s)', isWild => {
  const series = large(isWild)
  const html = anomaliesPage(series, { command: '', madeBy: '' })
  expect(html.length).toBeLessThan(2e6)
  const highest = Number(series.samples.value.reduce((a, b) => Math.max(a, b)).toPrecision(5))
  expect(Math.max(...dataOf(html).lanes[0].lines[0].v)).toBe(highest)
  expect(html.includes('the most unusual ones; 19,800 more in --json')).toBe(isWild)
})

test('a file name cannot become markup', () => {
  const html = anomaliesPage(large(false), { command: '<b>', madeBy: '<i>' })
  expect(html).not.toContain('<img')
  expect(html).not.toMatch(/<b>|<i>/)
  expect(html).toContain('&lt;img src=x&gt;&quot;&#39;&amp;.csv')
})

test('the binary writes the page, and a bad row leaves none behind', () => {
  const html = join(folder, 'binary.html')
  const crescendo = (...args: readonly string[]) =>
    spawnSync(process.execPath, ['bin/crescendo.js', 'anomalies', ...args], { encoding: 'utf8' })
  expect(crescendo(file('bin.csv'), '--html', html)).toMatchObject({ status: 0, stderr: '' })
  expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>/)
  expect(crescendo(file('bad.csv', [...ROWS, 'x,1']), '--html', join(folder, 'bad.html')).status).toBe(2)
  expect(readdirSync(folder).filter(name => name.startsWith('bad.html'))).toEqual([])
})
