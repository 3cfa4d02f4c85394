import { parseQuantity } from '../core/hpa/quantity.ts'
import type { Instant, Milli } from '../core/model.ts'
import type { KubeClient } from '../kube/api.ts'
import { KubeError } from '../kube/kube-error.ts'
import type { Clock } from '../ports.ts'
import { type Found, found, type Missing, missing } from './missing.ts'

/** A GET to one of the metrics APIs behind the API server, with its failures as reasons. */
export async function askApi(
  client: KubeClient,
  call: { path: string; query?: Readonly<Record<string, string>>; timeoutMs: number },
): Promise<Found<unknown>> {
  try {
    return found(await client.request<unknown>({ method: 'GET', ...call }))
  } catch (error) {
    return failureOf(error)
  }
}

function failureOf(error: unknown): Missing {
  if (!(error instanceof KubeError)) return missing('Unreachable', 'the call failed')
  const { status, reason } = error
  if (reason === 'Timeout' || status === 504) return missing('Timeout', 'no answer in time')
  if (status === 401 || status === 403)
    return missing('Denied', `the API server answered ${status}; the controller's role lacks get and list there`)
  if (status === 404) return missing('NoData', 'the API answered 404: it has no such metric or object')
  if (status === 0 || status === 503)
    return missing('Unreachable', status === 0 ? 'the API server gave no answer' : 'the API server answered 503')
  return missing('Refused', `the API server answered ${status}`)
}

/** Whether the API server knows an API group, and its preferred version; asked once a minute, so that an absent API costs nothing. */
export function createGroupVersions(client: KubeClient, clock: Clock, timeoutMs: number) {
  const known = new Map<string, { readonly at: Instant; readonly version: Promise<Found<string>> }>()
  return (group: string): Promise<Found<string>> => {
    const kept = known.get(group)
    const now = clock.now()
    if (kept !== undefined && now - kept.at < KEPT_MS) return kept.version
    const version = preferredVersion(client, group, timeoutMs)
    known.set(group, { at: now, version })
    void version.then(result => {
      if (result.kind === 'missing' && result.reason !== 'NotOffered') known.delete(group)
    })
    return version
  }
}

const KEPT_MS = 60_000

async function preferredVersion(client: KubeClient, group: string, timeoutMs: number): Promise<Found<string>> {
  const answer = await askApi(client, { path: `/apis/${group}`, timeoutMs })
  if (answer.kind === 'missing') return answer.reason === 'NoData' ? missing('NotOffered', `the cluster has no ${group}`) : answer
  const version = field(field(answer.value, 'preferredVersion'), 'version')
  return typeof version === 'string' && /^v\d+(?:(?:alpha|beta)\d+)?$/.test(version)
    ? found(version)
    : missing('WrongType', `the API server told no version of ${group}`)
}

/** A field of what was parsed from JSON; absent where there is none. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined // it was looked for one line above
}

/** The items of a list answer. */
export function itemsOf(list: unknown): Found<readonly unknown[]> {
  const items = field(list, 'items')
  return Array.isArray(items) ? found(items) : missing('WrongType', 'the answer is no list')
}

export function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name)
  return typeof text === 'string' ? text : undefined
}

/** A quantity field ("250m", or a plain number) in milli-units. */
export function quantityField(value: unknown, name: string): Milli | undefined {
  const quantity = field(value, name)
  return typeof quantity === 'string' || typeof quantity === 'number' ? parseQuantity(String(quantity)) : undefined
}

/** RFC 3339 in milliseconds. */
export function timeField(value: unknown, name: string): Instant | undefined {
  const at = Date.parse(textField(value, name) ?? '')
  return Number.isFinite(at) ? at : undefined
}

const GO_UNITS_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000001,
}

/** A duration as Go prints it: "1m30.5s" is 90,500. */
export function goDurationMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+$/.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g))
    total += Number(count) * (GO_UNITS_MS[unit ?? ''] ?? 0)
  return total
}
