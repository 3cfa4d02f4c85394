import type { CallLabel } from './call-label.ts'
import { KubeError } from './kube-error.ts'

/**
 * An answer of 400 and above as an error. Of what the server wrote, only the `reason` of its Status, and the names of the
 * fields that it objects to, are taken: its sentences may repeat secrets, or come from a webhook of anybody.
 */
export function refusalOf(
  answer: { readonly status: number; readonly body: Buffer; readonly retryAfter?: string | undefined },
  label: CallLabel,
  wallMs: number,
): KubeError {
  const told = statusIn(answer.body)
  const reason = word(told.reason) ?? `Http${answer.status}`
  const fields = fieldsIn(told)
  const retryAfterMs = retryAfterOf(answer.retryAfter, wallMs) ?? secondsIn(told)
  const about = fields.length === 0 ? '' : ` (${fields.join(', ')})`
  return new KubeError(`${label.verb} ${label.resource}: the API server answered ${answer.status} ${reason}${about}`, {
    status: answer.status,
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** An ERROR event of a watch: its object is a Status too. */
export function refusalInEvent(object: unknown, label: CallLabel): KubeError {
  const told = isRecord(object) ? object : {}
  const status = typeof told.code === 'number' ? told.code : 500
  const reason = word(told.reason) ?? `Http${status}`
  const retryAfterMs = secondsIn(told)
  return new KubeError(`${label.verb} ${label.resource}: the API server ended the watch with ${status} ${reason}`, {
    status,
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** Retry-After in seconds or as an HTTP date, as milliseconds from now; what is neither is absent. */
export function retryAfterOf(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header.trim()) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - wallMs)
}

function statusIn(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    return isRecord(parsed) && parsed.kind === 'Status' ? parsed : {}
  } catch {
    return {}
  }
}

function secondsIn(told: Readonly<Record<string, unknown>>): number | undefined {
  const seconds = isRecord(told.details) ? told.details.retryAfterSeconds : undefined
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined
}

function fieldsIn(told: Readonly<Record<string, unknown>>): readonly string[] {
  const causes = isRecord(told.details) && Array.isArray(told.details.causes) ? told.details.causes : []
  const fields = causes.slice(0, 5).map(cause => (isRecord(cause) && typeof cause.field === 'string' ? cause.field : ''))
  return fields.filter(field => /^[\w.[\]/-]{1,120}$/.test(field))
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9]{1,64}$/.test(value) ? value : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
