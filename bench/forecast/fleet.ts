import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Forecaster, Restorable } from '../../src/core/rules.ts'

type Member = Forecaster & Restorable

export interface FleetFigures {
  readonly series: number
  readonly bytesPerSeries: number
  /** The hourly solving is part of every twelfth. */
  readonly absorbMicroseconds: number
  readonly predictMicroseconds: number
  /** Of one core for ten thousand series: twelve values and 240 predictions an hour each. */
  readonly coreShareOfTenThousand: number
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

/** Memory of `series` forecasters with a week of five-minute values each; costs of `TIMED` of them, multiplied. */
export function measureFleet(make: () => Member, series: number): FleetFigures {
  const seeds = Array.from({ length: GROWN }, (_, seed) => grown(make, seed))
  const before = usedBytes()
  const fleet = Array.from({ length: series }, (_, i) => {
    const member = make()
    if (!member.restore(seeds[i % GROWN]!)) throw new Error('a forecaster does not read its own snapshot')
    return member
  })
  const bytesPerSeries = (usedBytes() - before) / series
  const timed = fleet.slice(0, TIMED)
  const absorbMs = timedEach(timed, STEPS_PER_HOUR, (member, round) =>
    member.absorb(START + ((DAYS * DAY_MS) / STEP_MS + round) * STEP_MS, 1000 + 37 * (round % 5)),
  )
  const predictMs = timedEach(timed, 20, (member, round) => {
    member.predict(START + DAYS * DAY_MS + DAY_MS / 24 + round * 15_000)
  })
  const hourMs = 10_000 * (STEPS_PER_HOUR * absorbMs + PREDICTIONS_PER_HOUR * predictMs)
  return {
    series,
    bytesPerSeries,
    absorbMicroseconds: 1000 * absorbMs,
    predictMicroseconds: 1000 * predictMs,
    coreShareOfTenThousand: hourMs / 3_600_000,
  }
}

function grown(make: () => Member, seed: number) {
  const member = make()
  const values = seasonalLoad({ seed, ticks: (DAYS * DAY_MS) / STEP_MS, stepMs: STEP_MS, mean: 1000, swing: 0.6, noise: 0.1 })
  for (const [step, value] of values.entries()) member.absorb(START + step * STEP_MS, value)
  return member.snapshot()
}

/** Milliseconds of one call, over `rounds` rounds through all members. */
function timedEach(members: readonly Member[], rounds: number, run: (member: Member, round: number) => void): number {
  const began = performance.now()
  for (let round = 0; round < rounds; round++) for (const member of members) run(member, round)
  return (performance.now() - began) / (rounds * members.length)
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
export function fleetTable({ series, ...figures }: FleetFigures): string {
  return [
    `| ${series.toLocaleString('en')} series | measured | goal |`,
    '| --- | --- | --- |',
    `| share of one core, for 10,000: a value in 5 min, a prediction in 15 s | ${(100 * figures.coreShareOfTenThousand).toFixed(1)} % | 5 % |`,
    `| bytes a series | ${(figures.bytesPerSeries / 1000).toFixed(0)} KB | 40 KB |`,
    `| one value taken in, the hourly solving in every twelfth | ${figures.absorbMicroseconds.toFixed(0)} µs | |`,
    `| one prediction of six points | ${figures.predictMicroseconds.toFixed(1)} µs | 20 µs |`,
  ].join('\n')
}
