import type { Instant } from '../../core/model.ts'
import type { Load } from '../load.ts'
import { type Random, seededRandom } from '../random.ts'
import type { Failure } from '../world.ts'
import { PROFILES, type ProfileName, type TrafficProfile } from './profiles.ts'

/** Something that is made to happen, at a known time, so that it can be announced. */
export type TrafficEvent =
  /** Real clients: the load is multiplied by up to `factor` after `riseMs`, and falls back with the time constant `decayMs`. */
  | {
      readonly kind: 'flash-crowd'
      readonly at: Instant
      readonly factor: number
      readonly riseMs: number
      readonly decayMs: number
    }
  /** Few clients, much load; it is owed no service and stands apart from the load. */
  | { readonly kind: 'attack'; readonly from: Instant; readonly to: Instant; readonly load: number; readonly clients: number }
  /** The load goes on, but nobody measures it. */
  | { readonly kind: 'metric-outage'; readonly from: Instant; readonly to: Instant }

export interface GenerateOptions {
  readonly days: number
  readonly seed: number
  readonly startMs: Instant
  readonly tickMs: number
  readonly events?: readonly TrafficEvent[]
}

/** Generated, not recorded: traffic with the shape of a profile. Outages come as failures of the world that plays it. */
export interface Generated {
  readonly load: Load
  readonly failures: readonly Failure[]
}

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const WEEK_MS = 7 * DAY_MS
const FAST_NOISE_MS = 60_000
const BURST_DECAY_MS = 4 * 60_000
/** Counting noise: one replica at its safe load handles so many events in a tick. */
const EVENTS_PER_REPLICA_TICK = 100

/** The same profile, options and seed give the same bytes. Times are UTC: the week has its weekend there. */
export function generate(profile: ProfileName | TrafficProfile, options: GenerateOptions): Generated {
  const shape = typeof profile === 'string' ? PROFILES[profile] : profile
  const { startMs, tickMs, events = [] } = options
  const ticks = Math.round((options.days * DAY_MS) / tickMs)
  const random = seededRandom(options.seed, 3)
  const noise = noiseOf(shape, tickMs, random)
  const grain = EVENTS_PER_REPLICA_TICK / shape.capacityPerReplica
  const [value, attack, clients] = [new Float64Array(ticks), new Float64Array(ticks), new Float64Array(ticks)]
  for (let tick = 0; tick < ticks; tick++) {
    const at = startMs + tick * tickMs
    const mean = shape.level * Math.exp(seasonOf(shape, at) + trendOf(shape, at - startMs) + noise()) * crowdAt(events, at)
    value[tick] = random.poisson(mean * grain) / grain
    const hostile = attackAt(events, at)
    attack[tick] = hostile.load
    clients[tick] = Math.round(value[tick]! * shape.clientsPerLoad) + hostile.clients
  }
  const failures = events.flatMap((event): Failure[] =>
    event.kind === 'metric-outage' ? [{ kind: 'metric-gap', from: event.from, to: event.to }] : [],
  )
  return { load: { startMs, tickMs, value, attack, clients }, failures }
}

/** Logarithm of the day and week shape. Weekend and weekday pass into each other within two hours around midnight. */
function seasonOf(shape: TrafficProfile, at: Instant): number {
  const hour = (at % DAY_MS) / HOUR_MS
  const wave = (amplitude: number, peak: number, period: number) => amplitude * Math.cos((2 * Math.PI * (hour - peak)) / period)
  return (
    wave(shape.dayAmplitude, shape.peakHour, 24) +
    wave(shape.halfDayAmplitude, shape.halfDayPeakHour, 12) +
    weekendShare(at) * Math.log(shape.weekendFactor)
  )
}

/** 1 on Saturday and Sunday, 0 on weekdays, a ramp of two hours between them. */
function weekendShare(at: Instant): number {
  const sinceSaturday = (at - 2 * DAY_MS) % WEEK_MS // 1 January 1970 was a Thursday
  const fromMiddle = Math.abs(sinceSaturday - DAY_MS) // of the weekend: Sunday, 0:00
  const distance = Math.min(fromMiddle, WEEK_MS - fromMiddle)
  return Math.max(0, Math.min(1, (DAY_MS + HOUR_MS - distance) / (2 * HOUR_MS)))
}

function trendOf({ trendPerWeek }: TrafficProfile, sinceStartMs: number): number {
  return (Math.log1p(trendPerWeek) * sinceStartMs) / WEEK_MS
}

/** Two noises that forget (one in an hour, one in a minute), and bursts that come from nowhere. Logarithm. */
function noiseOf(shape: TrafficProfile, tickMs: number, random: Random): () => number {
  const slowKept = Math.exp(-tickMs / HOUR_MS)
  const fastKept = Math.exp(-tickMs / FAST_NOISE_MS)
  const burstKept = Math.exp(-tickMs / BURST_DECAY_MS)
  const burstChance = (shape.burstsPerDay * tickMs) / DAY_MS
  let [slow, fast, burst] = [shape.slowNoise * random.normal(), shape.fastNoise * random.normal(), 0]
  return () => {
    slow = slowKept * slow + Math.sqrt(1 - slowKept ** 2) * shape.slowNoise * random.normal()
    fast = fastKept * fast + Math.sqrt(1 - fastKept ** 2) * shape.fastNoise * random.normal()
    burst *= burstKept
    if (random.uniform() < burstChance) burst += random.uniform() * Math.log(shape.burstFactor)
    return slow + fast + burst
  }
}

function crowdAt(events: readonly TrafficEvent[], at: Instant): number {
  let factor = 1
  for (const event of events) {
    if (event.kind !== 'flash-crowd' || at < event.at) continue
    const since = at - event.at
    const strength = since < event.riseMs ? since / event.riseMs : Math.exp((event.riseMs - since) / event.decayMs)
    factor *= 1 + (event.factor - 1) * strength
  }
  return factor
}

function attackAt(events: readonly TrafficEvent[], at: Instant): { readonly load: number; readonly clients: number } {
  let [load, clients] = [0, 0]
  for (const event of events) {
    if (event.kind !== 'attack' || at < event.from || at >= event.to) continue
    load += event.load
    clients += event.clients
  }
  return { load, clients }
}
