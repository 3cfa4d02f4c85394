import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exceedShare, latencyQuantile, type Service, safeRate } from './queueing.ts'

const PROMISE = { quantile: 0.99, thresholdSeconds: 0.025 }
const service = (milliseconds: number, concurrency: number): Service => ({ serviceSeconds: milliseconds / 1000, concurrency })
const utilisationPercent = (one: Service) => Math.round((100 * safeRate(one, PROMISE)! * one.serviceSeconds) / one.concurrency)

describe('the load that is safe for P99 under 25 ms', () => {
  test.each([
    [1, [63, 45, 26, 8]],
    [2, [81, 70, 57, 35]],
    [4, [90, 84, 77, 61]],
    [8, [95, 92, 88, 77]],
  ])('of %i at a time, of 2, 3, 4 and 5 ms each, is the table of the design', (concurrency, percents) => {
    expect([2, 3, 4, 5].map(milliseconds => utilisationPercent(service(milliseconds, concurrency)))).toEqual(percents)
  })

  test('does not exist where an idle replica is too slow: 6 ms x ln 100 are 27.6 ms', () => {
    expect(safeRate(service(6, 8), PROMISE)).toBeUndefined()
    expect(safeRate(service(5.4, 8), PROMISE)).toBeGreaterThan(0)
  })

  test('is less for bursty arrivals, more for regular ones, and the wait vanishes where nothing varies', () => {
    const rate = (variation: number) =>
      safeRate({ ...service(3, 2), serviceVariation: variation, arrivalVariation: variation }, PROMISE)!
    expect(rate(4)).toBeLessThan(0.8 * rate(1))
    expect(rate(0.3)).toBeGreaterThan(rate(1))
    expect(rate(0)).toBeCloseTo(2 / 0.003, 6)
  })
})

describe('the time in the system', () => {
  test('of one server is exponential with the spare rate', () => {
    expect(exceedShare(service(2, 1), 315, 0.025)).toBeCloseTo(Math.exp(-185 * 0.025), 12)
    expect(latencyQuantile(service(2, 1), 300, 0.99)).toBeCloseTo(Math.log(100) / 200, 9)
  })

  test('is never over in an overloaded replica', () => {
    expect(exceedShare(service(2, 4), 2000, 10)).toBe(1)
    expect(latencyQuantile(service(2, 4), 2000, 0.5)).toBe(Number.POSITIVE_INFINITY)
  })

  test('passes smoothly through the rate at which wait and service take equally long', () => {
    const share = (rate: number) => exceedShare(service(2, 4), rate, 0.004) // equal at 1500
    expect(share(1500)).toBeCloseTo((share(1499.999) + share(1500.001)) / 2, 9)
  })

  test('is what a simulated queue of three servers measures', () => {
    const three = service(10, 3)
    expect(exceedShare(three, 210, 0.03)).toBeCloseTo(simulatedShare(three, 210, 0.03), 2)
  })

  test('exceeds a limit the more often the more arrive, and its quantile is where the share says', () => {
    const services = fc.record({
      serviceSeconds: fc.double({ min: 0.001, max: 5, noNaN: true }),
      concurrency: fc.integer({ min: 1, max: 64 }),
      serviceVariation: fc.double({ min: 0, max: 6, noNaN: true }),
    })
    const shares = fc.double({ min: 0, max: 0.99, noNaN: true })
    fc.assert(
      fc.property(services, shares, shares, (one, a, b) => {
        const full = one.concurrency / one.serviceSeconds
        const [low, high] = [Math.min(a, b) * full, Math.max(a, b) * full]
        const limit = 3 * one.serviceSeconds
        expect(exceedShare(one, low, limit)).toBeLessThanOrEqual(exceedShare(one, high, limit) + 1e-9)
        expect(exceedShare(one, high, latencyQuantile(one, high, 0.95))).toBeCloseTo(0.05, 6)
      }),
    )
  })
})

/** Share of late requests in a queue that is played request by request. */
function simulatedShare({ serviceSeconds, concurrency }: Service, ratePerSecond: number, seconds: number): number {
  let seed = 1
  const exponential = (mean: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0 // Numerical Recipes' generator: good enough for one share
    return -mean * Math.log(1 - seed / 2 ** 32)
  }
  const freeAt = new Array<number>(concurrency).fill(0)
  let [now, late] = [0, 0]
  const requests = 300_000
  for (let count = 0; count < requests; count++) {
    now += exponential(1 / ratePerSecond)
    const server = freeAt.indexOf(Math.min(...freeAt))
    const done = Math.max(now, freeAt[server]!) + exponential(serviceSeconds)
    freeAt[server] = done
    if (done - now > seconds) late++
  }
  return late / requests
}
