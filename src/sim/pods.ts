import type { Container, Instant, MetricSpec, Pod, Target } from '../core/model.ts'
import { type Load, timeOf } from './load.ts'
import type { Replica, Replicas } from './replicas.ts'

/** What one pod of the simulator asks for: a core, a gibibyte, and a GPU, so that utilisation of any of them can be told. */
const REQUESTS = { cpu: 1000, memory: 1024 ** 3 * 1000, 'nvidia.com/gpu': 1000 } as const

/** Per-pod metrics are judged pod by pod; External and Object metrics know no pods, and then none are built (it is the dear part). */
function needsPods(metrics: readonly MetricSpec[]): boolean {
  return metrics.some(metric => metric.type !== 'External' && metric.type !== 'Object')
}

export interface Pods {
  /** Every pod in its phase at tick `tick`, ready ones first; empty when no metric of the target needs pods. */
  list(tick: number): readonly Pod[]
}

type Phase = 'unscheduled' | 'starting' | 'running' | 'ready'

export function createPods(target: Target, load: Load, replicas: Replicas): Pods {
  if (!needsPods(target.metrics)) return { list: () => [] }
  const containers = containersOf(target)
  const known = new Map<number, { readonly phase: Phase; readonly pod: Pod }>()
  const podAt = (replica: Replica, tick: number): Pod => {
    const phase = phaseOf(replica, tick)
    const last = known.get(replica.id)
    if (last?.phase === phase) return last.pod
    const pod = build(replica, phase, { containers, load, name: `${target.id.split('/').pop()}-${replica.id}` })
    known.set(replica.id, { phase, pod })
    return pod
  }
  let cache: { tick: number; pods: readonly Pod[] } = { tick: -1, pods: [] }
  return {
    list(tick) {
      if (cache.tick !== tick)
        cache = { tick, pods: [...replicas.ready, ...replicas.pending].map(replica => podAt(replica, tick)) }
      return cache.pods
    },
  }
}

function containersOf(target: Target): readonly Container[] {
  const named = target.metrics.flatMap(metric => (metric.type === 'ContainerResource' ? [metric.container] : []))
  return [...new Set(named.length === 0 ? ['main'] : named)].map(name => ({ name, requests: REQUESTS }))
}

/** Images are pulled in the first half of the start-up (Pending), the process warms up in the second (Running, not ready). */
function phaseOf({ scheduledTick, readyTick }: Replica, tick: number): Phase {
  if (readyTick <= tick) return 'ready'
  if (tick < scheduledTick) return 'unscheduled'
  return tick < runningTick({ scheduledTick, readyTick }) ? 'starting' : 'running'
}

function runningTick({ scheduledTick, readyTick }: Pick<Replica, 'scheduledTick' | 'readyTick'>): number {
  return Number.isFinite(readyTick) ? scheduledTick + Math.ceil((readyTick - scheduledTick) / 2) : scheduledTick + 1
}

function build(
  replica: Replica,
  phase: Phase,
  { containers, load, name }: { containers: readonly Container[]; load: Load; name: string },
): Pod {
  const scheduledAt: Instant = timeOf(load, replica.scheduledTick)
  const since = timeOf(load, phase === 'ready' ? replica.readyTick : replica.scheduledTick)
  return {
    name,
    phase: phase === 'ready' || phase === 'running' ? 'Running' : 'Pending',
    ...(phase !== 'unscheduled' && { ready: { status: phase === 'ready' ? ('True' as const) : ('False' as const), since } }),
    ...(phase !== 'unscheduled' && { startedAt: scheduledAt }),
    deleted: false,
    containers,
  }
}
