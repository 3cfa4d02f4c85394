import { createOpenMetricsOrigin, type ScrapeTools } from './open-metrics.ts'
import type { HistoryRange, Origin, Point, SourceOrigin } from './origin.ts'
import { createPrometheusOrigin, type PrometheusTools } from './prometheus-origin.ts'
import { byPriority, type SourceDocument } from './source-document.ts'
import type { Workload } from './workload.ts'

interface Registered {
  readonly text: string
  readonly origin: SourceOrigin
}

/** One origin for each MetricSource, made anew when its spec changes and closed when it is gone. */
export function createSourceRegistry(documents: () => readonly SourceDocument[], tools: PrometheusTools & ScrapeTools) {
  const registered = new Map<string, Registered>()
  const originOf = (document: SourceDocument): SourceOrigin => {
    const { name } = document.metadata
    const text = JSON.stringify(document.spec)
    const known = registered.get(name)
    if (known?.text === text) return known.origin
    if (known !== undefined) void known.origin.close()
    const origin =
      document.spec.type === 'Prometheus' ? createPrometheusOrigin(document, tools) : createOpenMetricsOrigin(document, tools)
    registered.set(name, { text, origin })
    return origin
  }
  const origins = (): readonly SourceOrigin[] => {
    const now = documents()
    const names = new Set(now.map(({ metadata }) => metadata.name))
    for (const [name, { origin }] of registered) {
      if (names.has(name)) continue
      registered.delete(name)
      void origin.close()
    }
    return byPriority(now).map(originOf)
  }
  return {
    origins: (): readonly Origin[] => origins(),
    /** From the first source in order that has a past of the metric; empty where none has. */
    async history(workload: Workload, metric: string, range: HistoryRange): Promise<readonly Point[]> {
      for (const origin of origins()) {
        const past = await origin.history(workload, metric, range)
        if (past.kind === 'found' && past.value.length > 0) return past.value
        if (past.kind === 'missing')
          tools.log.warn('the past could not be read', { source: origin.name, target: workload.target.id, why: past.why })
      }
      return []
    },
    async close(): Promise<void> {
      await Promise.all([...registered.values()].map(({ origin }) => origin.close()))
      registered.clear()
    },
  }
}
