import type { Behavior, MetricAnswer, MetricSpec } from '../model.ts'
import { type Evaluation, evaluate, type HpaMetric, type MetricFacts, type MetricFailure, tellMetric } from './metric.ts'
import type { Bounds } from './rate.ts'
import { toleranceOf } from './settings.ts'

/** What upstream's API puts in place of an empty list. */
const defaultMetrics: readonly MetricSpec[] = [
  { type: 'Resource', resource: 'cpu', target: { type: 'Utilization', averageUtilizationPercent: 80 } },
]

/** Why an HPA at zero replicas stays there. */
export const DISABLED = 'scaling is disabled since the replica count of the target is zero'

/** What the whole of an HPA wants before stabilisation, rate and bounds. */
export type Desire =
  /** Zero replicas that nobody asked this HPA for: maintenance, hands off. */
  | { readonly kind: 'disabled' }
  /** Outside the bounds: back at once, no metric is read. */
  | { readonly kind: 'outright'; readonly replicas: number; readonly why: string }
  | Combined

export type Combined =
  | {
      readonly kind: 'wanted'
      readonly replicas: number
      /** Name of the metric that won, as events tell it. */
      readonly metric: string
      /** The winner's figures, for a person. */
      readonly why: string
      readonly evaluations: readonly Evaluation[]
      /** Some metric failed, which forbids scaling down only. */
      readonly failure?: MetricFailure
    }
  | { readonly kind: 'failed'; readonly failure: MetricFailure; readonly evaluations: readonly Evaluation[] }

export interface Asked {
  readonly bounds: Bounds
  readonly behavior: Behavior | undefined
  readonly metrics: readonly HpaMetric[]
  /** In the order of the metrics. */
  readonly answers: readonly MetricAnswer[]
  readonly facts: Omit<MetricFacts, 'tolerance'>
}

/** What the replicas alone decide, before anything is measured; `undefined`: the metrics decide. */
export function desireOfBounds(replicas: number, { minReplicas, maxReplicas }: Bounds): Desire | undefined {
  if (replicas === 0 && minReplicas !== 0) return { kind: 'disabled' }
  if (replicas > maxReplicas)
    return { kind: 'outright', replicas: maxReplicas, why: 'Current number of replicas above Spec.MaxReplicas' }
  if (replicas < minReplicas)
    return { kind: 'outright', replicas: minReplicas, why: 'Current number of replicas below Spec.MinReplicas' }
  return undefined
}

/**
 * All metrics of the spec in order: the highest count wins, the earlier one at a tie. A failed metric might have wanted more,
 * so with a failure among them the others may scale up, never down.
 */
export function desireOfMetrics({ metrics, answers, facts, behavior }: Omit<Asked, 'bounds'>): Combined {
  const specs = metrics.length === 0 ? defaultMetrics : metrics
  const full = { ...facts, tolerance: toleranceOf(behavior, facts.settings) }
  const evaluations: Evaluation[] = []
  let failure: MetricFailure | undefined
  let best: Winner | undefined
  for (const [index, spec] of specs.entries()) {
    const one = evaluate(spec, answers[index], full)
    evaluations.push(one)
    if (one.kind === 'failed') failure ??= one
    else if (best === undefined || one.replicas > best.counted.replicas) best = { spec, counted: one }
  }
  if (failure !== undefined && (best === undefined || best.counted.replicas < facts.specReplicas))
    return { kind: 'failed', failure, evaluations }
  const { spec, counted } = best as Winner // without a failure there is a winner: the list is never empty
  return {
    kind: 'wanted',
    replicas: counted.replicas,
    metric: counted.name,
    why: tellMetric(spec, counted.status),
    evaluations,
    ...(failure && { failure }),
  }
}

interface Winner {
  readonly spec: HpaMetric
  readonly counted: Extract<Evaluation, { readonly kind: 'counted' }>
}

/** How a pass with failures says so: "invalid metrics (1 invalid out of 2), first error is: …". */
export function tellFailures({ evaluations, failure }: { evaluations: readonly Evaluation[]; failure: MetricFailure }): string {
  const invalid = evaluations.filter(one => one.kind === 'failed').length
  return `invalid metrics (${invalid} invalid out of ${evaluations.length}), first error is: ${failure.why}`
}
