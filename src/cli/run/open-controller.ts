import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { type Controller, type ControllerOptions, createController } from '../../controller/controller.ts'
import type { KubeClient } from '../../kube/api.ts'
import { type ConnectedKubeClient, connect } from '../../kube/client.ts'
import type { KubeConfigChoice } from '../../kube/kubeconfig.ts'
import { createElection, type Election } from '../../kube/lease.ts'
import { getSecretValue } from '../../kube/secrets.ts'
import { withWriteCircuit } from '../../kube/write-circuit.ts'
import { createLearnPool } from '../../learn/learn-pool.ts'
import { createPushBuffer, type PushBuffer } from '../../observe/push.ts'
import { createSources, type SourcesOptions } from '../../observe/sources.ts'
import type { Clock, DurableStore, Learners, Log } from '../../ports.ts'
import { type ControllerTelemetry, controllerTelemetry } from '../../record/controller-telemetry.ts'
import type { EffectiveConfiguration } from '../../resources/configuration.ts'
import { amount } from '../../resources/fields.ts'
import { defaultPolicies } from '../../resources/policy-file.ts'
import { readSecret } from '../../resources/secret.ts'
import type { Facts } from '../../show/facts.ts'
import type { StoreDependencies } from '../../store/buffered-store.ts'
import { openStore } from '../../store/open-store.ts'
import { packageVersion } from '../package-version.ts'
import { controllerFacts } from './controller-facts.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Composing {
  readonly choice: Pick<KubeConfigChoice, 'kubeconfig' | 'context' | 'inCluster'>
  readonly configuration: EffectiveConfiguration
  readonly env: Environment
  readonly isDryRun: boolean
  readonly log: Log
}

/** A controller with its adapters, not running yet, and without a server. */
export interface OpenController {
  readonly controller: Controller
  readonly client: ConnectedKubeClient
  readonly facts: Facts
  readonly pushed: PushBuffer
  close(): Promise<void>
}

const clock: Clock = { now: () => Date.now() }

/** The one place of a live controller that knows concrete adapters. */
export async function openController(composing: Composing): Promise<OpenController> {
  const { choice, configuration, env, isDryRun, log } = composing
  const telemetry = controllerTelemetry()
  const client = await clientFor(choice, configuration, telemetry)
  let controller: Controller | undefined
  const store = await storeFor(configuration, { env, log, periodMs: id => controller?.periodMs(id) })
  const pushed = createPushBuffer({ clock })
  const learners = createLearnPool()
  const writing = withWriteCircuit(client, clock)
  const adapters = { client: writing.client, store, telemetry, pushed, learners }
  controller = createController(await controllerOptions(composing, adapters))
  const facts = controllerFacts({
    controller,
    store,
    clock,
    isDryRun,
    version: packageVersion(),
    currency: configuration.cost.currency,
    counted: () => telemetry.families(),
    writes: writing.state,
  })
  return {
    controller,
    client,
    facts,
    pushed,
    async close() {
      await controller.sources.close?.()
      await learners.close()
      await store.close()
      await client.close()
    },
  }
}

interface Adapters {
  readonly client: KubeClient
  readonly store: DurableStore
  readonly telemetry: ControllerTelemetry
  readonly pushed: PushBuffer
  readonly learners: Learners
}

async function controllerOptions(composing: Composing, adapters: Adapters): Promise<ControllerOptions> {
  const { configuration, isDryRun, log } = composing
  const { client, store, telemetry, learners } = adapters
  const { controller: settings, cost, metrics } = configuration
  const identity = settings.identity ?? `${hostname()}_${randomBytes(4).toString('hex')}`
  const election = electionFor(configuration, { client, identity, log, isDryRun })
  return {
    client,
    store,
    learners,
    clock,
    log,
    telemetry,
    ...(election && { election }),
    policies: await defaultPolicies(),
    configuration: configuration.document,
    sources: ({ metricSources }) => sourcesFor(configuration, { ...adapters, metricSources, log }),
    settings: {
      identity,
      namespaces: settings.namespaces,
      workers: settings.workers,
      isDryRun,
      backfillMs: metrics.backfillSeconds * 1000,
      costPerReplicaHour: amount(cost.costPerReplicaHour),
      manualFloorMs: settings.manualFloorSeconds * 1000,
      fallbackAfterMs: metrics.fallbackAfterSeconds * 1000,
      currency: cost.currency,
    },
  }
}

function sourcesFor(
  { controller, metrics }: EffectiveConfiguration,
  { client, pushed, metricSources, log }: Pick<Adapters, 'client' | 'pushed'> & Pick<SourcesOptions, 'metricSources' | 'log'>,
) {
  const namespace = controller.leaderElection.leaseNamespace
  return createSources({
    client,
    metricSources,
    pushed,
    clock,
    log,
    readSecret: reference => getSecretValue(client, { namespace, ...reference }),
    settings: {
      timeoutMs: metrics.timeoutSeconds * 1000,
      maxResponseBytes: metrics.maxResponseBytes,
      staleMs: metrics.staleSeconds * 1000,
      periodMs: controller.periodSeconds * 1000,
    },
  })
}

function clientFor(choice: Composing['choice'], { controller }: EffectiveConfiguration, telemetry: ControllerTelemetry) {
  return connect({
    ...choice,
    userAgent: `crescendo/${packageVersion()}`,
    queriesPerSecond: controller.apiQueriesPerSecond,
    burst: controller.apiBurst,
    onCall({ verb, status, ms }) {
      telemetry.apiRequests.add({ verb, code: String(status) })
      if (verb !== 'watch') telemetry.apiRequestSeconds.observe({ verb }, ms / 1000)
    },
  })
}

async function storeFor(
  { store }: EffectiveConfiguration,
  { env, log, periodMs }: Pick<Composing, 'env' | 'log'> & Pick<StoreDependencies, 'periodMs'>,
): Promise<DurableStore> {
  const { retentionDays, decisionsRetentionDays } = store
  const retention = {
    rawRetentionDays: retentionDays,
    rollupRetentionDays: retentionDays,
    decisionRetentionDays: decisionsRetentionDays,
  }
  const dependencies = { clock, log, retention, ...(periodMs && { periodMs }) }
  if (store.type === 'PostgreSql' && store.url !== undefined) {
    return openStore({ type: 'PostgreSql', url: await readSecret(store.url, env) }, dependencies)
  }
  if (store.type === 'Memory') return openStore({ type: 'Memory' }, dependencies)
  return openStore({ type: 'Sqlite', path: store.path }, dependencies)
}

/** A dry run writes nothing, no Lease either. */
function electionFor(
  { controller: { leaderElection } }: EffectiveConfiguration,
  { client, identity, log, isDryRun }: { client: KubeClient; identity: string; log: Log; isDryRun: boolean },
): Election | undefined {
  if (isDryRun || !leaderElection.enabled) return undefined
  return createElection({
    client,
    identity,
    log,
    namespace: leaderElection.leaseNamespace,
    name: leaderElection.leaseName,
    leaseSeconds: leaderElection.leaseDurationSeconds,
    renewDeadlineSeconds: leaderElection.renewDeadlineSeconds,
    retrySeconds: leaderElection.retryPeriodSeconds,
  })
}
