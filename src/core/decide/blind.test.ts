import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contextAt, workload } from '../guard/timeline.ts'
import type { Forecast } from '../model.ts'
import { type Context, emptyMemory, type Memory } from '../rules.ts'
import { type BlindSettings, blind } from './blind.ts'

interface Tick {
  readonly demand?: number
  readonly other?: number
  readonly forecast?: Context['forecast']
}

/** What the fallback says at ticks that are a minute apart. */
function said(ticks: readonly Tick[], settings?: BlindSettings) {
  let memory: Memory = emptyMemory
  return ticks.map(({ demand, other, forecast }, minute) => {
    const observation = other === undefined ? {} : { otherDemand: other }
    const context = contextAt({ seconds: minute * 60, asked: 0, demand: demand ?? 'missing', observation, memory })
    const answer = blind(settings).propose({ ...context, ...(forecast && { forecast }) })
    memory = { slots: JSON.parse(JSON.stringify({ blind: answer.memory })) }
    return answer
  })
}

const forecastOf = (points: readonly (readonly [minute: number, median: number])[], window = 700): Forecast => ({
  by: 'test',
  madeAt: 0,
  points: points.map(([minute, median]) => ({ at: minute * 60_000, quantiles: [median, 9e9] })),
  windows: [{ fromMs: 60_000, toMs: 60_000, quantiles: [window, 9e9] }],
})
const last = (ticks: readonly Tick[], settings?: BlindSettings) => said(ticks, settings).at(-1)!
const reasonOf = ({ conditions }: ReturnType<typeof last>) => [conditions?.[0]?.status, conditions?.[0]?.reason]

describe('the fallback for missing demand', () => {
  test('is silent while demand is there, and for the first two minutes without', () => {
    const [there, first, second] = said([{ demand: 1500 }, {}, {}])
    expect(there).toMatchObject({ kind: 'abstains', why: 'demand is there' })
    expect(reasonOf(there!)).toEqual(['False', 'NotNeeded'])
    expect(first?.why).toBe('the demand is missing for 0 s, the fallback speaks from 120 s on')
    expect(reasonOf(second!)).toEqual(['False', 'Waiting'])
  })

  test('then asks for what the last good demand needs, as a floor', () => {
    const answer = last([{ demand: 1000 }, { demand: 1510 }, {}, {}, {}])
    expect(answer).toMatchObject({ kind: 'proposes', replicas: 16, floor: true })
    expect(answer.why).toBe('the demand is missing for 120 s: the last good value says 1,510')
    expect(reasonOf(answer)).toEqual(['True', 'LastGoodDemand'])
  })

  test('takes the highest of last good demand, other signals and the median forecast', () => {
    const silent = (tick: Tick) => last([{ demand: 1000 }, {}, {}, tick])
    expect(silent({ other: 1700 })).toMatchObject({ replicas: 17, conditions: [{ reason: 'OtherSignals' }] })
    expect(silent({ other: 300 })).toMatchObject({ replicas: 10, conditions: [{ reason: 'LastGoodDemand' }] })
    expect(
      silent({
        other: 1700,
        forecast: forecastOf([
          [3, 900],
          [5, 1850],
        ]),
      }),
    ).toMatchObject({
      replicas: 19,
      conditions: [{ reason: 'ForecastMedian' }],
    })
    expect(silent({ other: Number.NaN })).toMatchObject({ replicas: 10 })
  })

  test('reads the fan where a replica ordered now would be ready, its end, or the first window where there is no fan', () => {
    const asked = (forecast: Context['forecast']) => last([{}, {}, { ...(forecast && { forecast }) }])
    expect(
      asked(
        forecastOf([
          [2, 100],
          [4, 1100],
          [9, 200],
        ]),
      ),
    ).toMatchObject({ replicas: 11 })
    expect(
      asked(
        forecastOf([
          [1, 900],
          [2, 1200],
        ]),
      ),
    ).toMatchObject({ replicas: 12 })
    expect(asked(forecastOf([]))).toMatchObject({ replicas: 7 })
  })

  test('says so where nothing is known at all', () => {
    const answer = last([{}, {}, { forecast: { abstains: 'too young' } }])
    expect(answer).toMatchObject({ kind: 'abstains' })
    expect(answer.why).toContain('nothing else tells')
    expect(reasonOf(answer)).toEqual(['True', 'NothingKnown'])
  })

  test('ends with the first good value, and counts anew after it; the patience can be set', () => {
    const course = said([{ demand: 1000 }, {}, {}, {}, { demand: 800 }, {}, {}])
    expect(course.map(({ kind }) => kind)).toEqual([
      'abstains',
      'abstains',
      'abstains',
      'proposes',
      'abstains',
      'abstains',
      'abstains',
    ])
    expect(last([{ demand: 1000 }, {}], { fallbackAfterMs: 0 }).kind).toBe('proposes')
  })

  test('never asks for less than the last good demand needs', () => {
    const value = fc.option(fc.nat(5000), { nil: undefined })
    fc.assert(
      fc.property(fc.nat(5000), value, value, (good, other, median) => {
        const forecast = median === undefined ? undefined : forecastOf([[9, median]])
        const answer = last([{ demand: good }, {}, {}, { ...(other !== undefined && { other }), ...(forecast && { forecast }) }])
        const highest = Math.max(good, other ?? 0, median ?? 0)
        expect(answer).toMatchObject({ replicas: Math.ceil(highest / workload.capacityPerReplica) })
      }),
    )
  })
})
