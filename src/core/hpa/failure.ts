/** Why a metric gives no replica count: one sentence, worded as upstream's where people search for it. */
export interface Failure {
  readonly kind: 'failed'
  readonly why: string
}

export function failed(why: string): Failure {
  return { kind: 'failed', why }
}

export const NO_PODS = failed('no pods returned by selector while calculating replica count')
