import { setTimeout as pause } from 'node:timers/promises'
import { type OpenController, openController } from '../cli/run/open-controller.ts'
import { sentenceOf } from '../core/explain/explain.ts'
import { CrescendoError } from '../errors.ts'
import { loadConfiguration } from '../resources/configuration.ts'
import type { Backend } from './backend.ts'
import { answered, applyToCluster } from './cluster-policies.ts'
import type { DetailLog } from './detail-log.ts'

export interface ClusterOptions {
  /** A kubeconfig file; where this and `inCluster` are absent: $KUBECONFIG, the pod that this runs in, ~/.kube/config. */
  readonly kubeconfig?: string
  /** Another context of it than its current one. */
  readonly context?: string
  /** Only the service account of the pod that this runs in. */
  readonly inCluster?: boolean
  /** A ControllerConfiguration file, as `crescendo run --config` takes it. Without one nothing is kept when the process ends. */
  readonly configuration?: string
  /** Decides and tells, writes nothing to the cluster. */
  readonly dryRun?: boolean
}

const CONNECT_MS = 10_000
const START_MS = 60_000
const POLL_MS = 50
/** A Lease is won within a few seconds where nobody else holds it. */
const NOTHING_MS = 5000

/** A real cluster, scaled by the controller of `crescendo run`. */
export async function openCluster(options: ClusterOptions, log: DetailLog): Promise<Backend> {
  const { kubeconfig, context, inCluster, configuration: file } = options
  const loaded = await loadConfiguration({ env: process.env, ...(file !== undefined && { file }) })
  const isDryRun = options.dryRun === true || loaded.controller.dryRun
  const store = file === undefined ? { ...loaded.store, type: 'Memory' as const } : loaded.store
  const opened = await openController({
    choice: {
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
      ...(inCluster !== undefined && { inCluster }),
    },
    configuration: { ...loaded, store },
    env: process.env,
    isDryRun,
    log,
  })
  try {
    await answered('connecting', () => opened.client.request({ method: 'GET', path: '/version', timeoutMs: CONNECT_MS }))
  } catch (error) {
    await opened.close()
    throw error
  }
  tellDecisions(opened, log)
  return backendOf(opened, { isDryRun, log })
}

function backendOf(opened: OpenController, { isDryRun, log }: { readonly isDryRun: boolean; readonly log: DetailLog }): Backend {
  const { controller, client, facts } = opened
  let running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  const stop = async () => {
    running?.stop.abort()
    await running?.ended
    running = undefined
  }
  return {
    mode: 'cluster',
    now: facts.now,
    workloads: facts.workloads,
    explain: facts.explain,
    apply: (asked, library) => applyToCluster(client, asked, { library, isDryRun }),
    async start() {
      if (running !== undefined) return
      const controls = new AbortController()
      const ended = controller.run(controls.signal)
      ended.catch(cause => log.warn('the controller ended', { cause }))
      running = { stop: controls, ended }
      try {
        await started(opened)
      } catch (error) {
        await stop()
        throw error
      }
    },
    stop,
    async close() {
      await stop()
      await opened.close()
    },
  }
}

/** Until every object had its first turn; where there is none, or another process leads, until that is plain to see. */
async function started({ controller }: OpenController): Promise<void> {
  const deadline = performance.now() + START_MS
  let syncedAt: number | undefined
  while (performance.now() < deadline) {
    if (controller.notReady() === undefined) syncedAt ??= performance.now()
    const [turns, { objects }] = [controller.turns().length, controller.queue()]
    if (objects > 0 ? turns >= objects : syncedAt !== undefined && performance.now() - syncedAt > NOTHING_MS) return
    await pause(POLL_MS)
  }
  const why = controller.notReady() ?? 'some objects still wait for their first turn'
  throw new CrescendoError('CRS_CLUSTER', `nothing was measured within ${START_MS / 1000} s: ${why}`)
}

/** One line for each decision, where somebody wants to know so much. */
function tellDecisions({ controller }: OpenController, log: DetailLog): void {
  controller.onTurn(({ decision, outcome }) => {
    if (decision === undefined) return
    const { target, from, to } = decision
    log.debug('decided', { target, from, to, outcome: outcome?.kind ?? 'unchanged', why: sentenceOf(decision) })
  })
}
