import { describe, expect, test } from 'vitest'
import { counterfactualHpa } from '../hpa/counterfactual.ts'
import type { Behavior, Decision, MetricAnswer, Target } from '../model.ts'
import { emptyMemory, type Memory, type Rules } from '../rules.ts'
import { step } from '../step.ts'
import { hpaRules } from './hpa-rules.ts'

const target: Target = {
  id: 'audio/web',
  minReplicas: 2,
  maxReplicas: 100,
  metrics: [{ type: 'External', metric: 'queue', target: { type: 'AverageValue', averageValue: 1000 } }],
  capacityPerReplica: 1,
  startupMs: 60_000,
  periodMs: 15_000,
}

/** A target under rules: every `tick` is 15 s later and obeys the decision unless it is told otherwise. */
function driven(replicas: number, { rules = hpaRules(), ...change }: Partial<Target> & { rules?: Rules } = {}) {
  let [spec, now]: [number, number] = [replicas, 0]
  let memory: Memory = emptyMemory
  return {
    tick(length: number | 'silent', act: 'obey' | 'refuse' = 'obey'): Decision {
      now += 15_000
      const answer: MetricAnswer =
        length === 'silent' ? { kind: 'missing', why: 'timeout' } : { kind: 'values', values: [length * 1000], at: now }
      const observation = {
        at: now,
        replicas: { spec, status: spec, ready: spec },
        pods: [],
        answers: [answer],
        demand: { kind: 'missing', at: now, why: 'not measured' },
      } as const
      const stepped = step(rules, memory, { target: { ...target, ...change }, situation: { observation, doubts: [] } })
      const { decided } = stepped.memory
      memory = act === 'refuse' && decided ? { ...stepped.memory, decided: { ...decided, refused: true } } : stepped.memory
      if (act === 'obey') spec = stepped.decision.to
      return stepped.decision
    },
    byHand(by: number): void {
      spec = by
    },
  }
}

const why = (decision: Decision, by: string) => decision.verdicts.find(one => one.by === by)?.why
const reason = (decision: Decision, type: string) => decision.conditions.find(one => one.type === type)?.reason

describe('reactive', () => {
  test('proposes what the metrics ask for, with their figures', () => {
    const decision = driven(10).tick(18)
    expect(decision.proposals).toEqual([{ by: 'reactive', replicas: 18, why: 'queue 1.8 of 1 per replica' }])
    expect(decision.to).toBe(18)
    expect(reason(decision, 'ScalingActive')).toBe('ValidMetricFound')
  })

  test('abstains without a metric, and nothing moves, however much was wanted before', () => {
    const web = driven(10)
    web.tick(30, 'refuse')
    const decision = web.tick('silent')
    expect(decision).toMatchObject({ from: 10, to: 10, proposals: [] })
    expect(decision.abstentions[0]?.why).toContain('timeout')
    expect(reason(decision, 'ScalingActive')).toBe('FailedGetExternalMetric')
    expect(reason(decision, 'AbleToScale')).toBe('SucceededGetScale')
    expect(why(decision, 'stabilise')).toBe('nothing to smooth: nobody proposed')
  })

  test('leaves a target that somebody scaled to zero at zero', () => {
    const web = driven(10)
    web.tick(30)
    web.byHand(0)
    const decision = web.tick(30)
    expect(decision).toMatchObject({ from: 0, to: 0, proposals: [] })
    expect(reason(decision, 'ScalingActive')).toBe('ScalingDisabled')
    expect(why(decision, 'bounds')).toContain('stays at 0')
    expect(web.tick('silent').to).toBe(0)
  })

  test('brings replicas outside the bounds back at once: neither stabilisation nor pace binds', () => {
    const high = driven(400)
    const decision = high.tick(30)
    expect(decision.to).toBe(100)
    expect(decision.proposals[0]?.why).toBe('Current number of replicas above Spec.MaxReplicas')
    expect(why(decision, 'stabilise')).toBe('does not bind: replicas return to their bounds')
    expect(why(decision, 'pace')).toBe('does not bind')
    expect(driven(1, { minReplicas: 50 }).tick('silent').to).toBe(50)
  })
})

describe('stabilise', () => {
  test('holds replicas while the last 300 s wanted them', () => {
    const web = driven(18)
    const decision = web.tick(4)
    expect(decision.to).toBe(18)
    expect(why(decision, 'stabilise')).toBe('held at 18 instead of 4: 18 was wanted within the last 300 s')
    expect(reason(decision, 'AbleToScale')).toBe('ScaleDownStabilized')
    for (let tick = 0; tick < 19; tick++) expect(web.tick(4).to).toBe(18)
    expect(web.tick(4).to).toBe(18)
    const freed = web.tick(4)
    expect(freed.to).toBe(4)
    expect(why(freed, 'stabilise')).toBe('free to move: the recent past does not contradict')
  })

  test('holds a scale-up until its window agrees', () => {
    const behavior: Behavior = { scaleUp: { stabilizationWindowSeconds: 60 }, scaleDown: { stabilizationWindowSeconds: 30 } }
    const web = driven(4, { behavior })
    const decision = web.tick(9)
    expect(decision.to).toBe(4)
    expect(why(decision, 'stabilise')).toBe('held at 4 instead of 9: no more than 4 was wanted within the last 60 s')
    expect([web.tick(9).to, web.tick(9).to, web.tick(9).to, web.tick(9).to]).toEqual([4, 4, 4, 8])
    expect(why(web.tick(3), 'stabilise')).toBe('held at 8 instead of 3: 8 was wanted within the last 30 s')
  })
})

