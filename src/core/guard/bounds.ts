import { scalingLimited } from '../hpa/condition.ts'
import type { Guard } from '../rules.ts'

/** minReplicas..maxReplicas. Zero replicas below the minimum are somebody's will (maintenance) and stay zero. */
export function bounds(): Guard {
  return {
    name: 'bounds',
    limit: ({ replicas }, { target, situation }) => {
      const { minReplicas, maxReplicas } = target
      if (situation.observation.replicas.spec === 0 && minReplicas !== 0)
        return { replicas: 0, why: 'stays at 0: somebody scaled it there, and only they bring it back' }
      const range = `${minReplicas}…${maxReplicas}`
      if (replicas > maxReplicas)
        return { replicas: maxReplicas, why: `above ${range}`, conditions: [scalingLimited(true, 'TooManyReplicas')] }
      if (replicas < minReplicas)
        return { replicas: minReplicas, why: `below ${range}`, conditions: [scalingLimited(true, 'TooFewReplicas')] }
      return { replicas, why: `within ${range}` }
    },
  }
}
