import type { Instant } from '../model.ts'
import { type AnomalyKind, DISPLAY_SIGMA, type Finding, HOLD_OFF_MS } from './detector.ts'

/** One anomaly as a person would tell it: what began with an alarm and went on until it was quiet for half a day. */
export interface Episode {
  readonly startAt: Instant
  /** The last unusual value. */
  readonly endAt: Instant
  readonly kind: AnomalyKind
  readonly severity: 'minor' | 'major' | 'critical'
  readonly sigma: number
  /** Value and expectation where it was most unusual. */
  readonly value: number
  readonly expected: number
}

interface Open {
  readonly startAt: Instant
  endAt: Instant
  peak: { finding: Finding; value: number }
  shifted: number
}

/** So many unusual values that say "level shift" make the whole episode one. */
const SHIFTED_VALUES = 3

/**
 * Tells findings as episodes, in the order they began. Memory grows with what is found only. Unlike a finding, an episode is
 * told after the fact: a step that stays begins as a spike, and is named a level shift once it has stayed.
 */
export function storyteller(thresholdSigma = DISPLAY_SIGMA) {
  const open: Open[] = []
  return {
    hear(at: Instant, value: number, finding: Finding): void {
      const current = open.at(-1)
      const goesOn = current !== undefined && Math.abs(at - current.endAt) < HOLD_OFF_MS
      if (goesOn && finding.sigma >= thresholdSigma) prolong(current, { at, value, finding })
      else if (finding.isAnomaly) open.push({ startAt: at, endAt: at, peak: { finding, value }, shifted: shiftOf(finding) })
    },
    episodes: (): readonly Episode[] => open.map(tell),
  }
}

function prolong(open: Open, { at, value, finding }: { at: Instant; value: number; finding: Finding }): void {
  open.endAt = Math.max(open.endAt, at)
  open.shifted += shiftOf(finding)
  if (finding.sigma > open.peak.finding.sigma) open.peak = { finding, value }
}

const shiftOf = ({ kind }: Finding) => (kind === 'level shift' ? 1 : 0)

function tell({ startAt, endAt, peak, shifted }: Open): Episode {
  const { finding, value } = peak
  const { sigma, expected } = finding
  const point = value >= expected ? 'spike' : 'drop'
  return {
    startAt,
    endAt,
    kind: shifted >= SHIFTED_VALUES ? 'level shift' : point,
    severity: severityOf(sigma),
    sigma,
    value,
    expected,
  }
}

/** Twice and four times the display threshold. */
export function severityOf(sigma: number): Episode['severity'] {
  if (sigma >= 4 * DISPLAY_SIGMA) return 'critical'
  return sigma >= 2 * DISPLAY_SIGMA ? 'major' : 'minor'
}
