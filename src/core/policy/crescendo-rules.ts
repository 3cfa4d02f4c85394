import { type BlindSettings, blind } from '../decide/blind.ts'
import { decisionWindows } from '../decide/block-rule.ts'
import { keepWarm } from '../decide/keep-warm.ts'
import { type ManualSettings, manual } from '../decide/manual.ts'
import { ownViolations } from '../decide/own-violations.ts'
import { fallback, predictive, predictiveUp } from '../decide/predictive.ts'
import { reactive } from '../decide/reactive.ts'
import { safeLoadFloor } from '../decide/safe-load.ts'
import { scheduled } from '../decide/scheduled.ts'
import { slo } from '../decide/slo.ts'
import { widen } from '../decide/widen.ts'
import { measured } from '../forecast/accuracy/measured.ts'
import { withFan } from '../forecast/fan.ts'
import { withKnownEvents } from '../forecast/known-events.ts'
import { late } from '../forecast/late.ts'
import { seasonalRidge } from '../forecast/seasonal-ridge.ts'
import { type GuardSettings, guardsInOrder } from '../guard/order.ts'
import { counterfactualHpa } from '../hpa/counterfactual.ts'
import { type HpaSettings, stockSettings } from '../hpa/settings.ts'
import type { Target } from '../model.ts'
import type { Forecaster, Proposer, Rules } from '../rules.ts'
import { nameOf } from '../screen/burn.ts'
import { type ScreenSettings, screensInOrder } from '../screen/screens.ts'
import { promisesOf } from '../slo/promise.ts'
import { createSafeLoad } from '../slo/safe-load.ts'
import type { LearntScalars } from './learnt-scalars.ts'
import { BAD_MINUTES_PER_DAY, createTuner } from './tuner.ts'

export interface CrescendoOptions {
  /** Off is the stock HPA with our guards; Additive never asks for less than it; Slo runs close to the SLO and saves. */
  readonly mode: 'Off' | 'Additive' | 'Slo'
  readonly target: Target
  /** How old the newest demand is at a decision. */
  readonly delayMs: number
  /** Minutes of violation that the service may have a day; 1.44 are 99.9 %. */
  readonly badMinutesPerDay?: number
  readonly guards?: GuardSettings
  readonly screens?: ScreenSettings
  /** `Off` where we write nothing (mode Recommend): what others do to the replicas is then nothing to answer. */
  readonly manual?: ManualSettings | 'Off'
  readonly blind?: BlindSettings
  /** The policy has schedules: what the observation tells of them is acted on. */
  readonly isScheduled?: boolean
  /** Nobody stated what a replica serves: the target's objectives teach it. */
  readonly learnsSafeLoad?: boolean
  /** Where the own past day was bad, the reactive target speaks beside the forecast: dearer and safer; only in mode Slo. */
  readonly guardsOwnViolations?: boolean
  /** What was learnt of this service beside what its tuner chooses every night; what is absent is as usual. */
  readonly learnt?: Partial<LearntScalars>
  /** Another forecaster than the seasonal ridge; built with `decisionWindows(target.startupMs)`. */
  readonly forecaster?: Forecaster
}

/** A sample is stale at twice the age that is usual here, and not before two minutes: a slow pipeline is not an outage. */
const staleAfterMs = (delayMs: number): number => Math.max(120_000, 2 * delayMs)

/** The predictive rule holds replicas back by itself, for as long as its tuner found best. */
const heldByTheRule: HpaSettings = { ...stockSettings, downscaleStabilizationMs: 0 }
/** Times ahead of the fan that is shown; decisions rest on windows, not on it. */
const FAN_STEP_MS = 300_000
/** It abstains for six hours; until an hour before that there is no model. */
const FAN_AFTER_MS = 5 * 3_600_000
const FAN_MS = [5, 10, 15, 20, 25, 30].map(minutes => minutes * 60_000)
/** Those of them whose accuracy is kept. */
const MEASURED_MS = [5, 15, 30].map(minutes => minutes * 60_000)

/**
 * Crescendo as a value of Rules, for one target: forecaster and tuner are accumulators, so every target (and every run of the
 * simulator) needs rules of its own. In mode Slo an object without `behavior` is not stabilised twice: the rule has its own hold.
 */
