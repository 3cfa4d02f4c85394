import type { Agent } from 'undici'
import type { Instant } from '../core/model.ts'
import type { Credentials } from './credentials.ts'
import { type BoundedAnswer, dial, fetchBounded } from './fetch-bounded.ts'
import { type Found, found, type Missing, missing } from './missing.ts'

/** One row of an instant vector. `value` is absent where the source sent NaN, an infinity, or a histogram. */
export interface Row {
  readonly labels: Readonly<Record<string, string>>
  readonly at: Instant
  readonly value?: number
}

/** One series of a range answer; points that are no finite number are left out. */
export interface RangeRow {
  readonly labels: Readonly<Record<string, string>>
  readonly points: readonly { readonly at: Instant; readonly value: number }[]
}

export interface PrometheusOptions {
  readonly url: string
  readonly credentials: Credentials
  readonly serverName?: string
  readonly maxBytes: number
  /** A gauge whose target went away without a goodbye is not believed longer than this. Old servers (2.42) do not know it: theirs is 300 s. */
  readonly lookbackMs: number
  /** Told when the server attached warnings to an answer; the count alone, never the text. */
  readonly onWarnings?: (count: number) => void
}

/** Client of the query API, which Thanos, Mimir and VictoriaMetrics speak too. Every call ends within its `timeoutMs`. */
export interface Prometheus {
  query(promql: string, timeoutMs: number): Promise<Found<readonly Row[]>>
  queryRange(
    promql: string,
    range: { readonly fromMs: Instant; readonly toMs: Instant; readonly stepMs: number; readonly timeoutMs: number },
  ): Promise<Found<readonly RangeRow[]>>
  close(): Promise<void>
}

export function createPrometheus(options: PrometheusOptions): Prometheus {
  const agents = agentsOf(options)
  const ask = async (path: string, parameters: Record<string, string>, timeoutMs: number): Promise<Found<unknown>> => {
    const access = await options.credentials.access()
    if (access.kind === 'missing') return access
    const { authorization, certificates } = access.value
    const answer = await fetchBounded({
      dispatcher: agents.with(certificates),
      addresses: { loopback: true },
      url: new URL(`${options.url.replace(/\/+$/, '')}/api/v1/${path}`),
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        ...(authorization !== undefined && { authorization }),
      },
      body: new URLSearchParams({ ...parameters, timeout: `${Math.max(1, Math.floor(timeoutMs / 1000))}s` }).toString(),
      timeoutMs,
      maxBytes: options.maxBytes,
    })
    if (answer.kind === 'missing') return answer
    if (answer.value.status === 401 || answer.value.status === 403) options.credentials.forget()
    return dataOf(answer.value, options.onWarnings)
  }
  return {
    async query(promql, timeoutMs) {
      const data = await ask('query', { query: promql, lookback_delta: `${Math.ceil(options.lookbackMs / 1000)}s` }, timeoutMs)
      return data.kind === 'missing' ? data : vectorOf(data.value)
    },
    async queryRange(promql, { fromMs, toMs, stepMs, timeoutMs }) {
      const range = { start: String(fromMs / 1000), end: String(toMs / 1000), step: String(stepMs / 1000) }
      const data = await ask('query_range', { query: promql, ...range }, timeoutMs)
      return data.kind === 'missing' ? data : matrixOf(data.value)
    },
    close: () => agents.close(),
  }
}

/** One pool, made anew when the certificates change. */
function agentsOf({ serverName }: PrometheusOptions) {
  let current: { readonly certificates: string | undefined; readonly agent: Agent } | undefined
  return {
    with(certificates: string | undefined): Agent {
      if (current !== undefined && current.certificates === certificates) return current.agent
      void current?.agent.close()
      const agent = dial({
        addresses: { loopback: true },
        ...(certificates !== undefined && { certificates }),
        ...(serverName !== undefined && { serverName }),
      })
      current = { certificates, agent }
      return agent
    },
    async close() {
      await current?.agent.destroy()
      current = undefined
    },
  }
}

