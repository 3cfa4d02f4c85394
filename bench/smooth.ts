import type { Scenario } from '../src/sim/run.ts'

/** Highest jump of a smooth load, by start-up time; as in the study that the goals come from. */
const HIGHEST_JUMP: Readonly<Record<number, number>> = { 75: 0.35, 300: 0.6 }
const LEVEL = 0.999

/**
 * How far the load rises within one lead, at its 99.9 % quantile: load one start-up time later over the mean of the last minute, less
 * one. From the history alone, so that the class of a trace is known before it is scored. Infinity where it comes out of nothing.
 */
export function jumpOf({ load, target, scoredFrom }: Scenario): number {
  const [ahead, minute] = [Math.ceil(target.startupMs / load.tickMs - 1e-9), Math.max(1, Math.round(60_000 / load.tickMs))]
  const jumps: number[] = []
  for (let tick = minute - 1; tick + ahead < scoredFrom; tick++) {
    let sum = 0
    for (let back = 0; back < minute; back++) sum += load.value[tick - back]!
    const [mean, later] = [sum / minute, load.value[tick + ahead]!]
    jumps.push(mean > 0 ? later / mean - 1 : later > 0 ? Number.POSITIVE_INFINITY : 0)
  }
  jumps.sort((a, b) => a - b)
  return jumps[Math.min(jumps.length - 1, Math.floor(LEVEL * jumps.length))] ?? Number.POSITIVE_INFINITY
}

/** Whether a load with that jump belongs to the smooth class at that start-up time. */
export const isSmooth = (jump: number, startupSeconds: number): boolean => jump <= (HIGHEST_JUMP[startupSeconds] ?? 0)
