import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Target } from '../model.ts'
import { emergency } from './emergency.ts'
import { type Moment, play, workload } from './timeline.ts'

/** Two ticks of overload before a moment at second 0: with it an emergency begins. */
const overloaded = (asked: number): readonly Moment[] => [-30, -15].map(seconds => ({ seconds, asked, demand: 2100 }))

/** What it says from second 0 on. */
const afterOverload = (moments: readonly Moment[], settings = {}) =>
  replicas([...overloaded(moments[0]!.asked), ...moments], settings).slice(2)

const replicas = (moments: readonly Moment[], settings = {}) => play(emergency(settings), moments).map(said => said.replicas)

describe('emergency', () => {
  test('believed demand beyond the maximum passes it from the third tick, and a lull of three ticks ends it', () => {
    const said = play(emergency(), [
      ...overloaded(20),
      { seconds: 15, asked: 20, demand: 4000 },
      { seconds: 30, asked: 20, demand: 3800 },
      { seconds: 45, asked: 12, demand: 1000 },
      { seconds: 60, asked: 12, demand: 1000 },
      { seconds: 75, asked: 12, demand: 1000 },
    ])
    expect(said.map(one => one.replicas)).toEqual([20, 20, 40, 40, 40, 40, 12])
    expect(said[2]).toMatchObject({ why: 'believed demand needs 40 of at most 500, 1800 s left' })
    expect(said[2]?.conditions?.[0]).toMatchObject({ type: 'Emergency', status: 'True' })
    expect(said[6]).toMatchObject({ why: 'not needed' })
  })

  test('one wrong sample orders nothing, at once or in an emergency that begins right after it', () => {
    const wrong: Moment = { seconds: 0, asked: 20, demand: 1e8 }
    const usual = (seconds: number): Moment => ({ seconds, asked: 12, demand: 1000 })
    expect(replicas([usual(-15), { ...wrong, asked: 12 }, usual(15), usual(30)])).toEqual([12, 12, 12, 12])
    const high = (seconds: number): Moment => ({ seconds, asked: 20, demand: 2500 })
    expect(replicas([wrong, high(15), high(30), high(45)])).toEqual([20, 20, 25, 25])
  })

  test('overload that comes and goes within three ticks is no emergency', () => {
    const demands = [4000, 4000, 1900, 4000, 4000, 1900]
    expect(replicas(demands.map((demand, index) => ({ seconds: 15 * index, asked: 20, demand })))).toEqual(Array(6).fill(20))
  })

  test('it goes no further than its own maximum, and does not cut one that is larger', () => {
    expect(afterOverload([{ seconds: 0, asked: 20, demand: 90_000 }])).toEqual([500])
    expect(afterOverload([{ seconds: 0, asked: 20, demand: 90_000 }], { maxReplicas: 60 })).toEqual([60])
    expect(afterOverload([{ seconds: 0, asked: 80, demand: 90_000 }], { maxReplicas: 60 })).toEqual([80])
  })

  test('replicas that stay short while the backlog grows are an emergency from the third tick', () => {
    const short = (seconds: number, backlog: number): Moment => ({
      seconds,
      asked: 12,
      ready: 10,
      demand: 1600,
      observation: { backlog },
    })
    expect(replicas([short(0, 1), short(15, 2), short(30, 3), short(45, 4)])).toEqual([12, 12, 12, 16])
    expect(replicas([short(0, 4), short(15, 4), short(30, 3), short(45, 3)])).toEqual([12, 12, 12, 12])
  })

  test('so are replicas that stay short while errors burn what was promised: 5 %, or 14.4 times what an objective allows', () => {
    const failing = (errorRatio: number) =>
      [0, 15, 30].map((seconds): Moment => ({ seconds, asked: 12, ready: 10, demand: 1600, observation: { errorRatio } }))
    const last = (errorRatio: number, objectives: Target['objectives'] = []) =>
      play(emergency(), failing(errorRatio), { ...workload, objectives }).at(-1)?.replicas
    expect([last(0.05), last(0.049)]).toEqual([16, 12])
    expect(last(0.0015, [{ type: 'Availability', threshold: 0.9999 }])).toBe(16)
    expect(last(0.0014, [{ type: 'Availability', threshold: 0.9999 }])).toBe(12)
    expect(last(0.0015, [{ type: 'ErrorRatio', threshold: 0.0001 }])).toBe(16)
    expect(last(0.049, [{ type: 'Latency', metric: 'm', percentile: 99, threshold: 0.025 }])).toBe(12)
    expect(replicas([0, 15, 30].map(seconds => ({ seconds, asked: 12, demand: 900, observation: { errorRatio: 1 } })))).toEqual([
      12, 12, 12,
    ])
  })

  test('so are replicas that stay short while an objective burns its error budget fast, a latency too', () => {
    const burning = (fast: boolean) =>
      [0, 15, 30].map((seconds): Moment => {
        const burns = [{ objective: 'P99 of request_duration_seconds', rates: {}, fast, slow: true }]
        const kept = seconds === 0 ? { overloadedTicks: 0 } : { overloadedTicks: seconds / 15 }
        const emergency = { spent: false, calmTicks: 0, peak: 0, peakAt: 0, ...kept }
        return { seconds, asked: 12, ready: 10, demand: 1600, memory: { slots: { burn: { ledgers: {}, burns }, emergency } } }
      })
    expect(replicas(burning(true)).at(-1)).toBe(16)
    expect(replicas(burning(false)).at(-1)).toBe(12)
  })

  test('does not end because it has made enough replicas ready: what the guards before it would cut to must do', () => {
    const failing = (seconds: number): Moment => ({
      seconds,
      asked: 12,
      ready: 12,
      demand: 1600,
      observation: { errorRatio: 0.2 },
    })
    const served = (seconds: number): Moment => ({ seconds, asked: 12, spec: 16, demand: 1600, observation: { errorRatio: 0 } })
    const moments = [...[0, 15, 30].map(failing), ...[45, 60, 75, 90, 105].map(served)]
    expect(replicas(moments)).toEqual([12, 12, 16, 16, 16, 16, 16, 16])
    const lower = [120, 135, 150].map((seconds): Moment => ({ seconds, asked: 12, spec: 16, demand: 1100 }))
    expect(replicas([...moments, ...lower]).slice(-3)).toEqual([16, 16, 12])
  })

  test('goes no further than what is shared allows, and does not begin for want of shared money', () => {
    const allowance = { replicas: 12, whenNeeded: 15, by: 'Fleet', why: '' } as const
    const flood = (seconds: number, asked: number): Moment => ({ seconds, asked, demand: 4000, observation: { allowance } })
    const said = play(emergency(), [flood(0, 12), flood(15, 12), flood(30, 12)])
    expect(said.at(-1)).toMatchObject({ replicas: 15, why: 'believed demand needs 40 of at most 15, 1800 s left' })
    expect(play(emergency(), [flood(0, 15), flood(15, 15), flood(30, 15)]).at(-1)).toMatchObject({ why: 'not needed' })
  })

  test('without a backlog to look at, being short for long is the business of the other rules', () => {
    expect(replicas([0, 15, 30, 45].map(seconds => ({ seconds, asked: 12, ready: 10, demand: 1600 })))).toEqual([12, 12, 12, 12])
  })

  test('after its time it falls back by itself, and needs calm before it can begin again: no ratchet', () => {
    const flood = (seconds: number): Moment => ({ seconds, asked: 20, spec: 20, demand: 4000 })
    const calm = (seconds: number): Moment => ({ seconds, asked: 20, spec: 20, demand: 1000 })
    const said = play(emergency({ maxDurationSeconds: 60 }), [
      ...[-30, -15, 0, 15, 30, 45, 60, 75, 90].map(flood),
      ...[105, 120].map(calm),
      ...[135, 150, 165].map(flood),
      ...[180, 195, 210].map(calm),
      ...[225, 240, 255].map(flood),
    ])
    expect(said.map(one => one.replicas)).toEqual([20, 20, 40, 40, 40, 40, ...Array(13).fill(20), 40])
    expect(said[6]).toMatchObject({ why: 'expired after 60 s, armed again once demand is lower' })
    expect(said[6]?.conditions?.[0]).toMatchObject({ status: 'False', reason: 'Expired' })
  })

  test('a new peak is followed at once, a lower need only after five minutes', () => {
    const need = (seconds: number, demand: number): Moment => ({ seconds, asked: 20, demand })
    expect(afterOverload([need(0, 4000), need(15, 5000), need(30, 3000), need(315, 3000), need(330, 3000)])).toEqual([
      40, 50, 50, 50, 30,
    ])
  })

  test('missing demand begins no emergency; in a running one it keeps what is there and raises nothing', () => {
    expect(replicas([{ seconds: 0, asked: 20, demand: 'missing' }])).toEqual([20])
    const said = play(emergency(), [
      ...overloaded(20),
      { seconds: 0, asked: 20, demand: 4000 },
      { seconds: 15, asked: 20, spec: 40, demand: 'missing' },
    ])
    expect(said[3]).toMatchObject({ replicas: 40, why: 'demand is missing or doubted: raises nothing, 1785 s left' })
    expect(said[3]?.conditions?.[0]).toMatchObject({ status: 'Unknown' })
  })

  test('an attack is no emergency, and ends the rise of a running one', () => {
    const attacked = [0, 15, 30, 45].map(seconds => ({ seconds, asked: 20, demand: 9000, believes: 5000 }))
    expect(replicas(attacked)).toEqual([20, 20, 20, 20])
    expect(
      afterOverload([
        { seconds: 0, asked: 20, demand: 4000 },
        { seconds: 15, asked: 20, spec: 40, demand: 9000, believes: 5000 },
      ]),
    ).toEqual([40, 20])
  })

  test('a workload that somebody scaled to zero is paused, and no emergency wakes it', () => {
    const paused = [0, 15, 30, 45].map(seconds => ({ seconds, asked: 0, spec: 0, demand: 90_000 }))
    expect(replicas(paused)).toEqual([0, 0, 0, 0])
  })

  test('it never lowers a count, never exceeds its maximum by itself, and its memory survives a restart', () => {
    const moment = fc.record({
      asked: fc.nat(600),
      spec: fc.nat(600),
      demand: fc.oneof(fc.nat(100_000), fc.constant('missing' as const)),
      backlog: fc.nat(5),
    })
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 40 }), moments => {
        const run = () =>
          replicas(
            moments.map(({ backlog, ...one }, index) => ({ ...one, seconds: index * 15, observation: { backlog } })),
            { maxDurationSeconds: 120 },
          )
        run().forEach((to, index) => {
          expect(to).toBeGreaterThanOrEqual(moments[index]!.asked)
          expect(to).toBeLessThanOrEqual(Math.max(moments[index]!.asked, 500))
        })
        expect(run()).toEqual(run())
      }),
    )
  })
})
