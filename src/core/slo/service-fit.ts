import { HIGHEST_RATIO } from './load-curve.ts'
import { latencyQuantile, safeRate } from './queueing.ts'

/** A latency at a load per replica, in shares of the threshold. */
export interface LatencyPoint {
  readonly load: number
  readonly ratio: number
}

/** Between which loads per replica the promise ends, by all services that would look like this one. */
export interface SafeRange {
  /** The one that is most like it; 0 where that is too slow even when idle. */
  readonly likely: number
  /** The most hopeful of those that are nearly as much like it. */
  readonly high: number
}

/** How many requests a replica may serve at a time. */
const CONCURRENCIES = [1, 2, 4, 8, 16, 32]
/** How busy a replica may have been at the greatest load; above 1 it was overloaded. */
const BUSY = [0.02, 0.03, 0.05, 0.08, 0.12, 0.17, 0.23, 0.3, 0.37, 0.44, 0.5, 0.56, 0.62, 0.68, 0.73, 0.78, 0.82, 0.86, 0.89]
const BUSIER = [0.91, 0.93, 0.95, 0.97, 0.985, 1.02, 1.06, 1.12, 1.2, 1.35, 1.6, 2]
const LEAST_POINTS = 4
/** The greatest load is at least so many times the smallest: a single load tells nothing of others. */
const LEAST_SPAN = 1.15
/** Root mean square error of the logarithm: a worse fit is no fit, and fits that differ by less are equally good. */
const [WORST_ERROR, ALIKE] = [0.15, 0.03]

interface Hypothesis {
  readonly concurrency: number
  readonly busyAtGreatest: number
  /** Mean service time in shares of the threshold. */
  readonly service: number
  readonly error: number
}

/**
 * The M/M/k queues (`queueing.ts`) that explain latencies by load: service time, servers, and how busy the greatest load made them. No
 * unit is needed, because the curve depends on the busy share alone, times the service time. What lies flat is explained by
 * many of them, so the answer is a range; the steeper the curve was seen, the narrower it is. `undefined` where the points are too few, too
 * near each other, or no such queue is like them. `points` ascend in both; `quantile` is 0..1.
 */
export function fitService(points: readonly LatencyPoint[], quantile: number): SafeRange | undefined {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || points.length < LEAST_POINTS || last.load < LEAST_SPAN * first.load)
    return undefined
  const all = CONCURRENCIES.flatMap(concurrency => {
    const times = tableOf(concurrency, quantile)
    return [...BUSY, ...BUSIER].flatMap(busyAtGreatest => hypothesis(points, { concurrency, busyAtGreatest, times }) ?? [])
  })
  const best = all.reduce((least, { error }) => Math.min(least, error), Number.POSITIVE_INFINITY)
  if (best > WORST_ERROR) return undefined
  const alike = all.filter(({ error }) => error <= best + ALIKE)
  const safe = alike.map(({ service: serviceSeconds, concurrency, busyAtGreatest }) => {
    const rate = safeRate({ serviceSeconds, concurrency }, { quantile, thresholdSeconds: 1 }) ?? 0
    return ((rate * serviceSeconds) / concurrency / busyAtGreatest) * last.load
  })
  return { likely: safe[alike.findIndex(({ error }) => error === best)]!, high: Math.max(...safe) }
}

interface Guess {
  readonly concurrency: number
  readonly busyAtGreatest: number
  readonly times: readonly number[]
}

/** The service time that fits best, and how well. */
function hypothesis(points: readonly LatencyPoint[], guess: Guess): Hypothesis | undefined {
  const { concurrency, busyAtGreatest, times } = guess
  const greatest = points.at(-1)!.load
  const shapes = points.map(({ load }) => logTime(times, (busyAtGreatest * load) / greatest))
  const [ceiling, errors] = [Math.log(HIGHEST_RATIO), points.map(({ ratio }, i) => Math.log(ratio) - shapes[i]!)]
  const known = errors.filter((error, i) => Number.isFinite(error) && points[i]!.ratio < 0.95 * HIGHEST_RATIO)
  if (known.length < LEAST_POINTS - 1) return undefined
  const logService = mean(known)
  const squares = points.map(({ ratio }, i) => (Math.log(ratio) - Math.min(ceiling, logService + shapes[i]!)) ** 2)
  return { concurrency, busyAtGreatest, service: Math.exp(logService), error: Math.sqrt(mean(squares)) }
}

const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length

const STEPS = 32
const HIGHEST_DEPTH = Math.log(64)

/** Logarithms of the latency in service times, by -log(1 - busy): in that measure they are nearly straight. */
function tableOf(concurrency: number, quantile: number): readonly number[] {
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    const busy = 1 - Math.exp((-HIGHEST_DEPTH * step) / STEPS)
    return Math.log(latencyQuantile({ serviceSeconds: 1, concurrency }, busy * concurrency, quantile))
  })
}

function logTime(table: readonly number[], busy: number): number {
  const depth = busy < 1 ? (-Math.log(1 - busy) / HIGHEST_DEPTH) * STEPS : STEPS
  const step = Math.floor(depth)
  if (step >= STEPS) return Number.POSITIVE_INFINITY
  return table[step]! + (depth - step) * (table[step + 1]! - table[step]!)
}
