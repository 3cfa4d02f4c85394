import { isStated } from './rules-options.ts'
import type { Settings } from './settings.ts'

/** Where a policy is in force. */
export type Place = 'Backtest' | 'Controller'

/** A field that is read and checked, and that a place does not act on; with when it says something at all. */
interface Unacted {
  readonly path: string
  readonly not: readonly Place[]
  readonly says?: (settings: Settings) => boolean
  /** What to call it, where its path says too much. */
  readonly as?: string
}

const EVERYWHERE: readonly Place[] = ['Backtest', 'Controller']

const UNACTED: readonly Unacted[] = [
  { path: 'mode', not: ['Backtest'], says: ({ mode }) => mode !== 'Auto' },
  {
    path: 'objectives',
    not: ['Backtest'],
    says: ({ objectives }) => objectives.some(({ type }) => type !== 'Availability'),
    as: 'objectives other than Availability',
  },
  { path: 'prediction.horizonSeconds', not: EVERYWHERE },
  { path: 'prediction.drivers', not: ['Backtest'], says: ({ prediction }) => prediction.drivers.length > 0 },
  { path: 'protection.surgeBudgetPerDay', not: EVERYWHERE },
  { path: 'learning.mode', not: EVERYWHERE, says: ({ learning }) => learning.mode !== 'Off' },
  { path: 'spot.maxShare', not: EVERYWHERE, says: ({ spot }) => spot.maxShare > 0 },
]

/** The stated fields of a policy that nobody acts on there, as a person would call them: what is written and has no effect is told. */
export function notActedOn(settings: Settings, place: Place): readonly string[] {
  const stated = UNACTED.filter(
    ({ path, not, says = () => true }) => not.includes(place) && isStated(settings, path) && says(settings),
  )
  return stated.map(({ path, as = path }) => as)
}
