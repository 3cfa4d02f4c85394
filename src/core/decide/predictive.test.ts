import { describe, expect, test } from 'vitest'
import { contextAt, type Moment, workload } from '../guard/timeline.ts'
import { type Behavior, type Forecast, WINDOW_LEVELS, type WindowForecast } from '../model.ts'
import type { Context, Parameters, Proposer } from '../rules.ts'
import { fallback, predictive, predictiveUp } from './predictive.ts'

const parameters: Parameters = {
  missingPrice: 1600,
  keepPrice: 1600,
  orderAhead: 0.05,
  orderToMedian: false,
  deadband: 0.1,
  holdTicks: 2,
}

const flat = (load: number): WindowForecast => ({ fromMs: 60_000, toMs: 60_000, quantiles: WINDOW_LEVELS.map(() => load) })
/** All quantiles alike: the load at lead time, the most over twice the lead (as much if not told). */
const loads = (up: number, keep = up): Forecast => ({
  by: 'test',
  madeAt: 0,
  points: [],
  windows: [flat(up), flat(keep), flat(up)],
})

type Tick = Partial<Moment> &
  Pick<Context, 'forecast'> & { readonly parameters?: Parameters | 'none'; readonly behavior?: Behavior }

function contextOf({ forecast, parameters: chosen = parameters, behavior, ...moment }: Tick): Context {
  const context = contextAt({ seconds: 0, asked: 10, ...moment }, behavior ? { ...workload, behavior } : workload)
  return { ...context, ...(forecast && { forecast }), ...(chosen !== 'none' && { parameters: chosen }) }
}

/** One proposer along a timeline; its memory passes through JSON, the replicas follow what it proposes. */
function play(proposer: Proposer, ticks: readonly Tick[], spec = 10): readonly (number | string)[] {
  let [replicas, slot]: [number, unknown] = [spec, undefined]
  return ticks.map(tick => {
    const memory = { slots: slot === undefined ? {} : { [proposer.name]: JSON.parse(JSON.stringify(slot)) } }
    const said = proposer.propose(contextOf({ spec: replicas, memory, ...tick }))
    if (said.memory !== undefined) slot = said.memory // as the loop does: who says nothing keeps what it had
    if (said.kind === 'abstains') return said.why
    replicas = said.replicas
    return replicas
  })
}

const whyOf = (proposer: Proposer, tick: Tick) => proposer.propose(contextOf(tick)).why

