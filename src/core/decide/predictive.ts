import { condition, type Word } from '../conditions.ts'
import { figure } from '../explain/figures.ts'
import { type HpaSettings, stockSettings } from '../hpa/settings.ts'
import { type Recommendation, stabilisedDown } from '../hpa/stabilisation.ts'
import { type Condition, WINDOW_LEVELS } from '../model.ts'
import { type Context, type Parameters, type Proposed, type Proposer, recall } from '../rules.ts'
import { follow, wholeReplicas, wishOf } from './block-rule.ts'
import { carried } from './safe-load.ts'

const NAME = 'predictive'

/** What holds before the tuner has a day to replay: dear misses, calm moves. Only `additive` mode uses it. */
const untuned: Parameters = {
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
  /** What the last tick let go down to, where it did: a guard may still be holding it. */
  readonly released?: number
}

const nothingHeld: Held = { heldTicks: 0, highest: 0 }

/**
 * The least-cost decision in mode Slo (`prediction.md` 4.3, `decision.md` 6): the floor is what the believed demand needs now, up
 * goes to the quantile of the window maximum at lead time, down only when the quantile over twice the lead allows it for long
 * enough. Abstains without forecast or tuned parameters; then the reactive fallback speaks.
 */
export function predictive(): Proposer {
  return {
    name: NAME,
    propose: context => {
      const { forecast, parameters, situation, target } = context
      const unable = refusalOf(context)
      if (unable !== undefined || forecast === undefined || 'abstains' in forecast || parameters === undefined)
        return { kind: 'abstains', why: unable ?? 'no forecast', memory: nothingHeld, conditions: reliability(context) }
      const { capacityPerReplica, minReplicas } = target
      const floor = Math.max(minReplicas, wholeReplicas((situation.demand ?? 0) / capacityPerReplica))
      const found = wishOf({ forecast, parameters, capacityPerReplica, floor })
      const conditions = reliability(context)
      if (situation.demand === undefined) return { ...blind(found, context), conditions }
      const before = situation.observation.replicas.spec
      const state = { replicas: before, ...holdSoFar(context, parameters) }
      follow(state, found.wish, parameters)
      return {
        kind: 'proposes',
        replicas: state.replicas,
        why: tell({ before, after: Math.min(state.replicas, target.maxReplicas), floor, ...found }, context),
        memory: {
          heldTicks: state.heldTicks,
          highest: state.highest,
          ...(state.replicas < before && { released: state.replicas }),
        },
        conditions,
      }
    },
  }
}

/**
 * A hold that is over stays over while the window or the pace of a `behavior` keeps the replicas up: a rule that began to hold anew each
 * time would never be heard for as long as such a window is, and nothing would ever leave. Without a `behavior` it is another proposer
 * that kept them (a load unlike the past), and the hold begins anew: to let go at once then cost bad minutes.
 */
function holdSoFar({ memory, situation, target }: Context, { holdTicks }: Parameters): Held {
  const { released, ...held } = recall<Held>(memory, NAME, nothingHeld)
  if (released === undefined || target.behavior === undefined || situation.observation.replicas.spec <= released) return held
  return { heldTicks: holdTicks, highest: released }
}

type Found = ReturnType<typeof wishOf>

/** Without a demand the forecast goes on for as long as the forecaster dares, but only upwards. */
function blind({ wish, ...found }: Found, { situation }: Context): Proposed & { readonly memory: Held } {
  const { spec } = situation.observation.replicas
  const why = `the demand is missing, the forecast goes on, upwards only: ${reaches(found)}`
  return { kind: 'proposes', replicas: Math.max(spec, wish.up), why, memory: nothingHeld }
}

/** Mode Additive: beside the reactive wish, never below it: the replicas that the load at lead time needs. */
export function predictiveUp(): Proposer {
  return {
    name: NAME,
    propose: context => {
      const { forecast, parameters = untuned, situation, target } = context
      if (forecast === undefined || 'abstains' in forecast)
        return { kind: 'abstains', why: forecast?.abstains ?? 'no forecaster', conditions: reliability(context) }
      const { capacityPerReplica } = target
      const floor = wholeReplicas((situation.demand ?? 0) / capacityPerReplica)
      const found = wishOf({ forecast, parameters, capacityPerReplica, floor })
      const why = `${reaches(found)}${carried(found.wish.up, context.safeLoad)}`
      return { kind: 'proposes', replicas: found.wish.up, why, conditions: reliability(context) }
    },
  }
}

