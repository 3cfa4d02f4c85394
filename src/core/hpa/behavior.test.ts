import { describe, expect, test } from 'vitest'
import type { ScalingRules } from '../model.ts'
import { filledRules } from './behavior.ts'
import { limited, scaleDownReach, scaleUpReach } from './rate.ts'
import { changedWithin, eventsAfter, noEvents, type ScaleEvents } from './scale-events.ts'
import { stockSettings } from './settings.ts'
import { stabilisationWindows, stabilised, stabilisedBothWays, stabilisedDown } from './stabilisation.ts'

const event = (change: number, at: number) => ({ change, at, outdated: false })
const position = (current: number, events: ScaleEvents = noEvents) => ({ now: 0, current, events })

describe('defaults of behavior', () => {
  test('are filled in field by field, a given list of policies as a whole', () => {
    expect(filledRules('up')).toMatchObject({ stabilizationWindowSeconds: 0, selectPolicy: 'Max' })
    const policies = [{ type: 'Pods', value: 7, periodSeconds: 30 }] as const
    expect(filledRules('up', { policies })).toEqual({ stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies })
    expect(filledRules('down', { tolerance: 0.2 })).toEqual({
      selectPolicy: 'Max',
      tolerance: 0.2,
      policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    })
  })

  test("leave the scale-down window to the controller's flag", () => {
    expect(stabilisationWindows({}, stockSettings)).toEqual({ upMs: 0, downMs: 300_000 })
    expect(
      stabilisationWindows(
        { scaleDown: { stabilizationWindowSeconds: 0 }, scaleUp: { stabilizationWindowSeconds: 60 } },
        stockSettings,
      ),
    ).toEqual({
      upMs: 60_000,
      downMs: 0,
    })
  })
})

describe('how far one decision may go', () => {
  const policies: ScalingRules['policies'] = [
    { type: 'Pods', value: 2, periodSeconds: 60 },
    { type: 'Percent', value: 50, periodSeconds: 60 },
  ]
  const by = (selectPolicy: 'Max' | 'Min' | 'Disabled') => filledRules('up', { selectPolicy, policies })

  test('up is the largest or the smallest change that a policy gives, a percentage rounded up', () => {
    expect(scaleUpReach(position(5), by('Max'))).toMatchObject({ replicas: 8, by: policies[1], start: 5 })
    expect(scaleUpReach(position(5), by('Min'))).toMatchObject({ replicas: 7, by: policies[0] })
    expect(scaleUpReach(position(1), by('Min'))).toMatchObject({ replicas: 2 })
  })

  test('down is the same, a percentage truncated', () => {
    expect(scaleDownReach(position(11), by('Max'))).toMatchObject({ replicas: 5, by: policies[1] })
    expect(scaleDownReach(position(5), by('Min'))).toMatchObject({ replicas: 3 })
  })

  test('is nowhere where the direction is off, or no policy is left', () => {
    expect(scaleUpReach(position(5), by('Disabled'))).toEqual({ replicas: 5 })
    expect(scaleDownReach(position(5), filledRules('down', { policies: [] }))).toEqual({ replicas: 5 })
  })

  test('counts from where the period began: changes in both directions are undone', () => {
    const events = { up: [event(4, -59_000), event(9, -60_000)], down: [event(1, -1_000)] }
    expect(scaleUpReach(position(8, events), by('Min'))).toMatchObject({ start: 5, replicas: 7 })
  })

  test('has a reason where it, or a bound, cuts', () => {
    const behavior = { scaleUp: by('Max'), scaleDown: by('Min') }
    const cut = (current: number, desired: number, bounds: [number, number]) =>
      limited(
        { ...position(current), desired },
        { bounds: { minReplicas: bounds[0], maxReplicas: bounds[1] }, behavior, settings: stockSettings },
      )
    expect(cut(5, 9, [1, 20])).toEqual({ replicas: 8, reason: 'ScaleUpLimit' })
    expect(cut(5, 9, [1, 7])).toEqual({ replicas: 7, reason: 'TooManyReplicas' })
    expect(cut(5, 7, [1, 20])).toEqual({ replicas: 7, reason: 'DesiredWithinRange' })
    expect(cut(5, 1, [1, 20])).toEqual({ replicas: 3, reason: 'ScaleDownLimit' })
    expect(cut(5, 1, [4, 20])).toEqual({ replicas: 4, reason: 'TooFewReplicas' })
    expect(cut(5, 4, [1, 20])).toEqual({ replicas: 4, reason: 'DesiredWithinRange' })
  })

  test('is twice the replicas, or four, without behavior', () => {
    const cut = (current: number, desired: number, maxReplicas = 100) =>
      limited(
        { ...position(current), desired },
        { bounds: { minReplicas: 1, maxReplicas }, behavior: undefined, settings: stockSettings },
      )
    expect(cut(5, 30)).toEqual({ replicas: 10, reason: 'ScaleUpLimit' })
    expect(cut(1, 30)).toEqual({ replicas: 4, reason: 'ScaleUpLimit' })
    expect(cut(5, 30, 8)).toEqual({ replicas: 8, reason: 'TooManyReplicas' })
    expect(cut(5, 0)).toEqual({ replicas: 1, reason: 'TooFewReplicas' })
    expect(cut(50, 2)).toEqual({ replicas: 2, reason: 'DesiredWithinRange' })
  })
})

