import { BUILT_IN_CATALOGUE } from '../src/observe/catalogue.ts'
import type { BuiltInMetric } from '../src/observe/catalogue-queries.ts'

const FAMILIES: Readonly<Record<BuiltInMetric['family'], string>> = {
  Requests: 'Requests: rate, errors, duration',
  Resources: 'Resources',
  GPU: 'GPU, by the DCGM exporter',
  Models: 'Machine-learning models',
  Audio: 'Audio',
  Business: 'Business',
  Queues: 'Queues and clients',
}

const INTRODUCTION = `The metrics that every MetricSource of type Prometheus is asked for by name, without a line of PromQL from anybody. A source's own
\`spec.catalogue\` comes first: an entry of the same name takes the place of the built-in one.

## Who answers

The first source with an answer counts. What cannot answer, or does not know the metric, is passed over; only the last reason is told.

| metric of the object | asked, in this order |
| --- | --- |
| Resource, ContainerResource | \`metrics.k8s.io\` (cpu, memory), the catalogues |
| Pods | pushed values, the catalogues, \`custom.metrics.k8s.io\` |
| Object | the catalogues, \`custom.metrics.k8s.io\` |
| External | pushed values, the catalogues, \`external.metrics.k8s.io\` |

The catalogues are those of the MetricSources that the object's namespace may use (\`allowedNamespaces\`), by \`priority\`, highest first,
then by name.

## What is missing

Empty answers, NaN, infinities, negative values (but for business figures), samples older than \`metrics.staleSeconds\` or more than
30 s ahead of our clock, several series where one is needed, and every failure of a source are *missing*, with one of these reasons: \`NoData\`,
\`NotANumber\`, \`Negative\`, \`Stale\`, \`Future\`, \`TooManySeries\`, \`WrongType\`, \`Unreachable\`, \`Timeout\`, \`TooLarge\`,
\`Refused\`, \`Denied\`, \`NotOffered\`. Missing is never 0.

The demand of a workload is the sum over its pods. Where fewer than nine in ten of the pods that have been ready for longer than the
range of the rates reported, a sum would look like a fall: the demand is then missing, and nothing is extrapolated.

## Writing a query

- \`$selector\` among the matchers of a selector restricts it to the namespaces that ask: \`queue_depth{$selector}\`.
- \`$namespace\`, \`$target\` (name of the scaled object) and \`$object\` (name of the described object) stand inside string literals, and are
  escaped there. \`$window\` is the range of rates: \`rate(x{$selector}[$window])\`.
- The tenant matcher (\`tenancy.label\`, else the entry's \`namespaceLabel\`, else \`namespace\`) is put into *every* selector, in place of other
  matchers of that label. An object's metric selector is added to every selector too, and can only narrow.
- A query whose every result row keeps the namespace label (\`sum by (namespace, pod) (…)\`) is asked once for all namespaces and objects
  that want it at the same moment, and split afterwards. Other queries are asked for each namespace alone.
- \`rate(x[r])\` is sent as \`(rate(x[r]) and x)\`, likewise irate and increase: a rate counts only while its series lives. Otherwise a lost target
  would look like falling load until the range has run empty.
- Refused: selectors without a metric name, subqueries over one hour, ranges, offsets and \`@\` beyond seven days, computed durations,
  \`label_replace\`, \`label_join\` and \`count_values\` that write the tenant label, \`info()\`, comments.
- Sources of type OpenMetrics compute \`selector\` and \`rate(selector[range])\` from their own scrapes of the pods; patterns must be plain
  lists of values (\`a|b\`). Built-in metrics marked *scrape* below work there without a catalogue.
`

/** docs/metric-catalogue.md: the built-in metrics by family, with unit, kind and query, and the rules that hold for all. */
export function cataloguePage(madeBy: string): string {
  const chapters = Object.entries(FAMILIES).map(([family, title]) => {
    const metrics = BUILT_IN_CATALOGUE.filter(metric => metric.family === family)
    return [`## ${title}\n`, ...metrics.map(chapterOf)].join('\n')
  })
  return [`# Metric catalogue\n\n${madeBy}\n`, INTRODUCTION, ...chapters].join('\n')
}

function chapterOf({ name, description, unit, kind, query, scrape }: BuiltInMetric): string {
  const scraped = scrape === undefined ? '' : ` · scrape: \`${scrape}\``
  const lines = query.replaceAll(' or ', '\nor ')
  return `### ${name}\n\n${description} Unit: ${unit} · kind: ${kind}${scraped}\n\n\`\`\`promql\n${lines}\n\`\`\`\n`
}
