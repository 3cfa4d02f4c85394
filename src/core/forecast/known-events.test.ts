import { describe, expect, test } from 'vitest'
import type { ScheduledWindow } from '../model.ts'
import type { Forecaster } from '../rules.ts'
import { withKnownEvents } from './known-events.ts'
import { seasonalRidge } from './seasonal-ridge.ts'

const MINUTE = 60_000
const event = (expectedLoadFactor: number): ScheduledWindow => ({
  name: 'drop',
  from: 100 * MINUTE,
  to: 200 * MINUTE,
  expectedLoadFactor,
})

/** Says what it heard last: a median in ten minutes, a maximum over the next ten. */
function parrot() {
  const heard: (number | undefined)[] = []
  const forecaster: Forecaster = {
    name: 'parrot',
    absorb: (_, demand) => void heard.push(demand),
    predict: now => {
      const last = heard.findLast(one => one !== undefined)
      if (last === undefined) return { abstains: 'nothing heard' }
      const points = [{ at: now + 10 * MINUTE, quantiles: [last, 2 * last] }]
      return { by: 'parrot', madeAt: now, points, windows: [{ fromMs: 0, toMs: 10 * MINUTE, quantiles: [last, 2 * last] }] }
    },
    accuracy: () => ({ horizons: [], drift: { isDrifting: false } }) as never, // only passed through
    champion: () => ({ name: 'parrot', candidates: [] }),
  }
  return { heard, forecaster }
}

function played(factor: number, demands: readonly (readonly [minute: number, demand: number | undefined])[]) {
  const { heard, forecaster } = parrot()
  const known = withKnownEvents(forecaster, MINUTE)
  for (const [minute, demand] of demands) known.absorb(minute * MINUTE, demand, [event(factor)])
  const said = known.predict(demands.at(-1)![0] * MINUTE, [event(factor)])
  if ('abstains' in said) throw new Error(said.abstains)
  return { heard, point: said.points[0]!.quantiles, maximum: said.windows[0]!.quantiles }
}

describe('a forecaster that knows of events', () => {
  test('expects the event before it begins, in every quantile', () => {
    expect(played(6, [[89, 100]])).toMatchObject({ point: [100, 200], maximum: [100, 200] })
    expect(played(6, [[90, 100]])).toMatchObject({ point: [600, 1200], maximum: [600, 1200] })
    expect(played(6, [[95, 100]])).toMatchObject({ point: [600, 1200], maximum: [600, 1200] })
  })

  test('teaches the usual load while it lasts, whether it is late, as told or twice that', () => {
    const run = played(6, [
      [99, 100],
      [101, 100],
      [110, 600],
      [120, undefined],
      [130, 1200],
    ])
    expect(run.heard).toEqual([100, 100, 100, undefined, 200])
    expect(run.point).toEqual([1200, 2400])
  })

  test('expects the usual load after it', () => {
    expect(played(6, [[99, 100], [195, 600]]).point).toEqual([100, 200]) // biome-ignore format: one play
  })

  test('a holiday takes capacity away only once the load has fallen, and no further than told', () => {
    expect(played(0.4, [[95, 100]])).toMatchObject({ point: [100, 200], maximum: [100, 200] })
    expect(played(0.4, [[99, 100], [110, 100]])).toMatchObject({ point: [100, 200] }) // biome-ignore format: one play
    expect(played(0.4, [[99, 100], [110, 40]])).toMatchObject({ heard: [100, 100], point: [40, 80], maximum: [40, 80] }) // biome-ignore format: one play
    expect(played(0.4, [[99, 100], [195, 40]])).toMatchObject({ point: [100, 200], maximum: [100, 200] }) // biome-ignore format: one play
  })

  test('passes on what it is not asked about', () => {
    const known = withKnownEvents(parrot().forecaster, MINUTE)
    expect(known.predict(0, [event(6)])).toEqual({ abstains: 'nothing heard' })
    expect(known.accuracy?.()).toMatchObject({ horizons: [] })
    expect(known.champion?.()).toMatchObject({ name: 'parrot' })
  })

  test('goes on from a snapshot as if nothing had happened', () => {
    const make = () =>
      withKnownEvents(
        seasonalRidge({ stepMs: MINUTE, delayMs: 0, windows: [{ fromMs: 0, toMs: MINUTE }], pointsMs: [], unit: 10 }),
        MINUTE,
      )
    const [lived, resumed] = [make(), make()]
    for (let minute = 1; minute < 600; minute++) lived.absorb(minute * MINUTE, 100 + (minute % 7), [event(0.5)])
    expect(resumed.restore?.(lived.snapshot!())).toBe(true)
    for (const one of [lived, resumed]) one.absorb(600 * MINUTE, 60, [{ ...event(0.5), to: 700 * MINUTE }])
    const ask = (one: Forecaster) => one.predict(600 * MINUTE, [{ ...event(0.5), to: 700 * MINUTE }])
    expect(ask(resumed)).toEqual(ask(lived))
    expect(make().restore?.(make().snapshot!())).toBe(true)
  })
})
