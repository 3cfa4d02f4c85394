import type { Instant } from '../../core/model.ts'
import { generate, type TrafficEvent } from '../../sim/traffic/generate.ts'
import { PROFILES, type ProfileName } from '../../sim/traffic/profiles.ts'
import { type Service, type StageEvent, TICK_MS, targetOf } from './service.ts'

const DAY_MS = 86_400_000
const HISTORY_DAYS = 10
/** Tuesday, 24 November 2026: the day that is played. */
const DAY_START = Date.UTC(2026, 10, 24)

/** What happens to one of the four services on the visible day, beside its usual traffic. */
interface Role {
  readonly namespace: string
  readonly profile: ProfileName
  readonly minReplicas: number
  readonly maxReplicas: number
  /** Dollars per replica-hour; those with a GPU are dear. */
  readonly price: number
  readonly events: readonly { readonly traffic: TrafficEvent; readonly told: StageEvent }[]
  /** Comes every day at the same time, in the history too; who remembers yesterday can be ready for it. */
  readonly daily?: {
    readonly hour: number
    readonly factor: number
    readonly riseMs: number
    readonly decayMs: number
    readonly text: string
  }
}

const at = (hour: number, minute = 0): Instant => DAY_START + (hour * 60 + minute) * 60_000

const ROLES: readonly Role[] = [
  {
    namespace: 'shop',
    profile: 'api-gateway',
    minReplicas: 4,
    maxReplicas: 120,
    price: 0.12,
    events: [
      {
        traffic: { kind: 'flash-crowd', at: at(12, 30), factor: 1.9, riseMs: 8 * 60_000, decayMs: 25 * 60_000 },
        told: {
          kind: 'flash crowd',
          from: at(12, 30),
          to: at(13, 30),
          text: 'real clients nearly double the load of api-gateway within 8 minutes',
        },
      },
      {
        traffic: { kind: 'attack', from: at(20), to: at(20, 40), load: 90_000, clients: 40 },
        told: {
          kind: 'attack',
          from: at(20),
          to: at(20, 40),
          text: '40 clients send 90,000 requests/s to api-gateway; whoever scales for them pays for them',
        },
      },
    ],
  },
  { namespace: 'audio', profile: 'audio-processor', minReplicas: 2, maxReplicas: 80, price: 0.9, events: [] },
  {
    namespace: 'ml',
    profile: 'ml-inference',
    minReplicas: 2,
    maxReplicas: 120,
    price: 1.2,
    events: [
      {
        traffic: { kind: 'metric-outage', from: at(15, 10), to: at(15, 25) },
        told: {
          kind: 'metric outage',
          from: at(15, 10),
          to: at(15, 25),
          text: 'nothing is measured of ml-inference for 15 minutes, while its load goes on',
        },
      },
    ],
  },
  {
    namespace: 'data',
    profile: 'analytics',
    minReplicas: 2,
    maxReplicas: 60,
    price: 0.2,
    daily: {
      hour: 9,
      factor: 2.2,
      riseMs: 150_000,
      decayMs: 30 * 60_000,
      text: 'the reports that start every morning more than double the load of analytics within 3 minutes',
    },
    events: [],
  },
]

/**
 * The four service types of the mission on one day, with the days before as history. Traffic is generated from the profiles
 * of `sim/traffic`, and differs by service and seed.
 */
export function demoServices(seed: number): readonly Service[] {
  return ROLES.map((role, index) => serviceOf(role, seed * ROLES.length + index))
}

function serviceOf({ namespace, profile, minReplicas, maxReplicas, price, events, daily }: Role, seed: number): Service {
  const { unit, capacityPerReplica, startupSeconds } = PROFILES[profile]
  const startMs = DAY_START - HISTORY_DAYS * DAY_MS
  const { load, failures } = generate(profile, {
    days: HISTORY_DAYS + 1,
    seed,
    startMs,
    tickMs: TICK_MS,
    events: [...events.map(event => event.traffic), ...everyDay(daily, startMs)],
  })
  return {
    namespace,
    name: profile,
    profile,
    unit,
    target: targetOf({ id: `${namespace}/${profile}`, capacityPerReplica, startupSeconds, min: minReplicas, max: maxReplicas }),
    price,
    currency: 'USD',
    load,
    historyTicks: (HISTORY_DAYS * DAY_MS) / TICK_MS,
    failures,
    startup: { kind: 'lognormal', sigma: 0.2 },
    events: [...events.map(event => event.told), ...toldDaily(daily)],
  }
}

function everyDay(daily: Role['daily'], startMs: Instant): readonly TrafficEvent[] {
  if (daily === undefined) return []
  const { hour, factor, riseMs, decayMs } = daily
  const days = Array.from({ length: HISTORY_DAYS + 1 }, (_, day) => startMs + day * DAY_MS)
  return days.map(day => ({ kind: 'flash-crowd', at: day + hour * 3_600_000, factor, riseMs, decayMs }))
}

function toldDaily(daily: Role['daily']): readonly StageEvent[] {
  if (daily === undefined) return []
  return [{ kind: 'daily peak', from: at(daily.hour), to: at(daily.hour, 45), text: daily.text }]
}