describe('scale events', () => {
  const behavior = { scaleUp: { policies: [{ type: 'Pods', value: 10, periodSeconds: 60 }] } } as const

  test('are kept with behavior only, in a list for each direction', () => {
    expect(eventsAfter(noEvents, { from: 10, to: 15, at: 0 }, undefined)).toEqual(noEvents)
    expect(eventsAfter(noEvents, { from: 10, to: 10, at: 0 }, behavior)).toEqual(noEvents)
    expect(eventsAfter(noEvents, { from: 10, to: 15, at: 0 }, behavior)).toEqual({ up: [event(5, 0)], down: [] })
    expect(eventsAfter(noEvents, { from: 10, to: 6, at: 0 }, behavior)).toEqual({ up: [], down: [event(4, 0)] })
  })

  test('take the place of the last one that no policy period reaches any more', () => {
    const before = { up: [event(1, -61_000), event(2, -62_000), event(3, -60_000)], down: [] }
    expect(eventsAfter(before, { from: 1, to: 8, at: 0 }, behavior).up).toEqual([
      { ...event(1, -61_000), outdated: true },
      event(7, 0),
      event(3, -60_000),
    ])
  })

  test('count while they are younger than the period', () => {
    expect(changedWithin([event(1, -60_000), event(2, -59_999)], 60_000, 0)).toBe(2)
  })
})

describe('stabilisation', () => {
  const at = (replicas: number, seconds: number) => ({ replicas, at: seconds * 1000 })
  const wanted = (current: number, desired: number, recommendations: ReturnType<typeof at>[]) => ({
    now: 0,
    current,
    desired,
    recommendations,
  })

  test('without behavior keeps the highest wish of the window, its first moment included', () => {
    const smooth = stabilisedDown(wanted(9, 3, [at(9, -301), at(5, -300), at(4, -10)]), 300_000)
    expect(smooth).toEqual({ replicas: 5, reason: 'ScaleDownStabilized', recommendations: [at(3, 0), at(5, -300), at(4, -10)] })
    expect(stabilised(wanted(9, 6, [at(5, -300)]), undefined, stockSettings)).toMatchObject({
      replicas: 6,
      reason: 'ReadyForNewScale',
    })
  })

  test('with behavior moves only as far as both windows agree', () => {
    const windows = { upMs: 300_000, downMs: 300_000 }
    expect(stabilisedBothWays(wanted(1, 7, [at(4, -120), at(5, -60)]), windows)).toMatchObject({
      replicas: 4,
      reason: 'ScaleUpStabilized',
    })
    expect(stabilisedBothWays(wanted(9, 2, [at(4, -120), at(5, -60)]), windows)).toMatchObject({
      replicas: 5,
      reason: 'ScaleDownStabilized',
    })
    expect(stabilisedBothWays(wanted(2, 3, [at(1, -180)]), windows)).toMatchObject({ replicas: 2 })
    expect(stabilised(wanted(9, 2, [at(5, -300)]), {}, stockSettings)).toMatchObject({ replicas: 2, reason: 'ReadyForNewScale' })
  })

  test('with behavior forgets a wish once it is older than both windows', () => {
    const { recommendations } = stabilisedBothWays(wanted(1, 7, [at(4, -90), at(5, -30)]), { upMs: 60_000, downMs: 0 })
    expect(recommendations).toEqual([at(7, 0), at(5, -30)])
  })
})
