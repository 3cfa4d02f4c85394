import { isStated, policyOptions } from '../resources/rules-options.ts'
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
