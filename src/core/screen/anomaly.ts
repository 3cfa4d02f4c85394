import type { Instant, Observation } from '../model.ts'
import { type Memory, recall, type Screen } from '../rules.ts'
import { isEventful } from '../scheduled.ts'
import { attackLike, type ClientsState, learnClients, unknownClients } from './attack-like.ts'
import { type DetectorState, DISPLAY_SIGMA, type Finding, freshDetector, observe, scoreOf } from './detector.ts'
import { freshKinds, type KindsState, watchKinds } from './kinds.ts'
import { type PeersState, watchPeers } from './peers.ts'
import { ANSWERED, type Sighting } from './sighting.ts'
import { type SignalsState, unknownSignals, watchSignals } from './signals.ts'

/** Hold: no scale-down meanwhile. Widen: more headroom. AlertOnly: a mark on the decision. Ignore: nothing at all. */
export type AnomalyResponse = 'Hold' | 'Widen' | 'Ignore' | 'AlertOnly'

export interface AnomalySettings {
  /** Default 2.5. */
  readonly thresholdSigma?: number
  /** Default Hold. */
  readonly response?: AnomalyResponse
  /** How long an anomaly counts after its last unusual value. Default 300,000. */
  readonly lastsMs?: number
}

/** What the other stages may know: whether something unusual is going on, and what the policy wants done about it. */
export interface Anomaly {
  /** Something that a policy may answer: the score of the load, a stuck sensor, a change of variance. */
  readonly active: boolean
  readonly response: AnomalyResponse
  readonly sigma: number
  readonly why: string
  /** Score of the newest sample, 0..1, a half at 2.5 sigma; absent while there is none. */
  readonly score?: number
  /** It looks like an attack, which is nothing to widen for. */
  readonly attackLike?: boolean
  /** Everything that is unusual as of the last look, also what is only told. */
  readonly sightings?: readonly Sighting[]
}

interface State {
  readonly detector: DetectorState
  readonly kinds?: KindsState
  readonly clients?: ClientsState
  readonly peers?: PeersState
  readonly signals?: SignalsState
  readonly unusualAt?: number
  readonly anomaly: Anomaly
}

type Settings = Required<AnomalySettings>

/**
 * Scores the demand, and never lowers it: an unusual load is still a load. Missing and repeated samples are not scored.
 * What follows from the score is the policy's choice, and done by the stages that ask `anomalyIn`. What is unusual about pods or
 * lasts for days is told beside it, and answered by nobody.
 */
export function anomaly({ thresholdSigma = DISPLAY_SIGMA, response = 'Hold', lastsMs = 300_000 }: AnomalySettings = {}): Screen {
  const settings: Settings = { thresholdSigma, response, lastsMs }
  return {
    name: 'anomaly',
    doubt: (observation, memory, believed) => {
      if (response === 'Ignore') return {}
      const kept = recall<State>(memory, 'anomaly', { detector: freshDetector, anomaly: quietOf(response) })
      // What a version before this one remembered is of another shape: the detector begins anew.
      const before = 'habit' in kept.detector ? kept : { ...kept, detector: freshDetector }
      const peers = watchPeers(before.peers ?? [], observation)
      const seen = { ...before, peers: peers.state }
      const looked = look(seen, { observation, believed, settings })
      return {
        memory: {
          ...looked,
          anomaly: { ...looked.anomaly, sightings: [...(looked.anomaly.sightings ?? []), ...peers.sightings] },
        },
      }
    },
  }
}

const quietOf = (response: AnomalyResponse): Anomaly => ({ active: false, response, sigma: 0, why: 'demand is as usual' })

/** The anomaly as of this tick; `undefined` where no such screen runs. */
export function anomalyIn(memory: Memory): Anomaly | undefined {
  return recall<State | undefined>(memory, 'anomaly', undefined)?.anomaly
}

interface Sight {
  readonly observation: Observation
  readonly believed: number | undefined
  readonly settings: Settings
}

/** Judges what was measured, and learns what is believed of it: an attack that comes every night is no habit. */
function look(before: State, { observation, believed, settings }: Sight): State {
  const { at, demand } = observation
  // A known event is nothing unusual, and nothing to learn the usual from.
  if (demand.kind === 'missing' || demand.at <= before.detector.lastAt || isEventful(observation))
    return { ...before, anomaly: fade(before, at, settings) }
  const { state: seen, finding } = observe(before.detector, demand, settings.thresholdSigma)
  const taught = Math.min(demand.value, believed ?? demand.value)
  const isDoubted = taught < demand.value
  const detector = isDoubted ? observe(before.detector, { at: demand.at, value: taught }, settings.thresholdSigma).state : seen
  const kinds = watchKinds(before.kinds ?? freshKinds, { at: demand.at, value: taught, expected: finding.expected })
  const signals = watchSignals(before.signals ?? unknownSignals, observation, Math.max(1, detector.spacingMs))
  const traffic = { ...observation, demand: demand.value }
  const clients = before.clients ?? unknownClients
  const isUsual = finding.sigma < settings.thresholdSigma
  const scored = isUsual ? [] : [sightingOf(finding, demand, attackLike(clients, traffic))]
  const sightings = [...scored, ...kinds.sightings, ...signals.sightings]
  const state = {
    ...before,
    detector,
    kinds: kinds.state,
    signals: signals.state,
    clients: isUsual && !isDoubted ? learnClients(clients, traffic) : clients,
  }
  const worst = sightings.filter(({ kind }) => ANSWERED.includes(kind)).toSorted((a, b) => b.sigma - a.sigma)[0]
  const score = scoreOf(finding.sigma)
  if (worst === undefined) return { ...state, anomaly: { ...fade(before, at, settings), score, sightings } }
  const { sigma, why } = worst
  const isAttack = scored[0]?.kind === 'attack-like'
  const anomaly = { active: true, response: settings.response, sigma, why, score, attackLike: isAttack, sightings }
  return { ...state, unusualAt: at, anomaly }
}

function sightingOf(
  { sigma, expected, kind }: Finding,
  { at, value }: { at: Instant; value: number },
  attack: string | undefined,
): Sighting {
  const isAttack = kind !== 'drop' && attack !== undefined
  const told = isAttack ? 'attack-like' : kind
  const why = `demand ${round(value)} is ${sigma.toFixed(1)} sigma (${told}) from ${round(expected)}${isAttack ? `: ${attack}` : ''}`
  return { kind: told, startAt: at, sigma, value, expected, why }
}

/** Nothing was scored, or nothing unusual: what was found goes on for a while. */
function fade({ unusualAt, anomaly: before }: State, at: Instant, { response, lastsMs }: Settings): Anomaly {
  if (unusualAt === undefined || at - unusualAt >= lastsMs) return quietOf(response)
  const { sightings: _, ...rest } = before
  return { ...rest, response }
}

const round = (value: number) => Math.round(value * 100) / 100
