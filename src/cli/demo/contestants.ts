import { hpaRules } from '../../core/policy/hpa-rules.ts'
import { type Prepare, RIVALS } from '../../sim/rivals/contenders.ts'

/** Who plays in the demo, in the order in which they are shown. */
export const CONTESTANTS: Readonly<Record<string, Prepare>> = {
  crescendo: (scenario, options) => RIVALS.hpa!(scenario, options),
  hpa: RIVALS.hpa!,
  keda: RIVALS.keda!,
  oracle: RIVALS.oracle!,
}
void hpaRules
