import type { Doubt, Instant, Observation } from '../model.ts'
import { recall, type Screen } from '../rules.ts'
import { expectedRise } from '../scheduled.ts'

export interface AttackSettings {
  /** Enforce lowers the demand. Observe tells and believes everything. Off does nothing. Default Enforce. */
  readonly mode?: 'Off' | 'Observe' | 'Enforce'
  /** Demand beyond that multiple of what its clients usually ask for is suspect. Default 1.5. */
  readonly suspectFactor?: number
  /** Headroom over the long history, and over what the clients explain, that a doubted demand still gets. Default 1.3. */
  readonly envelopeFactor?: number
  /** Most that a doubted demand may grow in five minutes. Default 0.2. */
  readonly growthPerFiveMinutes?: number
  /** A doubt that lasts longer is a changed workload, not an attack: it is believed and learnt. Default 24 h. */
  readonly releaseMs?: number
}

type Settings = Required<AttackSettings>

interface Peak {
  /** Hour since the epoch. */
  readonly hour: number
  readonly demand: number
}

interface State {
  /** Learnt from undoubted ticks: mean and mean deviation of log(load per client). */
  readonly perClient: { readonly sinceAt: Instant; readonly at: Instant; readonly mean: number; readonly deviation: number }
  /** Undoubted peaks of the last 28 days, one an hour, oldest first; the last is the hour that runs. */
  readonly peaks: readonly Peak[]
  /** What was believed last. */
  readonly believed: { readonly at: Instant; readonly demand: number }
  readonly doubtedSince?: Instant
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const KEPT_HOURS = 28 * 24
/** A workload whose clients all ask alike must still be able to drift. */
const SMALLEST_DEVIATION = 0.02

/**
 * A few clients that explain most of the demand are an attack; many new ones are a surge, and believed at once. Load per
 * client is learnt over a day from undoubted ticks, the envelope from peaks that are older than a day, so neither can be
 * trained in an hour. Doubted demand is believed up to 1.3 times what its clients usually ask for, inside 1.3 times the
 * long history at this time of day, growing at most 20 % in five minutes; never less than the clients explain.
 * A known event widens all of this by the factor that it is expected to bring. Silent during the first day, and where the source cannot count clients: a held surge costs users, an attack only money.
 */
export function attack(given: AttackSettings = {}): Screen {
  const settings: Settings = {
    mode: 'Enforce',
    suspectFactor: 1.5,
    envelopeFactor: 1.3,
    growthPerFiveMinutes: 0.2,
    releaseMs: DAY_MS,
    ...given,
  }
  return {
    name: 'attack',
    doubt: (observation, memory) => {
      const { demand, clients } = observation
      if (settings.mode === 'Off' || demand.kind === 'missing') return {}
      const before = recall<State | undefined>(memory, 'attack', undefined)
      if (clients === undefined || clients <= 0 || demand.value <= 0) return {}
      if (before === undefined) return { memory: begin(observation.at, demand.value, clients) }
      const expected = expectedRise(observation)
      const explained = explain(before, observation.at, { demand: demand.value, clients, settings, expected })
      if (explained === undefined)
        return { memory: learn(before, observation.at, { demand: demand.value, clients, releaseMs: settings.releaseMs }) }
      return suspect(before, observation, { demand: demand.value, clients, explained, settings, expected })
    },
  }
}

function begin(at: Instant, demand: number, clients: number): State {
  return {
    perClient: { sinceAt: at, at, mean: Math.log(demand / clients), deviation: 0 },
    peaks: [{ hour: Math.floor(at / HOUR_MS), demand }],
    believed: { at, demand },
  }
}

/** What these clients usually ask for, where the demand lies suspiciously far above it; `undefined` where it does not. */
function explain(
  { perClient, doubtedSince }: State,
  at: Instant,
  seen: { demand: number; clients: number; settings: Settings; expected: number },
): number | undefined {
  if (perClient.at - perClient.sinceAt < DAY_MS) return undefined
  if (doubtedSince !== undefined && at - doubtedSince > seen.settings.releaseMs) return undefined
  const explained = seen.clients * Math.exp(perClient.mean) * seen.expected
  const excess = Math.log(seen.demand / explained)
  const isSuspect = excess > Math.log(seen.settings.suspectFactor) && excess > 5 * perClient.deviation
  return isSuspect ? explained : undefined
}

function suspect(
  before: State,
  { at }: Observation,
  seen: { demand: number; clients: number; explained: number; settings: Settings; expected: number },
) {
  const { demand, clients, explained, settings, expected } = seen
  const growth = (1 + settings.growthPerFiveMinutes) ** (Math.max(0, at - before.believed.at) / 300_000)
  const held = Math.min(
    settings.envelopeFactor * explained,
    expected * envelopeOf(before, at, settings),
    before.believed.demand * growth,
  )
  const believes = Math.min(demand, Math.max(explained, held))
  const why = `${whole(clients)} clients usually ask for ${whole(explained)}: of ${whole(demand)} I believe ${whole(believes)}`
  const isEnforced = settings.mode === 'Enforce'
  const memory: State = {
    ...before,
    believed: { at, demand: isEnforced ? believes : demand },
    doubtedSince: before.doubtedSince ?? at,
  }
  const doubt: Doubt = {
    by: 'attack',
    believes: isEnforced ? believes : demand,
    why: isEnforced ? why : `${why} (observed only)`,
  }
  return { doubt, memory }
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US')

/**
 * The 0.95 quantile of the peaks of this hour of the day and its neighbours, more than a day ago, times the headroom. One
 * poisoned day among 28 stays above the quantile. Infinite while there is no such past.
 */
function envelopeOf({ peaks }: State, at: Instant, { envelopeFactor }: Settings): number {
  const hour = Math.floor(at / HOUR_MS)
  const alike = peaks.filter(peak => peak.hour <= hour - 24 && [0, 1, 23].includes((hour - peak.hour) % 24))
  const sorted = alike.map(peak => peak.demand).sort((a, b) => a - b)
  const usual = sorted[Math.ceil(0.95 * sorted.length) - 1]
  return usual === undefined ? Number.POSITIVE_INFINITY : envelopeFactor * usual
}

/** Both means forget over a day, and a value further than three deviations counts as three: slow poison works slowly. */
function learn(before: State, at: Instant, seen: { demand: number; clients: number; releaseMs: number }): State {
  const { demand, clients, releaseMs } = seen
  const { doubtedSince, ...rest } = before
  if (doubtedSince !== undefined && at - doubtedSince > releaseMs) return begin(at, demand, clients)
  const { perClient } = before
  const elapsedMs = Math.max(0, at - perClient.at)
  const weight = Math.max(1 - Math.exp(-elapsedMs / DAY_MS), Math.min(1, elapsedMs / Math.max(1, at - perClient.sinceAt)))
  const away = Math.log(demand / clients) - perClient.mean
  const isYoung = at - perClient.sinceAt < DAY_MS
  const furthest = 3 * Math.max(perClient.deviation, SMALLEST_DEVIATION)
  const bounded = isYoung ? away : Math.max(-furthest, Math.min(furthest, away))
  return {
    ...rest,
    perClient: {
      sinceAt: perClient.sinceAt,
      at,
      mean: perClient.mean + weight * bounded,
      deviation: perClient.deviation + weight * (Math.abs(bounded) - perClient.deviation),
    },
    peaks: withPeak(before.peaks, Math.floor(at / HOUR_MS), demand),
    believed: { at, demand },
  }
}

function withPeak(peaks: readonly Peak[], hour: number, demand: number): readonly Peak[] {
  const last = peaks.at(-1)!
  if (hour > last.hour) return [...peaks, { hour, demand }].slice(-KEPT_HOURS)
  return demand > last.demand ? [...peaks.slice(0, -1), { hour: last.hour, demand }] : peaks
}
