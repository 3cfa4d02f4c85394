import type { Lender } from '../rules.ts'
import { hasShapeOf, type Kept, type Part, partsOf } from '../state.ts'
import type { Track } from './track.ts'
import type { ModelPrior, WindowModel } from './window-model.ts'

/** What models of one series lend to those of another, and what they were lent: that waits for the first full hour, when the load is known. */
export interface Loan extends Lender, Kept {
  /** At a full hour, before the models are fitted: takes in what waits. */
  settle(): void
  /** Hours of own history without which nothing is said. */
  hoursNeeded(): number
}

export interface LoanOptions {
  readonly track: Track
  readonly models: readonly WindowModel[]
  /** Names the grid and the windows, not the unit: everything that is lent is relative to the load. */
  readonly layout: string
}

const VERSION = 1
const LENDS_AFTER_DAYS = 3
/** With a prior it speaks earlier; earlier still, forecasts were worse than the last value (1.05 times its error, series to tune on). */
const [HOURS_ALONE, HOURS_WITH_PRIOR] = [6, 3]

export function createLoan({ track, models, layout }: LoanOptions): Loan {
  const { perHour, perDay } = track.grid
  const kind = `prior ${layout}`
  const taken = new Uint8Array(1)
  let waiting: readonly ModelPrior[] | undefined

  const lent = () => models.map(one => one.lend())
  const isLent = (state: unknown): state is readonly ModelPrior[] => hasShapeOf(state, lent())
  const hasOne = () => waiting !== undefined || taken[0] === 1
  const isYoungerThan = (ticks: number) => track.tick + 1 < ticks
  const isOpen = () => !hasOne() && isYoungerThan(HOURS_ALONE * perHour)
  const waits = (): Part => ({
    save: () => (waiting === undefined ? [] : [waiting]),
    load: state => {
      if (!Array.isArray(state) || state.length > 1 || !state.every(isLent)) return false
      waiting = state[0]
      return true
    },
  })
  return {
    part: () => partsOf({ taken, waits: waits() }),
    hoursNeeded: () => (hasOne() ? HOURS_WITH_PRIOR : HOURS_ALONE),
    lend() {
      if (isYoungerThan(LENDS_AFTER_DAYS * perDay) || !models.every(one => one.isCalibrated())) return undefined
      return { kind, version: VERSION, state: lent() }
    },
    borrow(prior) {
      if (prior.kind !== kind || prior.version !== VERSION || !isOpen() || !isLent(prior.state)) return false
      waiting = prior.state
      return true
    },
    prior() {
      if (isOpen()) return 'open'
      return hasOne() && isYoungerThan(perDay) ? 'used' : 'none'
    },
    settle() {
      if (waiting === undefined) return
      for (const [i, one] of models.entries()) one.borrow(waiting[i]!)
      waiting = undefined
      taken[0] = 1
    },
  }
}
