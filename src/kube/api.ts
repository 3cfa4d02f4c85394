/** What the API server speaks, as far as this house needs it. Nothing here knows autoscaling. */

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** Any object of the API, before its kind's own reader has looked at the rest. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
}

export interface KubeCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Absolute path: "/apis/apps/v1/namespaces/audio/deployments/api-gateway/scale". Segments are already escaped. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Default application/json; a PATCH names its strategy, e.g. application/apply-patch+yaml. */
  readonly contentType?: string
  readonly accept?: string
  /** Total time, headers and body. Default 10,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Does not wait for the rate limit, nor for a Retry-After that other calls were told. For the Lease only. */
  readonly isUrgent?: boolean
  /** Asked directly before the call leaves, after every wait. False refuses the call here (reason "Withdrawn"). */
  readonly stillWanted?: () => boolean
}

/** One client for all calls: authentication, rate limit, time and size limits, Retry-After, counting. */
export interface KubeClient {
  /** Address of the API server, for messages. */
  readonly server: string
  /** The parsed JSON answer. Rejects with KubeError for any answer of 400 and above, and for what never was an answer. */
  request<T>(call: KubeCall): Promise<T>
  /**
   * The lines of a watch, parsed, as they arrive. Ends when the server ends it; rejects with KubeError as `request` does.
   * `signal` ends it at once.
   */
  watch(call: Pick<KubeCall, 'path' | 'query' | 'accept'>, signal: AbortSignal): AsyncIterable<WatchEvent>
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: unknown
}
