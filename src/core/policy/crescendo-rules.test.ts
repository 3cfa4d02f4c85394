import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decisionWindows } from '../decide/block-rule.ts'
import { seasonalLoad } from '../forecast/seeded-load.ts'
import {
  type Decision,
  type Forecast,
  type Objective,
  type Observation,
  type SafeLoad,
  type Target,
  WINDOW_LEVELS,
} from '../model.ts'
import { emptyMemory, type Forecaster, type Memory, type Rules } from '../rules.ts'
import { screen, step } from '../step.ts'
import { type CrescendoOptions, crescendoRules } from './crescendo-rules.ts'
import { hpaRules } from './hpa-rules.ts'

const CAPACITY = 100
const target: Target = {
  id: 'audio/web',
  minReplicas: 2,
  maxReplicas: 80,
  metrics: [{ type: 'External', metric: 'load', target: { type: 'AverageValue', averageValue: 70_000 } }],
  capacityPerReplica: CAPACITY,
  startupMs: 60_000,
  periodMs: 60_000,
}
const optionsOf = (mode: CrescendoOptions['mode'], change: Partial<CrescendoOptions> = {}): CrescendoOptions => ({
  mode,
  target,
  delayMs: 0,
  guards: { emergency: 'Off' },
  ...change,
})

/** The stock HPA believes every jump at once; where we are compared with it, so do we. */
const BELIEVED = { factor: Number.POSITIVE_INFINITY }

const observed = (load: number | undefined, at: number, spec: number): Observation => ({
  at,
  replicas: { spec, status: spec, ready: spec },
  pods: [],
  answers: [load === undefined ? { kind: 'missing', why: 'timeout' } : { kind: 'values', values: [Math.round(load * 1000)], at }],
  demand: load === undefined ? { kind: 'missing', at, why: 'timeout' } : { kind: 'value', at, value: load },
})

/** Rules and their memory: a tick screens, learns and decides, as the loop does. */
function driver(rules: Rules, of: Target = target) {
  let memory: Memory = emptyMemory
  return (observation: Observation): Decision => {
    const seen = screen(rules, memory, observation)
    const { demand } = seen.situation
    rules.forecaster?.absorb(observation.demand.at, demand)
    const forecast = rules.forecaster?.predict(observation.at)
    const made = forecast && 'windows' in forecast ? forecast : undefined
    rules.tuner?.absorb({ at: observation.at, demand, forecast: made, target: of })
    const stepped = step(rules, seen.memory, { target: of, situation: seen.situation })
    memory = stepped.memory
    return stepped.decision
  }
}

/** Rules that obey themselves along a load, a tick a minute. */
function drive(rules: Rules, loads: readonly (number | undefined)[], spec = 10): readonly Decision[] {
  const decide = driver(rules)
  let replicas = spec
  return loads.map((load, tick) => {
    const decision = decide(observed(load, (tick + 1) * 60_000, replicas))
    replicas = decision.to
    return decision
  })
}

const names = (parts: readonly { readonly name: string }[]) => parts.map(({ name }) => name)

