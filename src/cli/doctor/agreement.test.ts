import { expect, test } from 'vitest'
import { caseOf, condition } from '../../../test/example-case.ts'
import { exampleFacts, NOW } from '../../../test/example-facts.ts'
import { CONDITIONS } from '../../core/conditions.ts'
import { fallback, predictive } from '../../core/decide/predictive.ts'
import { guardsInOrder } from '../../core/guard/order.ts'
import { contextAt, workload as target } from '../../core/guard/timeline.ts'
import { type Forecast, WINDOW_LEVELS } from '../../core/model.ts'
import { crescendoRules } from '../../core/policy/crescendo-rules.ts'
import { emptyMemory, type Forecaster, type Tuner } from '../../core/rules.ts'
import { step } from '../../core/step.ts'
import { controllerTelemetry } from '../../record/controller-telemetry.ts'
import { createServer } from '../../show/server.ts'
import { decisionView } from '../../show/views.ts'
import { WORKLOAD_CHECKS } from './checks.ts'
import { SAMPLES } from './controller-checks.ts'
import { isSlo, pastOf, WEIGHED } from './past.ts'

const guards = { surge: { perDay: 1 } }
const { proposers } = crescendoRules({ mode: 'Slo', target, delayMs: 0, isScheduled: true, guards })
const outcomeOf = (name: string, known: ReturnType<typeof caseOf>) =>
  WORKLOAD_CHECKS.find(check => check.name === name)!.examine(known)

test('the guards that are weighed are guards of the core', () => {
  const names = guardsInOrder({ budget: {}, isSharing: true, ...guards }).map(({ name }) => name)
  expect(WEIGHED.filter(name => !names.includes(name))).toEqual([])
})

test('every proposer of ours that asks for most has a fix of its own', () => {
  const fixOf = (by: string) =>
    outcomeOf('over-provisioned', caseOf({ course: () => ({ from: 20, proposals: [{ by, replicas: 20, why: '' }] }) }))
  for (const { name } of proposers)
    expect(fixOf(name), name).not.toMatchObject({ fix: expect.stringContaining('crescendo explain') })
})

test('every condition that is asked for is one that decisions carry, or Ready; every reason for silence has a fix of its own', () => {
  const conditions = [...Object.entries(CONDITIONS), ['Ready', ['Deciding']] as const].map(([type, [reason]]) =>
    condition(type, 'True', reason),
  )
  for (const { name, examine } of WORKLOAD_CHECKS)
    expect(examine(caseOf({ workload: { conditions } })).kind, name).not.toBe('unable')
  for (const reason of CONDITIONS.ForecastReliable.filter(one => one !== 'Calibrated')) {
    const silent = caseOf({ workload: { conditions: [condition('ForecastReliable', 'False', reason)] } })
    expect(outcomeOf('forecast-silent', silent)).not.toMatchObject({ fix: expect.stringContaining('docs/conditions.md') })
  }
})

test.each([
  ['stands by', true],
  ['speaks', false],
])('a decision in which the reactive proposer %s is one of mode Slo: %s', (how, expected) => {
  const window = { fromMs: 60_000, toMs: 60_000, quantiles: WINDOW_LEVELS.map(() => 500) }
  const forecast: Forecast = { by: 'test', madeAt: NOW, points: [], windows: [window, window, window] }
  const forecaster: Forecaster = { name: 'test', absorb: () => undefined, predict: () => forecast }
  const parameters = { missingPrice: 1, keepPrice: 1, orderAhead: 0, orderToMedian: false, deadband: 0, holdTicks: 0 }
  const tuner: Tuner = { name: 'test', absorb: () => undefined, parameters: () => parameters }
  const reactive = { name: 'reactive', propose: () => ({ kind: 'proposes', replicas: 9, why: 'load' }) as const }
  const rules = {
    ...{ name: 'crescendo', screens: [], guards: guardsInOrder(), forecaster, tuner },
    proposers: [how === 'stands by' ? fallback(reactive) : reactive, predictive()],
  }
  const { decision } = step(rules, emptyMemory, { target, situation: contextAt({ seconds: 0, asked: 10 }).situation })
  expect(isSlo(pastOf([decisionView(exampleFacts().facts, decision)], NOW))).toBe(expected)
})

test('every sample that the checks of the controller read is served under that name', async () => {
  const telemetry = controllerTelemetry()
  const labels = { namespace: 'shop', autoscaler: 'web', target_kind: 'Deployment', target: 'web' }
  telemetry.decisions.add({ ...labels, direction: 'up' })
  telemetry.sampleToScaleSeconds.observe({}, 20)
  telemetry.skippedTicks.add({})
  telemetry.apiRequests.add({ verb: 'GET', code: '200' })
  const source = { name: 'prometheus', up: true, lastAnswerAt: NOW, calls: 1, failures: 0 }
  const controller = { isLeader: true, isDryRun: false, queueDepth: 0, watches: [], sources: [source], openIntents: 0 }
  const app = createServer(exampleFacts({ controller: () => controller, counted: telemetry.families }).facts)
  try {
    const { body } = await app.inject({ url: '/metrics', headers: { host: 'localhost' } })
    expect(SAMPLES.filter(name => !new RegExp(`^${name}[ {]`, 'm').test(body))).toEqual([])
    expect(body).toContain('crescendo_sample_to_scale_seconds_bucket{le="60.0"} 1') // the bound that metric-delay looks for
  } finally {
    await app.close()
  }
})
