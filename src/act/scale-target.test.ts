import { describe, expect, test } from 'vitest'
import { KubeError } from '../kube/kube-error.ts'
import { type ScaleCalls, scaleTarget } from './scale-target.ts'

const conflict = () => new KubeError('the object has been modified', { status: 409, reason: 'Conflict' })
const target = { id: 'shop/web' }

/** A scale whose resourceVersion moves on, and perhaps its replicas, before each of the first `conflicts` puts. */
function cluster(start: number, changes: readonly { readonly replicas: number }[]) {
  const puts: string[] = []
  let [version, replicas] = [1, start]
  const pending = [...changes]
  const calls: ScaleCalls = {
    async get() {
      return { replicas, observedReplicas: replicas, selector: '', resourceVersion: String(version), uid: 'u' }
    },
    async put(wanted) {
      const change = pending.shift()
      if (change !== undefined) [version, replicas] = [version + 1, change.replicas]
      puts.push(`${wanted.replicas}@${wanted.resourceVersion}`)
      if (wanted.resourceVersion !== String(version)) throw conflict()
      replicas = wanted.replicas
    },
  }
  return { calls, puts, replicas: () => replicas }
}

const seen = (replicas: number) => ({ replicas, resourceVersion: '1' })

describe('an act on /scale', () => {
  test('writes with the version that the decision saw', async () => {
    const { calls, puts } = cluster(3, [])
    await scaleTarget(calls, target, { seen: seen(3), to: 7 })
    expect(puts).toEqual(['7@1'])
  })

  test('reads again where only the status moved on, at most three times', async () => {
    const moving = cluster(3, [{ replicas: 3 }, { replicas: 3 }])
    await scaleTarget(moving.calls, target, { seen: seen(3), to: 7 })
    expect(moving.puts).toEqual(['7@1', '7@2', '7@3'])
    const restless = cluster(3, [{ replicas: 3 }, { replicas: 3 }, { replicas: 3 }, { replicas: 3 }])
    await expect(scaleTarget(restless.calls, target, { seen: seen(3), to: 7 })).rejects.toThrow('modified')
    expect(restless.puts).toHaveLength(3)
  })

  test('leaves replicas that another hand changed to the next decision', async () => {
    const { calls, replicas } = cluster(3, [{ replicas: 12 }])
    await expect(scaleTarget(calls, target, { seen: seen(3), to: 7 })).rejects.toThrow('shop/web: replicas went from 3 to 12')
    expect(replicas()).toBe(12)
  })

  test('takes replicas that are there already as done, and never adds a step', async () => {
    const { calls, puts } = cluster(3, [{ replicas: 7 }])
    await scaleTarget(calls, target, { seen: seen(3), to: 7 })
    expect(puts).toEqual(['7@1'])
  })

  test('any other refusal is the caller’s', async () => {
    const { calls } = cluster(3, [])
    const forbidden = new KubeError('no', { status: 403, reason: 'Forbidden' })
    const refusing = { ...calls, put: () => Promise.reject(forbidden) }
    await expect(scaleTarget(refusing, target, { seen: seen(3), to: 7 })).rejects.toBe(forbidden)
  })
})
