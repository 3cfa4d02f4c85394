import { z } from 'zod'
import { filledRules } from '../../src/core/hpa/behavior.ts'
import type { Failure } from '../../src/core/hpa/failure.ts'
import { groupPods } from '../../src/core/hpa/pod-groups.ts'
import { type Count, podsMetricReplicas, resourceUtilizationReplicas } from '../../src/core/hpa/pod-replicas.ts'
import { limited, type Move, scaleDownReach, scaleUpReach } from '../../src/core/hpa/rate.ts'
import { podRequests } from '../../src/core/hpa/requests.ts'
import { customMetrics, resourceMetrics } from '../../src/core/hpa/samples.ts'
import { changedWithin, eventsAfter, noEvents } from '../../src/core/hpa/scale-events.ts'
import { stockSettings } from '../../src/core/hpa/settings.ts'
import { stabilisedBothWays, stabilisedDown } from '../../src/core/hpa/stabilisation.ts'
import { averageValueReplicas, type ValueCount, valueReplicas } from '../../src/core/hpa/value-replicas.ts'
import {
  behavior,
  events,
  flags,
  milli,
  now,
  podOf,
  pods,
  recommendations,
  rules,
  samples,
  samplesOf,
  tolerance,
} from './inputs.ts'
import { reconcileVector } from './reconcile.ts'

/** What a function of the core answered, in the words of the vectors. */
export type Answer = Readonly<Record<string, unknown>>

type Run = (input: unknown) => Answer

/** Reads a vector's input by its schema, together with the flags that it may set, and asks the core. */
function run<T>(schema: z.ZodType<T>, ask: (input: T, settings: z.infer<typeof flags>) => Answer): Run {
  return input => ask(schema.parse(input), flags.parse(input))
}

const counting = z.object({ nowSec: now, currentReplicas: z.number().int(), tolerance, pods })
const perPod = counting.extend({ metrics: samples })
const perValue = counting.extend({ targetMilli: milli, valuesMilli: z.array(milli) })
const resourceOf = z.object({ resource: z.string(), container: z.string().nullish() })

const groupPodsVector = run(
  z.object({ nowSec: now, resource: z.string().nullish(), pods, metrics: samples }),
  (input, settings) => {
    const byContainer = input.metrics.some(one => one.byContainer !== undefined)
    const groups = groupPods(
      {
        pods: input.pods.map(one => podOf(one, [])),
        metrics: byContainer ? resourceMetrics(samplesOf(input.metrics, null)) : customMetrics(input.metrics),
        resource: input.resource ?? undefined,
      },
      { now: input.nowSec, settings },
    )
    const { readyCount: readyPodCount, unready: unreadyPods, missing: missingPods, ignored: ignoredPods } = groups
    return { readyPodCount, unreadyPods, missingPods, ignoredPods }
  },
)

const requestsVector = run(resourceOf.extend({ pods }), (input, settings) => {
  const { podLevelResources } = settings
  const requests = podRequests(
    input.pods.map(one => podOf(one, [input.resource])),
    { resource: input.resource, container: input.container ?? undefined, podLevelResources },
  )
  return 'kind' in requests ? { error: requests.why } : { requestsMilli: Object.fromEntries(requests) }
})

const utilizationVector = run(perPod.extend({ ...resourceOf.shape, targetUtilization: z.number() }), (input, settings) =>
  perPodAnswer(
    resourceUtilizationReplicas(
      {
        now: input.nowSec,
        settings,
        replicas: input.currentReplicas,
        tolerance: input.tolerance,
        samples: samplesOf(input.metrics, input.container),
        pods: input.pods.map(one => podOf(one, [input.resource])),
      },
      { resource: input.resource, container: input.container ?? undefined, percent: input.targetUtilization },
    ),
  ),
)

const podsMetricVector = run(perPod.extend({ targetMilli: milli }), (input, settings) =>
  perPodAnswer(
    podsMetricReplicas(
      {
        now: input.nowSec,
        settings,
        replicas: input.currentReplicas,
        tolerance: input.tolerance,
        samples: input.metrics,
        pods: input.pods.map(one => podOf(one, [])),
      },
      { metric: 'metric', value: input.targetMilli },
    ),
  ),
)

function perPodAnswer(count: Count | Failure): Answer {
  if (count.kind === 'failed') return { error: count.why }
  const { average, utilizationPercent } = count.usage
  return { replicas: count.replicas, utilization: utilizationPercent, rawAverageMilli: average, usageMilli: average }
}

function valueVector(kind: 'value' | 'average', api: 'custom' | 'external'): Run {
  return run(perValue, input => {
    const facts = {
      replicas: input.currentReplicas,
      pods: input.pods.map(one => podOf(one, [])),
      values: input.valuesMilli,
      target: input.targetMilli,
      tolerance: input.tolerance,
      api,
    }
    const count: ValueCount | Failure = kind === 'value' ? valueReplicas(facts) : averageValueReplicas(facts)
    return count.kind === 'failed' ? { error: count.why } : { replicas: count.replicas, usageMilli: count.usage }
  })
}

