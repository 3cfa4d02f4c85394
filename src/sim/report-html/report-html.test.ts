import { createHash } from 'node:crypto'
import { Script } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderReport } from './render-report.ts'
import type { BacktestReport, TraceReport } from './report.ts'
import { violationStretches } from './violation-stretches.ts'

const START = Date.UTC(2026, 10, 2)
const SCORE = {
  sloViolationMinutes: 1.25,
  sloViolationRatio: 0.01,
  unservedLoad: 12,
  replicaHours: 30,
  cost: 3,
  overProvisionedReplicaHours: 4,
  scaleUps: 5,
  scaleDowns: 6,
}

function traceOf(ticks: number, file = 'web.csv'): TraceReport {
  const at = Array.from({ length: ticks }, (_, index) => START + index * 15_000)
  const load = at.map((_, index) => 100 + 50 * Math.sin(index / 900) + (index % 7))
  const ready = load.map(value => Math.ceil(value / 10))
  return {
    file,
    world: { capacityPerReplica: 10, startupSeconds: 60, metricsDelaySeconds: 15, tickSeconds: 15, price: 0.1 },
    scoredFrom: START + (ticks / 2) * 15_000,
    at,
    load,
    scalers: ['crescendo', 'hpa', 'keda', 'oracle'].map(name => ({ name, ready, desired: ready, score: SCORE })),
    band: { leadSeconds: 600, levels: { low: 0.5, high: 0.99 }, at, low: load, high: load.map(value => value * 1.2) },
  }
}

const reportOf = (...traces: readonly TraceReport[]): BacktestReport => ({
  origin: { command: 'crescendo backtest', madeBy: 'crescendo' },
  traces,
})

describe('the page', () => {
  test('fetches nothing: no address of another host stands in it, and its policy forbids every request', () => {
    const html = renderReport(reportOf(traceOf(400)))
    expect(html).not.toMatch(/(https?:)?\/\/[a-z0-9-]+\.[a-z]/i)
    expect(html).not.toMatch(/<(link|img|iframe|object|embed)\b|@import|url\(|\bfetch\(|XMLHttpRequest|<script[^>]+src=/)
    expect(html).toContain(`default-src 'none'`)
    expect(html).not.toContain('unsafe-inline')
  })

  test('its policy allows exactly the script and the styles that are in it, and the script parses', () => {
    const html = renderReport(reportOf(traceOf(400)))
    const sha = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`
    const script = /<script>([\s\S]*?)<\/script>/.exec(html)![1]!
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!
    expect(html).toContain(`script-src '${sha(script)}'; style-src '${sha(style)}'`)
    expect(() => new Script(script)).not.toThrow()
    expect(html).not.toMatch(/ style="| on[a-z]+="/)
  })

  test('escapes file names, scaler names and the command, in markup and in its data', () => {
    const hostile = `</script><script>alert(1)</script>"'&.csv`
    const trace = traceOf(400, hostile)
    const named = { ...trace, scalers: [...trace.scalers, { ...trace.scalers[0]!, name: '<img src=x>' }] }
    const html = renderReport({ ...reportOf(named), origin: { command: hostile, madeBy: '<i>' } })
    expect(html).not.toContain('<script>alert')
    expect(html).not.toContain('<img')
    expect(html).not.toContain('<i>')
    expect(html).toContain('&lt;/script&gt;&lt;script&gt;alert(1)')
    expect(html.match(/<script/g)).toHaveLength(2)
  })

  test('shows scores as given, marks the best rival and leaves the oracle out of the contest', () => {
    const trace = traceOf(400)
    const scalers = trace.scalers.map(scaler => ({
      ...scaler,
      score: { ...SCORE, cost: { crescendo: 7.5, hpa: 7.25, keda: 9, oracle: 5 }[scaler.name]! },
    }))
    const html = renderReport(reportOf({ ...trace, scalers }))
    expect(html).toContain('<td class="best">7.25</td>')
    expect(html).not.toContain('<td class="best">5</td>')
    expect(html).toContain('<b>crescendo</b> broke the promise for <b>1.25 min</b> and cost <b>7.5</b> (+3.45 % against hpa)')
  })

  test('thirty days of 15 s ticks with four scalers stay under 3 MB', () => {
    expect(renderReport(reportOf(traceOf(30 * 5760))).length).toBeLessThan(3e6)
  })

  test('survives one trace without a forecast, with a gap, and two traces', () => {
    const { band: _, ...bare } = traceOf(40)
    const html = renderReport(reportOf({ ...bare, load: Array(40).fill(undefined) }, traceOf(40, 'b.csv')))
    expect(html).toContain('id="trace-1"')
    expect(html).toContain('How did each fare on every trace?')
    expect(html).toContain('Nobody broke it.')
  })
})

describe('stretches of violation', () => {
  test('a violation is a stretch with its worst shortfall; history and gaps are not counted', () => {
    const run = {
      at: [0, 15, 30, 45, 60, 75].map(second => second * 1000),
      load: [99, 21, 35, undefined, 20, 21],
      ready: [2, 2, 2, 2, 2, 2],
      capacityPerReplica: 10,
      tickSeconds: 15,
      scoredFrom: 15_000,
    }
    expect(violationStretches(run, 10)).toEqual([
      { from: 15, to: 45, missing: 2 },
      { from: 75, to: 90, missing: 1 },
    ])
    expect(violationStretches(run, 1)).toEqual([{ from: 15, to: 90, missing: 2 }])
  })

  test('joining keeps every bad tick inside some stretch', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 200 }), fc.integer({ min: 1, max: 10 }), (bad, most) => {
        const at = bad.map((_, index) => index * 15_000)
        const load = bad.map(one => (one ? 20 : 5))
        const ready = bad.map(() => 1)
        const all = violationStretches({ at, load, ready, capacityPerReplica: 10, tickSeconds: 15, scoredFrom: 0 }, most)
        for (const [index, isBad] of bad.entries()) {
          if (isBad) expect(all.some(({ from, to }) => from <= index * 15 && index * 15 + 15 <= to)).toBe(true)
        }
        expect(all.length).toBeLessThanOrEqual(most)
      }),
    )
  })
})
