import { describe, expect, test } from 'vitest'
import type { WatchedPod } from './objects.ts'
import { startupOf } from './startup.ts'

const pod = (seconds: number | undefined): WatchedPod => ({
  namespace: 'shop',
  name: 'p',
  labels: {},
  createdAt: 1000,
  phase: 'Running',
  deleted: false,
  containers: [],
  ...(seconds !== undefined && { ready: { status: 'True', since: 1000 + seconds * 1000 } }),
})

describe('the start-up time that pods show', () => {
  test('is the time within which nine of ten were ready, rounded up to five seconds', () => {
    expect(startupOf([10, 20, 30, 41].map(pod), undefined)).toBe(45_000)
  })

  test('is unknown while fewer than three pods tell, and keeps what was known', () => {
    expect(startupOf([pod(10), pod(20), pod(undefined)], undefined)).toBeUndefined()
    expect(startupOf([], 60_000)).toBe(60_000)
  })

  test('a pod that came back after hours says nothing of start-ups', () => {
    expect(startupOf([10, 10, 10, 7200].map(pod), undefined)).toBe(10_000)
  })

  test('stays what it was while it hardly moves', () => {
    expect(startupOf([50, 50, 50].map(pod), 60_000)).toBe(60_000)
    expect(startupOf([20, 20, 20].map(pod), 60_000)).toBe(20_000)
  })
})
