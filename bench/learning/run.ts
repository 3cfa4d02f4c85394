import type { Target } from '../../src/core/model.ts'
import type { LearntScalars } from '../../src/core/policy/learnt-scalars.ts'
import { daysOf, type Lesson, learnScalars } from '../../src/learn/learn-scalars.ts'
import { type PastReplays, sharedPast, threadedReplays } from '../../src/learn/past-replays.ts'
import { type DayFigures, type Past, shortened } from '../../src/learn/replay-past.ts'
import { withLoadMetric } from '../../src/sim/run.ts'
import { thatAreThere } from '../shared-data.ts'
import { type BenchTrace, benchTraces } from '../traces.ts'

/** Learns on the first two weeks, and is measured on the third one, which nobody has seen. */
const [LEARN_DAYS, DAYS] = [14, 21]
const MOST_TRACES = 12
const TICK_MS = 60_000
const STARTUP_MS = 75_000
const BUDGET_MINUTES = 1.44
const CANDIDATES = 45
const SEED = 1

interface Row {
  readonly trace: string
  readonly lesson: Lesson
  readonly seconds: number
  /** Of the sealed week. */
  readonly before: Figures
  readonly after: Figures
}

interface Figures {
  readonly replicaHours: number
  readonly badMinutes: number
}

async function main(): Promise<void> {
  const replays = threadedReplays({ threads: 2, limitMs: 600_000 })
  const rows: Row[] = []
  process.stdout.write('| trace | lesson | cost | bad minutes | learnt | seconds |\n| --- | --- | --- | --- | --- | --- |\n')
  for (const trace of thatAreThere(benchTraces())) {
    if (rows.length === MOST_TRACES) break
    const row = await rowOf(trace, replays)
    if (row === undefined) continue
    rows.push(row)
    process.stdout.write(`${lineOf(row)}\n`)
  }
  await replays.close()
  process.stdout.write(`\n${verdictOf(rows)}\n`)
}

async function rowOf(trace: BenchTrace, replays: PastReplays): Promise<Row | undefined> {
  const material = await trace.read(SEED, { tickMs: TICK_MS, days: DAYS })
  if ('unfit' in material) return undefined
  const whole = sharedPast(pastOf(material))
  if (daysOf(whole) < DAYS) return undefined
  const began = performance.now()
  const known = { ...whole, scenario: shortened(whole.scenario, (LEARN_DAYS * 86_400_000) / TICK_MS) }
  const lesson = await learnScalars(known, {
    replays,
    badMinutesPerDay: BUDGET_MINUTES,
    seed: SEED,
    candidates: CANDIDATES,
  })
  const seconds = (performance.now() - began) / 1000
  const { figures, tape } = await replays.record(whole)
  const learnt: Partial<LearntScalars> = lesson.outcome === 'Accepted' ? lesson.changed : {}
  const after = lesson.outcome === 'Accepted' ? await replays.replay(whole, { tape, learnt }) : figures
  return { trace: trace.name, lesson, seconds, before: sealed(figures), after: sealed(after) }
}

function pastOf({ load, capacity }: { readonly load: Past['scenario']['load']; readonly capacity: number }): Past {
  const target: Target = {
    id: 'bench/trace',
    minReplicas: 1,
    maxReplicas: 500,
    metrics: [],
    capacityPerReplica: capacity,
    startupMs: STARTUP_MS,
    periodMs: TICK_MS,
  }
  const metricScale = 1000 / capacity
  const followed = withLoadMetric(target, 0.7, metricScale)
  return {
    scenario: { target: followed, load, scoredFrom: 0, metricsDelayMs: TICK_MS, metricScale, seed: 1 },
    options: { mode: 'Slo', target: followed, delayMs: TICK_MS, badMinutesPerDay: BUDGET_MINUTES },
  }
}

function sealed({ replicaHours, badMinutes }: DayFigures): Figures {
  const sum = (days: Float64Array) => days.subarray(LEARN_DAYS, DAYS).reduce((total, day) => total + day, 0)
  return { replicaHours: sum(replicaHours), badMinutes: sum(badMinutes) }
}

const costChange = ({ before, after }: Row) => after.replicaHours / before.replicaHours - 1
const badChange = ({ before, after }: Row) => after.badMinutes - before.badMinutes

const percent = (share: number) => `${share > 0 ? '+' : ''}${(100 * share).toFixed(2)} %`

function lineOf(row: Row): string {
  const { trace, lesson, seconds, before, after } = row
  const learnt = Object.entries(lesson.changed).map(([name, value]) => `${name} ${value}`)
  const cells = [
    trace,
    lesson.outcome,
    percent(costChange(row)),
    `${before.badMinutes} to ${after.badMinutes}`,
    learnt.join(', ') || 'none',
    seconds.toFixed(0),
  ]
  return `| ${cells.join(' | ')} |`
}

/** How many are better or equal in both figures, and the worst of each. */
function verdictOf(rows: readonly Row[]): string {
  const good = rows.filter(row => costChange(row) <= 0 && badChange(row) <= 0).length
  const dearest = Math.max(...rows.map(costChange))
  const worst = Math.max(...rows.map(badChange))
  const share = ((100 * good) / rows.length).toFixed(0)
  return `${good} of ${rows.length} traces (${share} %) are better or equal in cost and bad minutes; worst: cost ${percent(dearest)}, ${worst} bad minutes more in the week`
}

await main()
