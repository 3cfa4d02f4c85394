import { neededReplicas, timeOf } from '../../sim/load.ts'
import type { RowFile } from '../row-file.ts'
import { tableLines } from '../terminal/table.ts'
import { figure, harmless, minutes } from '../terminal/text.ts'
import type { Played } from './play-scalers.ts'
import type { Stage } from './settle-world.ts'

/** The JSON document of one trace, as in the contract, and more. */
export function documentOf(stage: Stage, played: readonly Played[]): object {
  return {
    trace: traceFacts(stage),
    world: worldFacts(stage),
    scalers: played.map(({ run, score, note, excessOverOracle }) => ({
      ...score,
      ...(excessOverOracle !== undefined && { excessOverOracle }),
      decisionMicros: rounded(run.decisionMicros),
      ...(note !== undefined && { note }),
    })),
  }
}

function traceFacts({ series, cut, scenario }: Stage): object {
  const { load, gaps, missingTicks, spacingSeconds } = cut
  return {
    file: series.file,
    start: isoOf(load.startMs),
    end: isoOf(timeOf(load, load.value.length)),
    points: series.samples.at.length,
    scoredFrom: isoOf(timeOf(load, scenario.scoredFrom)),
    spacingSeconds,
    skippedRows: series.skipped,
    gaps,
    missingTicks,
  }
}

function worldFacts({ scenario, capacitySource, price }: Stage): object {
  const { target, seed, metricsDelayMs, load, startup, nodes } = scenario
  return {
    capacityPerReplica: target.capacityPerReplica,
    capacitySource,
    startupSeconds: target.startupMs / 1000,
    startupJitter: startup?.kind === 'lognormal' ? startup.sigma : 0,
    nodeStartupSeconds: (nodes?.startupMs ?? 0) / 1000,
    ...(nodes && { podsPerNode: nodes.podsPerNode }),
    metricsDelaySeconds: metricsDelayMs / 1000,
    tickSeconds: load.tickMs / 1000,
    price,
    min: target.minReplicas,
    max: target.maxReplicas,
    seed,
  }
}

function rounded(micros: { readonly p50: number; readonly p99: number } | undefined) {
  const tenth = (value: number) => Math.round(value * 10) / 10
  return { p50: tenth(micros?.p50 ?? 0), p99: tenth(micros?.p99 ?? 0) }
}

function isoOf(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}

export const DECISIONS_HEADER = 'scaler,timestamp,load,ready_replicas,desired_replicas'

/** One row a scored tick, numbers as exact as they are: whoever adds them up gets the figures of the score. */
export function writeDecisions(file: RowFile, { run }: Played, trace: string | undefined): void {
  const last = trace === undefined ? '\n' : `,${/[",\r\n]/.test(trace) ? `"${trace.replaceAll('"', '""')}"` : trace}\n`
  for (let tick = run.scoredFrom; tick < run.desired.length; tick++) {
    if (run.missing?.[tick] === 1) continue
    file.write(`${run.name},${run.time[tick]! / 1000},${run.load[tick]},${run.ready[tick]},${run.desired[tick]}${last}`)
  }
}

/** For people: what was played, then one line a scaler. */
export function reportLines(stage: Stage, played: readonly Played[], bold: (text: string) => string): readonly string[] {
  const { series, cut, scenario, price } = stage
  const { target, load } = scenario
  const days = ((load.value.length - scenario.scoredFrom) * load.tickMs) / 86_400_000
  const gaps = cut.gaps === 0 ? '' : `, ${cut.gaps} gaps (${figure((cut.missingTicks * load.tickMs) / 3_600_000)} h) not scored`
  const columns = [{ title: 'scaler' }, ...FIGURES.map(({ title }) => ({ title, align: 'right' as const }))]
  return [
    bold(harmless(series.file)),
    `${series.samples.at.length.toLocaleString('en-US')} points from ${isoOf(load.startMs)}, scored from ${isoOf(timeOf(load, scenario.scoredFrom))} (${figure(days)} days)${gaps}`,
    `a replica serves ${figure(target.capacityPerReplica)} and is ready after ${target.startupMs / 1000} s; ${target.minReplicas} to ${target.maxReplicas} replicas at ${price} an hour`,
    '',
    ...tableLines(
      columns,
      played.map(one => [one.score.name, ...FIGURES.map(({ tell }) => tell(one))]),
      { paintTitle: bold },
    ),
    ...played.flatMap(({ score, note }) => (note === undefined ? [] : [`${score.name}: ${note}`])),
    ...ceilingNote(stage),
  ]
}

const FIGURES: readonly { readonly title: string; readonly tell: (one: Played) => string }[] = [
  { title: 'bad min', tell: ({ score }) => minutes(score.sloViolationMinutes) },
  { title: 'bad %', tell: ({ score }) => (100 * score.sloViolationRatio).toFixed(3) },
  { title: 'replica-h', tell: ({ score }) => figure(score.replicaHours) },
  { title: 'cost', tell: ({ score }) => (score.cost >= 100 ? figure(score.cost) : score.cost.toFixed(2)) },
  { title: 'over oracle', tell: ({ excessOverOracle }) => (excessOverOracle === undefined ? '' : percent(excessOverOracle)) },
  { title: 'idle replica-h', tell: ({ score }) => figure(score.overProvisionedReplicaHours) },
  { title: 'ups', tell: ({ score }) => String(score.scaleUps) },
  { title: 'downs', tell: ({ score }) => String(score.scaleDowns) },
  { title: 'µs p50', tell: ({ run }) => (run.decisionMicros ? figure(run.decisionMicros.p50) : '') },
]

function percent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`
}

/** Load that maxReplicas cannot carry is nobody's fault, and has to be said. */
function ceilingNote({ scenario }: Stage): readonly string[] {
  const { load, target, scoredFrom } = scenario
  let [most, above] = [0, 0]
  for (let tick = scoredFrom; tick < load.value.length; tick++) {
    const needed = neededReplicas(load.value[tick]!, target.capacityPerReplica)
    if (needed > target.maxReplicas) above++
    most = Math.max(most, needed)
  }
  if (above === 0) return []
  const share = percent(above / (load.value.length - scoredFrom)).slice(1)
  return [
    `the load needs up to ${figure(most)} replicas, ${target.maxReplicas} are allowed: ${share} of the scored time cannot be served by anybody`,
  ]
}
