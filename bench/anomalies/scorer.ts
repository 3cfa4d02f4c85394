import type { Labelled } from './splits.ts'

/** Weights of the Numenta Anomaly Benchmark (Lavin & Ahmad 2015): a window found, a row outside of windows, a window missed. */
export interface Profile {
  readonly found: number
  readonly falseRow: number
  readonly missed: number
}

export const PROFILES = {
  standard: { found: 1, falseRow: 0.11, missed: 1 },
  'reward low FP': { found: 1, falseRow: 0.22, missed: 1 },
  'reward low FN': { found: 1, falseRow: 0.11, missed: 2 },
} as const satisfies Record<string, Profile>

/** One row that may be a detection: its score, what it is worth, and the window it lies in. */
export interface Candidate {
  readonly score: number
  /** Inside a window 0..1, the earlier the more; outside -1..0, the nearer behind a window the less bad. */
  readonly worth: number
  readonly window: string | undefined
}

/** 1 far to the left, -1 far to the right; beyond 3 exactly -1. */
const scaledSigmoid = (place: number) => (place > 3 ? -1 : 2 / (1 + Math.exp(5 * place)) - 1)
const LARGEST = scaledSigmoid(-1)

/** Rows behind the probation with a score above 0: a score of nothing is no detection whatever the threshold. */
export function candidatesOf({ name, windows, probation }: Labelled, scores: ArrayLike<number>): readonly Candidate[] {
  const found: Candidate[] = []
  for (let row = probation; row < scores.length; row++) {
    const score = scores[row]!
    if (!(score > 0)) continue
    const inside = windows.find(([first, last]) => row >= first && row <= last)
    const before = windows.findLast(([, last]) => last < row)
    if (inside !== undefined) {
      const [first, last] = inside
      const worth = scaledSigmoid(-(last - row + 1) / (last - first + 1)) / LARGEST
      found.push({ score, worth, window: `${name} ${first}` })
    } else {
      const worth = before === undefined ? -1 : scaledSigmoid((row - before[1]) / Math.max(1, before[1] - before[0]))
      found.push({ score, worth, window: undefined })
    }
  }
  return found
}

export interface Result {
  /** 100 is every window found at its first row and nothing else, 0 is no detection at all. */
  readonly score: number
  readonly hits: number
  readonly falseRows: number
  readonly threshold: number
}

export interface Judgement {
  /** How many windows there are. */
  readonly windows: number
  readonly threshold: number
  readonly profile?: Profile
}

/** Of detections at and above the threshold. */
export function scoreAt(
  candidates: readonly Candidate[],
  { windows, threshold, profile = PROFILES.standard }: Judgement,
): Result {
  const best = new Map<string, number>()
  let [raw, falseRows] = [-profile.missed * windows, 0]
  for (const { score, worth, window } of candidates) {
    if (score < threshold) continue
    if (window === undefined) {
      raw += profile.falseRow * worth
      falseRows += 1
    } else raw += credit(best, { worth, window }, profile)
  }
  return { score: normalised(raw, windows, profile), hits: best.size, falseRows, threshold }
}

/** What one more row adds to its window: only the best row of a window counts. */
function credit(
  best: Map<string, number>,
  { worth, window }: { worth: number; window: string },
  { found, missed }: Profile,
): number {
  const before = best.get(window)
  if (before !== undefined && before >= worth) return 0
  best.set(window, worth)
  return before === undefined ? missed + found * worth : found * (worth - before)
}

const normalised = (raw: number, windows: number, { found, missed }: Profile) =>
  (100 * (raw + missed * windows)) / (windows * (found + missed))

/** The threshold with the highest score; one sweep, because rows that share a score are taken together. */
export function bestThreshold(candidates: readonly Candidate[], windows: number, profile: Profile = PROFILES.standard): Result {
  const sorted = candidates.toSorted((a, b) => b.score - a.score)
  const best = new Map<string, number>()
  let [raw, falseRows] = [-profile.missed * windows, 0]
  let top: Result = { score: 0, hits: 0, falseRows: 0, threshold: Number.POSITIVE_INFINITY }
  sorted.forEach(({ score, worth, window }, place) => {
    if (window === undefined) {
      raw += profile.falseRow * worth
      falseRows += 1
    } else raw += credit(best, { worth, window }, profile)
    if (sorted[place + 1]?.score === score) return
    const reached = normalised(raw, windows, profile)
    if (reached > top.score) top = { score: reached, hits: best.size, falseRows, threshold: score }
  })
  return top
}