describe('the predictive proposer', () => {
  test('orders what the load at lead time needs, a little ahead, and says when and how sure it is', () => {
    const said = predictive().propose(contextOf({ forecast: loads(1450) }))
    expect(said).toMatchObject({ kind: 'proposes', replicas: 16 })
    expect(said.why).toBe('in 60 s (start-up) load stays below 1,450 with 99.995 % confidence')
  })

  test('goes down only after the hold, and says for how long what is left is enough', () => {
    const calm = { forecast: loads(500, 600), demand: 500 }
    expect(play(predictive(), [calm, calm, calm, calm])).toEqual([10, 10, 6, 6])
    expect(whyOf(predictive(), { ...calm, parameters: { ...parameters, holdTicks: 0 } })).toBe(
      '99.995 % sure that 6 are enough for the next 120 s',
    )
  })

  test('keeps saying so while the window of a behavior holds the replicas up, until the load contradicts or they have left', () => {
    const calm = (spec: number, keep = 600) => ({ forecast: loads(500, keep), demand: 500, spec, behavior: {} })
    expect(play(predictive(), [calm(10), calm(10), calm(10), calm(10), calm(10), calm(8)])).toEqual([10, 10, 6, 6, 6, 6])
    const plain = { forecast: loads(500, 600), demand: 500, spec: 10 }
    expect(play(predictive(), [plain, plain, plain, plain, plain, plain])).toEqual([10, 10, 6, 10, 10, 6])
    expect(play(predictive(), [calm(10), calm(10), calm(10), calm(10, 700), calm(10)])).toEqual([10, 10, 6, 7, 7])
    const contradicted = [calm(10), calm(10), calm(10), calm(10, 1000), calm(10), calm(10), calm(10)]
    expect(play(predictive(), contradicted)).toEqual([10, 10, 6, 10, 10, 10, 6])
    const gone = [calm(10), calm(10), calm(10), calm(6), calm(6, 300), calm(6, 300), calm(6, 300)]
    expect(
      play(
        predictive(),
        gone.map(tick => ({ ...tick, demand: 100, forecast: loads(100, tick.forecast.windows[1]!.quantiles[0]!) })),
      ),
    ).toEqual([10, 10, 6, 6, 6, 6, 3])
  })

  test('says what it holds back meanwhile, and nothing of it when there is nothing', () => {
    expect(whyOf(predictive(), { forecast: loads(500, 600), demand: 500 })).toBe(
      'in 60 s (start-up) load stays below 500 with 99.995 % confidence; 4 more are held back for a while',
    )
    expect(whyOf(predictive(), { forecast: loads(900, 1000), demand: 900 })).toBe(
      'in 60 s (start-up) load stays below 900 with 99.995 % confidence',
    )
  })

  test('never goes below what the believed demand of now needs, and says so when that is the reason', () => {
    const said = predictive().propose(contextOf({ forecast: loads(300), demand: 9000, believes: 1310 }))
    expect(said).toMatchObject({ replicas: 14, why: 'the load of now needs 14' })
  })

  test('never goes below the minimum of the object', () => {
    const nothing = { forecast: loads(0), demand: 0 }
    expect(play(predictive(), [nothing, nothing, nothing, nothing])).toEqual([10, 10, 2, 2])
  })

  test('tells what the bounds will leave of it when it asks for more than the maximum', () => {
    const said = predictive().propose(contextOf({ forecast: loads(9000), spec: 20 }))
    expect(said).toMatchObject({ kind: 'proposes', replicas: 95 })
    expect(said.why).toBe('in 60 s (start-up) load stays below 9,000 with 99.995 % confidence')
  })

  test('takes a higher level where a miss is dearer', () => {
    const wide: Forecast = {
      ...loads(0),
      windows: Array(3).fill({ ...flat(0), quantiles: WINDOW_LEVELS.map((_, i) => 1000 + 20 * i) }),
    }
    const at = (missingPrice: number) =>
      whyOf(predictive(), { forecast: wide, spec: 5, parameters: { ...parameters, missingPrice } })
    expect(at(10)).toContain('with 98 % confidence')
    expect(at(1600)).toContain('with 99.98 % confidence')
    expect(at(1_000_000)).toContain('with 99.995 % confidence')
  })

  test('without demand the forecast goes on, upwards only, and a hold that was begun is forgotten', () => {
    const calm = { forecast: loads(500), demand: 500 }
    const silent = { forecast: loads(500), demand: 'missing' } as const
    expect(play(predictive(), [calm, calm, silent, calm, calm, calm])).toEqual([10, 10, 10, 10, 10, 5])
    expect(play(predictive(), [silent, { ...silent, forecast: loads(1450) }])).toEqual([10, 15])
    expect(whyOf(predictive(), silent)).toBe(
      'the demand is missing, the forecast goes on, upwards only: in 60 s (start-up) load stays below 500 with 99.995 % confidence',
    )
  })

  test('abstains without forecaster, forecast or parameters, says why, and forgets a hold', () => {
    const calm = { forecast: loads(500), demand: 500 }
    expect(whyOf(predictive(), {} as Tick)).toBe('no forecaster')
    expect(whyOf(predictive(), { forecast: { abstains: 'too young' } })).toBe('too young')
    expect(whyOf(predictive(), { ...calm, parameters: 'none' })).toContain('not tuned yet')
    const young = { forecast: { abstains: 'too young' } }
    expect(play(predictive(), [calm, calm, young, calm, calm, calm])).toEqual([10, 10, 'too young', 10, 10, 5])
  })

  test('replicas that somebody took away during a hold do not come back because of it', () => {
    const calm = (spec: number, keep: number) => ({ forecast: loads(keep), demand: 100, spec })
    expect(play(predictive(), [calm(10, 800), calm(10, 800), calm(5, 200)])).toEqual([10, 10, 5])
  })

  test('says so where the present is unlike the past', () => {
    const unfamiliar = { ...parameters, unfamiliar: 'the load is beyond every day before' }
    expect(whyOf(predictive(), { forecast: loads(1450), parameters: unfamiliar })).toBe(
      'in 60 s (start-up) load stays below 1,450 with 99.995 % confidence; the load is beyond every day before, so the reactive target speaks too',
    )
  })
})

