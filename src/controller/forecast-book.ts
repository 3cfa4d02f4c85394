import type { Decision, Instant } from '../core/model.ts'
import type { DurableStore, Log } from '../ports.ts'

/** Keeps forecasts, which the store completes with what came of them. */
export interface ForecastBook {
  /** Keeps the farthest point of this decision's forecast, one in five minutes. */
  note(decision: Decision): void
  forget(target: string): void
}

const NOTE_MS = 300_000

export function createForecastBook({
  store,
  log,
}: {
  readonly store: Pick<DurableStore, 'recordForecast'>
  readonly log: Log
}): ForecastBook {
  const notedAt = new Map<string, Instant>()
  return {
    note({ target, at, forecast }) {
      const last = forecast?.points.at(-1)
      if (forecast === undefined || last === undefined) return
      if (at - (notedAt.get(target) ?? Number.NEGATIVE_INFINITY) < NOTE_MS) return
      notedAt.set(target, at)
      const { by, madeAt } = forecast
      store
        .recordForecast({ target, by, madeAt, dueAt: last.at, quantiles: last.quantiles })
        .catch(cause => log.warn('a forecast was not kept', { target, cause }))
    },
    forget: target => void notedAt.delete(target),
  }
}