describe('the modes', () => {
  test('who guards the own violations has one proposer more, in mode Slo alone', () => {
    const guarded = (mode: CrescendoOptions['mode']) =>
      names(crescendoRules(optionsOf(mode, { guardsOwnViolations: true, learnt: { actionLimit: 3 } })).proposers)
    expect(guarded('Slo')).toEqual(['reactive', 'predictive', 'own-violations', 'widen', 'manual', 'blind'])
    expect(guarded('Additive')).toEqual(['reactive', 'predictive', 'widen', 'manual', 'blind'])
  })

  test('Off has neither forecaster nor tuner; Additive and Slo have both', () => {
    expect(names(crescendoRules(optionsOf('Off')).proposers)).toEqual(['reactive', 'widen', 'manual', 'blind'])
    expect(crescendoRules(optionsOf('Off'))).not.toHaveProperty('forecaster')
    expect(crescendoRules(optionsOf('Off'))).not.toHaveProperty('tuner')
    for (const mode of ['Additive', 'Slo'] as const) {
      const rules = crescendoRules(optionsOf(mode, { badMinutesPerDay: 5 }))
      expect(names(rules.proposers)).toEqual(['reactive', 'predictive', 'widen', 'manual', 'blind'])
      expect(rules).toMatchObject({ name: 'crescendo', forecaster: { name: 'seasonal-ridge' }, tuner: { name: 'replay' } })
    }
  })

  test('with a promise of latency and no stated capacity, the load that is safe is learnt, and its floor stands behind the rest', () => {
    const objectives = [{ type: 'Latency', metric: 'x_seconds', percentile: 99, threshold: 0.1 }] as const
    const promised = { ...target, objectives }
    const has = (change: Partial<CrescendoOptions>, mode: CrescendoOptions['mode'] = 'Slo') => {
      const rules = crescendoRules(optionsOf(mode, change))
      return [rules.safeLoad !== undefined, names(rules.proposers).includes('safe-load')]
    }
    expect(has({ target: promised, learnsSafeLoad: true })).toEqual([true, true])
    expect(has({ target: promised, learnsSafeLoad: true }, 'Additive')).toEqual([true, true])
    expect(has({ target: promised, learnsSafeLoad: true }, 'Off')).toEqual([false, false])
    expect(has({ target: promised })).toEqual([false, false])
    expect(has({ learnsSafeLoad: true })).toEqual([false, false])
  })

  test('decisions rest on the load that was learnt, the stock HPA beside them does not', () => {
    const objectives = [{ type: 'Latency', metric: 'x_seconds', percentile: 99, threshold: 0.1 }] as const
    const rules = crescendoRules(optionsOf('Additive', { target: { ...target, objectives }, learnsSafeLoad: true }))
    const learnt: SafeLoad = { perReplica: 50, by: 'observed', written: 100, since: 0, objective: 'P99 100 ms', unreachable: [] }
    const decide = driver({ ...rules, safeLoad: { ...rules.safeLoad!, inForce: () => learnt } })
    const decision = decide(observed(700, 60_000, 10))
    expect(decision).toMatchObject({ to: 14, safeLoad: learnt, plainHpa: { replicas: 10 } })
    expect(decision.proposals).toContainEqual({
      by: 'safe-load',
      replicas: 14,
      why: 'the load of now is 700; 14 × 50 carry it inside P99 100 ms',
    })
  })

  test('all have the screens and the guards of the house in their order, and tell the stock HPA', () => {
    for (const mode of ['Off', 'Additive', 'Slo'] as const) {
      const { screens, guards, counterfactual } = crescendoRules(optionsOf(mode, { guards: {} }))
      expect(names(screens)).toEqual(['outage', 'quality', 'jump', 'attack', 'anomaly'])
      expect(names(guards)).toEqual(['stabilise', 'pace', 'bounds', 'envelope', 'hold', 'emergency', 'breaker', 'ceiling'])
      expect(counterfactual?.name).toBe('hpa')
    }
  })

  test('what a target promises is watched and guarded; more is ordered for it in every mode but Off', () => {
    const objectives: readonly Objective[] = [
      { type: 'ErrorRatio', threshold: 0.01 },
      { type: 'Guard', metric: 'audio_quality_score', min: 0.95 },
    ]
    for (const mode of ['Off', 'Additive', 'Slo'] as const) {
      const options = optionsOf(mode, { guards: {} })
      const { screens, guards, proposers } = crescendoRules({ ...options, target: { ...options.target, objectives } })
      expect(names(screens)).toEqual(['outage', 'burn', 'quality', 'jump', 'attack', 'anomaly'])
      expect(names(guards)).toEqual(
        'stabilise pace bounds error-budget envelope hold quality-guard emergency breaker ceiling'.split(' '),
      )
      expect(names(proposers).includes('slo')).toBe(mode !== 'Off')
      const [gpu] = [{ type: 'Utilization', resource: 'cpu', percent: 80 }] as const
      expect(names(crescendoRules({ ...options, target: { ...options.target, objectives: [gpu] } }).proposers)).not.toContain(
        'slo',
      )
    }
  })

  test('another forecaster may be given', () => {
    const own: Forecaster = { name: 'own', absorb: () => undefined, predict: () => ({ abstains: 'never speaks' }) }
    const rules = crescendoRules(optionsOf('Slo', { forecaster: own }))
    expect(rules.forecaster).toBe(own)
    expect(drive(rules, [500])[0]?.abstentions).toContainEqual({ by: 'predictive', why: 'never speaks' })
  })

  test('a pipeline whose samples are always five minutes old is no outage, one that falls ten minutes behind is', () => {
    const decide = driver(crescendoRules(optionsOf('Slo', { delayMs: 300_000 })))
    const aged = (tick: number, ageMs: number): Observation => {
      const at = 3_600_000 + tick * 60_000
      return { ...observed(500 + tick, at, 10), demand: { kind: 'value', at: at - ageMs, value: 500 + tick } }
    }
    expect(decide(aged(0, 300_000)).demand).toBe(500)
    expect(decide(aged(20, 660_000)).demand).toBeUndefined()
    const prompt = driver(crescendoRules(optionsOf('Slo', { delayMs: 15_000 })))
    expect(prompt(aged(0, 120_000)).demand).toBe(500)
    expect(prompt(aged(1, 150_000)).demand).toBeUndefined()
  })

  test('an anomaly alone holds nothing back unless the settings ask for that', () => {
    const calm = Array(300).fill(500)
    const response = (rules: Rules) => {
      const held = drive(rules, [...calm, 4000])
        .at(-1)
        ?.verdicts.find(({ by }) => by === 'hold')
      return held?.why
    }
    expect(response(crescendoRules(optionsOf('Off')))).toBe('metrics are there')
    expect(response(crescendoRules(optionsOf('Off', { screens: { anomaly: { response: 'Hold' } } })))).toContain('sigma')
  })
})

