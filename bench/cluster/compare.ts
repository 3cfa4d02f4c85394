import { setTimeout as sleep } from 'node:timers/promises'
import { deploymentObject, eventually, namespaceObject } from '../../test/e2e/bed/cluster-objects.ts'
import type { BackfilledSeries } from '../../test/e2e/bed/prometheus.ts'
import { seededRandom } from '../../test/e2e/bed/seeded-random.ts'
import { type Running, type Stage, startStage } from '../../test/e2e/controller/stage.ts'
import { adapt, CONTENDERS } from './contenders.ts'
import { type Figures, figuresOf } from './figures.ts'
import { type Moment, record } from './recorder.ts'
import { type Scenario, scenarios } from './scenarios.ts'

export interface Compared {
  readonly scenario: string
  readonly title: string
  readonly contender: string
  readonly figures: Figures
  readonly moments: readonly Moment[]
}

export interface Comparison {
  readonly results: readonly Compared[]
  /** Time from the newest sample to the written scale: how many took at most so many seconds. */
  readonly lags: readonly { readonly seconds: number; readonly count: number }[]
}

export const STARTUP_SECONDS = 30
const NAMESPACE = 'contest'
/** Cores of a request: at the target of 100 a second, 80 % of the 250m that a pod requests. */
const CORE_SECONDS_PER_REQUEST = 0.002
const SETTLING_MS = 120_000

const deploymentName = (scenario: Scenario, contender: string) => `${scenario.name}-${contender}`

/** The past of one scenario, as the counter of a pod whose name a Deployment could have given. */
const pastOf = (scenario: Scenario, contender: string): BackfilledSeries => ({
  name: 'http_requests_total',
  type: 'counter',
  labels: { namespace: NAMESPACE, pod: `${deploymentName(scenario, contender)}-bcdfghjkl4-bcdf5` },
  samples: scenario.history?.() ?? [],
})

/** Crescendo and the stock HPA side by side, on one bed, in real time. */
export async function compare(tell: (line: string) => void): Promise<Comparison> {
  const nowMs = Date.now()
  const startMs = nowMs + SETTLING_MS
  const all = scenarios({ nowMs, startMs, random: seededRandom(7) })
  const backfill = all
    .filter(({ history }) => history !== undefined)
    .flatMap(scenario => CONTENDERS.filter(({ name }) => name.startsWith('crescendo')).map(({ name }) => pastOf(scenario, name)))
  tell('starting the bed, with eight days of history in Prometheus')
  const stage = await startStage({ kubelet: { startupSeconds: STARTUP_SECONDS }, prometheus: { backfill } })
  const stopping = new AbortController()
  try {
    const crescendo = await populate(stage, all)
    const adapting = adapt(stage, NAMESPACE, stopping.signal)
    const leftMs = startMs - Date.now()
    if (leftMs < 0) throw new Error('the bed was not ready in time: the machine is too busy for times to mean anything')
    tell(`all Deployments run; Crescendo is ready; the clock starts in ${Math.round(leftMs / 1000)} s`)
    await sleep(leftMs)
    const watched = all.flatMap(scenario =>
      CONTENDERS.map(({ name }) => ({ namespace: NAMESPACE, name: deploymentName(scenario, name) })),
    )
    const untilMs = Math.max(...all.map(({ endsAtMs }) => endsAtMs))
    const moments = await record(stage, watched, { untilMs, tell })
    stopping.abort()
    await adapting
    const results = all.flatMap(scenario =>
      CONTENDERS.map(({ name }): Compared => {
        const own = moments.get(`${NAMESPACE}/${deploymentName(scenario, name)}`) ?? []
        const { name: played, title } = scenario
        return { scenario: played, title, contender: name, figures: figuresOf(own, scenario), moments: own }
      }),
    )
    return { results, lags: await lagsOf(crescendo) }
  } finally {
    stopping.abort()
    await stage.stop()
  }
}

async function populate(stage: Stage, all: readonly Scenario[]): Promise<Running> {
  await stage.apply(namespaceObject(NAMESPACE))
  const pairs = all.flatMap(scenario =>
    CONTENDERS.map(contender => ({ scenario, contender, name: deploymentName(scenario, contender.name) })),
  )
  const requests = { cpu: '250m', memory: '256Mi' }
  await stage.apply(...pairs.map(({ name }) => deploymentObject({ namespace: NAMESPACE, name, replicas: 2, requests })))
  for (const { scenario, name } of pairs) {
    const load = { namespace: NAMESPACE, name, requestsPerSecond: scenario.load, cpuLimitCores: 1 }
    stage.load.serve({ ...load, coreSecondsPerRequest: CORE_SECONDS_PER_REQUEST })
  }
  await eventually('all pods are ready', 120_000, async () => {
    const ready = [...stage.kubelet.pods()].filter(
      ({ namespace, readyAtMs }) => namespace === NAMESPACE && readyAtMs !== undefined,
    )
    return ready.length === 2 * pairs.length ? true : undefined
  })
  await stage.apply(...pairs.map(({ contender, name }) => contender.object(name, NAMESPACE)))
  const crescendo = await stage.crescendo()
  await crescendo.ready()
  return crescendo
}

async function lagsOf({ url }: Running): Promise<Comparison['lags']> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const buckets = text.matchAll(/^crescendo_sample_to_scale_seconds_bucket\{(?:[^}]*,)?le="([^"]+)"[^}]*\} (\S+)/gm)
  return [...buckets].map(([, bound = '', count]) => ({
    seconds: bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound),
    count: Number(count),
  }))
}
