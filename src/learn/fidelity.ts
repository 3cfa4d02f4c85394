import type { Days } from './judge.ts'
import type { DayFigures } from './replay-past.ts'

/** Replica-hours that were really billed, day by day of the past; a day that was not recorded as a whole is NaN. */
export interface RecordedReplicas {
  readonly replicaHours: Float64Array
}

/** How well the simulator tells what the policy in force cost. */
export interface Fidelity {
  readonly simulatedHours: number
  readonly recordedHours: number
  readonly days: number
  readonly isFaithful: boolean
  readonly why: string
}

/** Held against what was recorded, or with nothing recorded to hold it against. */
export type Fidelities = Fidelity | 'NotChecked'

/** Further off than this, and what the simulator says of other policies is not believed either. */
const MOST_OFF = 0.05

/** Compares simulated and recorded replica-hours on the days of which both are known. */
export function fidelityOf(simulated: DayFigures, recorded: RecordedReplicas, { from, to }: Days): Fidelity {
  const known = Array.from({ length: to - from }, (_, i) => from + i).filter(day => recorded.replicaHours[day]! >= 0)
  const sum = (hours: Float64Array) => known.reduce((total, day) => total + hours[day]!, 0)
  const [simulatedHours, recordedHours] = [sum(simulated.replicaHours), sum(recorded.replicaHours)]
  const told = { simulatedHours, recordedHours, days: known.length }
  if (known.length === 0 || recordedHours === 0)
    return { ...told, isFaithful: false, why: 'no whole day of replicas was recorded: nothing says that the simulator is right' }
  const off = simulatedHours / recordedHours - 1
  const isFaithful = Math.abs(off) <= MOST_OFF
  const percent = `${off >= 0 ? '+' : ''}${(100 * off).toFixed(1)} %`
  const why = isFaithful
    ? `simulated replica-hours are within 5 % of the recorded (${percent})`
    : `simulated replica-hours are ${percent} off the recorded, expected within 5 %: what is simulated here is not believed`
  return { ...told, isFaithful, why }
}

const DAY_MS = 86_400_000

/**
 * Replica-hours by day of a recorded series of replicas (a row holds until the next one). A day counts where the series begins before
 * it and goes on after it.
 */
export function replicaHoursByDay(
  { at, value }: { readonly at: Float64Array; readonly value: Float64Array },
  { startMs, days }: { readonly startMs: number; readonly days: number },
): RecordedReplicas {
  const replicaHours = new Float64Array(days)
  for (let row = 0; row + 1 < at.length; row++) {
    let from = at[row]!
    while (from < at[row + 1]!) {
      const day = Math.floor((from - startMs) / DAY_MS)
      const until = Math.min(at[row + 1]!, startMs + (day + 1) * DAY_MS)
      if (day >= 0 && day < days) replicaHours[day]! += (value[row]! * (until - from)) / 3_600_000
      from = until
    }
  }
  for (let day = 0; day < days; day++) {
    const isWhole = at.length > 0 && at[0]! <= startMs + day * DAY_MS && at.at(-1)! >= startMs + (day + 1) * DAY_MS - DAY_MS / 288
    if (!isWhole) replicaHours[day] = Number.NaN
  }
  return { replicaHours }
}