/** Loads that stay, creep, jump and drop, but never to zero: a sudden zero is not believed, and holds. */
const loads = fc
  .array(
    fc.record({
      load: fc.integer({ min: 0, max: 5000 }),
      ticks: fc.integer({ min: 1, max: 12 }),
      drift: fc.integer({ min: -50, max: 50 }),
    }),
    {
      minLength: 1,
      maxLength: 10,
    },
  )
  .map(parts => parts.flatMap(({ load, ticks, drift }) => Array.from({ length: ticks }, (_, i) => Math.max(1, load + i * drift))))

describe('mode Off', () => {
  test('takes the course of the stock HPA, tick by tick, while no guard of ours binds', () => {
    fc.assert(
      fc.property(loads, fc.integer({ min: 2, max: 80 }), (series, spec) => {
        const replicas = (rules: Rules) => drive(rules, series, spec).map(({ to }) => to)
        expect(
          replicas(crescendoRules(optionsOf('Off', { screens: { anomaly: { response: 'Ignore' }, jump: BELIEVED } }))),
        ).toEqual(replicas(hpaRules()))
      }),
      { numRuns: 60 },
    )
  })
})

describe('mode Additive', () => {
  test('never decides for fewer replicas than the stock HPA would in its place, on any load and any forecast', () => {
    const window = fc
      .array(fc.integer({ min: 0, max: 9000 }), { minLength: WINDOW_LEVELS.length, maxLength: WINDOW_LEVELS.length })
      .map(all => all.toSorted((a, b) => a - b))
    const forecasts = fc.array(fc.option(fc.tuple(window, window, window), { nil: undefined }), { minLength: 1, maxLength: 8 })
    let [more, ticks] = [0, 0]
    fc.assert(
      fc.property(loads, forecasts, fc.integer({ min: 2, max: 80 }), (series, said, spec) => {
        let asked = 0
        const forecaster: Forecaster = {
          name: 'dice',
          absorb: () => void asked++,
          predict: (now): Forecast | { abstains: string } => {
            const windows = said[Math.floor(asked / 5) % said.length]
            if (windows === undefined) return { abstains: 'no idea' }
            const spans = decisionWindows(target.startupMs)
            return { by: 'dice', madeAt: now, points: [], windows: spans.map((span, i) => ({ ...span, quantiles: windows[i]! })) }
          },
        }
        const [ours, stock] = [
          driver(crescendoRules(optionsOf('Additive', { forecaster, screens: { jump: BELIEVED } }))),
          driver(hpaRules()),
        ]
        let replicas = spec
        for (const [tick, load] of series.entries()) {
          const observation = observed(load, (tick + 1) * 60_000, replicas)
          const [decision, plain] = [ours(observation), stock(observation)]
          expect(decision.to).toBeGreaterThanOrEqual(plain.to)
          expect(decision.plainHpa.replicas).toBe(plain.to)
          ticks++
          if (decision.to > plain.to) more++
          replicas = decision.to
        }
      }),
      { numRuns: 60 },
    )
    expect(more).toBeGreaterThan(ticks / 20)
    expect(more).toBeLessThan(ticks)
  })
})

