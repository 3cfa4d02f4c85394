import { renderPage } from '../../page/render-page.ts'
import { traceSection, tracesTable } from './markup.ts'
import type { BacktestReport } from './report.ts'
import { traceChart } from './trace-chart.ts'

/** The comparison of all traces as one self-contained page. */
export function renderReport({ traces, origin }: BacktestReport): string {
  const charts = traces.map(traceChart)
  return renderPage({
    title: `Crescendo back-test: ${traces.map(trace => trace.file).join(', ')}`,
    note: 'Simulated on recorded load',
    heading: 'Same traffic, different autoscalers. Who keeps the promise, and at what price?',
    lead: 'A violation is a moment when the load exceeds ready replicas × capacity per replica. Cost is what is billed: from the order of a replica to its removal.',
    body: [
      traces.length > 1 ? tracesTable(traces) : '',
      ...traces.map((trace, index) => traceSection(trace, charts[index]!)),
    ].join('\n'),
    charts,
    origin,
  })
}