describe('pace', () => {
  const triple: Behavior = {
    scaleUp: { policies: [{ type: 'Percent', value: 300, periodSeconds: 60 }] },
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 5, periodSeconds: 60 }] },
  }

  test('lets replicas grow as far as a policy allows, counted over its period', () => {
    const web = driven(12, { behavior: triple })
    const decision = web.tick(90)
    expect(decision.to).toBe(48)
    expect(why(decision, 'pace')).toBe('limit 48: 300 % up in 60 s from 12')
    expect(reason(decision, 'ScalingLimited')).toBe('ScaleUpLimit')
    expect(web.tick(90).to).toBe(48)
  })

  test('counts only what really happened', () => {
    const web = driven(12, { behavior: triple })
    web.tick(30, 'refuse')
    expect(why(web.tick(30), 'pace')).toBe('limit 48: 300 % up in 60 s from 12')
    expect(why(web.tick(90), 'pace')).toBe('limit 48: 300 % up in 60 s from 12')
    // upstream undoes changes of both directions: what was added in the period may be taken back on top
    expect(why(web.tick(30), 'pace')).toBe('limit 7: 5 replicas down in 60 s from 12')
  })

  test('does not count what others did', () => {
    const web = driven(12, { behavior: triple })
    web.tick(12)
    web.byHand(20)
    expect(why(web.tick(90), 'pace')).toBe('limit 80: 300 % up in 60 s from 20')
  })

  test('lets replicas go as slowly as a policy asks', () => {
    const web = driven(40, { behavior: triple })
    expect([web.tick(3).to, web.tick(3).to, web.tick(3).to, web.tick(3).to, web.tick(3).to]).toEqual([35, 35, 35, 35, 30])
    expect(reason(web.tick(3), 'ScalingLimited')).toBe('ScaleDownLimit')
  })

  test('knows a direction that is switched off, and says nothing of a wish to stay', () => {
    const web = driven(10, { behavior: { scaleUp: { selectPolicy: 'Disabled' } } })
    const decision = web.tick(50)
    expect(decision.to).toBe(10)
    expect(why(decision, 'pace')).toBe('limit 10: scaling up is switched off')
    expect(why(web.tick(10), 'pace')).toBe('no change to limit')
  })

  test('without behavior is twice the replicas up, and free down', () => {
    const web = driven(10)
    expect(why(web.tick(50), 'pace')).toBe('limit 20: 2 times 10, or 4 if that is more')
    for (let tick = 0; tick < 22; tick++) web.tick(5)
    const back = driven(50)
    for (let tick = 0; tick < 21; tick++) back.tick(5)
    expect(why(back.tick(5), 'pace')).toBe('no limit on the way down')
  })
})

describe('bounds', () => {
  test('cut what is wanted beyond them, and say so as upstream does', () => {
    const above = driven(90).tick(130)
    expect(above.to).toBe(100)
    expect(why(above, 'bounds')).toBe('above 2…100')
    expect(reason(above, 'ScalingLimited')).toBe('TooManyReplicas')
    const below = driven(3, { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } }).tick(0)
    expect(below.to).toBe(2)
    expect(reason(below, 'ScalingLimited')).toBe('TooFewReplicas')
  })

  test('reach zero and come back where zero is allowed', () => {
    const web = driven(3, { minReplicas: 0, behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } })
    expect([web.tick(0).to, web.tick('silent').to, web.tick(3).to]).toEqual([0, 0, 3])
  })
})

describe('the stock HPA beside other rules', () => {
  const generous: Rules = {
    name: 'generous',
    screens: [],
    proposers: [{ name: 'generous', propose: () => ({ kind: 'proposes', replicas: 60, why: 'to be safe' }) }],
    guards: [],
    counterfactual: counterfactualHpa(),
  }

  test('tells what it would decide from the replicas as they are, and why', () => {
    const web = driven(10, { rules: generous })
    expect(web.tick(18)).toMatchObject({ to: 60, plainHpa: { replicas: 18, why: 'queue 1.8 of 1 per replica' } })
    expect(web.tick(30).plainHpa.replicas).toBe(30)
    expect(web.tick(12).plainHpa).toEqual({
      replicas: 30,
      why: 'queue 0.2 of 1 per replica; stabilise: held at 30 instead of 12: 30 was wanted within the last 300 s',
    })
  })

  test('stays where its metrics fail, and says so', () => {
    const { plainHpa } = driven(10, { rules: generous }).tick('silent')
    expect(plainHpa.replicas).toBe(10)
    expect(plainHpa.why).toContain('timeout')
  })

  test('decides the same as alone where it is obeyed', () => {
    const alone = driven(10)
    const beside = driven(10, { rules: { ...hpaRules(), counterfactual: counterfactualHpa() } })
    for (const length of [10, 40, 90, 20, 5, 5, 120]) expect(beside.tick(length).plainHpa.replicas).toBe(alone.tick(length).to)
  })
})
