import { figure } from '../explain/figures.ts'
import type { Objective, Target } from '../model.ts'

/** An objective that more replicas may help to keep, because it is about what a loaded replica does. */
export type Promised = Extract<Objective, { readonly threshold: number }>

/** A promise and where it stands among `Target.objectives`, as its readings do. */
export interface PlacedPromise {
  readonly index: number
  readonly promise: Promised
}

/** Latencies and error ratios: what load makes worse. Those of which nobody can be told how they stand are left out. */
export function promisesOf({ objectives = [] }: Pick<Target, 'objectives'>): readonly PlacedPromise[] {
  return objectives.flatMap((objective, index) =>
    objective.type === 'Latency' || objective.type === 'ErrorRatio' ? [{ index, promise: objective }] : [],
  )
}

/** "P99 25 ms", "errors 0.01 %"; a latency in another unit than seconds and milliseconds carries the name of its metric. */
export function promiseText(promise: Promised): string {
  if (promise.type !== 'Latency') return `errors ${figure(promise.threshold * 100)} %`
  const { metric, percentile, threshold } = promise
  const name = `P${figure(percentile)}`
  if (/(?:^|_)(?:ms|milliseconds)(?:_|$)/.test(metric)) return `${name} ${duration(threshold / 1000)}`
  return /(?:^|_)seconds(?:_|$)/.test(metric) ? `${name} ${duration(threshold)}` : `${name} ${figure(threshold)} (${metric})`
}

const duration = (seconds: number): string => (seconds < 1 ? `${figure(seconds * 1000)} ms` : `${figure(seconds)} s`)
