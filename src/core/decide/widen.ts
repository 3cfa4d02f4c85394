import type { Proposer } from '../rules.ts'
import { anomalyIn } from '../screen/anomaly.ts'

/** While an anomaly lasts and the policy answers it with Widen: a quarter more than the believed demand needs. */
export function widen(headroom = 0.25): Proposer {
  return {
    name: 'widen',
    propose: ({ memory, situation, target }) => {
      const anomaly = anomalyIn(memory)
      if (!anomaly?.active || anomaly.response !== 'Widen') return { kind: 'abstains', why: 'nothing unusual to widen for' }
      if (anomaly.attackLike) return { kind: 'abstains', why: `no headroom for what looks like an attack: ${anomaly.why}` }
      if (situation.demand === undefined) return { kind: 'abstains', why: 'demand is missing' }
      const replicas = Math.ceil((situation.demand * (1 + headroom)) / target.capacityPerReplica - 1e-9)
      return { kind: 'proposes', replicas, why: `${Math.round(headroom * 100)} % headroom while ${anomaly.why}` }
    },
  }
}