describe('the additive proposer', () => {
  test('asks for what the load at lead time needs, tuned or not, and holds nothing', () => {
    expect(predictiveUp().propose(contextOf({ forecast: loads(1450), parameters: 'none' }))).toEqual({
      kind: 'proposes',
      replicas: 15,
      conditions: [expect.objectContaining({ type: 'ForecastReliable', status: 'False', reason: 'NotTuned' })],
      why: 'in 60 s (start-up) load stays below 1,450 with 99.995 % confidence',
    })
    const calm = { forecast: loads(300), demand: 250 }
    expect(play(predictiveUp(), [calm, calm])).toEqual([3, 3])
  })

  test('asks for no less than the demand of now', () => {
    expect(play(predictiveUp(), [{ forecast: loads(300), demand: 750 }])).toEqual([8])
  })

  test('goes on without demand, and says nothing of levels that nothing needs', () => {
    expect(play(predictiveUp(), [{ forecast: loads(300), demand: 'missing' }])).toEqual([3])
    expect(play(predictiveUp(), [{ forecast: loads(0), demand: 'missing' }])).toEqual([0])
  })

  test('abstains without a forecast, with the reason', () => {
    expect(whyOf(predictiveUp(), {} as Tick)).toBe('no forecaster')
    expect(whyOf(predictiveUp(), { forecast: { abstains: 'too young' } })).toBe('too young')
  })
})

describe('the condition ForecastReliable', () => {
  const told = (proposer: Proposer, tick: Tick) => {
    const [condition] = proposer.propose(contextOf(tick)).conditions ?? []
    return [condition?.type, condition?.status, condition?.reason]
  }
  test('is told by both proposers, and is True only for a tuned forecast of a familiar load', () => {
    for (const proposer of [predictive(), predictiveUp()]) {
      const tuned = { forecast: loads(500), demand: 500 }
      expect(told(proposer, tuned)).toEqual(['ForecastReliable', 'True', 'Calibrated'])
      expect(told(proposer, { ...tuned, demand: 'missing' })[1]).toBe('True')
      expect(told(proposer, { ...tuned, parameters: 'none' })).toEqual(['ForecastReliable', 'False', 'NotTuned'])
      expect(told(proposer, { ...tuned, parameters: { ...parameters, unfamiliar: 'new' } })[2]).toBe('Unfamiliar')
      expect(told(proposer, { forecast: { abstains: 'too young' } })[2]).toBe('NoForecast')
      expect(told(proposer, {} as Tick)[2]).toBe('NoForecast')
    }
  })
})