/** `errorType` values of the API; any other word of a server is not repeated. */
const ERROR_TYPES = new Set(['timeout', 'canceled', 'execution', 'bad_data', 'internal', 'unavailable', 'not_found'])

function dataOf({ status, contentType, body }: BoundedAnswer, onWarnings?: (count: number) => void): Found<unknown> {
  if (status === 401 || status === 403) return missing('Denied', `it answered ${status}: check the credentials`)
  if (status >= 300 && status < 400) return missing('Refused', `it answered ${status}: redirects are not followed`)
  if (contentType !== 'application/json')
    return missing(status < 400 ? 'WrongType' : 'Refused', `it answered ${status} with something other than application/json`)
  const answer = jsonOf(body)
  if (!isRecord(answer)) return missing(status < 400 ? 'WrongType' : 'Refused', `it answered ${status} with no JSON object`)
  if (status >= 400 || answer.status !== 'success')
    return missing('Refused', `it answered ${status} and refused the query${errorType(answer)}`)
  if (Array.isArray(answer.warnings) && answer.warnings.length > 0) onWarnings?.(answer.warnings.length)
  return found(answer.data)
}

function errorType(answer: Record<string, unknown>): string {
  return typeof answer.errorType === 'string' && ERROR_TYPES.has(answer.errorType) ? ` (${answer.errorType})` : ''
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const RESULT_TYPES = new Set(['vector', 'matrix', 'scalar', 'string'])

/** The `result` of the expected type; its length is told where the type is another. */
function resultOf(data: unknown, expected: 'vector' | 'matrix'): Found<readonly unknown[]> {
  if (!isRecord(data) || !Array.isArray(data.result)) return missing('WrongType', 'it answered with no result')
  const { resultType, result } = data
  if (resultType === expected) return found(result)
  const told = typeof resultType === 'string' && RESULT_TYPES.has(resultType) ? `a ${resultType}` : 'an unknown type'
  const count = resultType === 'matrix' ? ` of ${result.length} series` : ''
  return missing('WrongType', `it answered with ${told}${count}; a ${expected} is needed`)
}

function vectorOf(data: unknown): Found<readonly Row[]> {
  const result = resultOf(data, 'vector')
  if (result.kind === 'missing') return result
  const rows: Row[] = []
  for (const item of result.value) {
    const row = rowOf(item)
    if (row === undefined) return malformed
    rows.push(row)
  }
  return found(rows)
}

const malformed: Missing = missing('WrongType', 'a row of its answer is malformed')

function rowOf(item: unknown): Row | undefined {
  if (!isRecord(item) || !isLabels(item.metric)) return undefined
  const sample = item.value ?? item.histogram
  const point = pointOf(sample)
  if (point === undefined) return undefined
  const value = item.value === undefined ? undefined : point.value
  return { labels: item.metric, at: point.at, ...(value !== undefined && { value }) }
}

function isLabels(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every(label => typeof label === 'string')
}

/** `[1700000000.123, "42"]`; "NaN", "+Inf" and "-Inf" leave the value out. */
function pointOf(sample: unknown): { at: Instant; value?: number } | undefined {
  if (!Array.isArray(sample) || sample.length !== 2 || typeof sample[0] !== 'number' || !Number.isFinite(sample[0]))
    return undefined
  const at = Math.round(sample[0] * 1000)
  if (typeof sample[1] !== 'string' || !/^[-+]?(?:\d|\.\d)/.test(sample[1])) return { at }
  const value = Number(sample[1])
  return Number.isFinite(value) ? { at, value } : { at }
}

function matrixOf(data: unknown): Found<readonly RangeRow[]> {
  const result = resultOf(data, 'matrix')
  if (result.kind === 'missing') return result
  const rows: RangeRow[] = []
  for (const item of result.value) {
    if (!isRecord(item) || !isLabels(item.metric) || !Array.isArray(item.values ?? [])) return malformed
    const points = []
    for (const sample of (item.values ?? []) as unknown[]) {
      const point = pointOf(sample)
      if (point?.value !== undefined) points.push({ at: point.at, value: point.value })
    }
    rows.push({ labels: item.metric, points })
  }
  return found(rows)
}
