import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Forecaster, Lessons, Restorable } from '../../src/core/rules.ts'
import { createFitPool } from '../../src/fit/fit-pool.ts'

/** One of many series, as a live controller holds it. */
export interface Member {
  readonly forecaster: Forecaster & Restorable
  /** Where fits are deferred. */
  readonly lessons?: Pick<Lessons, 'pendingFit' | 'adoptFit'>
}

/** How members are made, and how one fit is done inline. */
export interface Kind {
  readonly make: () => Member
  readonly fitOf: (input: unknown) => unknown
}

export interface FleetFigures {
  readonly series: number
  readonly bytesPerSeries: number
  readonly absorbMicroseconds: number
  readonly predictMicroseconds: number
  readonly fitMilliseconds: number
  /** Of one core, for all series: twelve values, one fit and 240 predictions an hour each. */
  readonly coreShare: number
  /** Longest and 99th percentile of what the loop is late by, in milliseconds. */
  readonly lagInline: Lag
  readonly lagInThreads: Lag
}

interface Lag {
  readonly p99: number
  readonly max: number
}

const STEP_MS = 300_000
const DAY_MS = 86_400_000
const START = 20_000 * DAY_MS
const STEPS_PER_HOUR = 12
const PREDICTIONS_PER_HOUR = 240
/** Different series that are grown; all others are copies of these. */
const GROWN = 8
const DAYS = 7
/** Of so many the costs are timed: more of the same add nothing but time. */
const TIMED = 500
const LAG_SECONDS = 8

/** Memory of `series` members with a week of five-minute values each; costs of `TIMED` of them, for all. */
export async function measureFleet(kind: Kind, series: number): Promise<FleetFigures> {
  const seeds = Array.from({ length: GROWN }, (_, seed) => grown(kind, seed))
  const before = usedBytes()
  const fleet = Array.from({ length: series }, (_, i) => {
    const member = kind.make()
    if (!member.forecaster.restore(seeds[i % GROWN]!.snapshot)) throw new Error('a member does not read its own snapshot')
    return member
  })
  const bytesPerSeries = (usedBytes() - before) / series
  const timed = fleet.slice(0, TIMED)
  const absorb = timedEach(timed, STEPS_PER_HOUR, absorbing(seeds[0]!.steps))
  const predict = timedEach(timed, 20, ({ forecaster }, round) => {
    forecaster.predict(START + seeds[0]!.steps * STEP_MS + round * 15_000)
  })
  const fitMs = timedEach(timed.slice(0, 100), 1, member => fitInline(kind, member))
  const hourMs = series * (STEPS_PER_HOUR * absorb + PREDICTIONS_PER_HOUR * predict + fitMs)
  const perSecond = series / 3600
  return {
    series,
    bytesPerSeries,
    absorbMicroseconds: 1000 * absorb,
    predictMicroseconds: 1000 * predict,
    fitMilliseconds: fitMs,
    coreShare: hourMs / 3_600_000,
    lagInline: await lagOf(timed.slice(100, 300), perSecond, async member => fitInline(kind, member)),
    lagInThreads: await lagInThreads(timed.slice(300), perSecond),
  }
}

/** A week of values, with a fit after each day. */
function grown(kind: Kind, seed: number) {
  const steps = (DAYS * DAY_MS) / STEP_MS
  const member = kind.make()
  const values = seasonalLoad({ seed, ticks: steps, stepMs: STEP_MS, mean: 1000, swing: 0.6, noise: 0.1 })
  for (const [step, value] of values.entries()) {
    member.forecaster.absorb(START + step * STEP_MS, value)
    if (step % 288 === 287) fitInline(kind, member)
  }
  return { snapshot: member.forecaster.snapshot(), steps }
}

const absorbing =
  (steps: number) =>
  ({ forecaster }: Member, round: number) =>
    forecaster.absorb(START + (steps + round) * STEP_MS, 1000 + 37 * (round % 5))

/** Milliseconds of one call, over `rounds` rounds through all members. */
function timedEach(members: readonly Member[], rounds: number, run: (member: Member, round: number) => void): number {
  const began = performance.now()
  for (let round = 0; round < rounds; round++) for (const member of members) run(member, round)
  return (performance.now() - began) / (rounds * members.length)
}

function fitInline({ fitOf }: Kind, { lessons }: Member): void {
  const input = lessons?.pendingFit()
  if (input !== undefined) lessons?.adoptFit(fitOf(input))
}

async function lagInThreads(members: readonly Member[], fitsPerSecond: number): Promise<Lag> {
  const pool = createFitPool()
  const lag = await lagOf(members, fitsPerSecond, async ({ lessons }) => {
    const input = lessons?.pendingFit()
    if (input !== undefined) lessons?.adoptFit(await pool.fit(input))
  })
  await pool.close()
  return lag
}

/** What a loop is late by that predicts for a fleet and orders its fits, in real time. */
async function lagOf(members: readonly Member[], fitsPerSecond: number, study: (member: Member) => Promise<void>): Promise<Lag> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const ends = performance.now() + LAG_SECONDS * 1000
  let fitted = 0
  await sleep(200)
  delay.enable()
  const fits: Promise<void>[] = []
  const began = performance.now()
  while (performance.now() < ends) {
    await sleep(5)
    while (fitted < ((performance.now() - began) / 1000) * fitsPerSecond) fits.push(study(members[fitted++ % members.length]!))
  }
  delay.disable()
  await Promise.all(fits)
  return { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }
}

/** Heap and buffers that are in use, garbage left out. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** The figures as a Markdown table, with goals. */
export function fleetTable({ series, lagInline, lagInThreads, ...figures }: FleetFigures): string {
  const lag = ({ p99, max }: Lag) => `${p99.toFixed(1)} / ${max.toFixed(1)}`
  return [
    `| ${series.toLocaleString('en')} series | measured | goal |`,
    '| --- | --- | --- |',
    `| share of one core: hourly fit, a value in 5 min, a prediction in 15 s | ${(100 * figures.coreShare).toFixed(2)} % | 5 % |`,
    `| bytes a series | ${(figures.bytesPerSeries / 1000).toFixed(1)} KB | 40 KB |`,
    `| one fit | ${figures.fitMilliseconds.toFixed(2)} ms | 15 ms |`,
    `| one prediction | ${figures.predictMicroseconds.toFixed(1)} µs | 20 µs |`,
    `| one value taken in | ${figures.absorbMicroseconds.toFixed(1)} µs | |`,
    `| loop late with fits inline, p99 / longest | ${lag(lagInline)} ms | |`,
    `| loop late with fits in threads, p99 / longest | ${lag(lagInThreads)} ms | |`,
  ].join('\n')
}
