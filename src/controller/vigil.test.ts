import { describe, expect, test } from 'vitest'
import type { Target } from '../core/model.ts'
import type { Turn } from './agent.ts'
import { createVigil } from './vigil.ts'

const metric = { type: 'Pods', metric: 'requests_per_second', target: { type: 'AverageValue', averageValue: 100_000 } } as const

function turn(more: Partial<Target> = {}, drivers = ['requests_per_second']): Turn {
  const target: Target = {
    id: 'shop/web',
    minReplicas: 1,
    maxReplicas: 10,
    metrics: [metric, { type: 'Resource', resource: 'cpu', target: { type: 'Utilization', averageUtilizationPercent: 80 } }],
    capacityPerReplica: 100,
    startupMs: 60_000,
    periodMs: 15_000,
    ...more,
  }
  return {
    object: { id: 'shop/web' },
    plan: { target, drivers },
    target: {
      namespace: 'shop',
      kind: 'Deployment',
      name: 'web',
      selector: 'app=web',
      pods: [],
      replicas: { spec: 3, status: 3, ready: 3 },
    },
    decision: { to: 3, demand: 280 },
  } as unknown as Turn // the vigil looks at nothing else
}

async function woken(one: Turn, demand: number | undefined) {
  const woke: string[] = []
  const read: string[][] = []
  const vigil = createVigil({
    turns: () => [one],
    async read(workload) {
      read.push(workload.target.metrics.map(({ type }) => type))
      return {
        answers: [],
        demand: demand === undefined ? { kind: 'missing', at: 0, why: 'no' } : { kind: 'value', at: 0, value: demand },
      }
    },
    wake: id => woke.push(id),
  })
  await vigil.look()
  return { woke, read }
}

describe('the look between two ticks', () => {
  test('wakes an object whose demand has outgrown what is ordered, and reads its driver alone', async () => {
    expect(await woken(turn(), 331)).toEqual({ woke: ['shop/web'], read: [['Pods']] })
  })

  test.each([
    ['within the tolerance', turn(), 329],
    ['missing', turn(), undefined],
    ['known since the last tick', { ...turn(), decision: { to: 3, demand: 600 } } as Turn, 600],
    ['carried by what is ordered already', { ...turn(), decision: { to: 7, demand: 280 } } as Turn, 600],
    ['beyond what the object may have', turn({ maxReplicas: 3 }), 600],
  ])('leaves it alone where the demand is %s', async (_, one, demand) => {
    expect((await woken(one, demand)).woke).toEqual([])
  })

  test('does not look where the next tick is as near, or the demand is the use of a resource', async () => {
    expect((await woken(turn({ periodMs: 3000 }), 600)).read).toEqual([])
    expect((await woken(turn({}, ['cpu']), 600)).read).toEqual([])
  })

  test('a source that fails is left to the tick, and is looked at again', async () => {
    let reads = 0
    const vigil = createVigil({
      turns: () => [turn()],
      async read() {
        reads++
        throw new Error('down')
      },
      wake: () => undefined,
    })
    await vigil.look()
    await vigil.look()
    expect(reads).toBe(2)
  })

  test('looks do not pile up behind a slow source', async () => {
    let reads = 0
    const vigil = createVigil({
      turns: () => [turn()],
      read: () => {
        reads++
        return new Promise(() => undefined)
      },
      wake: () => undefined,
    })
    void vigil.look()
    await vigil.look()
    expect(reads).toBe(1)
  })
})
