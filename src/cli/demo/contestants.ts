import { crescendoRules } from '../../core/policy/crescendo-rules.ts'
import { ticksOf } from '../../sim/load.ts'
import { usualStartupMs } from '../../sim/replicas.ts'
import { followed, type Prepare, RIVALS } from '../../sim/rivals/contenders.ts'

/**
 * Who plays in the demo, in the order in which they are shown. Crescendo plays as in a back-test without a policy: mode Slo, and
 * no emergency above maxReplicas, so that all play within the same bounds. It knows the start-up that nine of ten pods keep to.
 */
export const CONTESTANTS: Readonly<Record<string, Prepare>> = {
  crescendo: scenario => {
    const target = followed(scenario)
    const delayMs = ticksOf(scenario.metricsDelayMs, scenario.load.tickMs) * scenario.load.tickMs
    const startupMs = usualStartupMs(target.startupMs, scenario.startup ?? { kind: 'fixed' })
    const rules = crescendoRules({ mode: 'Slo', target: { ...target, startupMs }, delayMs, guards: { emergency: 'Off' } })
    return { rules, target }
  },
  hpa: RIVALS.hpa!,
  keda: RIVALS.keda!,
  oracle: RIVALS.oracle!,
}
