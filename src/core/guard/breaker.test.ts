import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { breaker } from './breaker.ts'
import { type Moment, play, workload } from './timeline.ts'

/** Every 15 s from `from` to `to` seconds, the same moment. */
const during = (from: number, to: number, moment: Omit<Moment, 'seconds'>): Moment[] => {
  const moments: Moment[] = []
  for (let seconds = from; seconds <= to; seconds += 15) moments.push({ seconds, ...moment })
  return moments
}

const last = (moments: readonly Moment[]) => play(breaker(), moments).at(-1)!

describe('breaker: pods that do not become ready', () => {
  const stuck = { asked: 20, spec: 14, ready: 10 }

  test('it stays closed while the start-up can still take that long', () => {
    expect(last([...during(0, 60, { asked: 14 }), ...during(75, 300, stuck)])).toMatchObject({ replicas: 20, why: 'closed' })
  })

  test('it opens after four start-up times without a new ready pod, and then withholds growth', () => {
    const said = last([...during(0, 60, { asked: 14 }), ...during(75, 315, stuck)])
    expect(said.replicas).toBe(14)
    expect(said.why).toBe('open, withheld 6: 4 of 14 pods are not ready, and none became ready for 255 s')
    expect(said.conditions?.[0]).toMatchObject({ type: 'BreakerOpen', status: 'True', reason: 'ScalingDoesNotHelp' })
  })

  test('open never cuts what runs, lets a scale-down pass, and lets the minimum pass', () => {
    const open = [...during(0, 60, { asked: 14 }), ...during(75, 315, stuck)]
    expect(last([...open, { seconds: 330, asked: 14, spec: 14, ready: 10 }]).replicas).toBe(14)
    expect(last([...open, { seconds: 330, asked: 9, spec: 14, ready: 10 }]).replicas).toBe(9)
    expect(last([...open, { seconds: 330, asked: 9, spec: 1, ready: 0 }]).replicas).toBe(2)
  })

  test('one broken pod of ten changes nothing, and pods that come one by one are progress', () => {
    expect(last(during(0, 3600, { asked: 20, spec: 10, ready: 9 })).replicas).toBe(20)
    const slow = [0, 1, 2, 3, 4].flatMap(n => during(n * 200, n * 200 + 185, { asked: 40, spec: 20, ready: 10 + n }))
    expect(last(slow).replicas).toBe(40)
  })

  test('after a pause one step is let through; a ready pod closes it', () => {
    const open = during(0, 375, stuck)
    const probing = play(breaker(), [...open, ...during(390, 450, { asked: 20, spec: 16, ready: 10 })])
    expect(probing[25]).toMatchObject({ replicas: 16, conditions: [{ reason: 'Probing' }] }) // opened at 255, half open at 375
    expect(probing.at(-1)).toMatchObject({ replicas: 16 })
    expect(probing.at(-1)?.why).toContain('half open, one step to 16, withheld 4')
    const healed = last([
      ...open,
      ...during(390, 450, { asked: 20, spec: 16, ready: 10 }),
      { seconds: 465, asked: 20, spec: 16, ready: 12 },
    ])
    expect(healed).toMatchObject({ replicas: 20, why: 'closed' })
  })

  test('a step whose pods do not become ready opens it again', () => {
    const said = last([...during(0, 375, stuck), ...during(390, 630, { asked: 20, spec: 16, ready: 10 })])
    expect(said.why).toMatch(/^open, withheld 4/)
  })

  test('it waits with the step until somebody asks for more', () => {
    expect(last([...during(0, 600, { ...stuck, asked: 14 })]).why).toMatch(/^open: /)
    expect(last([...during(0, 600, { ...stuck, asked: 14 }), { seconds: 615, ...stuck }]).replicas).toBe(16)
  })

  test('fewer missing pods than the share during a step are neither proof nor failure: it closes after the pause', () => {
    const open = during(0, 375, stuck)
    const fewer = { asked: 20, spec: 11, ready: 10 }
    expect(last([...open, ...during(390, 450, fewer)]).why).toContain('half open')
    expect(last([...open, ...during(390, 510, fewer)]).why).toBe('closed')
  })
})

