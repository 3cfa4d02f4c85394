import { setTimeout as sleep } from 'node:timers/promises'
import type { Bed } from '../../test/e2e/bed/bed.ts'
import { stockHpaObject } from '../../test/e2e/bed/cluster-objects.ts'
import { autoscaler } from '../../test/e2e/controller/stage.ts'
import { TARGET_PER_REPLICA } from './scenarios.ts'

export interface Contender {
  readonly name: string
  readonly title: string
  /** The object that scales the Deployment of this name. */
  readonly object: (name: string, namespace: string) => object
}

const [minReplicas, maxReplicas] = [2, 40]
const METRIC = 'requests_per_second'
/** The period is the default of both: 15 s. */
const common = { minReplicas, maxReplicas, periodSeconds: 15 }

const byRequests = (name: string) => ({
  type: 'Pods',
  pods: { metric: { name }, target: { type: 'AverageValue', averageValue: String(TARGET_PER_REPLICA) } },
})

export const CONTENDERS: readonly Contender[] = [
  {
    name: 'crescendo',
    title: 'Crescendo as it comes (Additive), requests/s from Prometheus',
    object: (name, namespace) => autoscaler(name, common, namespace),
  },
  {
    name: 'crescendo-slo',
    title: 'Crescendo, mode Slo, startupSeconds 60, requests/s from Prometheus',
    // Twice the start-up: what doubles at most each period takes three periods from 2 to 20.
    object: (name, namespace) => autoscaler(name, { ...common, prediction: { mode: 'Slo', startupSeconds: 60 } }, namespace),
  },
  {
    name: 'hpa-cpu',
    title: 'stock HPA, CPU at 80 % from metrics.k8s.io',
    object: (name, namespace) => stockHpaObject({ name, namespace, minReplicas, maxReplicas, cpuPercent: 80 }),
  },
  {
    name: 'hpa-requests',
    title: 'stock HPA, requests/s from custom.metrics.k8s.io',
    object: (name, namespace) => {
      const hpa = stockHpaObject({ name, namespace, minReplicas, maxReplicas, cpuPercent: 80 }) as { readonly spec: object }
      return { ...hpa, spec: { ...hpa.spec, metrics: [byRequests(METRIC)] } }
    },
  },
]

interface Vector {
  readonly data: {
    readonly result: readonly {
      readonly metric: { readonly namespace: string; readonly pod: string }
      readonly value: readonly [number, string]
    }[]
  }
}

/** What a Prometheus adapter does: the rates of the pods, once a second, as custom metrics. Ends with `signal`. */
export async function adapt(bed: Bed, namespace: string, signal: AbortSignal): Promise<void> {
  const query = `sum by (namespace, pod) (rate(http_requests_total{namespace="${namespace}"}[10s]))`
  let known = new Set<string>()
  while (!signal.aborted) {
    const answer = await fetch(`${bed.prometheus.url}/api/v1/query?query=${encodeURIComponent(query)}`)
    const { data } = (await answer.json()) as Vector
    const seen = new Set<string>()
    for (const { metric, value } of data.result) {
      seen.add(metric.pod)
      set(bed, { namespace, pod: metric.pod }, `${Math.round(Number(value[1]) * 1000)}m`)
    }
    for (const pod of known) if (!seen.has(pod)) set(bed, { namespace, pod }, undefined)
    known = seen
    await sleep(1000, undefined, { signal }).catch(() => undefined)
  }
}

const set = (bed: Bed, { namespace, pod }: { readonly namespace: string; readonly pod: string }, value: string | undefined) =>
  bed.metrics.set({ name: METRIC, namespace, object: { resource: 'pods', name: pod }, value })
