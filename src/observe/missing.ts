/** Why a metric could not be had: stable words, for conditions and metrics. `NotOffered`: no source knows the metric. */
export type MissingReason =
  | 'NoData'
  | 'NotANumber'
  | 'Negative'
  | 'Stale'
  | 'Future'
  | 'TooManySeries'
  | 'WrongType'
  | 'Unreachable'
  | 'Timeout'
  | 'TooLarge'
  | 'Refused'
  | 'Denied'
  | 'NotOffered'

/** No value, and why. `why` begins with the reason and never holds text that a source sent. */
export interface Missing {
  readonly kind: 'missing'
  readonly reason: MissingReason
  readonly why: string
}

/** What was asked for, or why it is missing. */
export type Found<T> = { readonly kind: 'found'; readonly value: T } | Missing

export function missing(reason: MissingReason, told: string): Missing {
  return { kind: 'missing', reason, why: `${reason}: ${told}` }
}

export function found<T>(value: T): Found<T> {
  return { kind: 'found', value }
}

/** The reason at the head of an answer's `why`; absent where that came from elsewhere. */
export function reasonOf(why: string): MissingReason | undefined {
  const word = why.slice(0, why.indexOf(':'))
  return (REASONS as readonly string[]).includes(word) ? (word as MissingReason) : undefined // it is one: it was found in the list
}

const REASONS: readonly MissingReason[] = [
  'NoData',
  'NotANumber',
  'Negative',
  'Stale',
  'Future',
  'TooManySeries',
  'WrongType',
  'Unreachable',
  'Timeout',
  'TooLarge',
  'Refused',
  'Denied',
  'NotOffered',
]

/** Reasons that say something of the source itself, not of one metric. */
export function isOutage(reason: MissingReason): boolean {
  return reason === 'Unreachable' || reason === 'Timeout' || reason === 'Refused' || reason === 'Denied' || reason === 'TooLarge'
}