describe('mode Slo', () => {
  const PER_DAY = 1440
  const load = seasonalLoad({ seed: 2, ticks: 4 * PER_DAY, stepMs: 60_000, mean: 2000, swing: 0.6, noise: 0.03 }).map(Math.round)
  const decisions = drive(crescendoRules(optionsOf('Slo')), load)
  const by = (name: string, { proposals }: Decision) => proposals.find(proposal => proposal.by === name)
  /** Replica-minutes, and minutes whose load was more than what had been ordered two minutes before and since. */
  const billed = (course: readonly Decision[], from: number) => {
    let [cost, bad] = [0, 0]
    for (let tick = from; tick < course.length; tick++) {
      cost += course[tick]!.to
      if (Math.min(course[tick - 1]!.to, course[tick - 2]!.to) < load[tick]! / CAPACITY) bad++
    }
    return { cost, bad }
  }

  test('the reactive fallback decides until a day was replayed, then it stands by and the forecast decides', () => {
    for (const decision of decisions.slice(0, 2 * PER_DAY - 1)) expect(by('predictive', decision)).toBeUndefined()
    expect(by('reactive', decisions[600]!)).toBeDefined()
    expect(decisions[300]?.abstentions).toContainEqual({
      by: 'predictive',
      why: '5.0 h of the 6 h of history that a forecast needs',
    })
    expect(decisions[1000]?.abstentions.find(({ by: name }) => name === 'predictive')?.why).toContain('not tuned yet')
    const later = decisions.slice(2 * PER_DAY)
    expect(later.every(decision => by('predictive', decision) !== undefined)).toBe(true)
    expect(later.filter(decision => by('reactive', decision) === undefined).length).toBeGreaterThan(0.9 * later.length)
    expect(decisions.at(-1)?.abstentions.find(({ by: name }) => name === 'reactive')?.why).toContain('stands by with')
  })

  test('costs clearly less than the stock HPA at its usual target then, and misses hardly a minute', () => {
    const [ours, stock] = [billed(decisions, 2 * PER_DAY), billed(drive(hpaRules(), load), 2 * PER_DAY)]
    expect(ours.cost).toBeLessThan(0.9 * stock.cost)
    expect(ours.bad).toBeLessThan(2 * 5)
  })

  test('forecasts come with the fan that people look at: half an hour from the last whole five minutes', () => {
    const { forecast, at } = decisions.at(-3)!
    expect(at % 300_000).toBe(180_000)
    expect(forecast?.windows.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [60_000, 60_000],
      [0, 120_000],
      [60_000, 660_000],
    ])
    expect(forecast?.points.map(point => (point.at - at) / 60_000)).toEqual([2, 7, 12, 17, 22, 27])
  })

  test('an object without behavior is held by the rules themselves, so the guard has nothing left to smooth', () => {
    const stabilise = (rules: Rules) =>
      drive(rules, [3000, 3000, 700])
        .at(-1)
        ?.verdicts.find(({ by: name }) => name === 'stabilise')
    expect(stabilise(crescendoRules(optionsOf('Slo')))).toMatchObject({ from: 43, to: 43 })
    expect(stabilise(crescendoRules(optionsOf('Additive')))).toMatchObject({ from: 10, to: 43 })
  })

  test('missing demand takes nothing away, and time goes on', () => {
    const silent = load.slice(0, 400).map((value, tick) => (tick >= 380 ? undefined : value))
    const course = drive(crescendoRules(optionsOf('Slo')), silent)
    for (const { from, to } of course.slice(380)) expect(to).toBeGreaterThanOrEqual(from)
  })
})
