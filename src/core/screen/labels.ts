/** What a person says of an episode: it was worth being told, or it was not. */
export type Label = 'true' | 'false'

export interface Labelled {
  readonly sigma: number
  readonly label?: Label
}

/** From there on an episode is an alarm, while nobody has labelled anything. What that finds: docs/benchmarks.md, "Anomalies". */
export const ALARM_SIGMA = 3.5
/** The threshold that labels may result in. */
export const ALARM_BOUNDS = { least: 2.5, most: 10 } as const
/** A missed anomaly costs as much as that many false alarms. */
const MISSED_COST = 2
const ABOVE = 1.05

/**
 * The alarm threshold that these labels ask for, within 2.5 and 10 sigma: the one that would have told the fewest false alarms and
 * missed the fewest true ones (which count twice), the nearest to `base` among equals. Without labels it is `base`. An order of
 * labels does not matter; labels that contradict each other cancel out.
 */
export function thresholdFrom(labels: readonly Labelled[], base: number = ALARM_SIGMA): number {
  const within = (sigma: number) => Math.max(ALARM_BOUNDS.least, Math.min(ALARM_BOUNDS.most, sigma))
  const candidates = [
    base,
    ...labels.flatMap(({ label, sigma }) => (label === undefined ? [] : [within(label === 'true' ? sigma : ABOVE * sigma)])),
  ]
  const costOf = (threshold: number) =>
    labels.reduce((sum, { label, sigma }) => {
      if (label === 'false' && sigma >= threshold) return sum + 1
      return label === 'true' && sigma < threshold ? sum + MISSED_COST : sum
    }, 0)
  const best = candidates
    .map(threshold => ({ threshold, cost: costOf(threshold), away: Math.abs(threshold - base) }))
    .toSorted((a, b) => a.cost - b.cost || a.away - b.away || a.threshold - b.threshold)
  return best[0]!.threshold
}