export function crescendoRules(options: CrescendoOptions): Rules {
  const { mode, target, delayMs, badMinutesPerDay, learnt } = options
  const { objectives = [] } = target
  const common = {
    name: 'crescendo',
    screens: screensInOrder({
      quality: { staleMs: staleAfterMs(delayMs) },
      jump: { unit: target.capacityPerReplica },
      outage: { unit: target.capacityPerReplica, objectives },
      ...(objectives.length > 0 && { burn: { objectives, badShare: (badMinutesPerDay ?? BAD_MINUTES_PER_DAY) / 1440 } }),
      anomaly: { response: 'AlertOnly' },
      ...options.screens,
    }),
    guards: guardsInOrder({ objectives, ...(mode === 'Slo' && { hpa: heldByTheRule }), ...options.guards }),
    counterfactual: counterfactualHpa(),
  }
  // What is kept warm for a load that swings is bound by the surge budget, so it is there where that is.
  const warm = options.guards?.surge ? [keepWarm()] : []
  const always = [widen(), ...floors(options), ...(options.isScheduled ? [scheduled()] : []), ...warm]
  if (mode === 'Off') return { ...common, proposers: [reactive(), ...always] }
  const learning = options.forecaster ?? forecasterFor(target, delayMs)
  const forecaster = options.isScheduled ? withKnownEvents(learning, target.periodMs) : learning
  if (objectives.some(objective => nameOf(objective) !== undefined)) always.push(slo())
  const tuner = createTuner({
    target,
    delayMs,
    ...(badMinutesPerDay !== undefined && { badMinutesPerDay }),
    ...(learnt && { learnt }),
  })
  const safe = safeLoadParts(options)
  const first = mode === 'Slo' ? [fallback(reactive()), predictive(), ...guardOf(options)] : [reactive(), predictiveUp()]
  return { ...common, forecaster, tuner, ...safe.learner, proposers: [...first, ...safe.proposers, ...always] }
}

/** In mode Slo the predictive rule has the floor in itself, and its own hold: the proposer stands in for it only while it is silent. */
function safeLoadParts({ mode, target, learnsSafeLoad }: CrescendoOptions) {
  if (!learnsSafeLoad || promisesOf(target).length === 0) return { learner: {}, proposers: [] }
  const floor = safeLoadFloor()
  return { learner: { safeLoad: createSafeLoad(target) }, proposers: [mode === 'Slo' ? fallback(floor) : floor] }
}

/** Never by less than 1.44 minutes a day, with which it was measured: one unforeseen minute is no sign that the forecast is wrong. */
function guardOf({ guardsOwnViolations, badMinutesPerDay = BAD_MINUTES_PER_DAY }: CrescendoOptions): readonly Proposer[] {
  return guardsOwnViolations ? [ownViolations(Math.max(badMinutesPerDay, BAD_MINUTES_PER_DAY))] : []
}

/** A target without a source of demand misses none. */
function floors({ manual: by, blind: when, guards }: CrescendoOptions): readonly Proposer[] {
  return [...(by === 'Off' ? [] : [manual(by)]), ...(guards?.hold?.demand === 'None' ? [] : [blind(when)])]
}

/** The seasonal ridge with the windows that the decision needs, and the fan that people look at in steps of five minutes. */
function forecasterFor(target: Target, delayMs: number): Forecaster {
  const unit = target.capacityPerReplica
  const windows = decisionWindows(target.startupMs)
  const decisive = seasonalRidge({ stepMs: target.periodMs, delayMs, windows, pointsMs: [], unit })
  const everyMs = Math.max(FAN_STEP_MS, target.periodMs)
  const fan = () => seasonalRidge({ stepMs: everyMs, delayMs: 0, windows: [], pointsMs: FAN_MS, unit })
  const whole = withFan(decisive, { fan: late(fan, { name: `fan ${unit}`, afterMs: FAN_AFTER_MS }), everyMs })
  const horizonsMs = MEASURED_MS.filter(ms => ms % everyMs === 0)
  return horizonsMs.length === 0 ? whole : measured(whole, { stepMs: everyMs, horizonsMs, unit })
}
