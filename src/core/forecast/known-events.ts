import type { Forecast, Instant, ScheduledWindow } from '../model.ts'
import type { Forecaster, Restorable } from '../rules.ts'
import { expectedFactor, usualLoad } from '../scheduled.ts'
import { isRestorable, numbersPart, partsOf, restorable, restorablePart } from '../state.ts'

/**
 * A forecaster that is taught the usual load only, and whose forecasts are multiplied by what schedules expect of each time. An event
 * is thus expected from its first minute on, and never taken for a habit afterwards. A factor above 1 holds for all of its window, as
 * a person said it, and for the `aheadMs` before it, in which nobody may decide again; even while the load is late; one below 1 takes capacity away only once the load has fallen, and as far as it has.
 */
export function withKnownEvents(inner: Forecaster, aheadMs: number): Forecaster {
  let usual: number | undefined
  /** What came of an event that lowers the load: the load of now, over the usual one. */
  let fallen = 1
  const own = () =>
    numbersPart(
      () => [usual ?? Number.NaN, fallen],
      ([first = Number.NaN, second = 1]) => {
        usual = Number.isNaN(first) ? undefined : first
        fallen = second
      },
    )
  return {
    name: inner.name,
    ...(inner.accuracy && { accuracy: () => inner.accuracy!() }),
    ...(inner.champion && { champion: () => inner.champion!() }),
    absorb(at, demand, scheduled = []) {
      const factor = expectedFactor(scheduled, { from: at, to: at })
      if (demand === undefined) return inner.absorb(at, undefined)
      usual = factor === undefined ? demand : usualLoad(demand, factor, usual)
      fallen = factor !== undefined && factor < 1 && usual > 0 ? demand / usual : 1
      inner.absorb(at, usual)
    },
    predict(now, scheduled = []) {
      const said = inner.predict(now)
      const isEventful = scheduled.some(({ expectedLoadFactor }) => expectedLoadFactor !== undefined)
      return 'abstains' in said || !isEventful ? said : expecting(said, scheduled, { fallen, aheadMs })
    },
    ...(isRestorable(inner) && restored(inner)),
  }

  function restored(one: Restorable): Restorable {
    return restorable(() => ({ kind: 'known events', version: 1 }), {
      part: () => partsOf({ own: own(), inner: restorablePart(one) }),
    })
  }
}

interface Known {
  readonly fallen: number
  readonly aheadMs: number
}

function expecting(forecast: Forecast, scheduled: readonly ScheduledWindow[], { fallen, aheadMs }: Known): Forecast {
  const times = (quantiles: readonly number[], factor: number) =>
    factor === 1 ? quantiles : quantiles.map(quantile => factor * quantile)
  const factorOf = (from: Instant, to: Instant) => {
    const [soon, factor] = [to + aheadMs, to].map(end => expectedFactor(scheduled, { from, to: end }) ?? 1) as [number, number]
    if (soon > 1 || factor >= 1) return Math.max(soon, factor)
    // A time that only partly lies in the event holds some of the usual load.
    const isWhole = [from, to].every(at => expectedFactor(scheduled, { from: at, to: at }) !== undefined)
    return isWhole ? Math.max(factor, fallen) : 1
  }
  return {
    ...forecast,
    points: forecast.points.map(({ at, quantiles }) => ({ at, quantiles: times(quantiles, factorOf(at, at)) })),
    windows: forecast.windows.map(({ fromMs, toMs, quantiles }) => {
      const { madeAt } = forecast
      return { fromMs, toMs, quantiles: times(quantiles, factorOf(madeAt + fromMs, madeAt + toMs)) }
    }),
  }
}
