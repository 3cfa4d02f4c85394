import { type LearntScalars, moved, SCALAR_NAMES, type ScalarName } from '../core/policy/learnt-scalars.ts'
import type { Days } from './judge.ts'
import type { DayFigures } from './replay-past.ts'

export interface SearchOptions extends Days {
  /** What is in force: every step is taken from here, and the first day of it is known. */
  readonly base: LearntScalars
  readonly before: DayFigures
  /** Scalars that a person wrote; they stay. */
  readonly fixed: readonly ScalarName[]
  /** How many other policies may be tried. */
  readonly candidates: number
  /** What the service may miss a day. */
  readonly badMinutesPerDay: number
  readonly replay: (scalars: LearntScalars) => Promise<DayFigures>
  readonly onTried?: (done: number, total: number) => void
}

export interface Found {
  /** Absent: nothing better was found. */
  readonly best?: LearntScalars
  readonly tried: number
}

const STEPS = [-0.2, 0.2, -0.1, 0.1]
/** More scaling than this, against what is in force, is not bought with anything. */
const MOST_ACTIONS = 1.2
const MOST_WORSE = 1.02

/**
 * Steps along one scalar at a time from what is in force, then every other scalar's step beside the best of them, and so on while
 * candidates are left and help. Deterministic: ties go to who was tried first.
 */
export async function searchScalars(options: SearchOptions): Promise<Found> {
  const { base } = options
  let best = { scalars: base, gain: 0 }
  let tried = 0
  const touched = new Set<ScalarName>(options.fixed)
  for (;;) {
    const moves = movesFrom(best.scalars, base, touched).slice(0, options.candidates - tried)
    const from = tried
    let done = 0
    const gains = await Promise.all(
      moves.map(async ({ scalars }) => {
        const gain = gainOf(await options.replay(scalars), options)
        options.onTried?.(from + ++done, options.candidates)
        return gain
      }),
    )
    tried += moves.length
    const gain = Math.max(best.gain, ...gains)
    const winner = moves[gains.indexOf(gain)]
    if (winner === undefined || gain === best.gain) break
    best = { scalars: winner.scalars, gain }
    touched.add(winner.name)
  }
  return best.scalars === base ? { tried } : { best: best.scalars, tried }
}

/** One step from `base` of each scalar that was not moved yet. */
function movesFrom(from: LearntScalars, base: LearntScalars, touched: ReadonlySet<ScalarName>) {
  const moves = STEPS.flatMap(step =>
    SCALAR_NAMES.filter(name => !touched.has(name)).map(name => ({
      name,
      scalars: { ...from, [name]: moved(base, name, step)[name] },
    })),
  )
  return moves.filter(
    ({ name, scalars }, index) =>
      scalars[name] !== base[name] &&
      moves.findIndex(other => other.name === name && other.scalars[name] === scalars[name]) === index,
  )
}

/**
 * How much better a candidate did, as a share of what is in force; not above zero where it is not to be had. While the error budget holds
 * cost counts, else bad minutes. The mean of the days less its standard error: the best of many tries is partly luck.
 */
function gainOf(after: DayFigures, { before, from, to, badMinutesPerDay }: SearchOptions): number {
  const cut = (column: Float64Array) => Array.from(column.subarray(from, to))
  const [hours, bad] = [
    pair(cut(before.replicaHours), cut(after.replicaHours)),
    pair(cut(before.badMinutes), cut(after.badMinutes)),
  ]
  const actions = pair(cut(before.actions), cut(after.actions))
  if (actions.after > MOST_ACTIONS * actions.before) return 0
  const isOver = bad.before > (to - from) * badMinutesPerDay
  if (isOver) return hours.after <= MOST_WORSE * hours.before ? sureGain(bad) : 0
  return bad.after <= bad.before ? sureGain(hours) : 0
}

interface Pair {
  readonly before: number
  readonly after: number
  readonly differences: readonly number[]
}

function pair(before: readonly number[], after: readonly number[]): Pair {
  const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0)
  return { before: sum(before), after: sum(after), differences: before.map((value, day) => value - after[day]!) }
}

function sureGain({ before, differences }: Pair): number {
  const days = differences.length
  const mean = differences.reduce((sum, one) => sum + one, 0) / days
  const variance = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, days - 1)
  return before === 0 ? 0 : ((mean - Math.sqrt(variance / days)) * days) / before
}
