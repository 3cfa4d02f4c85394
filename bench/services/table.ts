import type { EvaluatedService, ServiceRow } from './evaluate.ts'

/** The four scenarios as Markdown: the goals, every scaler beside them, and the models. */
export function servicesText(results: readonly EvaluatedService[], where: string): string {
  return [
    '### The four service types\n',
    where,
    '',
    table(['service', 'scaler', 'P99', 'errors', 'cost efficiency', 'bad min a day', 'actions a day'], results.flatMap(linesOf)),
    '',
    'Bold figures miss their goal. What was played:',
    '',
    table(
      ['service', 'one replica', 'safe load a replica', 'start-up', 'peak of the week', 'bad min a day that the profile leaves'],
      results.map(modelOf),
    ),
  ].join('\n')
}

function linesOf({ type, rows }: EvaluatedService): readonly (readonly string[])[] {
  const goal = [
    type.name,
    'goal',
    `< ${time(type.thresholdSeconds)}`,
    `< ${percent(type.errorRatio)}`,
    percent(type.costEfficiency),
    '',
    '',
  ]
  const line = (row: ServiceRow) => [
    '',
    row.scaler,
    marked(time(row.p99Seconds), row.p99Seconds < type.thresholdSeconds),
    marked(percent(row.errorRatio), row.errorRatio < type.errorRatio),
    marked(percent(row.costEfficiency), row.costEfficiency >= type.costEfficiency),
    row.badMinutesPerDay.toFixed(2),
    row.actionsPerDay.toFixed(0),
  ]
  return [goal, ...rows.map(line)]
}

function modelOf({ type, capacityPerReplica, startupSeconds, peakPerSecond, badMinutesPerDay }: EvaluatedService) {
  const { service } = type
  const used = (capacityPerReplica * service.serviceSeconds) / service.concurrency
  return [
    type.name,
    `${service.concurrency} at a time, ${time(service.serviceSeconds)} each, shares ± ${percent(service.imbalance ?? 0)}, turned away after ${time(service.timeoutSeconds ?? 0)}`,
    `${capacityPerReplica.toFixed(capacityPerReplica < 100 ? 1 : 0)} rps (${(100 * used).toFixed(0)} % busy)`,
    `${startupSeconds} s`,
    `${Math.round(peakPerSecond).toLocaleString('en')} rps`,
    String(badMinutesPerDay),
  ]
}

const marked = (text: string, isReached: boolean): string => (isReached ? text : `**${text}**`)

const time = (seconds: number): string =>
  seconds < 1 ? `${Number((seconds * 1000).toPrecision(3))} ms` : `${Number(seconds.toPrecision(3))} s`

const percent = (share: number): string =>
  share > 0 && share < 0.000001 ? '< 0.0001 %' : `${Number((share * 100).toPrecision(share < 0.01 ? 2 : 3))} %`

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map((_, index) => (index < 2 ? '---' : '---:'))), ...lines.map(row)].join('\n')
}
