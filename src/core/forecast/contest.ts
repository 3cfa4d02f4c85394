import { type Kept, partsOf } from '../state.ts'

/**
 * Champion and challengers: who of several speaks is decided by errors on what none of them had seen when they spoke (held out by the
 * order of time). Errors are means over about two days; the champion is replaced only by one that is clearly better, and no sooner
 * than a day after it was made, so that noise moves nobody.
 */
export interface Contest extends Kept {
  /** Of the candidates. */
  readonly names: readonly string[]
  /** Absolute errors at `tick`, in the order of the candidates; NaN where one had nothing to say. */
  score(tick: number, absoluteErrors: ArrayLike<number>): void
  /** Place of the champion; 0 before anything was scored. */
  readonly champion: number
  /** Tick of its promotion; -1 while nobody was promoted. */
  readonly since: number
  /** Mean absolute error of each candidate, NaN before three days of it. */
  errors(): readonly number[]
}

const MEAN_DAYS = 2
/** Nobody is promoted, nor beaten, before so many days of errors: earlier the best is a matter of luck. */
const KNOWN_DAYS = 3
/** A challenger is promoted where its error is below that share of the champion's. */
const CLEARLY = 0.9

export function createContest(names: readonly string[], ticksPerDay: number): Contest {
  const candidates = names.length
  const means = new Float64Array(candidates)
  const counts = new Float64Array(candidates)
  const state = new Float64Array([0, -1])
  const isKnown = (place: number) => counts[place]! >= KNOWN_DAYS * ticksPerDay

  const best = () => {
    let least = state[0]!
    for (let place = 0; place < candidates; place++) if (isKnown(place) && means[place]! < means[least]!) least = place
    return least
  }
  return {
    names,
    part: () => partsOf({ means, counts, state }),
    get champion() {
      return state[0]!
    },
    get since() {
      return state[1]!
    },
    errors: () => Array.from(means, (mean, place) => (isKnown(place) ? mean : Number.NaN)),
    score(tick, absoluteErrors) {
      for (let place = 0; place < candidates; place++) {
        const error = absoluteErrors[place]!
        if (Number.isNaN(error)) continue
        counts[place]! += 1
        means[place]! += (error - means[place]!) * Math.max(1 / counts[place]!, 1 / (ticksPerDay * MEAN_DAYS))
      }
      const champion = state[0]!
      if (!isKnown(champion) || (state[1]! >= 0 && tick - state[1]! < ticksPerDay)) return
      const challenger = best()
      if (challenger === champion || means[challenger]! >= CLEARLY * means[champion]!) return
      state.set([challenger, tick])
    },
  }
}
