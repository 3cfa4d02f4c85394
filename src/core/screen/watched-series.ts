import type { Instant } from '../model.ts'
import { HOLD_OFF_MS } from './detector.ts'
import { severityOf } from './episodes.ts'
import { freshKinds, watchKinds } from './kinds.ts'
import type { Sample, Sighting } from './sighting.ts'

/** What went on for a while; `value` and `expected` where it was most unusual. */
export interface WatchedEpisode extends Sighting {
  endAt: Instant
  severity: ReturnType<typeof severityOf>
}

/**
 * The kinds that no single value shows, of one recorded series told as episodes in the order they were seen. Memory grows with what is
 * found only.
 */
export function watchedSeries(thresholdSigma: number) {
  const found: WatchedEpisode[] = []
  let state = freshKinds
  return {
    hear(sample: Sample): void {
      const seen = watchKinds(state, sample)
      state = seen.state
      for (const sighting of seen.sightings) if (sighting.sigma >= thresholdSigma) note(found, sample.at, sighting)
    },
    episodes: (): readonly WatchedEpisode[] => found,
  }
}

function note(found: WatchedEpisode[], at: Instant, sighting: Sighting): void {
  const place = found.findLastIndex(({ kind, endAt }) => kind === sighting.kind && at - endAt < HOLD_OFF_MS)
  const before = found[place]
  const severity = severityOf(sighting.sigma)
  if (before === undefined) found.push({ ...sighting, severity, endAt: at })
  else if (sighting.sigma > before.sigma) found[place] = { ...sighting, severity, startAt: before.startAt, endAt: at }
  else before.endAt = at
}
