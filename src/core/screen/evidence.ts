import type { Instant, Observation } from '../model.ts'
import { longPerClient, type Peak, usualPeak } from './past-peaks.ts'
import { isLearnt, type UsualLevel } from './usual-level.ts'

/** What undoubted times have taught of a load, as logarithms. */
export interface Evidence {
  /** Load per client. */
  readonly perClient?: UsualLevel
  /** Share of requests that end in what the service is there for. */
  readonly conversion?: UsualLevel
  /** Share of requests of somebody who is signed in. */
  readonly authenticated?: UsualLevel
  readonly peaks: readonly Peak[]
}

/** A demand to be judged. */
export interface Claim {
  readonly at: Instant
  readonly demand: number
  readonly clients?: number
  readonly conversionRatio?: number
  readonly authenticatedRatio?: number
  /** By what factor a known event may raise it. */
  readonly expected: number
  /** So many times the verified load is suspect. */
  readonly suspectFactor: number
  /** Headroom over the long history. */
  readonly envelopeFactor: number
  /** The largest demand that the long history makes usual at this time, with headroom and event; infinite while there is none. */
  readonly envelope: number
}

/** The part of a suspect demand that is verified, and by what. */
export interface Verified {
  readonly load: number
  /** What is believed of it at least: a ratio of zero may be a broken checkout, and what is usual at this time is no attack. */
  readonly atLeast: number
  readonly why: string
}

/** The claim that an observation makes; `undefined` where nothing about it can be verified. */
export function claimOf(
  observation: Observation,
): Omit<Claim, 'expected' | 'suspectFactor' | 'envelopeFactor' | 'envelope'> | undefined {
  const { at, demand, clients, conversionRatio, authenticatedRatio } = observation
  if (demand.kind === 'missing' || demand.value <= 0) return undefined
  const counts = clients !== undefined && clients > 0
  if (!counts && conversionRatio === undefined && authenticatedRatio === undefined) return undefined
  return {
    at,
    demand: demand.value,
    ...(counts && { clients }),
    ...(conversionRatio !== undefined && { conversionRatio }),
    ...(authenticatedRatio !== undefined && { authenticatedRatio }),
  }
}

/**
 * What of the demand is verified, where most is not; `undefined` where it looks like users.
 * Conversions that keep up with the load prove users, whatever else looks odd (a campus behind one address). Clients that ask for far
 * more than clients do are suspect, signed in or not. A fallen ratio is suspect only beyond the envelope, and only where the verified
 * part shows no surge of its own: a crowd of newcomers brings some sign-ins and sales with it, an attack brings none.
 */
export function verified(known: Evidence, claim: Claim): Verified | undefined {
  const conversion = shareOf(known.conversion, claim.conversionRatio, claim)
  if (isProven(conversion)) return undefined
  return byClients(known, claim, conversion) ?? byRatios(known, claim, conversion)
}

/** Whether as much of it converts as usual, which nothing but users does. */
export function converts(known: Evidence, claim: Claim): boolean {
  return isProven(shareOf(known.conversion, claim.conversionRatio, claim))
}

const isProven = (conversion: Share | undefined): boolean => conversion !== undefined && !conversion.isLow

interface Share {
  /** Of the demand, as far as the ratio stands at its usual level: 0 to 1. */
  readonly share: number
  readonly isLow: boolean
}

/** `undefined` where the ratio is not measured, or its usual level is not known yet. */
function shareOf(usual: UsualLevel | undefined, ratio: number | undefined, claim: Claim): Share | undefined {
  if (usual === undefined || ratio === undefined || !isLearnt(usual)) return undefined
  const below = usual.mean - Math.log(Math.max(ratio, 1e-12))
  return { share: Math.min(1, Math.exp(-below)), isLow: isFar(below, usual, claim) }
}

type Level = Pick<UsualLevel, 'mean' | 'deviation'>

/** Beyond the suspect factor, and beyond five times what is usual noise. */
const isFar = (distance: number, { deviation }: Level, { suspectFactor }: Claim) =>
  distance > Math.log(suspectFactor) && distance > 5 * deviation

/**
 * What these clients usually ask for. Where the load is beyond the envelope of a week ago and longer, the usual is the lower of the last
 * day's and of the median of 28 days: a load per client that creeps up over days is measured by what it was before.
 */
function byClients(known: Evidence, claim: Claim, conversion: Share | undefined): Verified | undefined {
  const { clients, demand, expected } = claim
  const levels = known.perClient === undefined ? [] : [known.perClient, ...longAgo(known, claim)]
  if (clients === undefined || known.perClient === undefined || !isLearnt(known.perClient)) return undefined
  const far = levels.filter(level => isFar(Math.log(demand / (clients * expected)) - level.mean, level, claim))
  if (far.length === 0) return undefined
  const asked = clients * expected * Math.exp(Math.min(...far.map(({ mean }) => mean)))
  const load = Math.max(asked, demand * (conversion?.share ?? 0))
  return { load, atLeast: load, why: `${whole(clients)} clients usually ask for ${whole(asked)}` }
}

const WEEK_HOURS = 168

function longAgo({ peaks }: Evidence, { at, demand, expected, envelopeFactor }: Claim): readonly Level[] {
  const weekOld = usualPeak(peaks, at, { olderHours: WEEK_HOURS })
  if (weekOld === undefined || demand <= envelopeFactor * weekOld * expected) return []
  const level = longPerClient(peaks, at)
  return level === undefined ? [] : [level]
}

function byRatios(known: Evidence, claim: Claim, conversion: Share | undefined): Verified | undefined {
  const { at, demand, envelope, conversionRatio, authenticatedRatio } = claim
  const authenticated = shareOf(known.authenticated, authenticatedRatio, claim)
  const shares = [conversion, authenticated].filter(one => one !== undefined)
  if (demand <= envelope || shares.length === 0 || shares.some(({ isLow }) => !isLow)) return undefined
  const load = demand * Math.max(...shares.map(({ share }) => share))
  if (load > envelope) return undefined
  const [name, ratio, usual] =
    conversion === undefined
      ? (['authenticated', authenticatedRatio!, known.authenticated!] as const)
      : (['conversion', conversionRatio!, known.conversion!] as const)
  const usually = Math.min(demand, usualPeak(known.peaks, at, { quantile: 0.5 }) ?? 0)
  const why = `${name} ratio ${percent(ratio)} instead of ${percent(Math.exp(usual.mean))} verifies ${whole(load)}`
  return { load, atLeast: Math.max(load, usually), why }
}

/** As people write it, in English whatever the machine's language is. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
const percent = (ratio: number) => `${Number((100 * ratio).toPrecision(2))} %`