describe('breaker: scaling that brings no relief', () => {
  const sick = (ready: number, errorRatio: number, demand = 1000): Omit<Moment, 'seconds'> => ({
    asked: 60,
    spec: ready,
    demand,
    observation: { errorRatio },
  })
  const steps = (readies: readonly number[], moment: (ready: number) => Omit<Moment, 'seconds'>) =>
    readies.map((ready, index) => ({ seconds: index * 90, ...moment(ready) }))

  test('three increases, half as many again, and the errors stay: it opens and says why', () => {
    const said = last(steps([10, 12, 14, 16], ready => sick(ready, 0.3)))
    expect(said).toMatchObject({ replicas: 16 })
    expect(said.why).toContain('10 → 16 ready replicas brought no relief of errors or backlog')
  })

  test('falling errors, growing demand, or too small an increase keep it closed', () => {
    expect(last(steps([10, 12, 14, 16], ready => sick(ready, 3 / ready - 0.1))).why).toBe('closed')
    expect(last(steps([10, 12, 14, 16], ready => sick(ready, 0.3, ready * 100))).why).toBe('closed')
    expect(last(steps([10, 11, 12, 13], ready => sick(ready, 0.3))).why).toBe('closed')
  })

  test('a backlog that stays counts as errors do, and one that drains closes it', () => {
    const queued = (ready: number, backlog: number) => ({ asked: 60, spec: ready, observation: { backlog } })
    const stays = steps([10, 12, 14, 16], ready => queued(ready, 500))
    expect(last(stays).replicas).toBe(16)
    expect(last([...stays, { seconds: 400, ...queued(16, 300) }]).why).toBe('closed')
  })

  test('a backlog that drains from its peak is relief, even while it is larger than when it began', () => {
    const readies = [10, 12, 14, 16, 18, 20]
    const backlogs = [6000, 20_000, 33_000, 26_000, 15_000, 6000]
    const drains = readies.map((ready, index) => ({
      seconds: index * 90,
      asked: 60,
      spec: ready,
      observation: { backlog: backlogs[index]! },
    }))
    expect(play(breaker(), drains).map(({ why }) => why)).toEqual(Array(6).fill('closed'))
  })

  test('once the errors are over it closes; with the demand unknown nothing is concluded', () => {
    const open = steps([10, 12, 14, 16], ready => sick(ready, 0.3))
    expect(last([...open, { seconds: 400, ...sick(16, 0) }]).why).toBe('closed')
    expect(last([...open, { seconds: 385, ...sick(16, 0), demand: 'missing' }]).replicas).toBe(16)
    expect(last(steps([10, 12, 14, 16], ready => ({ ...sick(ready, 0.3), demand: 'missing' }))).why).toBe('closed')
  })
})

test('the breaker never raises, never cuts below what runs or was asked, and repeats itself exactly', () => {
  const moment = fc.record({
    asked: fc.nat(60),
    spec: fc.integer({ min: 0, max: 40 }),
    missing: fc.nat(40),
    errorRatio: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 60 }), moments => {
      const timeline = moments.map(({ missing, errorRatio, ...one }, index) => ({
        ...one,
        seconds: index * 60,
        ready: Math.max(0, one.spec - missing),
        observation: { errorRatio },
      }))
      const run = () => play(breaker(), timeline)
      run().forEach(({ replicas }, index) => {
        const { asked, spec } = moments[index]!
        expect(replicas).toBeLessThanOrEqual(asked)
        expect(replicas).toBeGreaterThanOrEqual(Math.min(asked, Math.max(spec, workload.minReplicas)))
      })
      expect(run()).toEqual(run())
    }),
  )
})
