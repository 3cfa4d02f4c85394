/** An API server that said no, or nothing. `status` is 0 where there was no answer (refused, timed out, broken off). */
export class KubeError extends Error {
  readonly status: number
  /** The `reason` of the Status object ("Conflict", "NotFound", "Expired"), or "Unreachable" and "Timeout" for our own. */
  readonly reason: string
  /** What Retry-After asked for. */
  readonly retryAfterMs?: number
  override readonly name = 'KubeError'

  constructor(
    message: string,
    told: { readonly status: number; readonly reason: string; readonly retryAfterMs?: number; readonly cause?: unknown },
  ) {
    super(message, told.cause === undefined ? undefined : { cause: told.cause })
    this.status = told.status
    this.reason = told.reason
    if (told.retryAfterMs !== undefined) this.retryAfterMs = told.retryAfterMs
  }
}
