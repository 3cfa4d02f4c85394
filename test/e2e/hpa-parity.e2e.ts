import { afterAll, beforeAll, describe, test } from 'vitest'
import { deploymentObject, eventually } from './bed/cluster-objects.ts'
import { NAMESPACE, type Stage, startStage } from './controller/stage.ts'

/**
 * Pairs of Deployments under the same load, one scaled by the stock HPA, one by ours with prediction.mode Off. What follows from one
 * look is held to the vectors of the HPA's own tests elsewhere; this shows both at work on one cluster, on the metrics that both read.
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
  /** Replicas of both once they are equal and were so for `stillSeconds`. */
  atRest(stillSeconds?: number): Promise<number>
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
    atRest: (stillSeconds = 12) => atRest(name, read, stillSeconds),
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

async function atRest(name: string, read: Pair['replicas'], stillSeconds: number): Promise<number> {
  let [since, before] = [performance.now(), '']
  return eventually(`${name} at rest with equal replicas`, 90_000, async () => {
    const [stock, ours] = await read()
    const now = `${stock} ${ours}`
    if (now !== before) since = performance.now()
    before = now
    if (performance.now() - since < stillSeconds * 1000) return undefined
    if (stock !== ours) throw new Error(`the stock HPA rests at ${stock}, ours at ${ours}`)
    return stock
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
  test('CPU utilisation, up and down', async ({ expect }) => {
    const both = await pair('cpu', { replicas: 3, cores: 1.5 })
    expect(await both.atRest()).toBe(3)
    both.burn(4.45)
    expect(await both.atRest()).toBe(9)
    both.burn(1.3)
    expect(await both.atRest()).toBe(3)
  })

  test('inside the tolerance nothing moves, outside it does', async ({ expect }) => {
    const both = await pair('tolerance', { replicas: 4, cores: 2.15 })
    expect(await both.atRest(20)).toBe(4)
    both.burn(2.45)
    expect(await both.atRest()).toBe(5)
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
    expect(await both.atRest()).toBe(6)
    both.burn(0.9)
    expect(await both.highest(12)).toEqual([6, 6])
    expect(await both.atRest(26)).toBe(2)
  })

  test('scaling down switched off', async ({ expect }) => {
    const both = await pair('disabled', {
      replicas: 5,
      cores: 0.5,
      spec: { behavior: { scaleDown: { selectPolicy: 'Disabled' } } },
    })
    expect(await both.atRest(20)).toBe(5)
  })

  test('pods that never become ready are not taken for idle ones', async ({ expect }) => {
    const both = await pair('unready', { replicas: 4, cores: 0, annotations: { 'bed/never-ready': 'true' } })
    expect(await both.atRest(20)).toBe(4)
  })

  test('a metric that is missing stops what takes away; the other still adds', async ({ expect }) => {
    const missing = {
      type: 'External',
      external: { metric: { name: 'nobody_has_this' }, target: { type: 'AverageValue', averageValue: '10' } },
    }
    const both = await pair('missing', { replicas: 4, cores: 0.4, spec: { metrics: [cpu(50), missing] } })
    expect(await both.atRest(20)).toBe(4)
    both.burn(3.4)
    expect(await both.atRest()).toBe(7)
  })

  test('minimum and maximum', async ({ expect }) => {
    const both = await pair('bounds', { replicas: 3, cores: 40, spec: { minReplicas: 2, maxReplicas: 5 } })
    expect(await both.atRest()).toBe(5)
    both.burn(0.01)
    expect(await both.atRest()).toBe(2)
  })

  test('an external metric by its value for each replica', async ({ expect }) => {
    const external = {
      type: 'External',
      external: { metric: { name: 'parity_messages' }, target: { type: 'AverageValue', averageValue: '30' } },
    }
    const set = (value: string) => stage.metrics.set({ name: 'parity_messages', namespace: NAMESPACE, value })
    set('170')
    const both = await pair('external', { replicas: 2, cores: 0, spec: { metrics: [external] } })
    expect(await both.atRest()).toBe(6)
    set('65')
    expect(await both.atRest()).toBe(3)
  })
})
