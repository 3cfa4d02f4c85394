import { setTimeout as sleep } from 'node:timers/promises'
import type { Bed } from '../../test/e2e/bed/bed.ts'
import type { BedPod } from '../../test/e2e/bed/fake-kubelet.ts'

/** One second of one Deployment. */
export interface Moment {
  readonly atMs: number
  readonly load: number
  /** spec.replicas. */
  readonly ordered: number
  readonly ready: number
}

export interface Recorded {
  readonly namespace: string
  readonly name: string
}

interface Deployment {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: { readonly replicas: number }
}

const keyOf = ({ namespace, name }: Recorded) => `${namespace}/${name}`

function readyByApp(pods: Iterable<BedPod>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { namespace, labels, readyAtMs } of pods) {
    if (readyAtMs === undefined) continue
    const key = `${namespace}/${labels.app}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** Writes down every second, until `untilMs`, what each Deployment has; `tell` is called once every half minute. */
export async function record(
  bed: Bed,
  watched: readonly Recorded[],
  { untilMs, tell }: { readonly untilMs: number; readonly tell: (line: string) => void },
): Promise<ReadonlyMap<string, readonly Moment[]>> {
  const moments = new Map<string, Moment[]>(watched.map(each => [keyOf(each), []]))
  for (let second = 0; Date.now() < untilMs; second += 1) {
    const atMs = Date.now()
    const { items } = await bed.plane.api.call<{ items: readonly Deployment[] }>('/apis/apps/v1/deployments')
    const ordered = new Map(items.map(({ metadata, spec }) => [keyOf(metadata), spec.replicas]))
    const ready = readyByApp(bed.kubelet.pods())
    for (const each of watched) {
      const key = keyOf(each)
      const load = bed.load.offered(each.namespace, each.name)
      moments.get(key)?.push({ atMs, load, ordered: ordered.get(key) ?? 0, ready: ready.get(key) ?? 0 })
    }
    if (second % 30 === 0) tell(`${Math.round((untilMs - atMs) / 1000)} s to go; ready: ${told(watched, ready)}`)
    await sleep(Math.max(0, atMs + 1000 - Date.now()))
  }
  return moments
}

const told = (watched: readonly Recorded[], ready: ReadonlyMap<string, number>) =>
  watched.map(each => `${each.name} ${ready.get(keyOf(each)) ?? 0}`).join(', ')