/**
 * Speaks only while the forecast does not, or while the load is unlike the past: its headroom is then the safety. While it speaks
 * alone it is smoothed as the stock HPA is (an object with `behavior` is smoothed by its own windows, in the guard): the hold of
 * the predictive rule does not exist then, and a wish that nobody holds would follow every trough of the load.
 */
export function fallback(proposer: Proposer, settings: HpaSettings = stockSettings): Proposer {
  return {
    name: proposer.name,
    propose: context => {
      const said = proposer.propose(context)
      if (said.kind === 'abstains' || said.outright) return said
      const windowMs = context.target.behavior === undefined ? settings.downscaleStabilizationMs : 0
      const { replicas, recommendations } = smoothed(said.replicas, { proposer, context, windowMs })
      const memory = recommendations
      if (refusalOf(context) !== undefined) {
        const held = replicas === said.replicas ? '' : `; ${replicas} was wanted within the last ${seconds(windowMs)} s`
        return { ...said, replicas, why: `${said.why}${held}`, memory }
      }
      const isBlind = context.situation.demand === undefined // the metrics of the pods may still be there
      if (isBlind || context.parameters?.unfamiliar !== undefined) return { ...said, memory }
      const standsBy: Proposed = { kind: 'abstains', why: `stands by with ${said.replicas} (${said.why}): the forecast decides` }
      return { ...standsBy, memory, ...(said.conditions && { conditions: said.conditions }) }
    },
  }
}

/** The highest wish of the window; the first tick remembers the replicas it finds, so that a restart never scales down at once. */
function smoothed(desired: number, asked: { readonly proposer: Proposer; readonly context: Context; readonly windowMs: number }) {
  const { now, memory, situation } = asked.context
  const found: readonly Recommendation[] = [{ replicas: situation.observation.replicas.spec, at: now }]
  return stabilisedDown({ now, desired, recommendations: recall(memory, asked.proposer.name, found) }, asked.windowMs)
}

/** Why the forecast may not decide; `undefined` when it may. */
function refusalOf({ forecast, parameters }: Context): string | undefined {
  if (forecast === undefined) return 'no forecaster'
  if ('abstains' in forecast) return forecast.abstains
  if (parameters === undefined) return 'not tuned yet: a full day must have been replayed'
  return undefined
}

/** Whether decisions may rest on the forecast. */
function reliability({ forecast, parameters }: Context): readonly Condition[] {
  const say = (status: 'True' | 'False', reason: Word<'ForecastReliable'>['reason'], message: string) => [
    condition('ForecastReliable', { status, reason, message }),
  ]
  if (forecast === undefined || 'abstains' in forecast) return say('False', 'NoForecast', forecast?.abstains ?? 'no forecaster')
  if (parameters === undefined) return say('False', 'NotTuned', 'a full day must have been replayed first')
  if (parameters.unfamiliar !== undefined) return say('False', 'Unfamiliar', parameters.unfamiliar)
  return say('True', 'Calibrated', 'the forecast is calibrated by its past errors')
}

interface Told extends Found {
  readonly before: number
  readonly after: number
  readonly floor: number
}

function tell(told: Told, { parameters, safeLoad }: Context): string {
  const why = `${reasonOf(told)}${carried(told.after, safeLoad)}`
  const unfamiliar = parameters?.unfamiliar
  return unfamiliar === undefined ? why : `${why}; ${unfamiliar}, so the reactive target speaks too`
}

function reasonOf(told: Told): string {
  const { before, after, wish, keepLevel } = told
  if (after < before) return `${confidence(keepLevel)} sure that ${after} are enough for the next ${seconds(2 * told.leadMs)} s`
  if (after > before && told.floor >= after) return `the load of now needs ${told.floor}`
  const reach = reaches(told)
  if (after > before) return reach
  return wish.keep < before ? `${reach}; ${before - wish.keep} more are held back for a while` : reach
}

function reaches({ load, upLevel, leadMs }: Pick<Found, 'load' | 'upLevel' | 'leadMs'>): string {
  return `in ${seconds(leadMs)} s (start-up) load stays below ${figure(load)} with ${confidence(upLevel)} confidence`
}

const confidence = (level: number): string => `${Number((WINDOW_LEVELS[level]! * 100).toPrecision(6))} %`
const seconds = (ms: number): number => Math.round(ms / 1000)
