import { type HpaSettings, stockSettings } from '../hpa/settings.ts'
import type { Objective } from '../model.ts'
import type { Guard } from '../rules.ts'
import { bounds } from './bounds.ts'
import { type BreakerSettings, breaker } from './breaker.ts'
import { type BudgetSettings, budget } from './budget.ts'
import { type CeilingSettings, ceiling } from './ceiling.ts'
import { type EmergencySettings, emergency } from './emergency.ts'
import { envelope } from './envelope.ts'
import { errorBudget } from './error-budget.ts'
import { type HoldSettings, hold } from './hold.ts'
import { pace } from './pace.ts'
import { qualityGuard } from './quality-guard.ts'
import { share } from './share.ts'
import { stabilise } from './stabilise.ts'
import { type SurgeSettings, surge } from './surge.ts'

export interface GuardSettings {
  /** Absent: no budget guard at all. */
  readonly budget?: BudgetSettings
  /** It shares a budget with others: what that leaves for it is told with each observation. */
  readonly isSharing?: boolean
  /** Absent: what is unusual may cost whatever it needs. */
  readonly surge?: SurgeSettings
  readonly hold?: HoldSettings
  /** `Off`: nothing ever passes the limits of the object. */
  readonly emergency?: EmergencySettings | 'Off'
  readonly breaker?: BreakerSettings
  readonly ceiling?: CeilingSettings
  /** What holds where the object has no `behavior` of its own. Default: upstream's. */
  readonly hpa?: HpaSettings
  /** What the target promises; absent or empty: nothing to guard. */
  readonly objectives?: readonly Objective[]
}

/**
 * The order of the guards, stated here and nowhere else; it is the policy of the house, and a later guard outranks an
 * earlier one:
 *
 * 1. `stabilise`, `pace`, `bounds` - what the object itself asks for: no flapping, limited steps, minReplicas..maxReplicas.
 *    Then `error-budget`, where the target has objectives: no scale-down while one of them burns fast; money outranks it.
 * 2. `budget`, `share` - money outranks the SLO, but never cuts below minReplicas: its own, then what tier and fleet leave for it.
 * 3. `surge` - what is beyond the usual has a budget of its own; what is usual never waits for it.
 * 4. `envelope` - no growth for demand that the screens do not believe, whatever the metrics of the pods say.
 * 5. `hold` - silence takes nothing away, not even for the budget, nor does an outage. Beside it `quality-guard`, where the target has
 *    Guard objectives: quality below its minimum is never traded for cost either.
 * 6. `emergency` - for believed demand only, passes pace, bounds, its own budget and the surge budget, up to its own maximum and for its
 *    duration, never the money that it shares with others, and falls back by itself. Who wants the surge budget to bind states none, or a
 *    low `maxReplicas` of it.
 * 7. `breaker` - no more of what demonstrably does not help, in an emergency too.
 * 8. `ceiling` - 500 (or maxReplicas, where a person wrote more), a whole number, never below zero; binds everything.
 *
 * Of two wishes the stronger is thus: safety floor, telemetry hold, attack envelope, hard budget, SLO, cost.
 */
export function guardsInOrder(settings: GuardSettings = {}): readonly Guard[] {
  const { objectives = [] } = settings
  const hasAny = objectives.length > 0
  return [
    stabilise(settings.hpa ?? stockSettings),
    pace(settings.hpa ?? stockSettings),
    bounds(),
    ...(hasAny ? [errorBudget()] : []),
    ...(settings.budget ? [budget(settings.budget)] : []),
    ...(settings.isSharing ? [share({ hasBudget: settings.budget !== undefined })] : []),
    ...(settings.surge ? [surge(settings.surge)] : []),
    envelope(),
    hold(settings.hold),
    ...(objectives.some(({ type }) => type === 'Guard') ? [qualityGuard()] : []),
    ...(settings.emergency === 'Off' ? [] : [emergency(settings.emergency)]),
    breaker(settings.breaker),
    ceiling(settings.ceiling),
  ]
}
