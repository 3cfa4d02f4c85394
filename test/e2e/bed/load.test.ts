import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BedPod } from './fake-kubelet.ts'
import { matcher } from './label-selector.ts'
import { startLoad, traceShape } from './load.ts'

const pod = (name: string, readyAtMs?: number): BedPod => ({
  namespace: 'shop',
  name,
  uid: name,
  labels: { app: 'web' },
  startedAtMs: 0,
  ...(readyAtMs === undefined ? {} : { readyAtMs }),
})

describe('the load of the bed', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('is shared by the pods that are Ready, who burn cores for what they serve and fail what is above their limit', () => {
    const pods = [pod('a', 0), pod('b', 0), pod('c')]
    const load = startLoad(() => pods)
    load.serve({
      namespace: 'shop',
      name: 'web',
      requestsPerSecond: () => 100,
      coreSecondsPerRequest: 0.04,
      cpuLimitCores: 1,
      idleCores: 0,
    })
    vi.advanceTimersByTime(10_000)
    const [a, b, c] = [...load.pods()]
    load.stop()
    // 50 requests/s each; one core serves 25.
    expect([a?.requestsServed, a?.requestsFailed, a?.cpuCores]).toEqual([250, 250, 1])
    expect(a?.cpuCoreSeconds).toBeCloseTo(10)
    expect(b?.requestsServed).toBe(250)
    expect(c?.requestsServed).toBe(0)
  })

  test('grows slower with utilisation, in the histogram and in the mean', () => {
    const meanAt = (requestsPerSecond: number) => {
      vi.setSystemTime(0)
      const load = startLoad(() => [pod('a', 0)])
      const costs = { coreSecondsPerRequest: 0.01, cpuLimitCores: 1, idleCores: 0, idleLatencySeconds: 0.05 }
      load.serve({ namespace: 'shop', name: 'web', requestsPerSecond: () => requestsPerSecond, ...costs })
      vi.advanceTimersByTime(1_000)
      const [a] = [...load.pods()]
      load.stop()
      expect(a?.latencyCounts.at(-1)).toBeCloseTo(a?.requestsServed ?? 0)
      return (a?.latencySumSeconds ?? 0) / (a?.requestsServed ?? 1)
    }
    expect(meanAt(10)).toBeCloseTo(0.05 / 0.9)
    expect(meanAt(90)).toBeCloseTo(0.5)
  })

  test('is played from a file of recorded samples, as fast and as high as asked, and its last value stays', () => {
    const folder = mkdtempSync(join(tmpdir(), 'crescendo-load-'))
    const file = join(folder, 'trace.csv')
    writeFileSync(file, 'timestamp,value\n2026-01-01T00:00:00Z,10\n2026-01-01T00:01:00Z,20\n')
    const shape = traceShape(file, { startMs: 1_000, speed: 60, scale: 2 })
    rmSync(folder, { recursive: true })
    expect([0, 1_000, 1_999, 2_000, 900_000, 1_500].map(shape)).toEqual([20, 20, 20, 40, 40, 20])
  })
})

test.each([
  ['', true],
  ['app=web', true],
  ['app==web,tier=front', true],
  ['app!=web', false],
  ['app in (web, api),!gone', true],
  ['app notin (web,api)', false],
  ['tier', true],
  ['gone', false],
  ['app=web,gone=x', false],
])('the selector "%s" means %s for app=web, tier=front', (selector, holds) => {
  expect(matcher(selector)({ app: 'web', tier: 'front' })).toBe(holds)
})
