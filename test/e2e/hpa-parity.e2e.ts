import { afterAll, beforeAll, describe, test } from 'vitest'
import { deploymentObject, eventually } from './bed/cluster-objects.ts'
import { NAMESPACE, type Stage, startStage } from './controller/stage.ts'

/**
 * Pairs of Deployments under the same load, one scaled by the stock HPA, one by ours with prediction.mode Off. What follows from one
 * look is held to the vectors of the HPA's own tests elsewhere; this shows both at work on one cluster, on the metrics that both read.
 * Where the load is to move them, it is one at which a single number of replicas is at rest: 4.45 cores at half a core each want 9, but
 * 8 are within 1.2 % of the tolerance, and a metrics server that reads a little less leaves both of them there.
 */

const PERIOD_SECONDS = 3
const MIN = 1
const MAX = 20

let stage: Stage

beforeAll(async () => {
  stage = await startStage({
    controlPlane: { hpaSyncSeconds: PERIOD_SECONDS },
    metrics: { resolutionSeconds: 3 },
    prometheus: { scrapeSeconds: 5 },
  })
  const crescendo = await stage.crescendo()
  await crescendo.ready()
})
afterAll(async () => {
  await stage?.stop()
})

const FAST = { scaleDown: { stabilizationWindowSeconds: 3, policies: [{ type: 'Percent', value: 100, periodSeconds: 3 }] } }
const cpu = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

interface PairOptions {
  readonly replicas: number
  /** Cores that all pods of one Deployment burn together. */
  readonly cores: number
  readonly spec?: object
  readonly annotations?: Readonly<Record<string, string>>
}

interface Pair {
  /** Cores from now on, of each of the two. */
  burn(cores: number): void
  replicas(): Promise<readonly [stock: number, ours: number]>
  /** Resolves once both have `wanted` replicas and had them for `stillSeconds`: a busy machine may take its time on the way. */
  restAt(wanted: number, stillSeconds?: number): Promise<void>
  /** The most of each within that time. */
  highest(seconds: number): Promise<readonly [stock: number, ours: number]>
}

/** One request burns a core-second; pods ask for one core and are limited to two. */
async function pair(name: string, { replicas, cores, spec = {}, annotations }: PairOptions): Promise<Pair> {
  let burnt = cores
  const names = [`${name}-stock`, `${name}-ours`] as const
  for (const one of names) {
    stage.load.serve({
      namespace: NAMESPACE,
      name: one,
      requestsPerSecond: () => burnt,
      coreSecondsPerRequest: 1,
      cpuLimitCores: 4,
      idleCores: 0,
    })
  }
  await stage.apply(
    ...names.map(one =>
      deploymentObject({
        namespace: NAMESPACE,
        name: one,
        replicas,
        requests: { cpu: '1' },
        ...(annotations && { podAnnotations: annotations }),
      }),
    ),
  )
  await eventually(`pods of ${name} run`, 60_000, async () =>
    names.every(one => [...stage.kubelet.pods()].filter(({ labels }) => labels.app === one).length === replicas)
      ? true
      : undefined,
  )
  const [stock, ours] = names
  await stage.apply(hpa(stock, 'autoscaling/v2', spec), hpa(ours, 'autoscaling.spotify.ai/v2', { ...spec, ...OFF }))
  const read = async () => [await replicasOf(stock), await replicasOf(ours)] as const
  return {
    burn: wanted => {
      burnt = wanted
    },
    replicas: read,
    restAt: (wanted, stillSeconds = 12) => restAt({ name, wanted, stillSeconds }, read),
    highest: seconds => highest(read, seconds),
  }
}

const OFF = { prediction: { mode: 'Off' }, periodSeconds: PERIOD_SECONDS }

function hpa(name: string, apiVersion: string, spec: object): object {
  return {
    apiVersion,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: MIN,
      maxReplicas: MAX,
      metrics: [cpu(50)],
      behavior: FAST,
      ...spec,
    },
  }
}

