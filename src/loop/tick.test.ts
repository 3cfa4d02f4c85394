import { describe, expect, test } from 'vitest'
import type { Decision, Forecast, Observation, Situation, Target } from '../core/model.ts'
import { emptyMemory, type Memory, type Parameters, type Proposer, type Rules, recall } from '../core/rules.ts'
import type { Outcome, Ports } from '../ports.ts'
import { tick } from './tick.ts'

const target: Target = {
  id: 'audio/web',
  minReplicas: 1,
  maxReplicas: 50,
  metrics: [],
  capacityPerReplica: 100,
  startupMs: 60_000,
  periodMs: 15_000,
}

interface Stage {
  readonly ports: Ports
  /** Everything that was asked of the ports, in order. */
  readonly story: string[]
  readonly settled: Outcome[]
  readonly warnings: object[]
  readonly stored: Situation[]
  /** Replicas of the spec, as the cluster has them. */
  spec: number
}

/** Ports of a small cluster that obeys, or refuses with `refusal`; the demand is half a minute old, and `undefined` is silence. */
function stage(demands: readonly (number | undefined)[], refusal?: unknown): Stage {
  let [now, memory]: [number, Memory] = [0, emptyMemory]
  const said = [...demands]
  const play: Omit<Stage, 'ports'> = { story: [], settled: [], warnings: [], stored: [], spec: 10 }
  const tell = (line: string) => void play.story.push(line)
  const ports: Ports = {
    clock: { now: () => now },
    metrics: {
      name: 'told',
      read: async () => {
        now += 60_000
        const [at, value] = [now - 30_000, said.shift()]
        const demand: Observation['demand'] =
          value === undefined ? { kind: 'missing', at, why: 'silence' } : { kind: 'value', at, value }
        return { answers: [], demand }
      },
    },
    cluster: {
      replicas: async () => ({ replicas: { spec: whole.spec, status: whole.spec, ready: whole.spec }, pods: [] }),
      scale: async (_, to) => {
        tell(`scale ${to}`)
        if (refusal !== undefined) throw refusal
        whole.spec = to
      },
    },
    store: {
      append: async (_, situation) => {
        play.stored.push(situation)
        tell('append')
      },
      history: async () => ({ at: new Float64Array(0), value: new Float64Array(0) }),
      recall: async () => memory,
      remember: async (_, next) => {
        memory = next
        tell('remember')
      },
    },
    journal: {
      intend: async ({ to }) => tell(`intend ${to}`),
      settle: async ({ to }, outcome) => {
        play.settled.push(outcome)
        tell(`settle ${to}`)
      },
    },
    log: { info: () => undefined, warn: (_, facts) => void play.warnings.push(facts ?? {}) },
  }
  const whole: Stage = Object.assign(play, { ports })
  return whole
}

/** As many replicas as the believed demand takes; counts its ticks. */
const following: Proposer = {
  name: 'following',
  propose: ({ situation, memory }) => {
    const seen = recall(memory, 'following', 0) + 1
    return situation.demand === undefined
      ? { kind: 'abstains', why: 'no demand', memory: seen }
      : { kind: 'proposes', replicas: Math.ceil(situation.demand / 100), why: `tick ${seen}`, memory: seen }
  },
}
const rulesOf = (parts: Partial<Rules> = {}): Rules => ({
  name: 'test',
  screens: [],
  proposers: [following],
  guards: [],
  ...parts,
})

async function play(on: Stage, rules: Rules, ticks: number): Promise<readonly Decision[]> {
  const decisions: Decision[] = []
  for (let i = 0; i < ticks; i++) decisions.push(await tick(on.ports, rules, target))
  return decisions
}

