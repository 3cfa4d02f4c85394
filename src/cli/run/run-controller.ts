import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { type Controller, type ControllerOptions, createController } from '../../controller/controller.ts'
import { type ConnectedKubeClient, connect } from '../../kube/client.ts'
import { createElection, type Election } from '../../kube/lease.ts'
import { getSecretValue } from '../../kube/secrets.ts'
import { createPushBuffer, type PushBuffer } from '../../observe/push.ts'
import { createSources, type SourcesOptions } from '../../observe/sources.ts'
import type { Clock, DurableStore, Log, MetricFamily } from '../../ports.ts'
import { type ControllerTelemetry, controllerTelemetry } from '../../record/controller-telemetry.ts'
import { configurationText, type EffectiveConfiguration, loadConfiguration } from '../../resources/configuration.ts'
import { amount } from '../../resources/fields.ts'
import { defaultPolicies } from '../../resources/policy-file.ts'
import { readSecret } from '../../resources/secret.ts'
import { listen } from '../../show/listen.ts'
import { createServer } from '../../show/server.ts'
import { openStore } from '../../store/open-store.ts'
import type { RunOptions } from '../commands/run.ts'
import { note } from '../output.ts'
import { packageVersion } from '../package-version.ts'
import { controllerFacts } from './controller-facts.ts'
import { createLog } from './log.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `crescendo run`: composes the adapters, runs until SIGTERM or SIGINT, and ends in order. Gives the exit code. */
export async function runController(options: RunOptions, env: Environment): Promise<number> {
  const configuration = await loadConfiguration({ env, ...(options.config !== undefined && { file: options.config }) })
  if (options.printConfig) {
    process.stdout.write(configurationText(configuration))
    return 0
  }
  const isDryRun = options.dryRun === true || configuration.controller.dryRun
  const log = createLog(configuration.telemetry.logLevel)
  const running = await compose({ options, configuration, env, isDryRun, log })
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort())
  note(
    `crescendo ${packageVersion()} at ${running.client.server}${isDryRun ? ', dry run: nothing is written' : ''}; API at ${running.address}`,
  )
  await running.controller.run(stop.signal)
  await running.close()
  log.info('ended', {})
  log.flush()
  return 0
}

interface Composing {
  readonly options: RunOptions
  readonly configuration: EffectiveConfiguration
  readonly env: Environment
  readonly isDryRun: boolean
  readonly log: Log
}

interface Running {
  readonly controller: Controller
  readonly client: ConnectedKubeClient
  readonly address: string
  close(): Promise<void>
}

const clock: Clock = { now: () => Date.now() }

/** The one place of a live controller that knows concrete adapters. */
async function compose(composing: Composing): Promise<Running> {
  const { options, configuration, env, log } = composing
  const telemetry = controllerTelemetry()
  const client = await clientFor(options, configuration, telemetry)
  const store = await storeFor(configuration, { env, log })
  const pushed = createPushBuffer({ clock })
  const controller = createController(await controllerOptions(composing, { client, store, telemetry, pushed }))
  const address = await serve(composing, { controller, store, pushed, counted: () => telemetry.families() })
  return {
    controller,
    client,
    address: address.url,
    async close() {
      await address.close()
      await store.close()
      await client.close()
    },
  }
}

interface Adapters {
  readonly client: ConnectedKubeClient
  readonly store: DurableStore
  readonly telemetry: ControllerTelemetry
  readonly pushed: PushBuffer
}

async function controllerOptions(composing: Composing, adapters: Adapters): Promise<ControllerOptions> {
  const { configuration, isDryRun, log } = composing
  const { client, store, telemetry } = adapters
  const { controller: settings, cost, metrics } = configuration
  const identity = settings.identity ?? `${hostname()}_${randomBytes(4).toString('hex')}`
  const election = electionFor(configuration, { client, identity, log, isDryRun })
  return {
    client,
    store,
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

interface Serving {
  readonly controller: Controller
  readonly store: DurableStore
  readonly pushed: PushBuffer
  readonly counted: () => readonly MetricFamily[]
}

async function serve({ configuration, isDryRun, env }: Composing, { controller, store, pushed, counted }: Serving) {
  const { metrics, cost, server: settings } = configuration
  const token = metrics.pushToken && (await readSecret(metrics.pushToken, env))
  const version = packageVersion()
  const facts = controllerFacts({ controller, store, clock, version, isDryRun, currency: cost.currency, counted })
  const { host, port, allowedHosts } = settings
  const server = createServer(facts, { allowedHosts, push: { buffer: pushed, ...(token !== undefined && { token }) } })
  return { url: await listen(server, { host, port, tries: 1 }), close: () => server.close() }
}

function clientFor(options: RunOptions, { controller }: EffectiveConfiguration, telemetry: ControllerTelemetry) {
  return connect({
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
    ...(options.context !== undefined && { context: options.context }),
    userAgent: `crescendo/${packageVersion()}`,
    queriesPerSecond: controller.apiQueriesPerSecond,
    burst: controller.apiBurst,
    onCall({ verb, status, ms }) {
      telemetry.apiRequests.add({ verb, code: String(status) })
      if (verb !== 'watch') telemetry.apiRequestSeconds.observe({ verb }, ms / 1000)
    },
  })
}

async function storeFor({ store }: EffectiveConfiguration, { env, log }: Pick<Composing, 'env' | 'log'>): Promise<DurableStore> {
  const { retentionDays, decisionsRetentionDays } = store
  const retention = {
    rawRetentionDays: retentionDays,
    rollupRetentionDays: retentionDays,
    decisionRetentionDays: decisionsRetentionDays,
  }
  const dependencies = { clock, log, retention }
  if (store.type === 'PostgreSql' && store.url !== undefined) {
    return openStore({ type: 'PostgreSql', url: await readSecret(store.url, env) }, dependencies)
  }
  if (store.type === 'Memory') return openStore({ type: 'Memory' }, dependencies)
  return openStore({ type: 'Sqlite', path: store.path }, dependencies)
}

/** A dry run writes nothing, no Lease either. */
function electionFor(
  { controller: { leaderElection } }: EffectiveConfiguration,
  { client, identity, log, isDryRun }: { client: ConnectedKubeClient; identity: string; log: Log; isDryRun: boolean },
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
