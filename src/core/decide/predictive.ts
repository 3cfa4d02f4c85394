import { figure } from '../explain/figures.ts'
import { WINDOW_LEVELS } from '../model.ts'
import { type Context, type Parameters, type Proposed, type Proposer, recall } from '../rules.ts'
import { follow, wholeReplicas, wishOf } from './block-rule.ts'

const NAME = 'predictive'

/** What holds before the tuner has a day to replay: dear misses, calm moves. Only `additive` mode uses it. */
export const untuned: Parameters = {
  missingPrice: 1600,
  keepPrice: 1600,
  orderAhead: 0.05,
  orderToMedian: false,
  deadband: 0.1,
  holdTicks: 24,
}

interface Held {
  readonly heldTicks: number
  readonly highest: number
}

/**
 * The least-cost decision in mode Slo (`prediction.md` 4.3, `decision.md` 6): the floor is what the believed demand needs now, up
 * goes to the quantile of the window maximum at lead time, down only when the quantile over twice the lead allows it for long
 * enough. Abstains without demand, forecast or tuned parameters; then the reactive fallback speaks.
 */
export function predictive(): Proposer {
  return {
    name: NAME,
    propose: context => {
      const { forecast, parameters, situation, target } = context
      const refusal = refusalOf(context)
      if (
        refusal !== undefined ||
        situation.demand === undefined ||
        forecast === undefined ||
        'abstains' in forecast ||
        !parameters
      )
        return { kind: 'abstains', why: refusal ?? 'no forecast', memory: { heldTicks: 0, highest: 0 } }
      const { capacityPerReplica, minReplicas, maxReplicas } = target
      const floor = Math.max(minReplicas, wholeReplicas(situation.demand / capacityPerReplica))
      const found = wishOf({ forecast, parameters, capacityPerReplica, floor })
      const state = {
        replicas: situation.observation.replicas.spec,
        ...recall<Held>(context.memory, NAME, { heldTicks: 0, highest: 0 }),
      }
      const before = state.replicas
      follow(state, found.wish, parameters)
      const why = tell({ before, after: Math.min(state.replicas, maxReplicas), floor, ...found }, context)
      return {
        kind: 'proposes',
        replicas: state.replicas,
        why: parameters.unfamiliar === undefined ? why : `${why}; ${parameters.unfamiliar}, so the reactive target speaks too`,
        memory: { heldTicks: state.heldTicks, highest: state.highest },
      }
    },
  }
}

/** Mode Additive: beside the reactive wish, never below it: the replicas that the load at lead time needs. */
export function predictiveUp(): Proposer {
  return {
    name: NAME,
    propose: context => {
      const { forecast, parameters = untuned, situation, target } = context
      if (forecast === undefined || 'abstains' in forecast)
        return { kind: 'abstains', why: forecast?.abstains ?? 'no forecaster' }
      const { capacityPerReplica } = target
      const floor = wholeReplicas((situation.demand ?? 0) / capacityPerReplica)
      const { wish, load, upLevel } = wishOf({ forecast, parameters, capacityPerReplica, floor })
      return { kind: 'proposes', replicas: wish.up, why: reaches(load, upLevel, context) }
    },
  }
}

/** Speaks only while the forecast does not, or while the load is unlike the past: its headroom is then the safety. */
export function fallback(proposer: Proposer): Proposer {
  return {
    name: proposer.name,
    propose: context => {
      const said = proposer.propose(context)
      const isNeeded = refusalOf(context) !== undefined || context.parameters?.unfamiliar !== undefined
      if (said.kind === 'abstains' || said.outright || isNeeded) return said
      const standsBy: Proposed = { kind: 'abstains', why: `stands by with ${said.replicas} (${said.why}): the forecast decides` }
      return { ...standsBy, memory: said.memory, ...(said.conditions && { conditions: said.conditions }) }
    },
  }
}

/** Why the forecast may not decide; `undefined` when it may. */
function refusalOf({ forecast, parameters, situation }: Context): string | undefined {
  if (situation.demand === undefined) return 'the demand is missing'
  if (forecast === undefined) return 'no forecaster'
  if ('abstains' in forecast) return forecast.abstains
  if (parameters === undefined) return 'not tuned yet: a full day must have been replayed'
  return undefined
}

interface Told {
  readonly before: number
  readonly after: number
  readonly floor: number
  readonly upLevel: number
  readonly keepLevel: number
  readonly load: number
  readonly wish: { readonly keep: number }
}

function tell(told: Told, context: Context): string {
  const { before, after, wish, keepLevel } = told
  if (after < before)
    return `${confidence(keepLevel)} sure that ${after} are enough for the next ${seconds(2 * context.target.startupMs)} s`
  if (after > before && told.floor >= after) return `the load of now needs ${told.floor}`
  const reach = reaches(told.load, told.upLevel, context)
  if (after > before) return reach
  return wish.keep < before ? `${reach}; ${before - wish.keep} more are held back for a while` : reach
}

function reaches(load: number, level: number, { target }: Context): string {
  return `in ${seconds(target.startupMs)} s (start-up) load stays below ${figure(load)} with ${confidence(level)} confidence`
}

const confidence = (level: number): string => `${Number((WINDOW_LEVELS[level]! * 100).toPrecision(6))} %`
const seconds = (ms: number): number => Math.round(ms / 1000)