describe('a turn of the loop', () => {
  test('stores what was believed, remembers, writes the intent before the act and the outcome after it', async () => {
    const on = stage([1500])
    const [decision] = await play(on, rulesOf(), 1)
    expect(decision).toMatchObject({ at: 60_000, from: 10, to: 15 })
    expect(on.story).toEqual(['append', 'remember', 'intend 15', 'scale 15', 'settle 15'])
    expect(on.settled).toEqual([{ kind: 'scaled' }])
    expect(on.spec).toBe(15)
  })

  test('where nothing is to change, nothing is asked of the cluster and nothing journalled', async () => {
    const on = stage([1000])
    await play(on, rulesOf(), 1)
    expect(on.story).toEqual(['append', 'remember'])
  })

  test('the memory of a tick is there in the next', async () => {
    const on = stage([1000, 1000, 1100])
    const decisions = await play(on, rulesOf(), 3)
    expect(decisions.map(({ proposals }) => proposals[0]?.why)).toEqual(['tick 1', 'tick 2', 'tick 3'])
  })

  test('a failed act is journalled with its reason and logged, does not throw, and the next tick decides anew', async () => {
    const on = stage([1500, 1500], new Error('the API server said no'))
    const decisions = await play(on, rulesOf(), 2)
    expect(decisions.map(({ from, to }) => [from, to])).toEqual([
      [10, 15],
      [10, 15],
    ])
    expect(on.settled).toEqual(Array(2).fill({ kind: 'failed', why: 'the API server said no' }))
    expect(on.warnings).toMatchObject(Array(2).fill({ target: 'audio/web', to: 15 }))
    expect(on.story.slice(-3)).toEqual(['intend 15', 'scale 15', 'settle 15'])
  })

  test('a failure that is no Error has its reason told too', async () => {
    const on = stage([1500], 'refused')
    await play(on, rulesOf(), 1)
    expect(on.settled).toEqual([{ kind: 'failed', why: 'refused' }])
  })

  test('a journal that cannot take the intent stops the act', async () => {
    const on = stage([1500])
    const ports: Ports = { ...on.ports, journal: { ...on.ports.journal, intend: () => Promise.reject(new Error('disk full')) } }
    await expect(tick(ports, rulesOf(), target)).rejects.toThrow('disk full')
    expect(on.spec).toBe(10)
  })

  test('screens come before the store: nobody learns what is not believed', async () => {
    const on = stage([90_000])
    const screens = [{ name: 'attack', doubt: () => ({ doubt: { by: 'attack', believes: 800, why: 'crowd of one' } }) }]
    const [decision] = await play(on, rulesOf({ screens }), 1)
    expect(on.stored[0]).toMatchObject({ demand: 800 })
    expect(decision).toMatchObject({ demand: 800, to: 8 })
  })
})

describe('learning', () => {
  const parameters: Parameters = { missingPrice: 1, keepPrice: 1, orderAhead: 0, orderToMedian: false, deadband: 0, holdTicks: 0 }

  /** Accumulators that note what they are fed; forecasts carry the number of values that the forecaster had heard by then. */
  function learning(withTuner = true) {
    const heard: (readonly [number, number | undefined])[] = []
    const replayed: { at: number; demand: number | undefined; forecast: Forecast | undefined; target: string }[] = []
    const forecaster: NonNullable<Rules['forecaster']> = {
      name: 'noting',
      absorb: (at, demand) => void heard.push([at, demand]),
      predict: now =>
        heard.length < 2 ? { abstains: 'too young' } : { by: `${heard.length} values`, madeAt: now, points: [], windows: [] },
    }
    const tuner: NonNullable<Rules['tuner']> = {
      name: 'noting',
      absorb: ({ at, demand, forecast, target: { id } }) => void replayed.push({ at, demand, forecast, target: id }),
      parameters: () => parameters,
    }
    return { heard, replayed, rules: rulesOf({ forecaster, ...(withTuner && { tuner }) }) }
  }

  test('the forecaster hears the believed demand under the time of the sample, and a missing one as a gap, not as zero', async () => {
    const { heard, rules } = learning()
    await play(stage([1000, undefined, 1200]), rules, 3)
    expect(heard).toEqual([
      [30_000, 1000],
      [90_000, undefined],
      [150_000, 1200],
    ])
  })

  test('the tuner sees the same under the time of the decision, with the forecast that rests on it; none where that abstains', async () => {
    const { replayed, rules } = learning()
    await play(stage([1000, undefined, 1200]), rules, 3)
    expect(replayed.map(({ at, demand, forecast, target: id }) => [at, demand, forecast?.by, id])).toEqual([
      [60_000, 1000, undefined, 'audio/web'],
      [120_000, undefined, '2 values', 'audio/web'],
      [180_000, 1200, '3 values', 'audio/web'],
    ])
  })

  test('comes before the decision, which rests on the forecast as of this tick', async () => {
    const { rules } = learning()
    const decisions = await play(stage([1000, 1000]), rules, 2)
    expect(decisions.map(({ forecast }) => forecast?.by)).toEqual([undefined, '2 values'])
  })

  test('a forecaster without a tuner learns too', async () => {
    const { heard, rules } = learning(false)
    await play(stage([1000]), rules, 1)
    expect(heard.length).toBe(1)
  })
})
