import type { Facts, ScalerFact, WorkloadFact } from './facts.ts'

export const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8'
export type Format = typeof OPENMETRICS | typeof PROMETHEUS_TEXT

/** OpenMetrics, unless a reader asks for plain text and not for it: older scrapers, and `promtool check metrics`. */
export function formatFor(accept: string | undefined): Format {
  const wanted = accept ?? ''
  return wanted.includes('text/plain') && !wanted.includes('openmetrics') ? PROMETHEUS_TEXT : OPENMETRICS
}

interface Family {
  readonly name: string
  readonly type: 'gauge' | 'counter' | 'info'
  readonly unit?: string
  readonly help: string
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
}

/** The metrics about Crescendo and its workloads. Base units; no label names a pod or a client. */
export function exposition(facts: Facts, streamClients: number, format: Format = OPENMETRICS): string {
  const workloads = facts.workloads()
  const families = [...processFamilies(facts, streamClients), ...workloadFamilies(workloads), ...scalerFamilies(workloads)]
  return format === OPENMETRICS ? `${families.map(openMetrics).join('')}# EOF\n` : families.map(prometheusText).join('')
}

function processFamilies(facts: Facts, streamClients: number): readonly Family[] {
  const version = [{ labels: { version: facts.version }, value: 1 }]
  return [
    { name: 'crescendo_build', type: 'info', help: 'The version that runs.', samples: version },
    gauge('crescendo_loop_time_seconds', 'Time of the loop as seconds since the epoch; simulated in the demo.', [
      { labels: {}, value: facts.now() / 1000 },
    ]),
    gauge('crescendo_stream_clients', 'Readers of /api/v1/stream.', [{ labels: {}, value: streamClients }]),
  ]
}

function workloadFamilies(workloads: readonly WorkloadFact[]): readonly Family[] {
  const known = (value: (workload: WorkloadFact) => number | undefined) =>
    workloads.flatMap(workload => {
      const found = value(workload)
      return found === undefined ? [] : [{ labels: labelsOf(workload), value: found }]
    })
  return [
    gauge(
      'crescendo_load',
      'Load of the last tick, in load units.',
      known(workload => workload.load),
    ),
    gauge(
      'crescendo_needed_replicas',
      'Replicas that the load needs within its SLO.',
      known(workload => workload.neededReplicas),
    ),
  ]
}

function scalerFamilies(workloads: readonly WorkloadFact[]): readonly Family[] {
  const of = (value: (scaler: ScalerFact) => number) =>
    workloads.flatMap(workload =>
      workload.scalers.map(scaler => ({ labels: { ...labelsOf(workload), scaler: scaler.name }, value: value(scaler) })),
    )
  const violated = of(scaler => scaler.sloViolationMinutes * 60)
  const billed = of(scaler => scaler.replicaHours * 3600)
  const cost = of(scaler => scaler.cost)
  const ups = of(scaler => scaler.scaleUps)
  const downs = of(scaler => scaler.scaleDowns)
  const ready = of(scaler => scaler.readyReplicas)
  const desired = of(scaler => scaler.desiredReplicas)
  return [
    gauge('crescendo_ready_replicas', 'Replicas that are ready.', ready),
    gauge('crescendo_desired_replicas', 'Replicas that are ordered.', desired),
    counter('crescendo_slo_violation_seconds', 'Time in which load exceeded ready replicas times capacity.', violated),
    counter('crescendo_replica_seconds', 'Billed time of replicas, from order to removal.', billed),
    counter('crescendo_cost', 'Billed cost in currency units.', cost),
    counter('crescendo_scale_ups', 'Decisions that ordered more replicas.', ups),
    counter('crescendo_scale_downs', 'Decisions that ordered fewer replicas.', downs),
  ]
}

type Samples = Family['samples']
const unitOf = (name: string) => (name.endsWith('_seconds') ? { unit: 'seconds' } : {})
const gauge = (name: string, help: string, samples: Samples): Family => ({ name, type: 'gauge', help, samples, ...unitOf(name) })
const counter = (name: string, help: string, samples: Samples): Family => ({
  name,
  type: 'counter',
  help,
  samples,
  ...unitOf(name),
})

function labelsOf({ namespace, name }: WorkloadFact): Readonly<Record<string, string>> {
  return { namespace, autoscaler: name, target_kind: 'Deployment', target: name }
}

function openMetrics(family: Family): string {
  const { name, type, unit, help } = family
  const head = [`# TYPE ${name} ${type}`, ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]), `# HELP ${name} ${help}`]
  return linesOf([...head, ...sampleLines(family)])
}

/** Here a family has the name of its samples, and there are neither units nor infos. */
function prometheusText(family: Family): string {
  const { type, help } = family
  const name = sampleName(family)
  return linesOf([`# HELP ${name} ${help}`, `# TYPE ${name} ${type === 'info' ? 'gauge' : type}`, ...sampleLines(family)])
}

function sampleName({ name, type }: Family): string {
  return `${name}${{ gauge: '', counter: '_total', info: '_info' }[type]}`
}

function sampleLines(family: Family): readonly string[] {
  return family.samples.map(({ labels, value }) => `${sampleName(family)}${labelText(labels)} ${value}`)
}

function linesOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escapeLabel = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
