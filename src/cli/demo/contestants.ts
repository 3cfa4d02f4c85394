import { type Prepare, RIVALS } from '../../sim/rivals/contenders.ts'
import { crescendoContender } from '../crescendo-contender.ts'

/**
 * Who plays in the demo, in the order in which they are shown. Crescendo plays as in a back-test without a policy: mode Slo, and
 * no emergency above maxReplicas, so that all play within the same bounds.
 */
export const CONTESTANTS: Readonly<Record<string, Prepare>> = {
  crescendo: scenario => crescendoContender(scenario, { mode: 'Slo', guards: { emergency: 'Off' } }),
  hpa: RIVALS.hpa!,
  keda: RIVALS.keda!,
  oracle: RIVALS.oracle!,
}
