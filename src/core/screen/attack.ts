import type { Doubt, Instant } from '../model.ts'
import { type Memory, recall, type Screen } from '../rules.ts'
import { expectedRise } from '../scheduled.ts'
import { type Claim, claimOf, converts, type Evidence, type Verified, verified, whole } from './evidence.ts'
import { usualPeak, withPeak } from './past-peaks.ts'
import { learnLevel } from './usual-level.ts'

export interface AttackSettings {
  /** Enforce lowers the demand. Observe tells and believes everything. Off does nothing. Default Enforce. */
  readonly mode?: 'Off' | 'Observe' | 'Enforce'
  /** Demand beyond that multiple of what its clients usually ask for is suspect. Default 1.5. */
  readonly suspectFactor?: number
  /** Headroom over the long history that a doubted demand still gets. Default 1.3. */
  readonly envelopeFactor?: number
  /** Headroom over the part that is verified: the rest counts for so little. Default 1.15. */
  readonly verifiedFactor?: number
  /** Most that a doubted demand may grow in five minutes. Default 0.2. */
  readonly growthPerFiveMinutes?: number
  /** A doubt that lasts longer is a changed workload, not an attack: it is believed and learnt. Default 24 h. */
  readonly releaseMs?: number
}

type Settings = Required<AttackSettings>

interface State extends Evidence {
  /** What was believed last. */
  readonly believed: { readonly at: Instant; readonly demand: number }
  readonly doubtedSince?: Instant
  /** As much of the last demand converted as usual. */
  readonly isProven?: boolean
}

const NAME = 'attack'
const DAY_MS = 86_400_000

/**
 * A few clients that explain most of the demand are an attack, and so is a load beyond the long history of which nothing converts or
 * signs in; many new clients are a surge, and so is whatever converts as usual: believed at once (`evidence.ts`). What is usual is
 * learnt over a day from undoubted ticks, the envelope from peaks that are older than a day, so neither can be trained in an hour.
 * Doubted demand is believed up to 1.15 times the verified part, inside 1.3 times the long history at this time of day, growing at
 * most 20 % in five minutes; never less than is verified. A known event widens all of this by the factor that it is expected to
 * bring. Silent during the first day, and where the source can neither count clients nor tell a ratio: a held surge costs users, an
 * attack only money.
 */
export function attack(given: AttackSettings = {}): Screen {
  const settings: Settings = {
    mode: 'Enforce',
    suspectFactor: 1.5,
    envelopeFactor: 1.3,
    verifiedFactor: 1.15,
    growthPerFiveMinutes: 0.2,
    releaseMs: DAY_MS,
    ...given,
  }
  return {
    name: NAME,
    doubt: (observation, memory) => {
      const seen = settings.mode === 'Off' ? undefined : claimOf(observation)
      if (seen === undefined) return {}
      const before = recall<State | undefined>(memory, NAME, undefined)
      if (before === undefined) return { memory: begin(seen) }
      const expected = expectedRise(observation)
      const envelope = expected * envelopeOf(before, seen.at, settings)
      const claim: Claim = { ...seen, ...settings, expected, envelope }
      const isReleased = before.doubtedSince !== undefined && claim.at - before.doubtedSince > settings.releaseMs
      if (isReleased) return { memory: begin(claim) }
      const found = verified(before, claim)
      return found === undefined
        ? { memory: learn({ ...before, isProven: converts(before, claim) }, claim) }
        : suspect(before, { claim, found, settings })
    },
  }
}

/**
 * Whether conversions prove that the demand of the tick at `now` is users; proof of an earlier tick is none. `false` too where no such screen runs,
 * or none are measured.
 */
export function isProvenIn(memory: Memory, now: Instant): boolean {
  const state = recall<State | undefined>(memory, NAME, undefined)
  return state?.isProven === true && state.believed.at === now
}

type Seen = NonNullable<ReturnType<typeof claimOf>>

const begin = (seen: Seen): State => learn({ peaks: [], believed: { at: seen.at, demand: seen.demand } }, seen)

function suspect(before: State, { claim, found, settings }: { claim: Claim; found: Verified; settings: Settings }) {
  const { at, demand } = claim
  const growth = (1 + settings.growthPerFiveMinutes) ** (Math.max(0, at - before.believed.at) / 300_000)
  const held = Math.min(settings.verifiedFactor * found.load, claim.envelope, before.believed.demand * growth)
  const believes = Math.min(demand, Math.max(found.atLeast, held))
  const why = `${found.why}: of ${whole(demand)} I believe ${whole(believes)}`
  const isEnforced = settings.mode === 'Enforce'
  const memory: State = {
    ...before,
    believed: { at, demand: isEnforced ? believes : demand },
    doubtedSince: before.doubtedSince ?? at,
    isProven: false,
  }
  const doubt: Doubt = {
    by: 'attack',
    believes: isEnforced ? believes : demand,
    why: isEnforced ? why : `${why} (observed only)`,
  }
  return { doubt, memory }
}

/** The 0.95 quantile of the peaks of this time of day, times the headroom. Infinite while there is no such past. */
function envelopeOf({ peaks }: State, at: Instant, { envelopeFactor }: Settings): number {
  return envelopeFactor * (usualPeak(peaks, at) ?? Number.POSITIVE_INFINITY)
}

function learn(before: State, { at, demand, clients, conversionRatio, authenticatedRatio }: Seen): State {
  const { doubtedSince: _, ...rest } = before
  const perClient = clients === undefined ? undefined : Math.log(demand / clients)
  const level = (name: 'perClient' | 'conversion' | 'authenticated', value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? {} : { [name]: learnLevel(before[name], at, value) }
  return {
    ...rest,
    ...level('perClient', perClient),
    ...level('conversion', logOf(conversionRatio)),
    ...level('authenticated', logOf(authenticatedRatio)),
    peaks: withPeak(before.peaks, at, { demand, ...(perClient !== undefined && { perClient }) }),
    believed: { at, demand },
  }
}

const logOf = (ratio: number | undefined) => (ratio === undefined ? undefined : Math.log(ratio))
