import type { Band, Instant } from '../model.ts'
import type { Forecaster } from '../rules.ts'

/** A forecaster whose `points` come from a coarser one: the fan that people look at needs no 15 s grid, and costs less so. */
export function withFan(
  decisive: Forecaster,
  { fan, everyMs }: { readonly fan: Forecaster; readonly everyMs: number },
): Forecaster {
  let points: readonly Band[] = []
  let [sum, count] = [0, 0]
  let period: number | undefined

  const close = (end: Instant) => {
    fan.absorb(end, count > 0 ? sum / count : undefined)
    sum = 0
    count = 0
    const forecast = fan.predict(end)
    points = 'abstains' in forecast ? [] : forecast.points
  }
  return {
    name: decisive.name,
    absorb(at, demand) {
      decisive.absorb(at, demand)
      // A value ends at `at`, so the value that ends with the period belongs to it.
      const now = Math.ceil(at / everyMs)
      if (period !== undefined && now > period) close(period * everyMs)
      period = Math.max(now, period ?? now)
      if (demand === undefined) return
      sum += demand
      count += 1
    },
    predict(now) {
      const forecast = decisive.predict(now)
      return 'abstains' in forecast ? forecast : { ...forecast, points }
    },
  }
}
