import type { WatchedPod } from './objects.ts'

/** Start-up times that living pods show. A cold start waited for a node or for an image, a warm one for neither. */
export interface Startup {
  /** Nine of ten warm starts were ready after that time; of all starts, while fewer than three warm ones are known. */
  readonly warmMs?: number
  /** The same of cold starts; absent while fewer than three are known. */
  readonly coldMs?: number
  /** At least half of the newest ten starts were cold; until no more than two of them are. */
  readonly isCold: boolean
}

/** A pod that became ready later than that after its creation did not start: it failed and came back. */
const LONGEST_MS = 3_600_000
const FEWEST = 3
/** Rules are made for a start-up time; a change below that share is not worth making them anew. */
const WORTHWHILE = 0.25
const LATELY = 10
/** Of the newest starts: cold from that share on, warm again up to that one. */
const [COLD_FROM, WARM_UP_TO] = [0.5, 0.2]

/** What the pods teach, beside what was known `before`: figures stay what they were while they hardly move. Absent: nothing is known yet. */
export function startupOf(pods: readonly WatchedPod[], before: Startup | undefined): Startup | undefined {
  const starts = pods.flatMap(pod => {
    const ms = startupMs(pod)
    return ms === undefined ? [] : [{ ms, at: pod.createdAt, isCold: pod.waitedFor !== undefined }]
  })
  const [cold, warm] = [starts.filter(({ isCold }) => isCold), starts.filter(({ isCold }) => !isCold)]
  const coldMs = settled(cold, before?.coldMs)
  const warmMs = settled(warm.length < FEWEST && before?.warmMs === undefined ? starts : warm, before?.warmMs)
  if (coldMs === undefined && warmMs === undefined) return undefined
  const newest = starts.toSorted((a, b) => b.at - a.at).slice(0, LATELY)
  const count = newest.filter(({ isCold }) => isCold).length
  const isCold = before?.isCold
    ? newest.length < FEWEST || count > WARM_UP_TO * newest.length
    : count >= Math.max(FEWEST, COLD_FROM * newest.length)
  return { ...(warmMs !== undefined && { warmMs }), ...(coldMs !== undefined && { coldMs }), isCold }
}

/** What to plan with: warm starts, unless cold ones are what happens lately. */
export function leadMsOf({ warmMs, coldMs, isCold }: Startup): number | undefined {
  return isCold ? (coldMs ?? warmMs) : (warmMs ?? coldMs)
}

/** The 90th percentile, rounded up to five seconds; what was known while too few are, or while it hardly moves. */
function settled(starts: readonly { readonly ms: number }[], before: number | undefined): number | undefined {
  if (starts.length < FEWEST) return before
  const sorted = starts.map(({ ms }) => ms).toSorted((a, b) => a - b)
  const p90 = sorted[Math.min(sorted.length - 1, Math.ceil(0.9 * sorted.length) - 1)]!
  const rounded = Math.max(5000, Math.ceil(p90 / 5000) * 5000)
  return before !== undefined && Math.abs(rounded - before) < WORTHWHILE * before ? before : rounded
}

function startupMs({ ready, createdAt }: WatchedPod): number | undefined {
  if (ready?.status !== 'True') return undefined
  const ms = ready.since - createdAt
  return ms >= 0 && ms <= LONGEST_MS ? ms : undefined
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`

/** "starts are cold lately: nine of ten ready after 180 s (warm ones 45 s)" */
export function tellStartup(startup: Startup): string {
  const { warmMs, coldMs, isCold } = startup
  const lead = leadMsOf(startup)
  const other = isCold ? warmMs : coldMs
  const beside = other === undefined || other === lead ? '' : ` (${isCold ? 'warm' : 'cold'} ones ${seconds(other)})`
  const how = isCold ? 'cold lately, for a node or an image' : 'warm'
  return `starts are ${how}: nine of ten ready after ${seconds(lead ?? 0)}${beside}`
}
