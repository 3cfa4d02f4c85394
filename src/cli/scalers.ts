import { policyOptions } from '../resources/rules-options.ts'
import type { Settings } from '../resources/settings.ts'
import { type Prepare, RIVALS } from '../sim/rivals/contenders.ts'
import { crescendoContender } from './crescendo-contender.ts'

/** Who plays when nobody was named. */
export const DEFAULT_SCALERS: readonly string[] = ['crescendo', 'hpa', 'keda', 'oracle']

/** Every scaler that a back-test knows by name. */
export const SCALER_NAMES: readonly string[] = ['crescendo', ...Object.keys(RIVALS)]

/** The scalers of a back-test: Crescendo by the settings of its policy (mode Slo where none was stated), and the rivals. */
export function scalersFor(settings: Settings, price: number): Readonly<Record<string, Prepare>> {
  const options = policyOptions(settings, { price, mode: 'Slo' })
  return {
    crescendo: scenario => ({ ...crescendoContender(scenario, options), note: `mode ${options.mode}` }),
    ...RIVALS,
  }
}
