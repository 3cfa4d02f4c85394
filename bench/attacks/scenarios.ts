import type { Load } from '../../src/sim/load.ts'
import { seededRandom } from '../../src/sim/random.ts'
import { generate, type TrafficEvent } from '../../src/sim/traffic/generate.ts'
import { PROFILES } from '../../src/sim/traffic/profiles.ts'

/** What the sources can tell of who asks. */
export type Evidence = 'clients' | 'conversion' | 'authenticated'

/** One attack (or what is none) on a service whose week is known. */
export interface Attack {
  readonly name: string
  readonly told: string
  readonly evidence: readonly Evidence[]
  /** Load units that come on top at a time, by minutes since the first scored one; negative: in the history. */
  readonly hostile?: (minute: number) => number
  /** Clients that bring them; absent: as many as ask for so much usually. */
  readonly clients?: number
  /** They are signed in. */
  readonly isSignedIn?: boolean
  /** Real users: what multiplies the usual load. */
  readonly users?: (minute: number) => number
}

export const PROFILE = PROFILES['api-gateway']
export const TICK_MS = 30_000
const HISTORY_DAYS = 7
const SCORED_DAYS = 2
const MINUTE = 60_000
const DAY_MINUTES = 1440
const START_MS = Date.UTC(2026, 0, 5)
export const TICKS_A_DAY = (DAY_MINUTES * MINUTE) / TICK_MS
export const SCORED_FROM = HISTORY_DAYS * TICKS_A_DAY
const { level } = PROFILE
const [CONVERSION, SIGNED_IN, RATIO_NOISE] = [0.03, 0.8, 0.05]

const isFirstDay = (minute: number) => minute >= 0 && minute < DAY_MINUTES
const yoYo = (minute: number) => (isFirstDay(minute) && minute % 20 < 10 ? 3 * level : 0)
const flood = (minute: number) => (isFirstDay(minute) && minute % 480 >= 240 && minute % 480 < 360 ? 2.5 * level : 0)
const nightly = (minute: number) => {
  const ofDay = ((minute % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES
  return minute < 0 && minute >= -5 * DAY_MINUTES && ofDay >= 180 && ofDay < 300 ? 2 * level : 0
}
const ramp = (minute: number) => Math.max(0, Math.min(2, (minute + DAY_MINUTES / 2) / (1.5 * DAY_MINUTES))) * level
const crowd = (minute: number) => {
  const since = minute - 720
  if (since < 0) return 1
  return 1 + 4 * (since < 5 ? since / 5 : Math.exp((5 - since) / 60))
}
const cron = (minute: number) => (((minute % 20) + 20) % 20 < 5 ? 2.5 : 1)

export const ATTACKS: readonly Attack[] = [
  {
    name: 'yo-yo, few clients',
    told: '40 clients, three times the usual load, ten minutes on and ten off, for a day',
    evidence: ['clients'],
    hostile: yoYo,
    clients: 40,
  },
  {
    name: 'yo-yo, botnet, conversions known',
    told: 'the same from as many clients as usually ask for that much; nothing of it converts',
    evidence: ['clients', 'conversion'],
    hostile: yoYo,
  },
  { name: 'yo-yo, nothing known', told: 'the same where nothing tells who asks', evidence: [], hostile: yoYo },
  {
    name: 'flood, few clients',
    told: '40 clients, two and a half times the usual load, three times two hours in a day',
    evidence: ['clients'],
    hostile: flood,
    clients: 40,
  },
  {
    name: 'flood, botnet, sign-ins known',
    told: 'the same from a botnet that is not signed in',
    evidence: ['authenticated'],
    hostile: flood,
  },
  {
    name: 'known clients abused',
    told: 'the same by clients that are counted already, signed in: stolen keys, an allow-listed partner',
    evidence: ['clients', 'authenticated'],
    hostile: flood,
    clients: 0,
    isSignedIn: true,
  },
  {
    name: 'slow ramp, few clients',
    told: '2,000 clients ask for a little more each hour, from nothing half a day before the first day to one and two thirds of the usual load at the end of the second',
    evidence: ['clients'],
    hostile: ramp,
    clients: 2000,
  },
  { name: 'slow ramp, nothing known', told: 'the same where nothing tells who asks', evidence: [], hostile: ramp },
  {
    name: 'poisoned history, conversions known',
    told: 'a botnet, twice the usual load from 03:00 to 05:00 on five nights; none on the days that are scored',
    evidence: ['conversion'],
    hostile: nightly,
  },
  { name: 'poisoned history, nothing known', told: 'the same where nothing tells who asks', evidence: [], hostile: nightly },
  {
    name: 'flash crowd',
    told: 'no attack: five times the users within five minutes, gone within hours',
    evidence: ['clients', 'conversion'],
    users: crowd,
  },
  { name: 'flash crowd, nothing known', told: 'the same where nothing tells who asks', evidence: [], users: crowd },
  {
    name: 'a job each 20 minutes',
    told: 'no attack: for five of each 20 minutes two and a half times the load, for as long as anybody knows',
    evidence: ['clients'],
    users: cron,
  },
]

/** The service under the attack; without `attack` the same traffic, clean. */
export function loadOf(attack: Attack | undefined, seed: number): Load {
  const events: readonly TrafficEvent[] = []
  const days = HISTORY_DAYS + SCORED_DAYS
  const { load } = generate(PROFILE, { days, seed, startMs: START_MS, tickMs: TICK_MS, events })
  const random = seededRandom(seed, 9)
  const columns = { value: load.value.slice(), attack: new Float64Array(load.value.length), clients: load.value.slice() }
  const [conversionRatio, authenticatedRatio] = [load.value.slice(), load.value.slice()]
  for (let tick = 0; tick < load.value.length; tick++) {
    const minute = ((tick - SCORED_FROM) * TICK_MS) / MINUTE
    const users = load.value[tick]! * (attack?.users?.(minute) ?? 1)
    const hostile = attack?.hostile?.(minute) ?? 0
    const share = users / (users + hostile)
    columns.value[tick] = users
    columns.attack[tick] = hostile
    const bots = hostile === 0 ? 0 : (attack?.clients ?? hostile * PROFILE.clientsPerLoad)
    columns.clients[tick] = Math.round(users * PROFILE.clientsPerLoad) + Math.round(bots)
    conversionRatio[tick] = CONVERSION * share * Math.exp(RATIO_NOISE * random.normal())
    authenticatedRatio[tick] = SIGNED_IN * (attack?.isSignedIn ? 1 : share) * Math.exp(0.2 * RATIO_NOISE * random.normal())
  }
  const { value, attack: hostile, clients } = columns
  const knows = (evidence: Evidence) => attack === undefined || attack.evidence.includes(evidence)
  return {
    startMs: START_MS,
    tickMs: TICK_MS,
    value,
    attack: hostile,
    ...(knows('clients') && { clients }),
    ...(knows('conversion') && { conversionRatio }),
    ...(knows('authenticated') && { authenticatedRatio }),
  }
}
