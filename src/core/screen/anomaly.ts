import { type Memory, recall, type Screen } from '../rules.ts'
import { type DetectorState, DISPLAY_SIGMA, freshDetector, observe } from './detector.ts'

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
  readonly active: boolean
  readonly response: AnomalyResponse
  readonly sigma: number
  readonly why: string
}

interface State {
  readonly detector: DetectorState
  readonly unusualAt?: number
  readonly anomaly: Anomaly
}

/**
 * Scores the demand, and never lowers it: an unusual load is still a load. Missing and repeated samples are not scored.
 * What follows from the score is the policy's choice, and done by the stages that ask `anomalyIn`.
 */
export function anomaly({ thresholdSigma = DISPLAY_SIGMA, response = 'Hold', lastsMs = 300_000 }: AnomalySettings = {}): Screen {
  return {
    name: 'anomaly',
    doubt: ({ at, demand }, memory) => {
      const quiet: Anomaly = { active: false, response, sigma: 0, why: 'demand is as usual' }
      const before = recall<State>(memory, 'anomaly', { detector: freshDetector, anomaly: quiet })
      if (response === 'Ignore') return {}
      if (demand.kind === 'missing' || demand.at <= before.detector.lastAt) {
        return { memory: { ...before, anomaly: fade(before, { at, lastsMs, quiet }) } }
      }
      const { state: detector, finding } = observe(before.detector, demand, thresholdSigma)
      if (finding.sigma < thresholdSigma) {
        return { memory: { ...before, detector, anomaly: fade(before, { at, lastsMs, quiet }) } }
      }
      const why = `demand ${round(demand.value)} is ${finding.sigma.toFixed(1)} sigma (${finding.kind}) from ${round(finding.expected)}`
      return { memory: { detector, unusualAt: at, anomaly: { active: true, response, sigma: finding.sigma, why } } }
    },
  }
}

/** The anomaly as of this tick; `undefined` where no such screen runs. */
export function anomalyIn(memory: Memory): Anomaly | undefined {
  return recall<State | undefined>(memory, 'anomaly', undefined)?.anomaly
}

function fade(
  { unusualAt, anomaly: before }: State,
  { at, lastsMs, quiet }: { at: number; lastsMs: number; quiet: Anomaly },
): Anomaly {
  return unusualAt !== undefined && at - unusualAt < lastsMs ? { ...before, response: quiet.response } : quiet
}

const round = (value: number) => Math.round(value * 100) / 100
