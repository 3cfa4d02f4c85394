import { type LearntScalars, SCALAR_NAMES, type ScalarName, USUAL_SCALARS } from '../core/policy/learnt-scalars.ts'
import { timeOf } from '../sim/load.ts'
import { type Fidelities, fidelityOf, type RecordedReplicas } from './fidelity.ts'
import { type Judgement, judge } from './judge.ts'
import { type PastReplays, sharedPast } from './past-replays.ts'
import type { Past } from './replay-past.ts'
import { searchScalars } from './search-scalars.ts'

export interface LearnOptions {
  readonly replays: PastReplays
  /** What the service may miss a day. */
  readonly badMinutesPerDay: number
  readonly seed: number
  /** Scalars that a person wrote; they stay. */
  readonly fixed?: readonly ScalarName[]
  /** How many other policies may be tried. */
  readonly candidates: number
  /** What was really ordered, where it was recorded. */
  readonly recorded?: RecordedReplicas
  readonly onProgress?: (what: string, done: number, total: number) => void
}

/** What came of learning one past. */
export interface Lesson {
  readonly outcome: 'Accepted' | 'Refused' | 'NothingBetter' | 'Unfaithful'
  readonly why: string
  /** First and last instant of the past. */
  readonly from: number
  readonly to: number
  /** Days in whose figures was searched. */
  readonly searchDays: number
  readonly tried: number
  /** What differs from the scalars in force; empty where nothing better was found. */
  readonly changed: Partial<LearntScalars>
  /** Of the days that the search never saw. */
  readonly heldOut?: Judgement
  readonly fidelity: Fidelities
}

/** Shorter pasts hold too few days to be sure of anything, of longer ones only the end counts. */
export const LEAST_DAYS = 14
export const MOST_DAYS = 28
/** Until forecaster and tuner know the service, all policies are the same. */
const WARM_DAYS = 3
const SEARCH_SHARE = 0.7
const DAY_MS = 86_400_000

/** Whole days of a past. */
export const daysOf = ({ scenario: { load } }: Past) => Math.floor((load.value.length * load.tickMs) / DAY_MS + 1e-9)

/**
 * Learns the scalars of one service from its past (`prediction.md` 4.5): the past is recorded once with the scalars in force, others are
 * searched on the first 70 % of its days, and the best of them is accepted only for what it did on the days that the search never saw.
 * The past has at least `LEAST_DAYS` whole days. Deterministic for a seed.
 */
export async function learnScalars(told: Past, options: LearnOptions): Promise<Lesson> {
  const past = sharedPast(told)
  const { replays, onProgress } = options
  const base = { ...USUAL_SCALARS, ...past.options.learnt }
  const days = daysOf(past)
  const searchDays = WARM_DAYS + Math.floor((days - WARM_DAYS) * SEARCH_SHARE)
  const { load } = past.scenario
  const common = { from: load.startMs, to: timeOf(load, load.value.length), searchDays, tried: 0, changed: {} }
  onProgress?.('recording the past', 0, options.candidates)
  const { figures: before, tape } = await replays.record(past)
  const fidelity: Fidelities = options.recorded
    ? fidelityOf(before, options.recorded, { from: WARM_DAYS, to: days })
    : 'NotChecked'
  const facts = { ...common, fidelity }
  if (fidelity !== 'NotChecked' && !fidelity.isFaithful) return { ...facts, outcome: 'Unfaithful', why: fidelity.why }
  const ticksPerDay = Math.round(DAY_MS / load.tickMs)
  const found = await searchScalars({
    base,
    before,
    from: WARM_DAYS,
    to: searchDays,
    candidates: options.candidates,
    fixed: options.fixed ?? [],
    badMinutesPerDay: options.badMinutesPerDay,
    replay: learnt => replays.replay(past, { tape, learnt, ticks: searchDays * ticksPerDay }),
    onTried: (done, total) => onProgress?.('trying', done, total),
  })
  if (found.best === undefined)
    return {
      ...facts,
      tried: found.tried,
      outcome: 'NothingBetter',
      why: 'no step from what is in force did better on the days that were searched',
    }
  onProgress?.('trying the best on the days held out', options.candidates, options.candidates)
  const after = await replays.replay(past, { tape, learnt: found.best })
  const heldOut = judge({ before, after }, { from: searchDays, to: days, seed: options.seed })
  const outcome = heldOut.isAccepted ? 'Accepted' : 'Refused'
  return { ...facts, tried: found.tried, changed: changedFrom(base, found.best), heldOut, outcome, why: heldOut.why }
}

function changedFrom(base: LearntScalars, now: LearntScalars): Partial<LearntScalars> {
  return Object.fromEntries(SCALAR_NAMES.filter(name => now[name] !== base[name]).map(name => [name, now[name]]))
}
