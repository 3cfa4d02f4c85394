import { describe, expect, test } from 'vitest'
import type { Objective, Reading, Target } from '../model.ts'
import { qualityGuard } from './quality-guard.ts'
import { play, workload } from './timeline.ts'

const audio: Objective = { type: 'Guard', metric: 'audio_quality_score', min: 0.95 }
const codec: Objective = { type: 'Guard', metric: 'codec_efficiency', min: 0.8 }
const errors: Objective = { type: 'ErrorRatio', threshold: 0.01 }

interface Tick {
  readonly minute: number
  /** Of the guard; `undefined` where it is missing. */
  readonly score?: number | undefined
  readonly ready?: number
  readonly asked?: number
  readonly readings?: readonly Reading[]
}

const readingOf = (at: number, value: number | undefined): Reading =>
  value === undefined ? { kind: 'missing', at, why: 'no answer' } : { kind: 'value', at, value }

/** Five are asked for at every tick, ten run. */
function course(ticks: readonly Tick[], objectives: readonly Objective[] = [errors, audio], more: Partial<Target> = {}) {
  const moments = ticks.map(({ minute, score, ready = 10, asked = 5, readings }) => ({
    seconds: minute * 60,
    asked,
    spec: ready,
    ready,
    observation: { objectives: readings ?? [readingOf(0, 0), readingOf(minute * 60_000, score)] },
  }))
  return play(qualityGuard(), moments, { ...workload, objectives, ...more })
}

const replicas = (ticks: readonly Tick[]) => course(ticks).map(said => said.replicas)
const told = (said: ReturnType<typeof course>[number]) => said.conditions?.[0]

describe('a guard', () => {
  test('lets replicas leave while its metric is at its minimum or above', () => {
    const [said] = course([{ minute: 0, score: 0.95 }])
    expect(said).toMatchObject({ replicas: 5, why: 'quality is kept' })
    expect(told(said!)).toEqual({
      type: 'QualityGuard',
      status: 'False',
      reason: 'Kept',
      message: 'audio_quality_score is 0.95 of 0.95',
    })
  })

  test('holds what runs while it is below, lets more come, and holds five minutes longer', () => {
    const [low] = course([{ minute: 0, score: 0.91 }])
    expect(low).toMatchObject({ replicas: 10, why: 'holds 10: audio_quality_score is 0.91, below its minimum of 0.95' })
    expect(told(low!)).toMatchObject({ status: 'True', reason: 'BelowMinimum' })
    const [more] = course([{ minute: 0, score: 0.91, asked: 14 }])
    expect(more).toMatchObject({ replicas: 14, why: expect.stringMatching(/^no scale-down while audio_quality_score/) })
    expect(
      replicas([
        { minute: 0, score: 0.91 },
        { minute: 1, score: 0.97 },
        { minute: 4, score: 0.97 },
        { minute: 5, score: 0.97 },
      ]),
    ).toEqual([10, 10, 10, 5])
  })

  test("never holds more than the object's maximum", () => {
    expect(course([{ minute: 0, score: 0.5 }], [errors, audio], { maxReplicas: 7 })[0]?.replicas).toBe(7)
  })

  test('tells where more replicas did not help, and goes on holding', () => {
    const said = course([10, 12, 14, 16, 16].map((ready, index) => ({ minute: 3 * index, score: 0.91, ready }))).at(-1)!
    expect(said.replicas).toBe(16)
    expect(told(said)).toMatchObject({
      status: 'True',
      reason: 'NoRelief',
      message: 'audio_quality_score is 0.91, below its minimum of 0.95, and 10 → 16 ready replicas brought no relief in 12 min',
    })
  })

  test('relief begins the count anew: a fifth of the gap', () => {
    const scores = [0.85, 0.85, 0.88, 0.88, 0.91, 0.91]
    const said = course(scores.map((score, index) => ({ minute: 4 * index, score, ready: 10 + 2 * index }))).at(-1)!
    expect(told(said)).toMatchObject({ reason: 'BelowMinimum' })
  })

  test('that was never measured has no effect, and says so', () => {
    const [said] = course([{ minute: 0 }])
    expect(said?.replicas).toBe(5)
    expect(told(said!)).toMatchObject({
      status: 'Unknown',
      reason: 'NotMeasured',
      message: 'audio_quality_score was never measured (no answer)',
    })
    expect(course([{ minute: 0, readings: [] }])[0]?.conditions?.[0]?.message).toContain('(nobody measures it)')
  })

  test('that was measured and is silent holds for an hour', () => {
    expect(replicas([{ minute: 0, score: 0.99 }, { minute: 1 }, { minute: 59 }, { minute: 60 }])).toEqual([5, 10, 10, 5])
  })

  test('of several the worst word counts, and each holds', () => {
    const [said] = course([{ minute: 0, readings: [readingOf(0, 0.99), readingOf(0, 0.7)] }], [audio, codec])
    expect(said).toMatchObject({ replicas: 10 })
    expect(told(said!)).toMatchObject({ reason: 'BelowMinimum', message: 'codec_efficiency is 0.7, below its minimum of 0.8' })
  })
})
