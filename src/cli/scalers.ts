import type { GuardSettings } from '../core/guard/order.ts'
import type { CrescendoOptions } from '../core/policy/crescendo-rules.ts'
import type { ScreenSettings } from '../core/screen/screens.ts'
import type { Settings } from '../resources/settings.ts'
import { type Prepare, RIVALS } from '../sim/rivals/contenders.ts'
import { crescendoContender } from './crescendo-contender.ts'

/** Who plays when nobody was named. */
export const DEFAULT_SCALERS: readonly string[] = ['crescendo', 'hpa', 'keda', 'oracle']

/** Every scaler that a back-test knows by name. */
export const SCALER_NAMES: readonly string[] = ['crescendo', ...Object.keys(RIVALS)]

/** The scalers of a back-test: Crescendo by the settings of its policy, and the rivals. */
export function scalersFor(settings: Settings, price: number): Readonly<Record<string, Prepare>> {
  const options = crescendoOptions(settings, price)
  return {
    crescendo: scenario => ({ ...crescendoContender(scenario, options), note: `mode ${options.mode}` }),
    ...RIVALS,
  }
}

/**
 * What a person wrote in the policy holds. Where nobody did, a back-test shows what prediction can do: mode Slo (the safe load is
 * known here), no anomaly response beyond a note, and no emergency above maxReplicas, so that all scalers play within the same bounds.
 */
export function crescendoOptions(settings: Settings, price: number): Omit<CrescendoOptions, 'target' | 'delayMs'> {
  const { prediction, anomaly, emergency, budget, protection, violationMinutesPerDay } = settings
  const isWritten = (path: string) => isStated(settings, path)
  const guards: GuardSettings = {
    emergency: isWritten('emergency.maxReplicas') || isWritten('emergency.maxDurationSeconds') ? emergency : 'Off',
    ...(budget && { budget: { ...budget, costPerReplicaHour: price } }),
  }
  const screens: ScreenSettings = {
    attack: { mode: protection.envelope },
    anomaly: {
      response: isWritten('anomaly.response') ? anomaly.response : 'AlertOnly',
      ...((isWritten('anomaly.response') || isWritten('anomaly.thresholdSigma')) && { thresholdSigma: anomaly.thresholdSigma }),
    },
  }
  return {
    mode: isWritten('prediction.mode') ? prediction.mode : 'Slo',
    badMinutesPerDay: violationMinutesPerDay,
    guards,
    screens,
  }
}

/** A field that a live controller acts on and a back-test does not, and when it says something at all. */
interface Unplayed {
  readonly path: string
  readonly says?: (settings: Settings) => boolean
  /** What to call it, where its path says too much. */
  readonly as?: string
}

const NOT_PLAYED: readonly Unplayed[] = [
  { path: 'mode', says: ({ mode }) => mode !== 'Auto' },
  { path: 'schedules', says: ({ schedules }) => schedules.length > 0 },
  {
    path: 'objectives',
    says: ({ objectives }) => objectives.some(({ type }) => type !== 'Availability'),
    as: 'objectives other than Availability',
  },
  { path: 'prediction.horizonSeconds' },
  { path: 'prediction.drivers', says: ({ prediction }) => prediction.drivers.length > 0 },
  { path: 'protection.surgeBudgetPerDay' },
  { path: 'learning.mode', says: ({ learning }) => learning.mode !== 'Off' },
  { path: 'spot.maxShare', says: ({ spot }) => spot.maxShare > 0 },
]

/** The stated fields of a policy that Crescendo does not act on in a back-test, as a person would call them. */
export function notPlayed(settings: Settings): readonly string[] {
  const stated = NOT_PLAYED.filter(({ path, says = () => true }) => isStated(settings, path) && says(settings))
  return stated.map(({ path, as = path }) => as)
}

/** Whether a policy or an object says it, and not only what is built in or configured for all. */
function isStated({ origins }: Settings, path: string): boolean {
  const origin = origins[path]
  return origin !== undefined && origin !== 'built-in' && origin !== 'global configuration'
}
