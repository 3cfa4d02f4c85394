import { policyOptions } from '../resources/rules-options.ts'
import { scheduledWindows } from '../resources/schedule-windows.ts'
import type { Settings } from '../resources/settings.ts'
import { type Prepare, RIVALS } from '../sim/rivals/contenders.ts'
import type { Scenario } from '../sim/run.ts'
import { crescendoContender } from './crescendo-contender.ts'

/** Who plays when nobody was named. */
export const DEFAULT_SCALERS: readonly string[] = ['crescendo', 'hpa', 'keda', 'oracle']

/** Every scaler that a back-test knows by name. */
export const SCALER_NAMES: readonly string[] = ['crescendo', ...Object.keys(RIVALS)]

/** The scalers of a back-test: Crescendo by the settings of its policy (mode Slo where none was stated), and the rivals. */
export function scalersFor(settings: Settings, price: number): Readonly<Record<string, Prepare>> {
  const options = policyOptions(settings, { price, mode: 'Slo' })
  return {
    crescendo: scenario => ({
      ...crescendoContender(scenario, options),
      ...scheduledIn(scenario, settings),
      note: `mode ${options.mode}`,
    }),
    ...RIVALS,
  }
}

/** What the schedules of a policy say of the time that is played; nothing where it has none. */
export function scheduledIn(scenario: Scenario, { schedules }: Settings): Pick<Scenario, 'scheduled'> {
  return schedules.length > 0 ? { scheduled: scheduledWindows(schedules, rangeOf(scenario)) } : {}
}

/** All that is played, and the last forecast's reach. */
function rangeOf({ load: { startMs, tickMs, value } }: Scenario) {
  return { fromMs: startMs, toMs: startMs + value.length * tickMs + 3_600_000 }
}
