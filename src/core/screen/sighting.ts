import type { Instant } from '../model.ts'
import type { AnomalyKind } from './detector.ts'

/** Everything that can be unusual about a service. The first ones come from the score of the demand, the others have watchers of their own. */
export type UnusualKind =
  | AnomalyKind
  | 'attack-like'
  | 'flat line'
  | 'change of variance'
  | 'lost periodicity'
  | 'drift'
  | 'pod unlike its peers'
  | 'several metrics'

/** All of them, in the order in which they are explained. */
export const UNUSUAL_KINDS = [
  'spike',
  'drop',
  'level shift',
  'attack-like',
  'flat line',
  'change of variance',
  'lost periodicity',
  'drift',
  'pod unlike its peers',
  'several metrics',
] as const satisfies readonly UnusualKind[]

/** What one look found unusual, judged by what came before it only. It is told again at every look while it lasts. */
export interface Sighting {
  readonly kind: UnusualKind
  readonly startAt: Instant
  /** How unusual, in standard deviations or their equivalent. */
  readonly sigma: number
  /** What was seen, and what was expected instead; in the unit that `why` names where that is not the load. */
  readonly value: number
  readonly expected: number
  readonly why: string
  /** The pod it is about, where it is about one. */
  readonly pod?: string
}

/** One value of a stream, with what the detector expected. */
export interface Sample {
  readonly at: Instant
  readonly value: number
  readonly expected: number
}

/** What a watcher remembers, and what it sees now. */
export interface Watched<State> {
  readonly state: State
  readonly sighting?: Sighting
}

/** Kinds that come and go within minutes: a policy may answer them. The others last for days and are only told. */
export const ANSWERED: readonly UnusualKind[] = ['spike', 'drop', 'level shift', 'attack-like', 'flat line', 'change of variance']
