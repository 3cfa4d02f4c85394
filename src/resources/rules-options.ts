import type { GuardSettings } from '../core/guard/order.ts'
import type { CrescendoOptions } from '../core/policy/crescendo-rules.ts'
import type { ScreenSettings } from '../core/screen/screens.ts'
import type { Settings } from './settings.ts'

/** What decides how Crescendo behaves for one object, before the world (target, age of the metrics) is known. */
export type PolicyOptions = Omit<CrescendoOptions, 'target' | 'delayMs'>

/**
 * The settings in force as options of the rules, the same for a back-test and for a live object. What a person wrote holds. Where
 * nobody did: no anomaly response beyond a note, and no emergency above maxReplicas. `mode` is what holds where none was stated.
 */
export function policyOptions(settings: Settings, given: { readonly price: number; readonly mode: CrescendoOptions['mode'] }) {
  const { prediction, anomaly, emergency, budget, protection, violationMinutesPerDay, schedules, objectives } = settings
  const { scalars } = settings.learning
  const isWritten = (path: string) => isStated(settings, path)
  const guards: GuardSettings = {
    emergency: isWritten('emergency.maxReplicas') || isWritten('emergency.maxDurationSeconds') ? emergency : 'Off',
    ...(budget && { budget: { ...budget, costPerReplicaHour: given.price } }),
    ...surgeOf(settings, given.price),
  }
  const screens: ScreenSettings = {
    attack: { mode: protection.envelope },
    anomaly: {
      response: isWritten('anomaly.response') ? anomaly.response : 'AlertOnly',
      ...((isWritten('anomaly.response') || isWritten('anomaly.thresholdSigma')) && { thresholdSigma: anomaly.thresholdSigma }),
    },
  }
  const mode = isWritten('prediction.mode') ? prediction.mode : given.mode
  const isScheduled = schedules.length > 0
  const learnsSafeLoad =
    prediction.capacityPerReplica === undefined && objectives.some(({ type }) => type === 'Latency' || type === 'ErrorRatio')
  return {
    mode,
    badMinutesPerDay: violationMinutesPerDay,
    guards,
    screens,
    ...(isScheduled && { isScheduled }),
    ...(learnsSafeLoad && { learnsSafeLoad }),
    ...(settings.tier === 'Enterprise' && { guardsOwnViolations: true }),
    ...(scalars && { learnt: scalars }),
  } satisfies PolicyOptions
}

function surgeOf({ protection: { surgeBudgetPerDay: perDay }, budget }: Settings, price: number): Pick<GuardSettings, 'surge'> {
  if (perDay === undefined) return {}
  return { surge: { perDay, costPerReplicaHour: price, ...(budget?.currency !== undefined && { currency: budget.currency }) } }
}

/** Whether a policy or an object says it, and not only what is built in or configured for all. */
export function isStated({ origins }: Settings, path: string): boolean {
  const origin = origins[path]
  return origin !== undefined && origin !== 'built-in' && origin !== 'global configuration'
}