const moving = z.object({ nowSec: now, currentReplicas: z.number().int(), scaleUpEvents: events, scaleDownEvents: events })
const bounded = { desiredReplicas: z.number().int(), minReplicas: z.number().int(), maxReplicas: z.number().int() }

function moveOf(input: z.infer<typeof moving>, desired: number): Move {
  const happened = { up: input.scaleUpEvents, down: input.scaleDownEvents }
  return { now: input.nowSec, current: input.currentReplicas, desired, events: happened }
}

const withRulesVector = run(moving.extend(bounded), (input, settings) => ({
  ...limited(moveOf(input, input.desiredReplicas), { bounds: input, behavior: undefined, settings }),
}))

const withBehaviorVector = run(moving.extend({ ...bounded, behavior }), (input, settings) => ({
  ...limited(moveOf(input, input.desiredReplicas), { bounds: input, behavior: input.behavior ?? {}, settings }),
}))

const scaleUpLimitVector = run(moving.extend({ rules }), input => ({
  limit: scaleUpReach(moveOf(input, input.currentReplicas), filledRules('up', input.rules)).replicas,
}))

const scaleDownLimitVector = run(moving.extend({ rules }), input => ({
  limit: scaleDownReach(moveOf(input, input.currentReplicas), filledRules('down', input.rules)).replicas,
}))

const wanting = z.object({ nowSec: now, desiredReplicas: z.number().int(), recommendations })

const stabilizeVector = run(wanting, (input, settings) => {
  const { nowSec, desiredReplicas: desired, recommendations: before } = input
  return smoothed(stabilisedDown({ now: nowSec, desired, recommendations: before }, settings.downscaleStabilizationMs))
})

const windows = {
  currentReplicas: z.number().int(),
  scaleUpStabilizationSec: z.number().default(0),
  scaleDownStabilizationSec: z.number().default(stockSettings.downscaleStabilizationMs / 1000),
}

const stabilizeBothVector = run(wanting.extend(windows), input => {
  const { nowSec, currentReplicas: current, desiredReplicas: desired, recommendations: before } = input
  const spans = { upMs: input.scaleUpStabilizationSec * 1000, downMs: input.scaleDownStabilizationSec * 1000 }
  return smoothed(stabilisedBothWays({ now: nowSec, current, desired, recommendations: before }, spans))
})

function smoothed(result: ReturnType<typeof stabilisedDown>): Answer {
  const after = result.recommendations.map(one => one.replicas)
  return { replicas: result.replicas, reason: result.reason, logLength: after.length, recommendationsAfter: after }
}

const changing = z.object({
  nowSec: now,
  direction: z.enum(['up', 'down']),
  prevReplicas: z.number().int(),
  newReplicas: z.number().int(),
  behavior,
  events,
  changePeriodSec: z.number().default(0),
})

const storeEventVector = run(changing, input => {
  const { direction, nowSec } = input
  const before = { ...noEvents, [direction]: input.events }
  const after = eventsAfter(before, { from: input.prevReplicas, to: input.newReplicas, at: nowSec }, input.behavior)
  return {
    replicasChangeInPeriodBefore: changedWithin(input.events, input.changePeriodSec * 1000, nowSec),
    eventsAfter: after[direction].map(({ change, at, outdated }) => ({
      replicaChange: change,
      timestampSec: at / 1000,
      outdated,
    })),
  }
})

const defaultsVector = run(z.object({ direction: z.enum(['up', 'down']), rules }), input => ({
  rules: filledRules(input.direction, input.rules),
}))

/** Every `function` that a vector may name. */
export const FUNCTIONS: Readonly<Record<string, Run>> = {
  groupPods: groupPodsVector,
  calculateRequests: requestsVector,
  resourceUtilizationReplicas: utilizationVector,
  podsMetricReplicas: podsMetricVector,
  objectValueReplicas: valueVector('value', 'custom'),
  objectAverageValueReplicas: valueVector('average', 'custom'),
  externalValueReplicas: valueVector('value', 'external'),
  externalAverageValueReplicas: valueVector('average', 'external'),
  convertDesiredReplicasWithRules: withRulesVector,
  convertDesiredReplicasWithBehaviorRate: withBehaviorVector,
  scaleUpLimit: scaleUpLimitVector,
  scaleDownLimit: scaleDownLimitVector,
  stabilizeRecommendation: stabilizeVector,
  stabilizeRecommendationWithBehaviors: stabilizeBothVector,
  storeScaleEvent: storeEventVector,
  defaultScalingRules: defaultsVector,
  reconcile: reconcileVector,
}
