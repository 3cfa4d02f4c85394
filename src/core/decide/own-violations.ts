import { condition } from '../conditions.ts'
import { figure } from '../explain/figures.ts'
import { type Recommendation, stabilisedDown } from '../hpa/stabilisation.ts'
import type { Instant } from '../model.ts'
import { type Context, type Proposed, type Proposer, recall } from '../rules.ts'
import { wholeReplicas } from './block-rule.ts'

const NAME = 'own-violations'
/** The guard speaks from five times the budget of a day on, until no more than the budget itself is left of the last day. */
const [SPEAKS_FROM, SPEAKS_UNTIL] = [5, 1]
/** The reactive target: replicas are loaded to that share of what they carry. */
const SHARE = 0.7
/** As the stock HPA: the highest wish of so long. */
const HOLD_MS = 300_000
const [DAY_HOURS, HOUR_MS, MINUTE_MS] = [24, 3_600_000, 60_000]
/** Ready replicas are remembered for so long; a demand that is told later is compared with nothing. */
const LATEST_MS = 300_000
/** No sample stands for more than that. */
const LONGEST_MS = 120_000

interface Seen {
  readonly at: Instant
  readonly ready: number
}

interface State {
  /** Ready replicas of the last minutes, oldest first. */
  readonly seen: readonly Seen[]
  /** Time of the newest demand that was compared. */
  readonly comparedAt?: Instant
  /** Hours (since the epoch) of the last day in which demand exceeded ready replicas x capacity, and for how long. */
  readonly hours: readonly { readonly hour: number; readonly badMs: number }[]
  readonly isOn: boolean
  readonly wishes: readonly Recommendation[]
}

const nothing: State = { seen: [], hours: [], isOn: false, wishes: [] }

/**
 * Where the own past day was bad - demand above ready replicas x capacity for five times the minutes that are given - load / 0.7 is
 * asked for beside the forecast, until a day with no more than those minutes lies behind (`decision.md`, section 5). Counts what was
 * observed while the forecast decided, not what was planned; a day of hours and some minutes of replicas are all that it remembers.
 */
export function ownViolations(budgetMinutesPerDay: number): Proposer {
  return {
    name: NAME,
    propose: context => {
      const counted = count(recall<State>(context.memory, NAME, nothing), context)
      const badMinutes = counted.hours.reduce((sum, { badMs }) => sum + badMs, 0) / MINUTE_MS
      const isOn = badMinutes > budgetMinutesPerDay * (counted.isOn ? SPEAKS_UNTIL : SPEAKS_FROM)
      const { demand, observation } = context.situation
      const past = `${figure(badMinutes)} bad minutes in the last day`
      if (!isOn || demand === undefined) {
        const why = isOn
          ? `${past}, but the demand is missing`
          : `${past}, within ${SPEAKS_FROM} x ${figure(budgetMinutesPerDay)}`
        return { kind: 'abstains', why, memory: { ...counted, isOn }, ...told(isOn, past) }
      }
      const desired = wholeReplicas(demand / (SHARE * context.target.capacityPerReplica))
      const { replicas, recommendations } = stabilisedDown(
        { now: observation.at, desired, recommendations: counted.wishes },
        HOLD_MS,
      )
      const why = `${past} (budget ${figure(budgetMinutesPerDay)}): ${figure(demand)} at ${SHARE * 100} % of what a replica carries`
      const proposed: Proposed = { kind: 'proposes', replicas, why }
      return { ...proposed, memory: { ...counted, isOn, wishes: recommendations }, ...told(isOn, past) }
    },
  }
}

/** Outranks what the forecast says of itself. */
function told(isOn: boolean, past: string) {
  if (!isOn) return {}
  const message = `${past}: the reactive target speaks too`
  return { conditions: [condition('ForecastReliable', { status: 'False', reason: 'OwnViolations', message })] }
}

/** Takes in the demand of this tick, where it is a new one, beside the fewest replicas that were ready in its time. */
function count(before: State, { now, parameters, situation, target: { capacityPerReplica, periodMs } }: Context): State {
  const { demand: reading, replicas } = situation.observation
  const seen = [...before.seen.filter(({ at }) => at > now - LATEST_MS && at < now), { at: now, ready: replicas.ready }]
  const hour = Math.floor(now / HOUR_MS)
  const hours = before.hours.filter(one => one.hour > hour - DAY_HOURS)
  const state = { ...before, seen, hours }
  const { demand } = situation
  if (demand === undefined || reading.at <= (before.comparedAt ?? Number.NEGATIVE_INFINITY)) return state
  if (parameters === undefined) return { ...state, comparedAt: reading.at } // the reactive target spoke alone: no violation of ours
  const around = seen.filter(({ at }) => at >= reading.at - 1.5 * periodMs && at <= reading.at + 0.5 * periodMs)
  const ready = Math.min(...around.map(one => one.ready))
  if (around.length === 0 || demand <= ready * capacityPerReplica) return { ...state, comparedAt: reading.at }
  const badMs = Math.min(LONGEST_MS, reading.at - (before.comparedAt ?? reading.at - periodMs))
  const sum = (hours.find(one => one.hour === hour)?.badMs ?? 0) + badMs
  return { ...state, comparedAt: reading.at, hours: [...hours.filter(one => one.hour !== hour), { hour, badMs: sum }] }
}
