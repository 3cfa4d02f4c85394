import type { MetricSource } from '../resources/documents.ts'
import { type Draft, toCheck } from './translation.ts'

/** One query that an admin's MetricSource has to answer under a name. */
export interface Query {
  readonly url: string
  readonly name: string
  readonly query: string
  readonly namespace?: string
  /** Where it stood. */
  readonly from: string
}

/**
 * One MetricSource for each address, with the queries as its catalogue. A MetricSource is the admin's: what tenants wrote into their
 * triggers has to be read by one before it is applied, which each draft says.
 */
export function metricSourcesFor(queries: readonly Query[]): readonly Draft[] {
  const names = new Set<string>()
  return [...Map.groupBy(queries, ({ url }) => url)].map(([url, asked]) => {
    const name = freeName(nameOf(url), names)
    return {
      from: `${asked.map(({ from }) => from).join(', ')}: prometheus triggers`,
      document: sourceOf(name, url, asked),
      remarks: [
        toCheck(
          asked[0]?.from ?? name,
          `MetricSource ${name} sends queries that were written by tenants to ${url}: an admin must review it, its kinds and its tenancy`,
        ),
      ],
    }
  })
}

function sourceOf(name: string, url: string, asked: readonly Query[]): MetricSource {
  const namespaces = new Set(asked.map(({ namespace }) => namespace))
  const isKnown = [...namespaces].every(namespace => namespace !== undefined)
  return {
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'MetricSource',
    metadata: { name },
    spec: {
      type: 'Prometheus',
      url,
      ...(isKnown && { allowedNamespaces: [...namespaces].map(String) }),
      catalogue: asked.map(({ name: metric, query }) => ({ name: metric, query, kind: kindOf(query) })),
    },
  }
}

/** A first guess, to be reviewed: a quantile over time is a latency, a share is a ratio, all else is load. */
function kindOf(query: string): 'Load' | 'Latency' | 'Ratio' {
  if (/\bhistogram_quantile\b|_(?:seconds|ms|milliseconds)\b(?!_)/.test(query)) return 'Latency'
  return /_ratio\b/.test(query) ? 'Ratio' : 'Load'
}

/** "http://prometheus.monitoring.svc:9090/tenant" is prometheus-monitoring. */
function nameOf(url: string): string {
  const { hostname } = new URL(url)
  const isAddress = /^[\d.]+$|^\[/.test(hostname)
  const words = isAddress ? hostname : hostname.split('.').slice(0, 2).join('-')
  return (
    words
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 200) || 'prometheus'
  )
}

/** `wish`, or with the first number behind it that makes it free. */
export function freeName(wish: string, taken: Set<string>): string {
  let name = wish
  for (let number = 2; taken.has(name); number++) name = `${wish}-${number}`
  taken.add(name)
  return name
}
