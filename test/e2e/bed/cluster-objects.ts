import { setTimeout as sleep } from 'node:timers/promises'

export interface DeploymentWish {
  readonly namespace: string
  readonly name: string
  readonly replicas: number
  /** Requests of its one container "main". Default 500m CPU and 256Mi. */
  readonly requests?: Readonly<Record<string, string>>
  readonly limits?: Readonly<Record<string, string>>
  /** For every pod, e.g. "bed/startup-seconds". */
  readonly podAnnotations?: Readonly<Record<string, string>>
}

export const namespaceObject = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

/** A Deployment whose pods carry `app: name`. */
export function deploymentObject(wish: DeploymentWish): object {
  const labels = { app: wish.name }
  const resources = {
    requests: wish.requests ?? { cpu: '500m', memory: '256Mi' },
    ...(wish.limits ? { limits: wish.limits } : {}),
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: wish.name, namespace: wish.namespace, labels },
    spec: {
      replicas: wish.replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, ...(wish.podAnnotations ? { annotations: wish.podAnnotations } : {}) },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'bed/main', resources }] },
      },
    },
  }
}

export interface StockHpaWish {
  readonly namespace: string
  readonly name: string
  readonly minReplicas: number
  readonly maxReplicas: number
  readonly cpuPercent: number
}

/** An `autoscaling/v2` HPA on the Deployment of the same name, by CPU. */
export function stockHpaObject({ namespace, name, minReplicas, maxReplicas, cpuPercent }: StockHpaWish): object {
  const target = { type: 'Utilization', averageUtilization: cpuPercent }
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas,
      maxReplicas,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    },
  }
}

/** Asks again until `probe` gives a value; rejects after `timeoutMs` with `what` and the last error. */
export async function eventually<T>(what: string, timeoutMs: number, probe: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  for (;;) {
    try {
      const value = await probe()
      if (value !== undefined) return value
    } catch (error) {
      cause = error
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1000} s`, { cause })
    await sleep(100)
  }
}
