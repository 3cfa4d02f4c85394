import type { GuardSettings } from '../core/guard/order.ts'
import { type CrescendoOptions, crescendoRules } from '../core/policy/crescendo-rules.ts'
import type { Settings } from '../resources/settings.ts'
import { ticksOf } from '../sim/load.ts'
import { usualStartupMs } from '../sim/replicas.ts'
import { followed, type Prepare, RIVALS } from '../sim/rivals/contenders.ts'

/** Who plays when nobody was named. */
export const DEFAULT_SCALERS: readonly string[] = ['crescendo', 'hpa', 'keda', 'oracle']

/** Every scaler that a back-test knows by name. */
export const SCALER_NAMES: readonly string[] = ['crescendo', ...Object.keys(RIVALS)]

/** The scalers of a back-test: Crescendo by the settings of its policy, and the rivals. */
export function scalersFor(settings: Settings, price: number): Readonly<Record<string, Prepare>> {
  return {
    crescendo: scenario => {
      const target = followed(scenario)
      const delayMs = ticksOf(scenario.metricsDelayMs, scenario.load.tickMs) * scenario.load.tickMs
      const options = crescendoOptions(settings, price)
      const startupMs = usualStartupMs(target.startupMs, scenario.startup ?? { kind: 'fixed' }) + (scenario.nodes?.startupMs ?? 0)
      return {
        rules: crescendoRules({ ...options, target: { ...target, startupMs }, delayMs }),
        target,
        note: `mode ${options.mode}`,
      }
    },
    ...RIVALS,
  }
}

/**
 * What a person wrote in the policy holds. Where nobody did, a back-test shows what prediction can do: mode Slo (the safe load is
 * known here), no anomaly response beyond a note, and no emergency above maxReplicas, so that all scalers play within the same bounds.
 */
function crescendoOptions(settings: Settings, price: number): Omit<CrescendoOptions, 'target' | 'delayMs'> {
  const { prediction, anomaly, emergency, budget, violationMinutesPerDay } = settings
  const isWritten = (path: string) => isStated(settings, path)
  const guards: GuardSettings = {
    emergency: isWritten('emergency.maxReplicas') ? emergency : 'Off',
    ...(budget && { budget: { ...budget, costPerReplicaHour: price } }),
  }
  return {
    mode: isWritten('prediction.mode') ? prediction.mode : 'Slo',
    badMinutesPerDay: violationMinutesPerDay,
    guards,
    ...(isWritten('anomaly.response') && { screens: { anomaly } }),
  }
}

/** Whether a policy or an object says it, and not only what is built in or configured for all. */
function isStated({ origins }: Settings, path: string): boolean {
  const origin = origins[path]
  return origin !== undefined && origin !== 'built-in' && origin !== 'global configuration'
}