async function replicasOf(name: string): Promise<number> {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}/scale`
  return (await stage.plane.api.call<{ readonly spec: { readonly replicas: number } }>(path)).spec.replicas
}

interface Rest {
  readonly name: string
  readonly wanted: number
  readonly stillSeconds: number
}

async function restAt({ name, wanted, stillSeconds }: Rest, read: Pair['replicas']): Promise<void> {
  let since: number | undefined
  await eventually(`${name} at rest with ${wanted} replicas each`, 120_000, async () => {
    const [stock, ours] = await read()
    if (stock !== wanted || ours !== wanted) {
      since = undefined
      throw new Error(`the stock HPA has ${stock}, ours ${ours}`)
    }
    since ??= performance.now()
    return performance.now() - since >= stillSeconds * 1000 ? true : undefined
  })
}

async function highest(read: Pair['replicas'], seconds: number): Promise<readonly [number, number]> {
  const end = performance.now() + seconds * 1000
  let [most, mostOfOurs] = [0, 0]
  while (performance.now() < end) {
    const [stock, ours] = await read()
    most = Math.max(most, stock)
    mostOfOurs = Math.max(mostOfOurs, ours)
    await new Promise(done => setTimeout(done, 200))
  }
  return [most, mostOfOurs]
}

describe.concurrent('mode Off rests where the stock HPA does', () => {
  test('CPU utilisation, up and down', async () => {
    const both = await pair('cpu', { replicas: 3, cores: 1.5 })
    await both.restAt(3)
    both.burn(2.93)
    await both.restAt(6)
    both.burn(1.3)
    await both.restAt(3)
  })

  test('inside the tolerance nothing moves, outside it does', async () => {
    const both = await pair('tolerance', { replicas: 4, cores: 2.1 })
    await both.restAt(4, 20)
    both.burn(2.45)
    await both.restAt(5)
  })

  test('a policy of pods and one of percent, the smaller change', async ({ expect }) => {
    const scaleUp = {
      selectPolicy: 'Min',
      policies: [
        { type: 'Pods', value: 3, periodSeconds: 60 },
        { type: 'Percent', value: 100, periodSeconds: 60 },
      ],
    }
    const both = await pair('policies', { replicas: 4, cores: 9, spec: { behavior: { ...FAST, scaleUp } } })
    expect(await both.highest(35)).toEqual([7, 7])
  })

  test('the stabilisation window keeps what was wanted before', async ({ expect }) => {
    const behavior = { scaleDown: { ...FAST.scaleDown, stabilizationWindowSeconds: 20 } }
    const both = await pair('window', { replicas: 6, cores: 3, spec: { behavior } })
    await both.restAt(6)
    both.burn(0.9)
    expect(await both.highest(12)).toEqual([6, 6])
    await both.restAt(2, 26)
  })

  test('scaling down switched off', async () => {
    const both = await pair('disabled', {
      replicas: 5,
      cores: 0.5,
      spec: { behavior: { scaleDown: { selectPolicy: 'Disabled' } } },
    })
    await both.restAt(5, 20)
  })

  test('pods that never become ready are not taken for idle ones', async () => {
    const both = await pair('unready', { replicas: 4, cores: 0, annotations: { 'bed/never-ready': 'true' } })
    await both.restAt(4, 20)
  })

  test('a metric that is missing stops what takes away; the other still adds', async () => {
    const missing = {
      type: 'External',
      external: { metric: { name: 'nobody_has_this' }, target: { type: 'AverageValue', averageValue: '10' } },
    }
    const both = await pair('missing', { replicas: 4, cores: 0.4, spec: { metrics: [cpu(50), missing] } })
    await both.restAt(4, 20)
    both.burn(2.93)
    await both.restAt(6)
  })

  test('minimum and maximum', async () => {
    const both = await pair('bounds', { replicas: 3, cores: 40, spec: { minReplicas: 2, maxReplicas: 5 } })
    await both.restAt(5)
    both.burn(0.01)
    await both.restAt(2)
  })

  test('an external metric by its value for each replica', async () => {
    const external = {
      type: 'External',
      external: { metric: { name: 'parity_messages' }, target: { type: 'AverageValue', averageValue: '30' } },
    }
    const set = (value: string) => stage.metrics.set({ name: 'parity_messages', namespace: NAMESPACE, value })
    set('170')
    const both = await pair('external', { replicas: 2, cores: 0, spec: { metrics: [external] } })
    await both.restAt(6)
    set('65')
    await both.restAt(3)
  })
})
