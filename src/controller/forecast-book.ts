import type { Decision, Instant } from '../core/model.ts'
import type { Clock, DurableStore, Log } from '../ports.ts'
import { type Accuracy, accuracyOf } from '../record/accuracy.ts'

/** Keeps forecasts with what came of them, and how good they were. */
export interface ForecastBook {
  /** Keeps the farthest point of this decision's forecast, one in five minutes. */
  note(decision: Decision): void
  /** Of the last seven days; looked up again each hour. Absent while too few have matured. */
  accuracy(target: string): Accuracy | undefined
  forget(target: string): void
}

interface Page {
  notedAt: Instant
  readAt: Instant
  accuracy: Accuracy | undefined
}

const NOTE_MS = 300_000
const READ_MS = 3_600_000
const DAY_MS = 86_400_000

export function createForecastBook({ store, clock, log }: { store: DurableStore; clock: Clock; log: Log }): ForecastBook {
  const pages = new Map<string, Page>()
  const tell = (target: string) => (cause: unknown) => log.warn('forecasts not kept', { target, cause })
  const read = async (target: string, page: Page) => {
    const now = clock.now()
    const [forecasts, history] = await Promise.all([
      store.forecastErrors(target, { since: now - 7 * DAY_MS, until: now }),
      store.history(target, now - 8 * DAY_MS),
    ])
    page.accuracy = accuracyOf(forecasts, history)
  }
  return {
    note({ target, at, forecast }) {
      const last = forecast?.points.at(-1)
      if (forecast === undefined || last === undefined) return
      const page = pages.get(target) ?? {
        notedAt: Number.NEGATIVE_INFINITY,
        readAt: Number.NEGATIVE_INFINITY,
        accuracy: undefined,
      }
      pages.set(target, page)
      if (at - page.notedAt >= NOTE_MS) {
        page.notedAt = at
        const { by, madeAt } = forecast
        store.recordForecast({ target, by, madeAt, dueAt: last.at, quantiles: last.quantiles }).catch(tell(target))
      }
      if (at - page.readAt >= READ_MS) {
        page.readAt = at
        read(target, page).catch(tell(target))
      }
    },
    accuracy: target => pages.get(target)?.accuracy,
    forget: target => void pages.delete(target),
  }
}
