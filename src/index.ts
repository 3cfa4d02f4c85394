/** The package's main entry: the autoscaling system as one object in a program of one's own. */
import { CrescendoError } from './errors.ts'
import type { Applied, Asked, Backend } from './manager/backend.ts'
import type { ClusterOptions } from './manager/cluster.ts'
import { type DetailLog, detailLog } from './manager/detail-log.ts'
import type { EmbeddedClusterOptions } from './manager/embedded.ts'
import { type RealTimeMetrics, realTimeMetrics } from './manager/real-time-metrics.ts'
import { loadPolicies, type PolicyLibrary, policyFacts, resolvePolicy } from './policies.ts'
import type { Log } from './ports.ts'
import type { Settings } from './resources/settings.ts'
import type { PolicyFact } from './show/facts.ts'

export type { Applied, Asked } from './manager/backend.ts'
export type { ClusterOptions } from './manager/cluster.ts'
export type { EmbeddedClusterOptions } from './manager/embedded.ts'
export type { RealTimeMetrics, ServiceMetrics } from './manager/real-time-metrics.ts'

export interface ManagerOptions {
  /** Logs every decision with its reason, from the start. The same as `enableDetailedLogging` later. */
  readonly debug?: boolean
  /** Where messages go; JSON lines on standard error where this is absent. */
  readonly log?: Log
  /** A real cluster: a kubeconfig file … */
  readonly kubeconfig?: string
  /** … or the one that this program runs in … */
  readonly inCluster?: boolean
  /** … or either of them in more detail. `{}` looks where kubectl looks. */
  readonly cluster?: ClusterOptions
  /** The simulated cluster, which is used where no real one is named. */
  readonly embedded?: EmbeddedClusterOptions
}

/** Policies: what may be referred to, and what follows from it. */
export interface PolicyEngine {
  /**
   * Loads the policies that ship with Crescendo and, where `path` names a YAML or JSON file, those in it on top, in place of whatever was
   * loaded before. Gives their names. Nothing changes for any service before `applyPolicies`.
   */
  loadPolicies(path?: string): Promise<readonly string[]>
  /** The loaded policies with the settings that each results in. */
  policies(): readonly PolicyFact[]
  /** The settings of a policy ("tier-enterprise" or "Enterprise"), or what holds where nobody says anything. */
  resolve(policy?: string): Settings
}

export interface MetricsCollector {
  /** Measures from now on, and decides on it; resolves once something was measured. A second call changes nothing. */
  startCollection(): Promise<void>
  /** Measures and decides no more; resolves when nothing is under way. */
  stopCollection(): Promise<void>
  readonly isCollecting: boolean
}

/**
 * The autoscaling system: initialize it, load and apply policies, start to collect, look. Without options it runs on a simulated
 * cluster in this process: the four services of the demo under a day of generated traffic, sixty times as fast as the clock.
 */
export class AutoscalingSystemManager {
  readonly policyEngine: PolicyEngine
  readonly metricsCollector: MetricsCollector
  readonly #options: ManagerOptions
  readonly #log: DetailLog
  #backend: Backend | undefined
  #library: PolicyLibrary | undefined
  #isCollecting = false
  /** Starting, stopping and shutting down come one after the other, in the order in which they were asked for. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: ManagerOptions = {}) {
    this.#options = options
    this.#log = detailLog({ isDetailed: options.debug ?? false, ...(options.log && { given: options.log }) })
    this.policyEngine = {
      loadPolicies: async path => {
        this.#library = await loadPolicies(path)
        const names = this.#library.policies.map(({ document }) => document.metadata.name)
        this.#log.debug('policies loaded', { names })
        return names
      },
      policies: () => policyFacts(this.#loaded()),
      resolve: policy => resolvePolicy(this.#loaded(), policy === undefined ? {} : { policy }),
    }
    const isCollecting = () => this.#isCollecting
    this.metricsCollector = {
      startCollection: () => this.#inTurn(() => this.#collect(true)),
      stopCollection: () => this.#inTurn(() => this.#collect(false)),
      get isCollecting() {
        return isCollecting()
      },
    }
  }

  /** Connects to the cluster, or sets the simulated one up, with the policies that ship with Crescendo. Throws where there is none. */
  initialize(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#backend !== undefined) return
      this.#library ??= await loadPolicies()
      this.#backend = await this.#open(this.#library)
      this.#log.debug('initialized', { mode: this.#backend.mode })
    })
  }

  /** Ends everything that runs and gives back what is held; the program may end then. The manager can be initialized again. */
  shutdown(): Promise<void> {
    return this.#inTurn(async () => {
      const backend = this.#backend
      this.#backend = undefined
      this.#isCollecting = false
      await backend?.close()
      this.#log.debug('shut down')
    })
  }

  /**
   * Puts the loaded policies into force for a service (its own name, or that of its HorizontalPodAutoscaler), and `policy` in place of
   * the one that it has. In a cluster that writes: policies of one's own become ScalingPolicies, and the object refers to `policy`.
   * Gives what holds from now on, each value with the layer it came from. Throws CRS_UNKNOWN_SERVICE, with the names that there are,
   * and CRS_USAGE for an unknown policy.
   */
  async applyPolicies(asked: Asked): Promise<readonly Applied[]> {
    const [backend, library] = [this.#initialized(), this.#loaded()]
    const applied = await backend.apply(asked, library)
    for (const { namespace, serviceName, settings } of applied) {
      this.#log.debug('policies applied', { namespace, serviceName, warnings: settings.warnings, origins: settings.origins })
    }
    return applied
  }

  /** What is measured, forecast and decided now. */
  async getRealTimeMetrics(): Promise<RealTimeMetrics> {
    return realTimeMetrics(this.#initialized(), this.#isCollecting)
  }

  /** From now on every decision is logged with its reason. */
  async enableDetailedLogging(): Promise<void> {
    this.#log.enableDetails()
  }

  async #open(library: PolicyLibrary): Promise<Backend> {
    const { kubeconfig, inCluster, cluster, embedded } = this.#options
    if (kubeconfig !== undefined || inCluster === true || cluster !== undefined) {
      const { openCluster } = await import('./manager/cluster.ts')
      const named = { ...(kubeconfig !== undefined && { kubeconfig }), ...(inCluster !== undefined && { inCluster }) }
      return openCluster({ ...cluster, ...named }, this.#log)
    }
    const { createEmbedded } = await import('./manager/embedded.ts')
    return createEmbedded(embedded ?? {}, { log: this.#log, library })
  }

  async #collect(isWanted: boolean): Promise<void> {
    const backend = this.#initialized()
    if (isWanted) await backend.start()
    else await backend.stop()
    this.#isCollecting = isWanted
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => undefined)
    return done
  }

  #initialized(): Backend {
    if (this.#backend !== undefined) return this.#backend
    throw new CrescendoError(
      'CRS_NOT_INITIALIZED',
      'the manager is not initialized, expected `await manager.initialize()` before',
    )
  }

  #loaded(): PolicyLibrary {
    if (this.#library !== undefined) return this.#library
    throw new CrescendoError(
      'CRS_NOT_INITIALIZED',
      'no policies are loaded, expected `await manager.policyEngine.loadPolicies()` or `initialize()` before',
    )
  }
}
