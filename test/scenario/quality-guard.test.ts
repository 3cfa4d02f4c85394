import { beforeAll, describe, expect, test } from 'vitest'
import { crescendoContender } from '../../src/cli/crescendo-contender.ts'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Decision, Target } from '../../src/core/model.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { policyOptions } from '../../src/resources/rules-options.ts'
import { targetOf } from '../../src/resources/target.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'
import type { ServiceOptions } from '../../src/sim/service.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.UTC(2026, 10, 27)
const LAST = START + 2 * DAY
const EXAMPLE = 'examples/quality-guard.yaml'

/** One job at a time, eight milliseconds each: 125 a second at the very most. */
const SERVICE: ServiceOptions = {
  serviceSeconds: 0.008,
  concurrency: 1,
  timeoutSeconds: 5,
  guards: { audio_quality_score: { healthy: 0.98, saturated: 0.9 } },
}

interface Played {
  readonly run: Run
  readonly decisions: readonly Decision[]
}

interface Told {
  readonly service: ServiceOptions
  /** What the target says of itself, in place of what the example says. */
  readonly target?: Partial<Target>
}

/** Three days under the object of the example. */
async function play({ service, target: told }: Told): Promise<Played> {
  const { settings, object } = await loadPolicy(EXAMPLE)
  const target = { ...targetOf(object!, settings), metrics: [], periodMs: MINUTE, ...told }
  const scenario: Scenario = {
    target,
    load: {
      startMs: START,
      tickMs: MINUTE,
      value: Float64Array.from(seasonalLoad({ seed: 3, ticks: 3 * 1440, stepMs: MINUTE, mean: 2000, swing: 0.6, noise: 0.02 })),
    },
    metricsDelayMs: MINUTE,
    seed: 1,
    scoredFrom: 0,
    service,
  }
  const { rules, target: followed } = crescendoContender(scenario, policyOptions(settings, { price: 0.1, mode: 'Slo' }))
  const decisions: Decision[] = []
  const run = await simulate(rules, { ...scenario, target: followed }, { onDecision: one => void decisions.push(one) })
  return { run, decisions }
}

const saidOf = ({ conditions }: Decision, type: string) => conditions.find(one => one.type === type)
const between = ({ decisions }: Played, from: number, to: number) => decisions.filter(({ at }) => at >= from && at < to)
const left = (decisions: readonly Decision[]) => decisions.filter(({ from, to }) => to < from)
const readyAt = ({ run }: Played, at: number) => run.ready[run.time.indexOf(at)]!

/** A release whose audio is worse, whatever the replicas, rolled back after some hours. */
const worse = (from: number, to: number): ServiceOptions => ({
  ...SERVICE,
  releases: [{ from, to, guards: { audio_quality_score: 0.91 } }],
})

describe('a release that is worse than the one before, in the evening as the load falls', () => {
  const [FROM, TO] = [LAST + 11 * HOUR, LAST + 15 * HOUR]
  const played: { guarded?: Played; unguarded?: Played } = {}
  beforeAll(async () => {
    Object.assign(played, {
      guarded: await play({ service: worse(FROM, TO) }),
      unguarded: await play({ service: worse(FROM, TO), target: { objectives: [] } }),
    })
  }, 120_000)

  test('takes no replica while the score is below its minimum, and the condition names it', () => {
    const during = between(played.guarded!, FROM + 5 * MINUTE, TO)
    expect(left(during)).toEqual([])
    expect(saidOf(during.at(-1)!, 'QualityGuard')).toEqual({
      type: 'QualityGuard',
      status: 'True',
      reason: 'BelowMinimum',
      message: 'audio_quality_score is 0.91, below its minimum of 0.95',
    })
    expect(readyAt(played.guarded!, TO)).toBeGreaterThan(1.5 * readyAt(played.unguarded!, TO))
  })

  test('once it is rolled back and the score was good for five minutes, replicas leave as they do elsewhere', () => {
    expect(left(between(played.guarded!, TO, TO + 5 * MINUTE))).toEqual([])
    expect(saidOf(between(played.guarded!, TO + 2 * HOUR, TO + 3 * HOUR)[0]!, 'QualityGuard')?.reason).toBe('Kept')
    expect(readyAt(played.guarded!, TO + 2 * HOUR)).toBeLessThan(1.15 * readyAt(played.unguarded!, TO + 2 * HOUR))
  })
})

describe('the same release in the morning, as the load rises', () => {
  test('is told to be nothing that more replicas help against', async () => {
    const [from, to] = [LAST - HOUR, LAST + 3 * HOUR]
    const played = await play({ service: worse(from, to) })
    expect(saidOf(between(played, from + 3 * HOUR, to)[0]!, 'QualityGuard')).toMatchObject({
      status: 'True',
      reason: 'NoRelief',
      message: expect.stringMatching(/below its minimum of 0\.95, and \d+ → \d+ ready replicas brought no relief in \d+ min$/),
    })
  }, 60_000)
})

describe('replicas that carry less than somebody wrote down', () => {
  /** Of the hundred a second that the example states, these carry hardly that many: at their safe load jobs wait for long. */
  const slower: ServiceOptions = { ...SERVICE, serviceSeconds: 0.0098 }

  test('are more where a latency was promised: the burn of its budget is answered, and told', async () => {
    const promised = await play({ service: slower })
    const silent = await play({ service: slower, target: { objectives: [] } })
    const late = ({ run: { time, served } }: Played) =>
      Array.from(served!.latencySeconds).filter((seconds, tick) => time[tick]! >= LAST && seconds > 0.5).length
    const burning = promised.decisions.find(one => saidOf(one, 'SloBurning')?.reason === 'FastBurn')
    expect(saidOf(burning!, 'SloBurning')?.message).toMatch(/^P99 of audio_processing_seconds burns its error budget \d+/)
    expect(promised.decisions.some(({ proposals }) => proposals.some(({ by }) => by === 'slo'))).toBe(true)
    expect(late(promised)).toBeLessThan(0.7 * late(silent))
  }, 60_000)
})
