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

/** Reasons that say something of the source itself, not of one metric. */
export function isOutage(reason: MissingReason): boolean {
  return reason === 'Unreachable' || reason === 'Timeout' || reason === 'Refused' || reason === 'Denied' || reason === 'TooLarge'
}
