import { describe, expect, test } from 'vitest'
import { latencyQuantile, type Service, safeRate } from './queueing.ts'
import { fitService } from './service-fit.ts'

/** Latencies over 25 ms, at ten loads between two shares of what the service can carry. */
function seen(service: Service, from: number, to: number) {
  const full = service.concurrency / service.serviceSeconds
  return Array.from({ length: 10 }, (_, i) => {
    const load = full * (from + ((to - from) * i) / 9)
    return { load, ratio: Math.min(8, latencyQuantile(service, load, 0.99) / 0.025) }
  })
}

const safe = (service: Service) => safeRate(service, { quantile: 0.99, thresholdSeconds: 0.025 })!

describe('a queue that explains the latencies', () => {
  test.each([
    [2, 1],
    [4, 2],
    [4, 8],
    [5, 4],
  ])('is found whatever the unit: %i ms, %i at a time', (milliseconds, concurrency) => {
    const service = { serviceSeconds: milliseconds / 1000, concurrency }
    for (const unit of [1, 1000]) {
      const points = seen(service, 0.3, 0.95).map(({ load, ratio }) => ({ load: load * unit, ratio }))
      const { likely, high } = fitService(points, 0.99)!
      expect(likely / unit / safe(service)).toBeCloseTo(1, 1)
      expect(high / likely).toBeLessThan(1.1)
    }
  })

  test('is one of many where the curve lies flat: the most hopeful promises far more than the likeliest', () => {
    const service = { serviceSeconds: 0.002, concurrency: 8 }
    const { high } = fitService(seen(service, 0.1, 0.3), 0.99)!
    expect(high).toBeGreaterThan(safe(service))
  })

  test('is too slow when idle where 6 ms have a P99 of 27.6', () => {
    expect(fitService(seen({ serviceSeconds: 0.006, concurrency: 4 }, 0.1, 0.8), 0.99)).toMatchObject({ likely: 0 })
  })

  test('does not exist for few points, for one and the same load, for what falls or is all beyond measure', () => {
    const points = seen({ serviceSeconds: 0.002, concurrency: 2 }, 0.3, 0.9)
    expect(fitService(points.slice(0, 3), 0.99)).toBeUndefined()
    expect(fitService([], 0.99)).toBeUndefined()
    expect(
      fitService(
        points.map(({ ratio }) => ({ load: 100, ratio })),
        0.99,
      ),
    ).toBeUndefined()
    expect(
      fitService(
        points.map(({ load }, i) => ({ load, ratio: i % 2 === 0 ? 0.1 : 4 })),
        0.99,
      ),
    ).toBeUndefined()
    expect(
      fitService(
        points.map(({ load }) => ({ load, ratio: 8 })),
        0.99,
      ),
    ).toBeUndefined()
  })
})
