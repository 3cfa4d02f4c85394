import type { Instant } from '../core/model.ts'
import type { PolicyLibrary } from '../policies.ts'
import type { Settings } from '../resources/settings.ts'
import type { Facts, WorkloadFact } from '../show/facts.ts'

/** What the manager needs of the place where services live: a simulated cluster in this process, or a real one. */
export interface Backend {
  readonly mode: 'embedded' | 'cluster'
  now(): Instant
  workloads(): readonly WorkloadFact[]
  explain: Facts['explain']
  /** Puts the policies into force for the services that are called so, or whose object is. */
  apply(asked: Asked, library: PolicyLibrary): Promise<readonly Applied[]>
  /** Measures and decides from now on; resolves once something was measured. */
  start(): Promise<void>
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>
  /** Stops, and gives back what it holds. */
  close(): Promise<void>
}

/** Which service, and which policy where it is to be another than the one that it has. */
export interface Asked {
  readonly serviceName: string
  readonly namespace?: string
  /** "tier-enterprise" or "Enterprise", or one of the loaded policies. */
  readonly policy?: string
}

export interface Applied {
  readonly namespace: string
  readonly serviceName: string
  /** What holds from now on, each value with its origin. */
  readonly settings: Settings
}
