import { describe, expect, test } from 'vitest'
import type { MetricFamily } from '../ports.ts'
import { controllerTelemetry } from './controller-telemetry.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'

const family = (telemetry: Pick<Telemetry, 'families'>, name: string): MetricFamily =>
  telemetry.families().find(one => one.name === name)!

describe('what a process counts about itself', () => {
  test('counters add up by their labels, and labels that were not named do not get in', () => {
    const telemetry = createTelemetry()
    const counted = telemetry.counter({ name: 'crescendo_tries', help: 'Tries.', labels: ['verb'] })
    counted.add({ verb: 'get' })
    counted.add({ verb: 'get', pod: 'web-1' } as { verb: string }, 2)
    counted.add({ verb: 'put' })
    expect(family(telemetry, 'crescendo_tries').samples).toEqual([
      { labels: { verb: 'get' }, value: 3 },
      { labels: { verb: 'put' }, value: 1 },
    ])
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('a counter takes no step of %d', step => {
    const telemetry = createTelemetry()
    const counted = telemetry.counter({ name: 'crescendo_tries', help: 'Tries.', labels: [] })
    counted.add({}, 2)
    counted.add({}, step)
    expect(family(telemetry, 'crescendo_tries').samples).toEqual([{ labels: {}, value: 2 }])
  })

  test('a gauge that is no longer known has no series', () => {
    const telemetry = createTelemetry()
    const age = telemetry.gauge({ name: 'crescendo_age_seconds', help: 'Age.', labels: ['source'] })
    age.set({ source: 'prometheus' }, 3)
    age.set({ source: 'push' }, 0)
    age.set({ source: 'prometheus' }, undefined)
    expect(family(telemetry, 'crescendo_age_seconds').samples).toEqual([{ labels: { source: 'push' }, value: 0 }])
  })

  test('buckets are cumulative, their bound belongs to them, and what lies above all of them is in the count', () => {
    const telemetry = createTelemetry()
    const took = telemetry.histogram({ name: 'crescendo_took_seconds', help: 'Time.', labels: [], bounds: [0.1, 1] })
    for (const value of [0.05, 0.1, 0.5, 7, Number.NaN]) took.observe({}, value)
    expect(family(telemetry, 'crescendo_took_seconds').samples).toEqual([
      { labels: {}, histogram: { bounds: [0.1, 1], counts: [2, 3], sum: 7.65, count: 4 } },
    ])
  })

  test('series of an object that is gone are forgotten in every family, those of others stay', () => {
    const telemetry = controllerTelemetry()
    const labels = { namespace: 'shop', autoscaler: 'web', target_kind: 'Deployment', target: 'web' }
    telemetry.decisions.add({ ...labels, direction: 'up' })
    telemetry.scales.add({ ...labels, outcome: 'scaled' })
    telemetry.decisions.add({ ...labels, autoscaler: 'api', direction: 'up' })
    telemetry.forget({ namespace: 'shop', autoscaler: 'web' })
    expect(family(telemetry, 'crescendo_scales').samples).toEqual([])
    expect(family(telemetry, 'crescendo_decisions').samples).toMatchObject([{ labels: { autoscaler: 'api' } }])
  })

  test('a family that is full takes no new series, goes on with those it has, and says how much it dropped', () => {
    const telemetry = createTelemetry(2)
    const counted = telemetry.counter({ name: 'crescendo_tries', help: 'Tries.', labels: ['verb'] })
    for (const verb of ['get', 'put', 'list', 'get', 'watch']) counted.add({ verb })
    expect(family(telemetry, 'crescendo_tries').samples.length).toBe(2)
    expect(family(telemetry, 'crescendo_tries').samples[0]).toMatchObject({ value: 2 })
    expect(family(telemetry, 'crescendo_telemetry_dropped').samples).toEqual([{ labels: {}, value: 2 }])
  })

  test.each(['tries', 'crescendo_Tries', 'crescendo_tries_total', 'crescendo_tries_bucket'])(
    '%s is no name of a family',
    name => {
      expect(() => createTelemetry().counter({ name, help: 'Tries.', labels: [] })).toThrow(name)
    },
  )

  test('one name is one family', () => {
    const telemetry = createTelemetry()
    telemetry.counter({ name: 'crescendo_tries', help: 'Tries.', labels: [] })
    expect(() => telemetry.gauge({ name: 'crescendo_tries', help: 'Tries.', labels: [] })).toThrow('exists already')
  })
})
