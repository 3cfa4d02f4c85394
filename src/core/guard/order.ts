import { type HpaSettings, stockSettings } from '../hpa/settings.ts'
import type { Guard } from '../rules.ts'
import { bounds } from './bounds.ts'
import { type BreakerSettings, breaker } from './breaker.ts'
import { type BudgetSettings, budget } from './budget.ts'
import { type CeilingSettings, ceiling } from './ceiling.ts'
import { type EmergencySettings, emergency } from './emergency.ts'
import { envelope } from './envelope.ts'
import { type HoldSettings, hold } from './hold.ts'
import { pace } from './pace.ts'
import { stabilise } from './stabilise.ts'
import { type SurgeSettings, surge } from './surge.ts'

export interface GuardSettings {
  /** Absent: no budget guard at all. */
  readonly budget?: BudgetSettings
  /** Absent: what is unusual may cost whatever it needs. */
  readonly surge?: SurgeSettings
  readonly hold?: HoldSettings
  /** `Off`: nothing ever passes the limits of the object. */
  readonly emergency?: EmergencySettings | 'Off'
  readonly breaker?: BreakerSettings
  readonly ceiling?: CeilingSettings
  /** What holds where the object has no `behavior` of its own. Default: upstream's. */
  readonly hpa?: HpaSettings
}

/**
 * The order of the guards, stated here and nowhere else; it is the policy of the house, and a later guard outranks an
 * earlier one:
 *
 * 1. `stabilise`, `pace`, `bounds` - what the object itself asks for: no flapping, limited steps, minReplicas..maxReplicas.
 * 2. `budget` - money outranks the SLO, but never cuts below minReplicas.
 * 3. `surge` - what is beyond the usual has a budget of its own; what is usual never waits for it.
 * 4. `envelope` - no growth for demand that the screens do not believe, whatever the metrics of the pods say.
 * 5. `hold` - silence takes nothing away, not even for the budget.
 * 6. `emergency` - for believed demand only, passes pace, bounds and budget up to its own maximum, and falls back by itself.
 * 7. `breaker` - no more of what demonstrably does not help, in an emergency too.
 * 8. `ceiling` - 500, a whole number, never below zero; binds everything.
 *
 * Of two wishes the stronger is thus: safety floor, telemetry hold, attack envelope, hard budget, SLO, cost.
 */
export function guardsInOrder(settings: GuardSettings = {}): readonly Guard[] {
  return [
    stabilise(settings.hpa ?? stockSettings),
    pace(settings.hpa ?? stockSettings),
    bounds(),
    ...(settings.budget ? [budget(settings.budget)] : []),
    ...(settings.surge ? [surge(settings.surge)] : []),
    envelope(),
    hold(settings.hold),
    ...(settings.emergency === 'Off' ? [] : [emergency(settings.emergency)]),
    breaker(settings.breaker),
    ceiling(settings.ceiling),
  ]
}
