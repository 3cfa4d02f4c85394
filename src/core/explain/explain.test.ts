import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Decision } from '../model.ts'
import { explain, sentenceOf, winnerOf } from './explain.ts'
import { figure, isoTime } from './figures.ts'

const at = Date.UTC(2026, 10, 24, 8, 52, 15)
const decision: Decision = {
  at,
  target: 'audio/api-gateway',
  from: 12,
  to: 18,
  demand: 53_400,
  doubts: [],
  proposals: [
    { by: 'floor', replicas: 11, why: 'verified load now 53,400' },
    { by: 'reactive', replicas: 12, why: 'requests_per_second 4,854 of 5,000 per pod' },
    { by: 'forecast', replicas: 18, why: 'in 75 s load reaches 88,100 with 99.5 % confidence' },
  ],
  abstentions: [{ by: 'schedule', why: 'business-hours begins in 8 min' }],
  verdicts: [
    { by: 'stabilise', from: 18, to: 18, why: 'a reason that is far too long to be told beside all the others in one line' },
    { by: 'bounds', from: 18, to: 18, why: '5…200' },
    { by: 'breaker', from: 18, to: 18, why: 'closed' },
  ],
  conditions: [],
  plainHpa: { replicas: 12, why: 'within tolerance' },
}
const paced: Decision = {
  ...decision,
  to: 16,
  verdicts: [{ by: 'pace', from: 18, to: 16, why: 'limit 16: four pods in 15 s' }],
}

describe('the sentence', () => {
  test('says the move, the reason that won, and what the stock HPA would have done', () => {
    expect(sentenceOf(decision)).toBe(
      '12 → 18 replicas: in 75 s load reaches 88,100 with 99.5 % confidence; the stock HPA would hold 12',
    )
  })

  test('names the guard that had the last word', () => {
    expect(sentenceOf({ ...paced, plainHpa: { replicas: 14, why: '' } })).toBe(
      '12 → 16 replicas: in 75 s load reaches 88,100 with 99.5 % confidence; pace makes it 16 instead of 18: limit 16: four pods in 15 s; the stock HPA would go to 14',
    )
  })

  test('rests on the load per replica that was learnt, and the page says where that is from', () => {
    const safeLoad = {
      perReplica: 4950,
      by: 'observed',
      written: 6000,
      since: at,
      objective: 'P99 25 ms',
      unreachable: [],
    } as const
    const { text } = explain({ ...decision, safeLoad }, { capacityPerReplica: 6000 })
    expect(text).toMatch(
      /^ {2}a replica +carries 4,950 inside P99 25 ms, as observed, since 2026-11-24T08:52:15Z; the target says 6,000$/m,
    )
    expect(text).toContain('19 at the latest when load exceeds 89,100')
  })

  test('a guard that another one undid is not named', () => {
    const verdicts = [
      { by: 'budget', from: 18, to: 15, why: 'withheld 3' },
      { by: 'hold', from: 15, to: 18, why: 'demand is missing' },
    ]
    expect(sentenceOf({ ...decision, verdicts })).not.toContain('hold makes')
  })

  test('holding, one replica, agreement with the HPA, and silence have words of their own', () => {
    const quiet: Decision = {
      ...decision,
      from: 1,
      to: 1,
      proposals: [],
      abstentions: [],
      verdicts: [],
      plainHpa: { replicas: 1, why: '' },
    }
    expect(sentenceOf(quiet)).toBe('holds 1 replica: nobody proposed anything; as the stock HPA would')
    expect(sentenceOf({ ...quiet, abstentions: decision.abstentions })).toContain(
      'nobody proposed anything (schedule: business-hours begins in 8 min)',
    )
  })

  test('of equal proposals the later one won', () => {
    expect(winnerOf({ ...decision, proposals: decision.proposals.map(one => ({ ...one, replicas: 4 })) })?.by).toBe('forecast')
  })
})

