import { parseArgs } from 'node:util'
import { crescendoRules } from '../../src/core/policy/crescendo-rules.ts'
import { type Load, offeredAt } from '../../src/sim/load.ts'
import { prepare } from '../../src/sim/rivals/contenders.ts'
import { type Run, type Scenario, simulate, withLoadMetric } from '../../src/sim/run.ts'
import { writePart } from '../benchmarks-page.ts'
import { ATTACKS, type Attack, loadOf, PROFILE, SCORED_FROM, TICK_MS, TICKS_A_DAY } from './scenarios.ts'

const SCALERS = ['hpa', 'keda', 'crescendo', 'crescendo, surge budget'] as const
type Scaler = (typeof SCALERS)[number]
const METRICS_DELAY_MS = 15_000
/** Of what the clean day costs: a price of 1 a replica-hour makes both the same unit. */
const SURGE_SHARE = 0.1

/** What one scaler paid and lost on one day. */
interface Day {
  readonly replicaHours: number
  /** Shares of users' requests that found no room: behind a limiter that drops the attack and nothing else, and with none. */
  readonly lostBehindLimiter: number
  readonly lost: number
}

function scenarioOf(load: Load): Scenario {
  const target = {
    id: 'bench/attacked',
    minReplicas: 2,
    maxReplicas: 500,
    metrics: [],
    capacityPerReplica: PROFILE.capacityPerReplica,
    startupMs: PROFILE.startupSeconds * 1000,
    periodMs: TICK_MS,
  }
  const common = { load, scoredFrom: SCORED_FROM, metricsDelayMs: METRICS_DELAY_MS, seed: 1 }
  return { ...common, target: withLoadMetric(target, 0.7) }
}

async function play(scaler: Scaler, load: Load, surgePerDay: number): Promise<Run> {
  const scenario = scenarioOf(load)
  if (scaler === 'hpa' || scaler === 'keda') {
    const { rules, target } = await prepare(scaler, scenario)
    return simulate(rules, { ...scenario, target })
  }
  const guards = { emergency: 'Off' as const, surge: { perDay: surgePerDay, costPerReplicaHour: 1 } }
  const options = { mode: 'Slo' as const, target: scenario.target, delayMs: TICK_MS }
  return simulate(crescendoRules(scaler === 'crescendo' ? options : { ...options, guards }), scenario)
}

function dayOf({ ready, desired }: Run, load: Load, day: number): Day {
  let [billed, owed, dropped, lost] = [0, 0, 0, 0]
  const from = SCORED_FROM + day * TICKS_A_DAY
  for (let tick = from; tick < from + TICKS_A_DAY; tick++) {
    const capacity = ready[tick]! * PROFILE.capacityPerReplica
    const [users, offered] = [load.value[tick]!, offeredAt(load, tick)]
    billed += desired[tick]!
    owed += users
    dropped += Math.max(0, users - capacity)
    lost += users * Math.max(0, 1 - capacity / offered)
  }
  return { replicaHours: (billed * TICK_MS) / 3_600_000, lostBehindLimiter: dropped / owed, lost: lost / owed }
}

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`

/** `npm run bench:attacks [-- --seed 2 --only yo-yo --write]`: what attacks cost, and whom they hurt. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      write: { type: 'boolean', default: false },
    },
  })
  const seed = Number(values.seed)
  const clean = new Map<Scaler, readonly Day[]>()
  const rows: string[] = []
  const budget = () => SURGE_SHARE * clean.get('crescendo')![0]!.replicaHours
  const calm = loadOf(undefined, seed)
  for (const scaler of SCALERS) {
    const run = await play(scaler, calm, clean.size < 3 ? 0 : budget())
    clean.set(
      scaler,
      [0, 1].map(day => dayOf(run, calm, day)),
    )
  }
  rows.push(`| none: replica-hours, users lost | ${SCALERS.map(scaler => cleanCell(clean.get(scaler)!)).join(' | ')} |`)
  for (const attack of ATTACKS.filter(({ name }) => name.includes(values.only))) {
    const load = loadOf(attack, seed)
    const cells = []
    for (const scaler of SCALERS) {
      const run = await play(scaler, load, budget())
      cells.push({ before: clean.get(scaler)!, days: [0, 1].map(day => dayOf(run, load, day)) })
    }
    rows.push(rowOf(attack.name, cells))
    process.stderr.write(`${rows.at(-1)}\n`)
  }
  const text = [HEAD, ...rows, '', ...ATTACKS.map(toldOf)].join('\n')
  process.stdout.write(`${text}\n`)
  if (values.write) writePart('attacks', text)
}

const HEAD = `| attack | ${SCALERS.join(' | ')} |\n| --- |${SCALERS.map(() => ' ---: |').join('')}`

interface Cell {
  readonly before: readonly Day[]
  readonly days: readonly Day[]
}

function cleanCell(days: readonly Day[]): string {
  const [first, second] = days.map(({ replicaHours }) => replicaHours.toFixed(0))
  return `${first} h ${second} h · ${percent(days[0]!.lostBehindLimiter)}`
}

/** Cost on the day of the attack and on the day after, each over the same day clean; users' requests lost behind a limiter, and without. */
function rowOf(name: string, cells: readonly Cell[]): string {
  const shown = cells.map(({ before, days }) => {
    const [first, second] = days.map((day, index) => `×${(day.replicaHours / before[index]!.replicaHours).toFixed(2)}`)
    return `${first} ${second} · ${percent(days[0]!.lostBehindLimiter)} · ${percent(days[0]!.lost)}`
  })
  return `| ${name} | ${shown.join(' | ')} |`
}

const toldOf = ({ name, told }: Attack) => `- **${name}**: ${told}.`

await main()
