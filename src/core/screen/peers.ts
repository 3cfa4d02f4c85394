import type { Instant, MetricAnswer, Observation, PodSample } from '../model.ts'
import type { Sighting } from './sighting.ts'

/** Pods that are unlike their peers now, each with the time since when. */
export type PeersState = readonly { readonly pod: string; readonly since: Instant; readonly sigma: number }[]

/** With fewer pods nobody can say which one is the odd one. */
const FEWEST_PODS = 5
const FEWEST_SIGMA = 5
/** One that has just become ready warms up. */
const WARM_MS = 120_000
const SUSTAINED_MS = 300_000
/** Pods may differ by a tenth of what the middle one does and be alike. */
const SMALLEST_SHARE = 0.1
const MOST_PODS = 50

/**
 * A pod whose metric lies five robust deviations (median and MAD across pods) from its peers for five minutes: a stuck, throttled or
 * badly placed one. It says nothing about how many replicas are needed, so it is told and scales nothing.
 */
export function watchPeers(
  before: PeersState,
  observation: Pick<Observation, 'at' | 'answers' | 'pods'>,
): { readonly state: PeersState; readonly sightings: readonly Sighting[] } {
  const { at, answers } = observation
  const warm = warmPods(observation)
  const odd = answers.flatMap(answer => unlike(answer, warm)).toSorted((a, b) => b.sigma - a.sigma)
  const worst = odd.filter(({ pod }, index) => odd.findIndex(one => one.pod === pod) === index).slice(0, MOST_PODS)
  const since = (pod: string) => before.find(one => one.pod === pod)?.since ?? at
  const sightings = worst
    .filter(({ pod }) => at - since(pod) >= SUSTAINED_MS)
    .map(
      ({ pod, ...seen }): Sighting => ({
        kind: 'pod unlike its peers',
        startAt: since(pod),
        pod,
        ...seen,
        why: `pod ${pod} is at ${figure(seen.value)} where its peers are at ${figure(seen.expected)}`,
      }),
    )
  return { state: worst.map(({ pod, sigma }) => ({ pod, since: since(pod), sigma })), sightings }
}

const figure = (value: number) => Number(value.toPrecision(3))

function warmPods({ at, pods }: Pick<Observation, 'at' | 'pods'>): ReadonlySet<string> {
  const isWarm = ({ ready, deleted }: Observation['pods'][number]) =>
    !deleted && ready?.status === 'True' && at - ready.since >= WARM_MS
  return new Set(pods.filter(isWarm).map(({ name }) => name))
}

function unlike(answer: MetricAnswer, warm: ReadonlySet<string>) {
  if (answer.kind !== 'pods') return []
  const seen = answer.samples.filter(({ pod }) => warm.has(pod)).map(sample => ({ pod: sample.pod, value: amountOf(sample) }))
  if (seen.length < FEWEST_PODS) return []
  const expected = median(seen.map(({ value }) => value))
  const spread = 1.4826 * median(seen.map(({ value }) => Math.abs(value - expected)))
  const scale = Math.max(spread, SMALLEST_SHARE * Math.abs(expected), 1e-9)
  return seen
    .map(({ pod, value }) => ({ pod, value, expected, sigma: Math.abs(value - expected) / scale }))
    .filter(({ sigma }) => sigma >= FEWEST_SIGMA)
}

/** In whole units; all containers together. */
function amountOf({ value, byContainer = {} }: PodSample): number {
  if (value !== undefined) return Number(value) / 1000
  return Object.values(byContainer).reduce<number>((sum, one) => sum + Number(one) / 1000, 0)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
