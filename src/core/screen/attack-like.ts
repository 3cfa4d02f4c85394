/** What the clients usually do, learnt from ordinary values only. */
export interface ClientsState {
  readonly count: number
  /** Mean of log(load per client). */
  readonly perClient: number
  readonly errors: number
}

export interface Traffic {
  readonly demand: number
  readonly clients?: number
  readonly errorRatio?: number
}

export const unknownClients: ClientsState = { count: 0, perClient: 0, errors: 0 }

const SILENT_FIRST = 30
const MEMORY = 2000
/** Load per client beyond that multiple of the usual is enough by itself, the smaller one only where errors rose with it. */
const FACTOR = 2
const FACTOR_WITH_ERRORS = 1.4
const MORE_ERRORS = 0.05

/**
 * Why a spike looks like an attack: few clients ask for far more than clients usually do, or for more while requests fail that did not
 * fail before. `undefined` where it does not, or clients cannot be counted: errors alone tell an overload from nothing.
 */
export function attackLike(state: ClientsState, { demand, clients, errorRatio = 0 }: Traffic): string | undefined {
  if (clients === undefined || clients <= 0 || demand <= 0 || state.count < SILENT_FIRST) return undefined
  const times = demand / clients / Math.exp(state.perClient)
  const hasErrors = errorRatio - state.errors >= MORE_ERRORS
  if (times < FACTOR && !(times >= FACTOR_WITH_ERRORS && hasErrors)) return undefined
  const errors = hasErrors ? `, and ${Math.round(100 * errorRatio)} % fail` : ''
  return `${clients} clients ask for ${times.toFixed(1)} times what clients usually do${errors}`
}

export function learnClients(state: ClientsState, { demand, clients, errorRatio = 0 }: Traffic): ClientsState {
  if (clients === undefined || clients <= 0 || demand <= 0) return state
  const weight = 1 / Math.min(state.count + 1, MEMORY)
  return {
    count: state.count + 1,
    perClient: state.perClient + weight * (Math.log(demand / clients) - state.perClient),
    errors: state.errors + weight * (errorRatio - state.errors),
  }
}
