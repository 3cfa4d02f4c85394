import { crds } from '../../../src/resources/crd.ts'
import { type Bed, type BedOptions, startBed } from '../bed/bed.ts'
import { deploymentObject, eventually, namespaceObject } from '../bed/cluster-objects.ts'
import { type CrescendoOptions, type CrescendoProcess, startCrescendo } from '../bed/crescendo.ts'
import { freePort } from '../bed/free-port.ts'

export const NAMESPACE = 'shop'
/** Requests a second that one replica is meant to carry. */
export const PER_REPLICA = 100

/** A bed with our resources installed, one namespace, and a MetricSource at its Prometheus. */
export interface Stage extends Bed {
  /** A Deployment under a load that a test sets, with as many replicas as `replicas` says at first. */
  workload(name: string, replicas: number, more?: WorkloadMore): Promise<Played>
  /** Starts the controller; it is ended with the stage. */
  crescendo(options?: Partial<CrescendoOptions> & { readonly configuration?: object }): Promise<Running>
}

export interface WorkloadMore {
  /** Of its pods. */
  readonly annotations?: Readonly<Record<string, string>>
  /** One that exists. Default: shop. */
  readonly namespace?: string
}

export interface Played {
  readonly name: string
  /** Requests a second from now on. */
  load(requestsPerSecond: number | ((atMs: number) => number)): void
  replicas(): Promise<number>
  /** Resolves once spec.replicas satisfies `wanted`. */
  until(what: string, wanted: (replicas: number) => boolean, timeoutMs?: number): Promise<number>
}

export interface Running extends CrescendoProcess {
  readonly url: string
  /** GET of the controller's own API, parsed. */
  get<T>(path: string): Promise<T>
  ready(): Promise<void>
}

export const LEASE_NAMESPACE = 'crescendo-system'

export async function startStage(options: BedOptions = {}): Promise<Stage> {
  const bed = await startBed(options)
  const started: CrescendoProcess[] = []
  await bed.apply(namespaceObject(NAMESPACE), namespaceObject(LEASE_NAMESPACE), ...crds())
  for (const crd of ['horizontalpodautoscalers', 'scalingpolicies', 'metricsources']) {
    await bed.plane.kubectl(['wait', '--for=condition=Established', `crd/${crd}.autoscaling.spotify.ai`, '--timeout=30s'])
  }
  await bed.apply(metricSource(bed.prometheus.url))
  return {
    ...bed,
    workload: (name, replicas, more) => played(bed, name, { replicas, ...more }),
    async crescendo({ configuration = {}, ...more } = {}) {
      const port = await freePort()
      const config = merged(
        {
          apiVersion: 'autoscaling.spotify.ai/v2',
          kind: 'ControllerConfiguration',
          controller: { leaderElection: { leaseNamespace: LEASE_NAMESPACE } },
          store: { type: 'Sqlite', path: 'crescendo.db' },
          server: { port },
        },
        configuration,
      )
      const child = startCrescendo({ kubeconfig: bed.plane.kubeconfig, config, ...more })
      started.push(child)
      return running(child, `http://127.0.0.1:${port}`)
    },
    async stop() {
      for (const child of started) await child.remove()
      await bed.stop()
    },
  }
}

/** Rates over ten seconds: the exporter is scraped each second. */
function metricSource(url: string): object {
  const query = 'sum by (namespace, pod) (rate(http_requests_total{$selector}[10s]))'
  return {
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'MetricSource',
    metadata: { name: 'prometheus' },
    spec: {
      type: 'Prometheus',
      url,
      tenancy: { label: 'namespace' },
      catalogue: [{ name: 'requests_per_second', query, kind: 'Load' }],
    },
  }
}

/** Our autoscaler on the Deployment of the same name, by requests per second. */
export function autoscaler(name: string, spec: object = {}, namespace = NAMESPACE): object {
  return {
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: 2,
      maxReplicas: 30,
      periodSeconds: 3,
      metrics: [
        {
          type: 'Pods',
          pods: {
            metric: { name: 'requests_per_second' },
            target: { type: 'AverageValue', averageValue: String(PER_REPLICA) },
          },
        },
      ],
      ...spec,
    },
  }
}

async function played(
  bed: Bed,
  name: string,
  { replicas, annotations, namespace = NAMESPACE }: WorkloadMore & { readonly replicas: number },
): Promise<Played> {
  await bed.apply(deploymentObject({ namespace, name, replicas, ...(annotations && { podAnnotations: annotations }) }))
  let shape: (atMs: number) => number = () => 0
  bed.load.serve({ namespace, name, requestsPerSecond: at => shape(at), coreSecondsPerRequest: 0.002 })
  const read = async () => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/scale`
    const scale = await bed.plane.api.call<{ metadata: { name: string }; spec: { replicas?: number } }>(path)
    return scale.spec.replicas ?? 0
  }
  await eventually(`${replicas} pods of ${name} serve`, 60_000, async () =>
    [...bed.load.pods()].filter(
      ({ pod }) => pod.namespace === namespace && pod.labels.app === name && pod.readyAtMs !== undefined,
    ).length === replicas
      ? true
      : undefined,
  )
  return {
    name,
    load(requests) {
      shape = typeof requests === 'number' ? () => requests : requests
    },
    replicas: read,
    until: (what, wanted, timeoutMs = 60_000) =>
      eventually(`${name}: ${what}`, timeoutMs, async () => {
        const now = await read()
        if (!wanted(now)) throw new Error(`it has ${now} replicas`)
        return now
      }),
  }
}

function running(child: CrescendoProcess, url: string): Running {
  const fetched = async (path: string) => {
    const response = await fetch(new URL(path, url))
    return { status: response.status, text: await response.text() }
  }
  return Object.assign(child, {
    url,
    async get<T>(path: string) {
      const { status, text } = await fetched(path)
      if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`)
      return JSON.parse(text) as T
    },
    async ready() {
      await child.line(({ text, msg }) => msg !== undefined || text?.includes('API at') === true, 90_000)
      await eventually('crescendo is ready', 60_000, async () => ((await fetched('/readyz')).status === 200 ? true : undefined))
    },
  })
}

function merged(below: object, above: object): object {
  const entries = Object.entries(above).map(([key, value]) => {
    const before = (below as Record<string, unknown>)[key]
    const isBoth = isPlain(value) && isPlain(before)
    return [key, isBoth ? merged(before, value) : value]
  })
  return { ...below, ...Object.fromEntries(entries) }
}

const isPlain = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
