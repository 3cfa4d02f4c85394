import { expect, test } from 'vitest'
import { crescendoRules } from '../core/policy/crescendo-rules.ts'
import { emptyMemory } from '../core/rules.ts'
import { screen, step } from '../core/step.ts'
import type { ScalingPolicy } from './documents.ts'
import { resolveSettings } from './policy.ts'
import { policyOptions } from './rules-options.ts'

const target = {
  id: 'shop/web',
  minReplicas: 1,
  maxReplicas: 100,
  metrics: [],
  behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
  capacityPerReplica: 10,
  startupMs: 60_000,
  periodMs: 15_000,
}

/** Two hundred usual ticks at about 100, then a sensor that sticks at 101.5; what is decided with 20 replicas. */
function decided(response?: 'Hold' | 'Widen' | 'Ignore' | 'AlertOnly') {
  const policy = { metadata: { name: 'own' }, spec: response === undefined ? {} : { defaults: { anomaly: { response } } } }
  const settings = resolveSettings({ policies: [], policy: policy as unknown as ScalingPolicy }) // all that it reads
  const options = policyOptions(settings, { price: 1, mode: 'Off' })
  const rules = crescendoRules({ ...options, target, delayMs: 15_000 })
  let memory = emptyMemory
  for (let index = 0; ; index++) {
    const at = index * 15_000
    const value = index < 200 ? 100 + 3 * Math.sin(index * 12.9898) : 101.5
    const demand = { kind: 'value' as const, at, value }
    const replicas = { spec: 20, status: 20, ready: 20 }
    const seen = screen(rules, memory, { at, replicas, pods: [], answers: [], demand })
    const result = step(rules, seen.memory, { target, situation: seen.situation })
    memory = JSON.parse(JSON.stringify({ slots: result.memory.slots }))
    if (index === 230) return result.decision
  }
}

const conditionOf = ({ conditions }: ReturnType<typeof decided>) => conditions.find(({ type }) => type === 'Anomalous')

const holdOf = ({ verdicts }: ReturnType<typeof decided>) => verdicts.find(({ by }) => by === 'hold')?.why
const proposersOf = ({ proposals }: ReturnType<typeof decided>) => proposals.map(({ by }) => by)

test('Hold takes nothing away while a sensor is stuck', () => {
  const decision = decided('Hold')
  expect(decision.to).toBe(20)
  expect(holdOf(decision)).toMatch(/the value 101\.5 has come/)
  expect(proposersOf(decision)).not.toContain('widen')
  expect(conditionOf(decision)).toMatchObject({ status: 'True', reason: 'Hold' })
  expect(conditionOf(decision)?.message).toMatch(/^the value 101\.5 has come \d+ times in a row/)
})

test('Widen orders a quarter more than the load needs', () => {
  const decision = decided('Widen')
  expect(decision.proposals.find(({ by }) => by === 'widen')?.replicas).toBe(13)
  expect(conditionOf(decision)).toMatchObject({ status: 'True', reason: 'Widen' })
})

test.each(['AlertOnly', undefined] as const)('%s marks it: nothing is held or widened', response => {
  const decision = decided(response)
  expect(holdOf(decision)).toBe('metrics are there')
  expect(proposersOf(decision)).not.toContain('widen')
  expect(conditionOf(decision)).toMatchObject({ status: 'True', reason: 'AlertOnly' })
})

test('Ignore does not even mark it', () => {
  const decision = decided('Ignore')
  expect(holdOf(decision)).toBe('metrics are there')
  expect(proposersOf(decision)).not.toContain('widen')
  expect(conditionOf(decision)).toBeUndefined()
})
