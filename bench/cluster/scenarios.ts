/** A load that is played on every contender's Deployment, in real time from `startMs` on. */
export interface Scenario {
  readonly name: string
  readonly title: string
  /** Requests a second at this time. */
  readonly load: (atMs: number) => number
  /** When it begins to differ from the quiet load before it. */
  readonly changesAtMs: number
  /** From here on figures are counted. */
  readonly countedFromMs: number
  readonly endsAtMs: number
  /** Past load that Crescendo may read from Prometheus; absent: it knows nothing. */
  readonly history?: () => Iterable<{ readonly atMs: number; readonly value: number }>
}

/** Target of all contenders: requests a second of one replica. The same is 80 % of its CPU request. */
export const TARGET_PER_REPLICA = 100
/** What one replica serves at 100 % of its CPU request; beyond it the workload is under-provisioned. */
export const CAPACITY_PER_REPLICA = 125
const QUIET = 2 * TARGET_PER_REPLICA
export const BUSY = 20 * TARGET_PER_REPLICA

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** The scrape interval of the past: a rate over ten seconds needs two samples in it. */
const HISTORY_STEP_MS = 4_000
const HISTORY_DAYS = 8

interface Times {
  /** The past ends here. */
  readonly nowMs: number
  readonly startMs: number
  readonly random: () => number
}

/** A step meets every scaler somewhere in its period of 15 s; three steps meet it at three places. */
const STEP_OFFSETS_MS = [0, 5_000, 10_000]

/** All scenarios run at the same time, beside each other on one bed. */
export function scenarios({ nowMs, startMs, random }: Times): readonly Scenario[] {
  const changesAtMs = startMs + MINUTE_MS
  const peakAtMs = startMs + 4 * MINUTE_MS
  return [
    ...STEP_OFFSETS_MS.map((offsetMs, index) => step(`step-${index + 1}`, changesAtMs + offsetMs)),
    {
      name: 'ramp',
      title: 'A ramp from 2 to 20 replicas within three minutes',
      load: at => QUIET + (BUSY - QUIET) * Math.min(1, Math.max(0, (at - changesAtMs) / (3 * MINUTE_MS))),
      changesAtMs,
      countedFromMs: changesAtMs - MINUTE_MS / 2,
      endsAtMs: changesAtMs + 5.5 * MINUTE_MS,
    },
    {
      name: 'daily',
      title: 'The same step, as it came on each of the eight days before',
      load: at => daily(at, peakAtMs),
      changesAtMs: peakAtMs,
      countedFromMs: peakAtMs - 3 * MINUTE_MS,
      endsAtMs: peakAtMs + 2.5 * MINUTE_MS,
      history: () => past(nowMs, at => daily(at, peakAtMs), random),
    },
  ]
}

function step(name: string, changesAtMs: number): Scenario {
  return {
    name,
    title: 'A step from 2 to 20 replicas that nobody could foresee',
    load: at => (at < changesAtMs ? QUIET : BUSY),
    changesAtMs,
    countedFromMs: changesAtMs - MINUTE_MS / 2,
    endsAtMs: changesAtMs + 4 * MINUTE_MS,
  }
}

/** Every day at the time of the peak: 20 minutes of the busy load. */
function daily(atMs: number, peakAtMs: number): number {
  const sincePeakMs = (((atMs - peakAtMs) % DAY_MS) + DAY_MS) % DAY_MS
  return sincePeakMs < 20 * MINUTE_MS ? BUSY : QUIET
}

/** A counter of requests, as a scrape every four seconds would have seen it. Each sample carries 3 % of noise. */
function* past(nowMs: number, load: (atMs: number) => number, random: () => number) {
  let total = 0
  for (let atMs = nowMs - HISTORY_DAYS * DAY_MS; atMs < nowMs; atMs += HISTORY_STEP_MS) {
    total += (load(atMs) * (1 + 0.06 * (random() - 0.5)) * HISTORY_STEP_MS) / 1000
    yield { atMs, value: Math.round(total) }
  }
}
