import type { Days } from './judge.ts'
import type { DayFigures } from './replay-past.ts'

export interface Lived {
  /** What the learnt policy did, and what the one before it would have done with the same load. */
  readonly learnt: DayFigures
  readonly old: DayFigures
  /** The days since it is in force. */
  readonly days: Days
  readonly badMinutesPerDay: number
  /** One tick that was bad, in minutes: alone it is bad luck, whatever rate it makes. */
  readonly tickMinutes: number
  /** Cost of the learnt policy as a share of the old one's, as its evidence promised. */
  readonly promisedCost: number
}

/** Burn rates of the error budget that nobody waits out, and over how many hours: 1 is a budget that lasts exactly as long as it should. */
const FASTEST_BURN = [
  { hours: 1, burn: 2 },
  { hours: 6, burn: 1 },
] as const
/** Of what was promised. */
const MOST_COST = 1.15

/**
 * Why a promoted revision has to go (`prediction.md` 4.5); absent where it may stay. Burnt budget counts only where the old policy would
 * not have burnt it too: what nobody could have served is no fault of what was learnt.
 */
export function rollbackReason({ learnt, old, days, badMinutesPerDay, tickMinutes, promisedCost }: Lived): string | undefined {
  for (const { hours, burn } of FASTEST_BURN) {
    const allowed = Math.max(tickMinutes, (burn * badMinutesPerDay * hours) / 24)
    for (let hour = 24 * days.from; hour + hours <= 24 * days.to; hour++) {
      const [now, before] = [spent(learnt, hour, hours), spent(old, hour, hours)]
      if (now <= allowed || before > allowed) continue
      const budgets = (now / ((badMinutesPerDay * hours) / 24)).toFixed(1)
      return `${minutes(now)} within ${hours} h burn ${budgets} times the error budget, the policy before it would have had ${minutes(before)}`
    }
  }
  const cost = (figures: DayFigures) => figures.replicaHours.subarray(days.from, days.to).reduce((sum, day) => sum + day, 0)
  // Evidence of days without a replica promised nothing: then no more than what the old policy would have cost.
  const [now, forecast] = [cost(learnt), cost(old) * (Number.isFinite(promisedCost) ? promisedCost : 1)]
  if (now > MOST_COST * forecast)
    return `${now.toFixed(0)} replica-hours are ${((100 * now) / forecast).toFixed(0)} % of the ${forecast.toFixed(0)} that it promised`
  return undefined
}

function spent({ hourlyBadMinutes }: DayFigures, hour: number, hours: number): number {
  return hourlyBadMinutes.subarray(hour, hour + hours).reduce((sum, one) => sum + one, 0)
}

const minutes = (count: number) => `${Math.round(100 * count) / 100} bad minutes`
