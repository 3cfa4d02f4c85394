import { describe, expect, test } from 'vitest'
import type { Pod } from '../model.ts'
import { groupPods, type PodGroups } from './pod-groups.ts'
import { stockSettings } from './settings.ts'

const MINUTE = 60_000
const now = 100 * MINUTE
const running: Pod = {
  name: 'web-0',
  phase: 'Running',
  deleted: false,
  startedAt: 0,
  ready: { status: 'True', since: MINUTE },
  containers: [],
}

function groupOf(pod: Pod, options: { resource?: string; measuredAt?: number | 'never' } = {}): keyof PodGroups {
  const { resource, measuredAt = now } = options
  const metrics = new Map(measuredAt === 'never' ? [] : [[pod.name, { value: 1, at: measuredAt, windowMs: MINUTE }]])
  const groups = groupPods({ pods: [pod], metrics, resource }, { now, settings: stockSettings })
  if (groups.readyCount === 1) return 'readyCount'
  return (['unready', 'missing', 'ignored'] as const).find(group => groups[group].includes(pod.name)) ?? 'readyCount'
}

describe('a pod counts', () => {
  test('when it runs and has a metric', () => {
    expect(groupOf(running)).toBe('readyCount')
    expect(groupOf(running, { resource: 'cpu' })).toBe('readyCount')
  })

  test('as missing when it has no metric, even if it has succeeded', () => {
    expect(groupOf(running, { measuredAt: 'never' })).toBe('missing')
    expect(groupOf({ ...running, phase: 'Succeeded' }, { measuredAt: 'never' })).toBe('missing')
  })

  test('as ignored when it is being deleted or has failed, whatever else is true of it', () => {
    expect(groupOf({ ...running, phase: 'Pending', deleted: true })).toBe('ignored')
    expect(groupOf({ ...running, phase: 'Failed' })).toBe('ignored')
  })

  test('as unready while it is pending, for every kind of metric', () => {
    expect(groupOf({ ...running, phase: 'Pending' })).toBe('unready')
  })
})

describe('CPU of a pod that may be starting', () => {
  const { ready: _, ...unsaid } = running
  const { startedAt: __, ...unstarted } = running

  test('is not believed without a Ready condition or a start time', () => {
    expect(groupOf(unsaid, { resource: 'cpu' })).toBe('unready')
    expect(groupOf(unstarted, { resource: 'cpu' })).toBe('unready')
    expect(groupOf(unsaid, { resource: 'memory' })).toBe('readyCount')
    expect(groupOf(unsaid)).toBe('readyCount')
  })

  const starting = (status: 'True' | 'False' | 'Unknown', readySince: number): Pod => ({
    ...running,
    startedAt: now - 4 * MINUTE,
    ready: { status, since: readySince },
  })

  test('is not believed within five minutes of the start unless a whole window lies after it became ready', () => {
    expect(groupOf(starting('True', now - MINUTE), { resource: 'cpu' })).toBe('readyCount')
    expect(groupOf(starting('True', now - MINUTE + 1), { resource: 'cpu' })).toBe('unready')
    expect(groupOf(starting('False', now - 2 * MINUTE), { resource: 'cpu' })).toBe('unready')
    expect(groupOf(starting('Unknown', now - 2 * MINUTE), { resource: 'cpu' })).toBe('readyCount')
  })

  test('is not believed later either where the pod was never ready', () => {
    const old = (since: number): Pod => ({ ...running, startedAt: now - 5 * MINUTE, ready: { status: 'False', since } })
    expect(groupOf(old(now - 5 * MINUTE + 29_999), { resource: 'cpu' })).toBe('unready')
    expect(groupOf(old(now - 5 * MINUTE + 30_000), { resource: 'cpu' })).toBe('readyCount')
  })
})
