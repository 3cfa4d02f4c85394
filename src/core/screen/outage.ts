import type { Instant, Objective, Observation } from '../model.ts'
import { type Memory, recall, type Screen } from '../rules.ts'

export interface OutageSettings {
  /** Load units that a ready replica serves: errors that missing replicas explain are overload, no outage. */
  readonly unit: number
  /** Where one of them is told by an error ratio, and the observation has none of its own. */
  readonly objectives?: readonly Objective[]
  /** Nothing is taken away for that long. Default 1,800,000. */
  readonly freezeMs?: number
}

/** Traffic that fell while errors rose. */
export interface Outage {
  readonly active: boolean
  readonly until: Instant
  readonly why: string
}

interface State {
  /** The largest demands of the last two minutes: each is larger than all that came after it. The last is the newest. */
  readonly recent: readonly { readonly at: Instant; readonly value: number }[]
  /** The fewest ready replicas since two minutes before the newest demand: each is fewer than all that came after it. */
  readonly fewest: readonly { readonly at: Instant; readonly ready: number }[]
  readonly usualErrors: number
  readonly count: number
  /** The outage that is on, and the demand before it or before one that is suspected: one sample alone is noise. */
  readonly since?: Instant
  readonly before?: number
  readonly outage: Outage
}

/** A fall within that time is sudden. */
const SUDDEN_MS = 120_000
/** After a gap in the metrics, what came before it is compared with for that long. */
const GAP_MS = 900_000
/** One that lasts longer is how it is now. */
const LONGEST_MS = 4 * 3_600_000
const REMEMBERED = 240
const KNOWN = 10
const NOTHING: Outage = { active: false, until: 0, why: 'traffic and errors go together as usual' }

/**
 * Traffic that falls by more than half within two minutes while the share of failed requests rises (to three times the usual, and two
 * points above), and does not come back with the next sample, is an outage and no calm: it comes back later, and with retries. Scryer's retry storm; Metastable Failures, OSDI 2022. Nothing
 * is taken away for half an hour after the last such sample, four hours at most. Falling traffic without errors stays calm.
 */
export function outage(settings: OutageSettings): Screen {
  return {
    name: 'outage',
    doubt: (observation, memory) => {
      const { demand } = observation
      const before = recall<State | undefined>(memory, 'outage', undefined)
      const errors = errorsOf(observation, settings.objectives)
      const isNew =
        demand.kind === 'value' &&
        Number.isFinite(demand.value) &&
        demand.at > (before?.recent.at(-1)?.at ?? Number.NEGATIVE_INFINITY)
      if (!isNew || errors === undefined) return before === undefined ? {} : { memory: aged(before, observation.at) }
      const fresh: State = { recent: [], fewest: [], usualErrors: errors, count: 0, outage: NOTHING }
      return { memory: advance(before ?? fresh, { errors, at: demand.at, value: demand.value, observation }, settings) }
    },
  }
}

/** What is on as of this tick; absent where nobody could tell errors so far. */
export function outageIn(memory: Memory): Outage | undefined {
  return recall<State | undefined>(memory, 'outage', undefined)?.outage
}

function errorsOf({ errorRatio, objectives = [] }: Observation, promised: readonly Objective[] = []): number | undefined {
  if (errorRatio !== undefined) return errorRatio
  for (const [index, { type }] of promised.entries()) {
    const reading = objectives[index]
    if (reading?.kind !== 'value') continue
    if (type === 'ErrorRatio') return reading.value
    if (type === 'Availability') return 1 - reading.value
  }
  return undefined
}

interface Sample {
  readonly errors: number
  readonly at: Instant
  readonly value: number
  readonly observation: Observation
}

function advance(state: State, sample: Sample, settings: OutageSettings): State {
  const { at, value, errors } = sample
  const recent = [...withinReach(state.recent, at).filter(one => one.value > value), { at, value }]
  const fewest = fewestOf(state.fewest, sample)
  const [highest] = recent
  const isFailing =
    state.count >= KNOWN &&
    errors >= state.usualErrors + Math.max(0.02, 2 * state.usualErrors) &&
    value <= servingOf(fewest, sample) * settings.unit
  const isOn = state.since !== undefined && at - state.since < LONGEST_MS && at < state.outage.until
  const isSuspected = state.since === undefined && state.before !== undefined
  const before = (isOn || isSuspected ? state.before : highest?.value) ?? 0
  const isHit = isFailing && value < 0.5 * before
  const { since: _, before: __, ...rest } = state
  if (isHit && (isOn || isSuspected))
    return { ...rest, recent, fewest, ...found({ since: isOn ? state.since : at, before, sample, settings }) }
  if (isOn) return { ...state, recent, fewest }
  if (isHit) return { ...rest, recent, fewest, before, outage: NOTHING }
  const count = Math.min(state.count + 1, REMEMBERED)
  return {
    ...rest,
    recent,
    fewest,
    count,
    usualErrors: state.usualErrors + (errors - state.usualErrors) / count,
    outage: NOTHING,
  }
}

/** The last two minutes; after a gap what came just before it. */
function withinReach(recent: State['recent'], at: Instant): State['recent'] {
  const newest = recent.at(-1)
  if (newest === undefined || at - newest.at > GAP_MS) return []
  return at - newest.at > SUDDEN_MS ? [newest] : recent.filter(one => at - one.at <= SUDDEN_MS)
}

/** Where not one is ready, nothing overloads them: it is asked whether what was ordered would carry the load. */
function servingOf(fewest: State['fewest'], { observation }: Sample): number {
  const { ready } = fewest[0]! // the sample itself is among them
  return ready > 0 ? ready : observation.replicas.spec
}

/** Errors are as old as the demand beside them: replicas that became ready since do not make overload an outage. */
function fewestOf(before: State['fewest'], { at, observation }: Sample): State['fewest'] {
  const { ready } = observation.replicas
  return [...before.filter(one => at - one.at <= SUDDEN_MS && one.ready < ready), { at: observation.at, ready }]
}

function found(on: {
  readonly since: Instant | undefined
  readonly before: number
  readonly sample: Sample
  readonly settings: OutageSettings
}): Pick<State, 'since' | 'before' | 'outage'> {
  const { at, value, errors } = on.sample
  const why = `traffic fell from ${round(on.before)} to ${round(value)} while ${round(100 * errors)} % of the requests fail: an outage, no calm`
  const outage = { active: true, until: at + (on.settings.freezeMs ?? 1_800_000), why }
  return { since: on.since ?? at, before: on.before, outage }
}

/** Time goes on where nothing new is told. */
function aged(state: State, now: Instant): State {
  return state.outage.active && now >= state.outage.until ? { ...state, outage: NOTHING } : state
}

const round = (value: number) => Math.round(value * 10) / 10
