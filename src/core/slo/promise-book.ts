import type { Reading } from '../model.ts'
import { type Kept, numbersPart, partsOf } from '../state.ts'
import { isotonic } from './isotonic.ts'
import { type CurvePoint, createLoadCurve, type LoadCurve } from './load-curve.ts'
import type { Promised } from './promise.ts'
import { fitService, type SafeRange } from './service-fit.ts'

/** What one day less of the past counts: half of it is gone after four days. */
const FADE = 0.85
/** A new service under an old name: its past counts that little. */
const FORGET = 0.1
/** Less than that is no day to judge by; it is added to the next one. */
const LEAST_MINUTES = 120
/** So many days in a row may be unlike the past before they are the present. */
const STRANGE_DAYS = 2
/** Beyond the greatest load that was observed nothing is believed but this. */
const BEYOND = 1.2
/** Where every load that was seen is too much: that share of the smallest is tried. */
const BELOW = 0.8
/** Below that share of what the operator wrote nothing is believed: a replica with so little to do is idle. */
export const LEAST_SHARE = 0.25
/** Without a model, what was lost returns that slowly. */
const DAILY_RETURN = 1.05

export interface Safe {
  readonly load: number
  readonly by: 'observed' | 'model'
}

/** What was learnt of one objective. */
export interface PromiseBook extends Kept {
  note(reading: Reading, seen: { readonly load: number; readonly minutes: number }): void
  /** Takes the day into the past, `days` after the last one was, and judges anew. */
  closeDay(days: number): void
  /** The load that it allows; `undefined` where nothing was read, or no load keeps it. */
  safe(inForce: number): Safe | undefined
  /** Even replicas with little to do miss it. */
  isOutOfReach(): boolean
}

/**
 * A day on which even the smallest loads miss what they kept before is a bad release, a slow database, a full disk: it is left out, and told,
 * until a third one follows, which then is how things are.
 */
export function createPromiseBook(promise: Promised, written: number): PromiseBook {
  const [today, past] = [createLoadCurve(written), createLoadCurve(written)]
  const days = { strange: 0, outOfReach: 0 }
  const counts = () =>
    numbersPart(
      () => [days.strange, days.outOfReach],
      ([strange = 0, outOfReach = 0]) => {
        Object.assign(days, { strange, outOfReach })
      },
    )
  const judged = (curve: LoadCurve) => judge(curve.points(), { promise, written })
  return {
    part: () => partsOf({ today, past, counts: counts() }),
    note(reading, seen) {
      const ratio = ratioOf(reading, promise)
      if (ratio !== undefined) today.note({ ...seen, ratio })
    },
    closeDay(elapsedDays) {
      if (today.minutes() < LEAST_MINUTES) return
      const isStrange = isUnlike(judged(today), judged(past))
      if (isStrange && days.strange < STRANGE_DAYS) {
        days.strange += 1
      } else {
        past.fade(isStrange ? FORGET : FADE ** elapsedDays)
        past.take(today)
        days.strange = 0
      }
      today.fade(0)
      const { keepsUpTo, isHopeless } = judged(past)
      days.outOfReach = keepsUpTo === undefined && (days.outOfReach > 0 || isHopeless) ? 1 : 0
    },
    safe: inForce => (days.outOfReach > 0 || days.strange > 0 ? undefined : safeOf(judged(past), { inForce, written })),
    isOutOfReach: () => days.outOfReach > 0 || days.strange > 0,
  }
}

/** Today missed it at loads that kept it before. */
function isUnlike(today: Judgement, past: Judgement): boolean {
  const { smallest, keepsUpTo } = today
  return keepsUpTo === undefined && smallest !== undefined && past.keepsUpTo !== undefined && smallest <= past.keepsUpTo
}

/** A share of the threshold; `undefined` for what cannot be one: a latency of zero is silence. */
function ratioOf(reading: Reading, { type, threshold }: Promised): number | undefined {
  if (reading.kind !== 'value' || !Number.isFinite(reading.value) || reading.value < 0 || threshold <= 0) return undefined
  return reading.value === 0 && type === 'Latency' ? undefined : reading.value / threshold
}

interface Judgement {
  readonly smallest?: number
  readonly greatest: number
  /** The load from which on the objective is missed; absent where no load that was seen misses it. */
  readonly crossing?: number
  /** Up to which load it was kept; absent where every load missed it. */
  readonly keepsUpTo?: number
  /** Where queues of its kind miss it. */
  readonly model?: SafeRange
  /** All loads miss it, and smaller ones would. */
  readonly isHopeless: boolean
}

/** What the points say, smoothed so that more load never looks better. */
function judge(
  points: readonly CurvePoint[],
  { promise, written }: { readonly promise: Promised; readonly written: number },
): Judgement {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined) return { greatest: 0, isHopeless: false }
  const fit = isotonic(points.map(({ ratio, minutes }) => ({ value: Math.log(ratio), weight: minutes })))
  const smooth = points.map(({ load }, i) => ({ load, ratio: Math.exp(fit[i]!) }))
  const model = promise.type === 'Latency' ? fitService(smooth, promise.percentile / 100) : undefined
  const bad = smooth.findIndex(({ ratio }) => ratio > 1)
  const crossing = bad > 0 ? between(smooth[bad - 1]!, smooth[bad]!) : BELOW * first.load
  return {
    smallest: first.load,
    greatest: last.load,
    ...(bad >= 0 && { crossing }),
    ...(bad !== 0 && { keepsUpTo: bad < 0 ? last.load : crossing }),
    ...(model && { model }),
    isHopeless: bad === 0 && isIdle(first.load, model, written),
  }
}

/** Whether replicas with less to do would miss it, too. */
function isIdle(smallest: number, model: SafeRange | undefined, written: number): boolean {
  return model === undefined ? smallest <= LEAST_SHARE * written : model.likely === 0
}

type SmoothPoint = { readonly load: number; readonly ratio: number }

/** Where the line between a load that keeps the objective and one that misses it crosses the threshold. */
function between(good: SmoothPoint, bad: SmoothPoint): number {
  const [under, over] = [-Math.log(good.ratio), Math.log(bad.ratio)]
  return good.load + ((bad.load - good.load) * under) / (under + over)
}

/**
 * The lower of what was observed and of what queues of its kind carry. The load in force stays where neither says otherwise: it is
 * lowered to what was seen to miss and to what the most hopeful model allows, raised to what the likeliest one allows, and never past 1.2
 * times the greatest load that was seen.
 */
function safeOf(
  { smallest, greatest, crossing, model }: Judgement,
  load: { readonly inForce: number; readonly written: number },
) {
  const { inForce, written } = load
  if (smallest === undefined) return undefined
  const seen = Math.max(inForce, BEYOND * greatest)
  if (crossing !== undefined) return lower({ load: crossing, by: 'observed' }, model && { load: model.high, by: 'model' })
  if (model === undefined)
    return { load: Math.max(inForce, Math.min(written, seen, DAILY_RETURN * inForce)), by: 'observed' } satisfies Safe
  const allowed = Math.min(model.high, Math.max(model.likely, inForce))
  return lower({ load: seen, by: 'observed' }, { load: allowed, by: 'model' })
}

const lower = (observed: Safe, model: Safe | undefined): Safe => (model && model.load < observed.load ? model : observed)
