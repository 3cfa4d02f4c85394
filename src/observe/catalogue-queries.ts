import type { CatalogueEntry } from './source-document.ts'

/** A built-in metric: what every Prometheus source is asked for where its own catalogue does not say otherwise. */
export interface BuiltInMetric extends CatalogueEntry {
  readonly family: 'Requests' | 'Resources' | 'GPU' | 'Models' | 'Audio' | 'Business' | 'Queues'
  readonly description: string
  readonly unit: string
  /** The same from a scrape of the pod itself, without Prometheus; absent where that takes more than one series. */
  readonly scrape?: string
}

/** `sum by (namespace, pod) (rate(NAME{$selector,...}[$window]))` */
export function perPodRate(series: string, matchers = ''): string {
  return `sum by (namespace, pod) (rate(${series}{$selector${matchers}}[$window]))`
}

/** The quantile of a histogram, per pod, in the histogram's unit. */
export function perPodQuantile(histogram: string, quantile: number): string {
  return `histogram_quantile(${quantile}, sum by (namespace, pod, le) (rate(${histogram}_bucket{$selector}[$window])))`
}

export function perPodMean(gauge: string): string {
  return `avg by (namespace, pod) (${gauge}{$selector})`
}

/** The first that has a value for a pod counts. */
export function firstOf(...queries: readonly string[]): string {
  return queries.join(' or ')
}
