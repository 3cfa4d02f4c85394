import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../bed/cluster-objects.ts'
import { conditionOf, QUICK, type Status } from './scene.ts'
import { autoscaler, NAMESPACE, type Played, type Stage } from './stage.ts'

/** A Deployment and our object on it; an External metric that the test sets says how many replicas it needs. */
export interface Subject extends Played {
  /** From now on the metric asks for so many replicas. */
  needs(replicas: number): void
  /** What `kubectl scale` does. */
  scaleByHand(replicas: number): Promise<string>
  status(): Promise<SubjectStatus>
  /** Resolves with the condition of that type once `wanted` holds for it. */
  condition(type: string, wanted: (condition: Condition) => boolean, timeoutMs?: number): Promise<Condition>
  /** Every value that spec.replicas has while `milliseconds` pass, in order, without repetition. */
  watched(milliseconds: number): Promise<readonly number[]>
}

export type Condition = ReturnType<typeof conditionOf>

export interface SubjectStatus extends Status {
  readonly currentReplicas?: number
  readonly desiredReplicas?: number
  readonly lastDecision?: { readonly direction: string; readonly finalDesiredReplicas: number; readonly reason: string }
}

interface Options {
  readonly replicas?: number
  readonly namespace?: string
  readonly spec?: object
}

/** Load that one replica carries. */
const SHARE = 10

const metricNameOf = (name: string) => `${name.replaceAll('-', '_')}_requests`

export const externalMetric = (name: string) => ({
  type: 'External',
  external: { metric: { name: metricNameOf(name) }, target: { type: 'AverageValue', averageValue: String(SHARE) } },
})

export async function createSubject(stage: Stage, name: string, options: Options = {}): Promise<Subject> {
  const { replicas = 3, namespace = NAMESPACE, spec = {} } = options
  const played = await stage.workload(name, replicas, { namespace })
  setNeed(stage, { name, namespace }, replicas)
  await stage.apply(autoscaler(name, { behavior: QUICK, metrics: [externalMetric(name)], ...spec }, namespace))
  return {
    ...played,
    needs: wanted => setNeed(stage, { name, namespace }, wanted),
    scaleByHand: wanted => stage.plane.kubectl(['scale', `deployment/${name}`, '-n', namespace, `--replicas=${wanted}`]),
    status: () => statusOf(stage, name, namespace),
    condition: (type, wanted, timeoutMs) => conditionIn(() => statusOf(stage, name, namespace), { type, wanted, timeoutMs }),
    watched: milliseconds => watched(played.replicas, milliseconds),
  }
}

export function setNeed(stage: Stage, { name, namespace }: { name: string; namespace: string }, replicas: number): void {
  stage.metrics.set({ name: metricNameOf(name), namespace, value: String(replicas * SHARE) })
}

export async function statusOf(stage: Stage, name: string, namespace = NAMESPACE): Promise<SubjectStatus> {
  const path = `/apis/autoscaling.spotify.ai/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}`
  return (await stage.plane.api.call<{ readonly status?: SubjectStatus }>(path)).status ?? {}
}

interface Awaited {
  readonly type: string
  readonly wanted: (condition: Condition) => boolean
  readonly timeoutMs?: number | undefined
}

export function conditionIn(
  read: () => Promise<SubjectStatus>,
  { type, wanted, timeoutMs = 20_000 }: Awaited,
): Promise<Condition> {
  return eventually(`condition ${type}`, timeoutMs, async () => {
    const condition = conditionOf(await read(), type)
    return wanted(condition) ? condition : undefined
  })
}

async function watched(read: () => Promise<number>, milliseconds: number): Promise<readonly number[]> {
  const seen: number[] = []
  const end = performance.now() + milliseconds
  while (performance.now() < end) {
    const now = await read()
    if (seen.at(-1) !== now) seen.push(now)
    await sleep(150)
  }
  return seen
}

export interface ClusterEvent {
  readonly reason: string
  readonly type: string
  readonly note?: string
  readonly eventTime: string
  readonly regarding: { readonly apiVersion: string; readonly name: string }
}

/** Events about that object of ours, by time. */
export async function eventsOf(stage: Stage, name: string, namespace = NAMESPACE): Promise<readonly ClusterEvent[]> {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
  const { items } = await stage.plane.api.call<{ readonly items: readonly ClusterEvent[] }>(path)
  return items
    .filter(({ regarding }) => regarding.name === name && regarding.apiVersion === 'autoscaling.spotify.ai/v2')
    .toSorted((a, b) => a.eventTime.localeCompare(b.eventTime))
}

/** The value of one series of the controller's own /metrics; 0 where it is not there. */
export async function counted(url: string, name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter(line => line.startsWith(`${name}{`))
  const matching = lines.filter(line => Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
  return matching.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)
}
