import { crescendoRules } from '../../core/policy/crescendo-rules.ts'
import { ticksOf } from '../../sim/load.ts'
import { followed, type Prepare, RIVALS } from '../../sim/rivals/contenders.ts'

/**
 * Who plays in the demo, in the order in which they are shown. Crescendo plays as in a back-test without a policy: mode Slo, and
 * no emergency above maxReplicas, so that all play within the same bounds.
 */
export const CONTESTANTS: Readonly<Record<string, Prepare>> = {
  crescendo: scenario => {
    const target = followed(scenario)
    const delayMs = ticksOf(scenario.metricsDelayMs, scenario.load.tickMs) * scenario.load.tickMs
    return { rules: crescendoRules({ mode: 'Slo', target, delayMs, guards: { emergency: 'Off' } }), target }
  },
  hpa: RIVALS.hpa!,
  keda: RIVALS.keda!,
  oracle: RIVALS.oracle!,
}
