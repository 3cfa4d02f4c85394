import { METRICS_DELAY_MS, type Service } from '../cli/demo/service.ts'
import type { Target } from '../core/model.ts'
import { crescendoRules } from '../core/policy/crescendo-rules.ts'
import type { Memory, Rules } from '../core/rules.ts'
import { backfill, type Recorded } from '../loop/backfill.ts'
import type { HorizontalPodAutoscaler } from '../resources/documents.ts'
import { policyOptions } from '../resources/rules-options.ts'
import type { Settings } from '../resources/settings.ts'
import { targetOf } from '../resources/target.ts'
import { usualStartupMs } from '../sim/replicas.ts'
import { TARGET_SHARE } from '../sim/rivals/share.ts'
import { metricScaleFor } from '../sim/run.ts'

/** How a service is scaled now, and what is being learnt to scale it better. */
export interface Plan {
  readonly settings: Settings
  readonly target: Target
  /** Those that decide. */
  rules: Rules
  /** What forecaster and tuner are made for: while it stays the same, what they have learnt holds. */
  readonly fingerprint: string
  lesson?: Lesson | undefined
}

interface Lesson {
  /** They decide once they have learnt. */
  readonly rules: Rules
  readonly turns: Generator<void, Memory>
  /** Rows of the past, and how many of them were heard. */
  readonly rows: number
  heard: number
}

/** The object that scales a service of the simulated cluster, as somebody would write it for a real one. */
export function documentOf({ namespace, name, profile, target }: Service, policy?: string): HorizontalPodAutoscaler {
  const { capacityPerReplica, startupMs, maxReplicas } = target
  const usual = Math.max(1, Math.round(capacityPerReplica * metricScaleFor(capacityPerReplica) * TARGET_SHARE))
  return {
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      maxReplicas,
      metrics: [
        {
          type: 'External',
          external: { metric: { name: 'load' }, target: { type: 'AverageValue', averageValue: String(usual) } },
        },
      ],
      ...(profile !== undefined && { profile: pascal(profile) }),
      ...(policy !== undefined && { policyRef: { name: policy } }),
      prediction: {
        drivers: [{ metric: 'load' }],
        capacityPerReplica: String(capacityPerReplica),
        startupSeconds: Math.round(startupMs / 1000),
      },
    },
  }
}

type Profile = NonNullable<HorizontalPodAutoscaler['spec']['profile']>

/** "ml-inference" is "MlInference". */
function pascal(profile: string): Profile {
  return profile.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()) as Profile // the profiles of sim/traffic are those of the schema
}

/**
 * The plan for these settings. What was learnt is kept where it fits; else new rules learn the `past` while others, which need none,
 * decide.
 */
export function planFor(
  service: Service,
  { settings, object }: { readonly settings: Settings; readonly object: HorizontalPodAutoscaler },
  { before, past }: { readonly before: Plan | undefined; readonly past: Past },
): Plan {
  const target = targetOf(object, settings)
  const startupMs = usualStartupMs(target.startupMs, service.startup)
  const options = policyOptions(settings, { price: service.price, mode: settings.prediction.mode })
  const fresh = (mode: typeof options.mode) =>
    crescendoRules({ ...options, mode, target: { ...target, startupMs }, delayMs: METRICS_DELAY_MS })
  const wanted = fresh(options.mode)
  const fingerprint = JSON.stringify([
    target.capacityPerReplica,
    startupMs,
    target.periodMs,
    options.badMinutesPerDay,
    settings.schedules,
  ])
  if (wanted.forecaster === undefined) return { settings, target, rules: wanted, fingerprint }
  const known = before?.lesson?.rules ?? before?.rules
  if (before?.fingerprint === fingerprint && known?.forecaster !== undefined) {
    const learnt: Rules = { ...wanted, forecaster: known.forecaster, ...(known.tuner && { tuner: known.tuner }) }
    if (before.lesson === undefined) return { settings, target, rules: learnt, fingerprint }
    return { settings, target, rules: fresh('Off'), fingerprint, lesson: { ...before.lesson, rules: learnt } }
  }
  const turns = backfill(wanted, target, past.rows())
  return { settings, target, rules: fresh('Off'), fingerprint, lesson: { rules: wanted, turns, rows: past.length(), heard: 0 } }
}

/** What was recorded of a service; grows while it is read. */
export interface Past {
  rows(): Iterable<Recorded>
  length(): number
}

/** Teaches until `untilMs` of the process's clock. Gives the memory that the lesson ended with, once it has. */
export function teach(plan: Plan, untilMs: number): Memory | undefined {
  const { lesson } = plan
  if (lesson === undefined) return undefined
  while (performance.now() < untilMs) {
    const turn = lesson.turns.next()
    if (turn.done === true) {
      plan.rules = lesson.rules
      plan.lesson = undefined
      return turn.value
    }
    lesson.heard++
  }
  return undefined
}
