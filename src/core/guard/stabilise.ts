import { ableToScale } from '../hpa/condition.ts'
import { type HpaSettings, stockSettings } from '../hpa/settings.ts'
import { type Recommendation, type Stabilised, stabilisationWindows, stabilised } from '../hpa/stabilisation.ts'
import type { Target } from '../model.ts'
import { type Context, type Draft, type Guard, recall } from '../rules.ts'

const NAME = 'stabilise'

/**
 * HPA's stabilisation: replicas do not follow a wish that the last minutes contradict. Remembers every wish as a
 * recommendation; the first tick remembers the replicas it finds, so that a restart never scales down at once.
 */
export function stabilise(settings: HpaSettings = stockSettings): Guard {
  return {
    name: NAME,
    limit: (draft, context) => {
      const remembered = recall<readonly Recommendation[] | undefined>(context.memory, NAME, undefined) ?? seed(context)
      if (draft.outright || draft.abstained) return unbound(draft, remembered)
      const { target, situation } = context
      const current = situation.observation.replicas.spec
      const wanted = { now: context.now, current, desired: draft.replicas, recommendations: remembered }
      const smooth = stabilised(wanted, target.behavior, settings)
      const why = tell(smooth, draft.replicas, windowSeconds(smooth, target, settings))
      return { replicas: smooth.replicas, why, memory: smooth.recommendations, conditions: [ableToScale(smooth.reason)] }
    },
  }
}

function seed({ now, situation }: Context): readonly Recommendation[] {
  return [{ replicas: situation.observation.replicas.spec, at: now }]
}

function unbound({ replicas, outright }: Draft, remembered: readonly Recommendation[]) {
  const why = outright ? 'does not bind: replicas return to their bounds' : 'nothing to smooth: nobody proposed'
  return { replicas, why, memory: remembered, conditions: [ableToScale('SucceededGetScale')] }
}

function windowSeconds({ reason }: Stabilised, { behavior }: Target, settings: HpaSettings): number {
  if (behavior === undefined) return settings.downscaleStabilizationMs / 1000
  const windows = stabilisationWindows(behavior, settings)
  return (reason === 'ScaleUpStabilized' ? windows.upMs : windows.downMs) / 1000
}

function tell({ replicas, reason }: Stabilised, asked: number, seconds: number): string {
  if (reason === 'ReadyForNewScale') return 'free to move: the recent past does not contradict'
  const only = reason === 'ScaleUpStabilized' ? 'no more than ' : ''
  return `held at ${replicas} instead of ${asked}: ${only}${replicas} was wanted within the last ${seconds} s`
}
