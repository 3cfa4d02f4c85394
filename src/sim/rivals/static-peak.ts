import type { Rules } from '../../core/rules.ts'
import { isMissing, neededReplicas } from '../load.ts'
import type { Scenario } from '../run.ts'
import { clampToBounds } from './share.ts'

/** As many replicas as the highest load of the history part needs, all the time. Without a history, the bounds' minimum. */
export function staticPeak({ load, scoredFrom, target }: Scenario): Rules {
  let peak = 0
  for (let tick = 0; tick < scoredFrom; tick++) if (!isMissing(load, tick)) peak = Math.max(peak, load.value[tick]!)
  const replicas = neededReplicas(peak, target.capacityPerReplica)
  return {
    name: 'static-peak',
    screens: [],
    proposers: [{ name: 'static-peak', propose: () => ({ kind: 'proposes', replicas, why: 'the highest load of the history' }) }],
    guards: [clampToBounds],
  }
}
