import { type Band, type Instant, QUANTILES } from '../model.ts'
import type { Forecaster, Lender, Restorable } from '../rules.ts'
import { isRestorable, isSnapshot, listPart, numbersPart, partsOf, restorable, restorablePart } from '../state.ts'

const WIDTH = 1 + QUANTILES.length
const MOST_POINTS = 1000

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
  const own = () =>
    partsOf({
      sum: numbersPart(
        () => [sum, count],
        ([first = 0, second = 0]) => {
          ;[sum, count] = [first, second]
        },
      ),
      period: listPart(
        1,
        () => (period === undefined ? [] : [period]),
        ([value]) => {
          period = value
        },
      ),
      points: listPart(
        MOST_POINTS,
        () => points.flatMap(({ at, quantiles }) => [at, ...quantiles]),
        flat => {
          const starts = Array.from({ length: Math.floor(flat.length / WIDTH) }, (_, i) => i * WIDTH)
          points = starts.map(i => ({ at: flat[i]!, quantiles: flat.slice(i + 1, i + WIDTH) }))
        },
      ),
    })
  return {
    name: decisive.name,
    champion: () => fan.champion?.(),
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
    ...(isLender(decisive) && isLender(fan) && lendingBoth(decisive, fan, everyMs)),
    ...(isRestorable(decisive) &&
      isRestorable(fan) &&
      restorable(() => ({ kind: `fan ${everyMs}`, version: 1 }), {
        part: () => partsOf({ own: own(), decisive: restorablePart(decisive), fan: restorablePart(fan) }),
      })),
  }
}

type Lending = Forecaster & Restorable & Lender

const isLender = (one: Forecaster): one is Lending =>
  isRestorable(one) && one.lend !== undefined && one.borrow !== undefined && one.prior !== undefined

/** Both lend, and both borrow or neither does: a fan that knows and windows that do not would be of two minds. */
function lendingBoth(decisive: Lending, fan: Lending, everyMs: number): Lender {
  const like = { kind: `prior fan ${everyMs}`, version: 1 }
  return {
    prior: () => decisive.prior(),
    lend() {
      const [first, second] = [decisive.lend(), fan.lend()]
      return first && second && { ...like, state: [first, second] }
    },
    borrow({ kind, version, state }) {
      if (kind !== like.kind || version !== like.version || !Array.isArray(state) || !state.every(isSnapshot)) return false
      const [first, second] = state
      if (first === undefined || second === undefined) return false
      const before = decisive.snapshot()
      if (!decisive.borrow(first)) return false
      if (fan.borrow(second)) return true
      decisive.restore(before)
      return false
    },
  }
}
