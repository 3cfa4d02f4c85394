import type { Observation } from '../model.ts'
import type { Sighting } from './sighting.ts'

/** Mean and variance that forget, of one metric of a service. */
interface Usual {
  readonly count: number
  readonly mean: number
  readonly variance: number
}

export interface SignalsState {
  readonly usual: Readonly<Record<string, Usual>>
  /** Since when the metrics together are unusual. */
  readonly since?: number
}

export const unknownSignals: SignalsState = { usual: {} }

const SILENT_FIRST = 100
const LARGEST_Z = 8
/** A metric agrees from there on. */
const AGREES_SIGMA = 2.5
const FEWEST_SIGMA = 4
const FEWEST_METRICS = 2
const DAY_MS = 86_400_000

/**
 * Several metrics of one service together: load, what other sources say of it, backlog, clients, share of failed requests. Each has a
 * score of its own, capped at eight; their sum over the root of their number (Stouffer) is four or more only where at least two agree
 * that something is unusual, which is rarer by chance than one large score. Names the metric that weighs most.
 */
export function watchSignals(
  before: SignalsState,
  observation: Observation,
  periodMs: number,
): { readonly state: SignalsState; readonly sightings: readonly Sighting[] } {
  const values = valuesOf(observation)
  const scored = values
    .map(({ name, value }) => ({ name, value, usual: before.usual[name] }))
    .flatMap(({ name, value, usual }) =>
      usual === undefined || usual.count < SILENT_FIRST ? [] : [{ name, value, usual, z: zOf(usual, value) }],
    )
    .toSorted((a, b) => b.z - a.z)
  const longest = Math.max(SILENT_FIRST, (2 * DAY_MS) / periodMs)
  const usual = { ...before.usual }
  for (const { name, value } of values) usual[name] = absorbed(usual[name], value, longest)
  const sigma = scored.reduce((sum, { z }) => sum + z, 0) / Math.sqrt(Math.max(1, scored.length))
  const agreeing = scored.filter(({ z }) => z >= AGREES_SIGMA)
  const driver = agreeing[0]
  if (driver === undefined || agreeing.length < FEWEST_METRICS || sigma < FEWEST_SIGMA) return { state: { usual }, sightings: [] }
  const since = before.since ?? observation.at
  const told = agreeing.map(({ name, z }) => `${name} ${z.toFixed(1)}`).join(', ')
  const why = `several metrics are unusual at once, in sigma: ${told}`
  const expected = inverse(driver.name, driver.usual.mean)
  const sighting: Sighting = {
    kind: 'several metrics',
    startAt: since,
    sigma,
    value: inverse(driver.name, driver.value),
    expected,
    why,
  }
  return { state: { usual, since }, sightings: [sighting] }
}

/** Loads and counts on a logarithmic scale, because they vary by factors; shares as they are. */
function valuesOf({ demand, otherDemand, backlog, clients, errorRatio }: Observation) {
  const amounts = { load: demand.kind === 'value' ? demand.value : undefined, 'other load': otherDemand, backlog, clients }
  const logs = Object.entries(amounts).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value: Math.log1p(Math.max(0, value)) }],
  )
  return errorRatio === undefined ? logs : [...logs, { name: ERRORS, value: errorRatio }]
}

const ERRORS = 'failed share'
const inverse = (name: string, value: number) => (name === ERRORS ? value : Math.expm1(value))

const zOf = ({ mean, variance }: Usual, value: number) =>
  Math.min(LARGEST_Z, Math.abs(value - mean) / Math.max(Math.sqrt(variance), SMALLEST_DEVIATION))

/** Two per cent, of a load or of all requests: less is nothing to be told. */
const SMALLEST_DEVIATION = 0.02

/** Once known, a value further away than three deviations counts as three: an anomaly is learnt slowly. */
function absorbed(before: Usual | undefined, value: number, longest: number): Usual {
  if (before === undefined) return { count: 1, mean: value, variance: 0 }
  const { count, mean, variance } = before
  const furthest = count < SILENT_FIRST ? Number.POSITIVE_INFINITY : 3 * Math.max(Math.sqrt(variance), SMALLEST_DEVIATION)
  const away = Math.max(-furthest, Math.min(furthest, value - mean))
  const weight = 1 / Math.min(count + 1, longest)
  return { count: count + 1, mean: mean + weight * away, variance: (1 - weight) * (variance + weight * away * away) }
}
