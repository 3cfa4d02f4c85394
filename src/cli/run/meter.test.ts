import { expect, test } from 'vitest'
import type { Turn } from '../../controller/agent.ts'
import { createMeter } from './meter.ts'

interface Told {
  readonly seconds: number
  readonly replicas: number
  readonly ready?: number
  readonly load?: number
  readonly scaled?: readonly [from: number, to: number]
}

/** Turns of one object with a period of 15 s, 100 load units a replica, and half a dollar a replica-hour. */
function meterOf(turns: readonly Told[], drivers: readonly string[] = ['rps']) {
  let listen: (turn: Turn) => void = () => undefined
  const meter = createMeter({
    turn: () => undefined,
    onTurn(listener) {
      listen = listener
      return () => undefined
    },
  })
  for (const { seconds, replicas, ready = replicas, load, scaled } of turns) {
    listen({
      object: { id: 'shop/web' },
      at: seconds * 1000,
      plan: { target: { periodMs: 15_000, capacityPerReplica: 100 }, drivers, costPerReplicaHour: 0.5 },
      target: { replicas: { spec: replicas, status: replicas, ready } },
      decision: { demand: load, from: scaled?.[0], to: scaled?.[1] },
      ...(scaled && { outcome: { kind: 'scaled' } }),
    } as unknown as Turn) // what the meter reads of a turn
  }
  return meter.of('shop/web')
}

test('replicas count for the time in which they were there, at their price', () => {
  const used = meterOf([
    { seconds: 0, replicas: 4 },
    { seconds: 15, replicas: 8 },
    { seconds: 30, replicas: 8 },
  ])
  expect(used.replicaHours).toBeCloseTo((4 * 15 + 8 * 15) / 3600, 12)
  expect(used.cost).toBeCloseTo(0.5 * ((4 * 15 + 8 * 15) / 3600), 12)
})

test('a load beyond the ready replicas is a violation for as long as it lasts; without a load none can be told', () => {
  const turns = [
    { seconds: 0, replicas: 4, load: 100 },
    { seconds: 15, replicas: 4, load: 500 },
    { seconds: 30, replicas: 6, ready: 4, load: 500 },
    { seconds: 45, replicas: 6, load: 500 },
  ]
  expect(meterOf(turns).sloViolationMinutes).toBe(0.5)
  expect(meterOf(turns, [])).not.toHaveProperty('sloViolationMinutes')
})

test('changes count by their direction, and a long silence counts for nothing', () => {
  const used = meterOf([
    { seconds: 0, replicas: 4, scaled: [4, 6] },
    { seconds: 15, replicas: 6, scaled: [6, 5] },
    { seconds: 1000, replicas: 5, scaled: [5, 4] },
  ])
  expect(used).toMatchObject({ scaleUps: 1, scaleDowns: 2 })
  expect(used.replicaHours).toBeCloseTo((4 * 15) / 3600, 12)
})