describe('the fallback', () => {
  const condition = { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: 'there' } as const
  const speaking: Proposer = {
    name: 'reactive',
    propose: () => ({ kind: 'proposes', replicas: 14, why: 'load 1.4 of 1', conditions: [condition] }),
  }
  const decided = contextOf({ forecast: loads(500) })

  test('stands by while the forecast decides, tells what it would have said, remembers it, and keeps its conditions', () => {
    expect(fallback(speaking).name).toBe('reactive')
    expect(fallback(speaking).propose(decided)).toEqual({
      kind: 'abstains',
      why: 'stands by with 14 (load 1.4 of 1): the forecast decides',
      memory: [
        { replicas: 10, at: decided.now },
        { replicas: 14, at: decided.now },
      ],
      conditions: [condition],
    })
  })

  test('speaks while there is no forecaster, no forecast, or nothing was tuned', () => {
    for (const tick of [
      {} as Tick,
      { forecast: { abstains: 'too young' } },
      { forecast: loads(500), parameters: 'none' as const },
    ])
      expect(fallback(speaking).propose(contextOf(tick))).toMatchObject({ kind: 'proposes', replicas: 14 })
  })

  describe('is smoothed as the stock HPA is while it decides alone', () => {
    const wants = (wishes: readonly number[]) => {
      let index = 0
      const wishing: Proposer = {
        name: 'reactive',
        propose: () => ({ kind: 'proposes', replicas: wishes[index++]!, why: 'as loaded' }),
      }
      return fallback(wishing)
    }
    const at = (seconds: readonly number[], tick: Tick = {}) => seconds.map(second => ({ seconds: second, ...tick }))

    test('it holds the highest wish of the last 300 s, and goes up at once', () => {
      expect(play(wants([12, 3, 3, 15, 3, 3]), at([0, 15, 300, 315, 615, 616]))).toEqual([12, 12, 12, 15, 15, 3])
    })

    test('the first tick holds the replicas it finds', () => {
      expect(play(wants([2, 2, 2]), at([0, 300, 301]))).toEqual([10, 10, 2])
    })

    test('it speaks beside the forecast while the demand is missing: the metrics of the pods may still be there', () => {
      const [spoken] = play(wants([12]), at([0], { forecast: loads(500), demand: 'missing' }))
      expect(spoken).toBe(12)
    })

    test('wishes of the time when it stood by count', () => {
      const ticks = [...at([0], { forecast: loads(500) }), ...at([15])]
      expect(play(wants([12, 3]), ticks)).toEqual(['stands by with 12 (as loaded): the forecast decides', 12])
    })

    test('it says what holds it', () => {
      expect(whyOf(wants([4]), {} as Tick)).toBe('as loaded; 10 was wanted within the last 300 s')
    })

    test('an object with behavior is left to its own windows', () => {
      const memory = { slots: { reactive: [{ replicas: 12, at: 0 }] } }
      const context = contextOf({ seconds: 15, memory } as Tick)
      expect(wants([4]).propose({ ...context, target: { ...context.target, behavior: {} } })).toMatchObject({ replicas: 4 })
      expect(wants([4]).propose(context)).toMatchObject({ replicas: 12 })
    })
  })

  test('speaks too while the present is unlike the past', () => {
    const unfamiliar = contextOf({ forecast: loads(500), parameters: { ...parameters, unfamiliar: 'new heights' } })
    expect(fallback(speaking).propose(unfamiliar)).toMatchObject({ kind: 'proposes', replicas: 14 })
  })

  test('lets replicas outside their bounds come back outright', () => {
    const outright: Proposer = {
      name: 'reactive',
      propose: () => ({ kind: 'proposes', replicas: 20, why: 'above', outright: true }),
    }
    expect(fallback(outright).propose(decided)).toEqual({ kind: 'proposes', replicas: 20, why: 'above', outright: true })
  })

  test('an abstention stays what it is', () => {
    const silent: Proposer = { name: 'reactive', propose: () => ({ kind: 'abstains', why: 'timeout' }) }
    expect(fallback(silent).propose(decided)).toEqual({ kind: 'abstains', why: 'timeout' })
    const plain: Proposer = { name: 'reactive', propose: () => ({ kind: 'proposes', replicas: 1, why: 'one' }) }
    expect(fallback(plain).propose(decided)).not.toHaveProperty('conditions')
  })

  test('the workload of these tests is the usual one', () => {
    expect(workload).toMatchObject({ capacityPerReplica: 100, minReplicas: 2, maxReplicas: 20, startupMs: 60_000 })
  })
})
