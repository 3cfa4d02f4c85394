import { type Prepare, RIVALS } from '../sim/rivals/contenders.ts'

/** Every scaler that a back-test knows by name. */
export const SCALERS: Readonly<Record<string, Prepare>> = RIVALS

/** Who plays when nobody was named. */
export const DEFAULT_SCALERS: readonly string[] = ['crescendo', 'hpa', 'keda', 'oracle'].filter(name => name in SCALERS)