describe('the text', () => {
  test('is the waterfall, line by line', () => {
    expect(explain(decision, { periodSeconds: 15 }).text.split('\n')).toEqual([
      'audio/api-gateway: 12 → 18 replicas at 2026-11-24T08:52:15Z (period 15 s)',
      '  because    in 75 s load reaches 88,100 with 99.5 % confidence',
      '  floor      11  verified load now 53,400',
      '  reactive   12  requests_per_second 4,854 of 5,000 per pod',
      '  forecast   18  in 75 s load reaches 88,100 with 99.5 % confidence',
      '  schedule   –   business-hours begins in 8 min',
      '  guards     stabilise –, bounds 5…200, breaker closed',
      '  stock HPA  12  within tolerance (would hold 12)',
      '  to change: 12 without forecast',
    ])
  })

  test('doubts are told, guards that changed something give their reason, and what they withheld is to change', () => {
    const { text } = explain({ ...paced, doubts: [{ by: 'attack', believes: 80, why: 'of 90,000 I believe 80' }] })
    expect(text).toContain('  doubt      attack: of 90,000 I believe 80\n')
    expect(text).toContain('  guards     pace 16 (limit 16: four pods in 15 s)\n')
    expect(text).toContain('  to change: up to 18 if pace did not bind')
    expect(text).not.toContain('period')
  })

  test('what is known of start-ups has a line', () => {
    const { text } = explain(decision, { startup: 'starts are warm: nine of ten ready after 45 s' })
    expect(text).toContain('  start-up   starts are warm: nine of ten ready after 45 s\n')
  })

  test('nothing to tell leaves no empty line', () => {
    const { text } = explain({ ...decision, from: 3, to: 3, proposals: [], abstentions: [], verdicts: [] })
    expect(text.split('\n')).toEqual([
      'audio/api-gateway: holds 3 replicas at 2026-11-24T08:52:15Z',
      '  because    nobody proposed anything',
      '  stock HPA  12  within tolerance (would go to 12)',
    ])
  })
})

describe('to change', () => {
  const quantiles = [60, 62, 64, 68, 84, 87, 88.1, 88.5, 89, 90, 91, 92, 93].map(thousand => thousand * 1000)
  const forecast = { by: 'seasonal', madeAt: at, points: [], windows: [{ fromMs: 75_000, toMs: 90_000, quantiles }] }
  const changes = (one: Decision) => explain(one, { capacityPerReplica: 4950 }).text.split('to change: ')[1]?.split('; ')

  test('the nearest quantiles with another count, and the load that the floor would answer', () => {
    expect(changes({ ...decision, forecast })).toEqual([
      '12 without forecast',
      '17 if the forecast quantile were 0.98',
      '19 if the forecast quantile were 0.9995',
      '19 at the latest when load exceeds 89,100',
    ])
  })

  test('a count that no quantile led to, or a load that is unknown or beyond it, leaves them out', () => {
    expect(changes({ ...decision, to: 40, forecast })).toEqual(['41 at the latest when load exceeds 198,000'])
    const { demand: _, ...unknown } = decision
    expect(changes(unknown)).toEqual(['12 without forecast'])
    expect(changes({ ...decision, demand: 99_000 })).toEqual(['12 without forecast'])
  })

  test('a guard that raised the count would have let it fall', () => {
    const verdicts = [{ by: 'hold', from: 5, to: 12, why: 'demand is missing' }]
    expect(explain({ ...decision, to: 12, proposals: [], verdicts }).text).toContain('down to 5 if hold did not bind')
  })
})

describe('figures', () => {
  test('thousands are grouped, small ones keep three digits', () => {
    expect([88_100.4, 1000, 999.6, 4.9512, 0.004218, 0].map(figure)).toEqual(['88,100', '1,000', '1000', '4.95', '0.00422', '0'])
  })

  test('times are those of the calendar, leap days and all', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), second => {
        expect(isoTime(second * 1000)).toBe(new Date(second * 1000).toISOString().replace('.000Z', 'Z'))
      }),
    )
    expect(isoTime(Date.UTC(2024, 1, 29, 23, 59, 59, 999))).toBe('2024-02-29T23:59:59Z')
  })
})

test('the same decision always gives the same words', () => {
  expect(explain(decision)).toEqual(explain(JSON.parse(JSON.stringify(decision))))
})
