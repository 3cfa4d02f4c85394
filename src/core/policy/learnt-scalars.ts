/**
 * The numbers of the predictive decision that are learnt from a service's own past, beyond what the tuner chooses every night
 * (`prediction.md` 4.5): what they are, how far they may go, and how far in one week.
 */
export interface LearntScalars {
  /** Share of the error budget that the replayed past may use up; the rest pays for the winner's curse of choosing among many. */
  readonly budgetShare: number
  /** Scaling actions, relative to the HPA that would have met the budget on the same past. */
  readonly actionLimit: number
  /** Extra share ordered once anything is ordered: 0.05 is 5 %. */
  readonly orderAhead: number
  /** No scale-down smaller than this share of the replicas. */
  readonly deadband: number
  /** How much longer than usual all must agree before replicas leave: 2 is twice as long. */
  readonly holdScale: number
  /** Days of replay that count when parameters are chosen. */
  readonly keptDays: number
}

export type ScalarName = keyof LearntScalars

/** What holds where nothing was learnt. */
export const USUAL_SCALARS: LearntScalars = {
  budgetShare: 0.5,
  actionLimit: 1.5,
  orderAhead: 0.05,
  deadband: 0.1,
  holdScale: 1,
  keptDays: 14,
}

/** No value outside of these is learnt, kept or obeyed. */
export const SCALAR_BOUNDS: Readonly<Record<ScalarName, { readonly least: number; readonly most: number }>> = {
  // Not above what is usual: to spend more of the budget is no better policy, and a few days without a miss prove nothing.
  budgetShare: { least: 0.2, most: 0.5 },
  actionLimit: { least: 0.75, most: 2 },
  orderAhead: { least: 0.01, most: 0.15 },
  deadband: { least: 0.02, most: 0.2 },
  holdScale: { least: 0.5, most: 3 },
  keptDays: { least: 3, most: 14 },
}

export const SCALAR_NAMES = Object.keys(SCALAR_BOUNDS) as readonly ScalarName[] // the keys of that very object

/** Of its value, so far may a scalar move in a week. */
export const LARGEST_STEP = 0.2

/** `scalars` with one of them moved by `share` of its value (0.2 is up by 20 %), inside its bounds; days are whole. */
export function moved(scalars: LearntScalars, name: ScalarName, share: number): LearntScalars {
  const { least, most } = SCALAR_BOUNDS[name]
  const step = Math.max(-LARGEST_STEP, Math.min(LARGEST_STEP, share))
  const wanted = scalars[name] * (1 + step)
  // Whole days towards where they were, so that rounding makes no step larger than it may be.
  const fitting = name === 'keptDays' ? (step < 0 ? Math.ceil(wanted - 1e-9) : Math.floor(wanted + 1e-9)) : rounded(wanted)
  return { ...scalars, [name]: Math.max(least, Math.min(most, fitting)) }
}

/** Four digits behind the point: what is written into a policy and what was replayed are then the same number. */
const rounded = (value: number) => Math.round(value * 10_000) / 10_000

/** Why these are not scalars that may be obeyed, one line each; empty where they are. */
export function scalarProblems(scalars: object): readonly string[] {
  return Object.entries(scalars).flatMap(([name, value]) => {
    const bounds = (SCALAR_BOUNDS as Readonly<Record<string, { least: number; most: number } | undefined>>)[name]
    if (bounds === undefined) return [`${name} is none of ${SCALAR_NAMES.join(', ')}`]
    const isFine = typeof value === 'number' && value >= bounds.least && value <= bounds.most
    const isWhole = name !== 'keptDays' || Number.isInteger(value)
    return isFine && isWhole ? [] : [`${name} is ${String(value)}, expected ${toldBounds(name, bounds)}`]
  })
}

const toldBounds = (name: string, { least, most }: { readonly least: number; readonly most: number }) =>
  `a ${name === 'keptDays' ? 'whole number' : 'number'} from ${least} to ${most}`
