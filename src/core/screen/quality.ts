import type { Instant, Observation } from '../model.ts'
import { recall, type Screen } from '../rules.ts'

export interface QualitySettings {
  /** A sample older than that is stale. Default 120,000. */
  readonly staleMs?: number
  /** A sample that far ahead of our clock is not believed. Default 60,000. */
  readonly futureMs?: number
  /** A value that used to move and stands still for that long is frozen. Default 600,000. */
  readonly frozenMs?: number
  /** A fall to zero that nothing else can confirm or refute is believed only after that long. Default 300,000. */
  readonly zeroMs?: number
  /** Even beside busy pods a zero is believed after that long: the memory of an idle pod looks busy. Default 1,800,000. */
  readonly refutedMs?: number
}

type Settings = Required<QualitySettings>

/** The present run of equal values, and how long such runs usually are. */
interface State {
  readonly value: number
  readonly since: Instant
  readonly runs: number
  readonly usualRunMs: number
  /** Typical positive demand, and what the pods used while it was served: what "busy" means for this workload. */
  readonly usualDemand: number
  readonly usualUsage: number
  readonly zeroSince?: Instant
  /** How often the demand came back from zero: where that is usual, a zero is nothing to wonder at. */
  readonly returns: number
}

/**
 * A sample that cannot be true counts as missing, with the reason: not a number, negative, from the future, stale, frozen,
 * or suddenly zero while the pods still work. Missing demand never scales down; a believed zero would.
 */
export function quality(given: QualitySettings = {}): Screen {
  const settings: Settings = {
    staleMs: 120_000,
    futureMs: 60_000,
    frozenMs: 600_000,
    zeroMs: 300_000,
    refutedMs: 1_800_000,
    ...given,
  }
  return {
    name: 'quality',
    doubt: (observation, memory) => {
      const { demand } = observation
      if (demand.kind === 'missing') return {}
      const impossible = impossibility(observation, settings)
      if (impossible !== undefined) return { missing: impossible }
      const state = advance(recall<State | undefined>(memory, 'quality', undefined), observation, demand.value)
      const missing = frozen(state, observation, settings) ?? fallen(state, observation, settings)
      return { memory: state, ...(missing !== undefined && { missing }) }
    },
  }
}

function impossibility({ at, demand }: Observation, { staleMs, futureMs }: Settings): string | undefined {
  if (demand.kind === 'missing') return undefined
  if (!Number.isFinite(demand.value)) return `the metric says ${demand.value}, which is no number`
  if (demand.value < 0) return `the metric says ${demand.value}, a load cannot be negative`
  if (demand.at - at > futureMs) return `the sample is ${seconds(demand.at - at)} s in the future`
  if (at - demand.at > staleMs) return `the sample is ${seconds(at - demand.at)} s old`
  return undefined
}

const seconds = (ms: number) => Math.round(ms / 1000)

function advance(before: State | undefined, observation: Observation, value: number): State {
  const { at } = observation
  const usage = usageOf(observation)
  if (before === undefined) return { value, since: at, runs: 0, usualRunMs: 0, usualDemand: value, usualUsage: usage, returns: 0 }
  const { zeroSince: began, ...rest } = before
  const zeroSince = value === 0 && before.usualDemand > 0 ? (began ?? at) : undefined
  const learnt = value > 0 ? { usualDemand: ewma(before.usualDemand, value), usualUsage: ewma(before.usualUsage, usage) } : {}
  const returns = began !== undefined && zeroSince === undefined ? before.returns + 1 : before.returns
  const run = value === before.value ? {} : endOfRun(before, at, value)
  return { ...rest, ...learnt, ...run, returns, ...(zeroSince !== undefined && { zeroSince }) }
}

const ewma = (before: number, value: number) => before + 0.05 * (value - before)

const endOfRun = ({ runs, since, usualRunMs }: State, at: Instant, value: number) => ({
  value,
  since: at,
  runs: Math.min(runs + 1, 1000),
  usualRunMs: usualRunMs + (at - since - usualRunMs) / Math.min(runs + 1, 50),
})

/** A small integer gauge stands still by nature: only a value that moved far more often before is frozen. Zero is idle. */
function frozen(state: State, { at }: Observation, { frozenMs, refutedMs }: Settings): string | undefined {
  const standsMs = at - state.since
  const isUnlike = state.runs >= 30 && standsMs > 20 * state.usualRunMs
  if (state.value === 0 || !isUnlike || standsMs < frozenMs || standsMs >= refutedMs) return undefined
  return `the metric has said exactly ${state.value} for ${seconds(standsMs)} s, it changed every ${seconds(state.usualRunMs)} s before`
}

/** Zero from one sample to the next: refuted while a queue waits or the pods work, confirmed when the pods are idle. */
function fallen(state: State, observation: Observation, { zeroMs, refutedMs }: Settings): string | undefined {
  if (state.zeroSince === undefined) return undefined
  const sinceMs = observation.at - state.zeroSince
  const usage = usageOf(observation)
  if ((observation.backlog ?? 0) > 0) return `the metric fell to zero while ${observation.backlog} wait in the queue`
  if (state.usualUsage > 0 && usage >= 0.5 * state.usualUsage) {
    return sinceMs < refutedMs ? 'the metric fell to zero while the pods are as busy as ever' : undefined
  }
  const isConfirmed = state.usualUsage > 0 && usage < 0.2 * state.usualUsage && reports(observation)
  if (isConfirmed || state.returns >= 3 || sinceMs >= zeroMs) return undefined
  return `the metric fell to zero ${seconds(sinceMs)} s ago, and nothing confirms it yet`
}

const reports = ({ answers }: Observation) => answers.some(answer => answer.kind === 'pods')

/** What all pods report together, whatever the unit: only ever compared with itself. */
function usageOf({ answers }: Observation): number {
  const answer = answers.find(one => one.kind === 'pods')
  if (answer?.kind !== 'pods') return 0
  const each = answer.samples.map(({ byContainer = {}, value }) => [...Object.values(byContainer), value ?? 0])
  return each.flat().reduce<number>((sum, milli) => sum + Number(milli), 0)
}
