import { bootstrapSum, type Interval } from './bootstrap.ts'
import type { DayFigures } from './replay-past.ts'

/** One figure of two policies on the same days. */
export interface Compared {
  readonly before: number
  readonly after: number
  /** Of after minus before, with 95 % confidence. */
  readonly difference: Interval
  /** The whole interval is below zero. */
  readonly isBetter: boolean
  /** Not even the worse end of the interval is more than 2 % above before. */
  readonly isWithinLimit: boolean
}

export interface Judgement {
  readonly days: number
  readonly replicaHours: Compared
  readonly badMinutes: Compared
  readonly isAccepted: boolean
  readonly why: string
}

/** By so much may the one be worse where the other is better. */
export const WORSE_SHARE = 0.02

export interface Days {
  /** First day that counts, and the first one that does not. */
  readonly from: number
  readonly to: number
}

/**
 * Whether `after` may take the place of `before`: with 95 % confidence one of cost and bad minutes is better, and the other is no more than
 * 2 % worse. A difference that other days might have turned round is no difference. Days without a replica prove nothing: a rollback has
 * no cost then to hold the later one against.
 */
export function judge(
  { before, after }: { readonly before: DayFigures; readonly after: DayFigures },
  { from, to, seed }: Days & { readonly seed: number },
): Judgement {
  const cut = (column: Float64Array) => Array.from(column.subarray(from, to))
  const replicaHours = compared(cut(before.replicaHours), cut(after.replicaHours), seed)
  const badMinutes = compared(cut(before.badMinutes), cut(after.badMinutes), seed)
  const isSafe = replicaHours.before > 0 && replicaHours.isWithinLimit && badMinutes.isWithinLimit
  const isAccepted = isSafe && (replicaHours.isBetter || badMinutes.isBetter)
  return { days: to - from, replicaHours, badMinutes, isAccepted, why: whyOf({ replicaHours, badMinutes }) }
}

function compared(before: readonly number[], after: readonly number[], seed: number): Compared {
  const between = (limit: number) => before.map((value, day) => after[day]! - (1 + limit) * value)
  const difference = bootstrapSum(between(0), seed)
  return {
    before: total(before),
    after: total(after),
    difference,
    isBetter: difference.high < 0,
    isWithinLimit: bootstrapSum(between(WORSE_SHARE), seed).high <= 1e-9,
  }
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

function whyOf({ replicaHours, badMinutes }: Pick<Judgement, 'replicaHours' | 'badMinutes'>): string {
  if (replicaHours.before === 0) return 'no replica ran on these days: there is no cost to promise'
  const beyond = 'more than 2 % worse'
  if (!badMinutes.isWithinLimit) return `bad minutes may be ${beyond}`
  if (!replicaHours.isWithinLimit) return `the cost may be ${beyond}`
  if (replicaHours.isBetter && badMinutes.isBetter) return 'cost and bad minutes are better with 95 % confidence'
  if (replicaHours.isBetter) return 'the cost is better with 95 % confidence, and bad minutes are no more than 2 % worse'
  if (badMinutes.isBetter) return 'bad minutes are better with 95 % confidence, and the cost is no more than 2 % worse'
  return 'neither cost nor bad minutes are better with 95 % confidence'
}
