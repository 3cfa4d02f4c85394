import type { OutsideForecasts } from '../../core/forecast/seasonal-ridge.ts'
import { stepsPerDay } from './feed.ts'
import { type Steps, valueAt } from './steps.ts'

/** A forecast that costs nothing: what has to be beaten. */
export interface Baseline {
  /** Key in --json. */
  readonly name: 'naive' | 'seasonalNaiveDay' | 'seasonalNaiveWeek' | 'ownModel'
  /** For people. */
  readonly title: string
  readonly forecast: (origin: number, target: number) => number
}

/** Baselines that `history` steps are enough for. All read steps up to `origin` only. */
export function baselinesFor(steps: Steps, history: number): readonly Baseline[] {
  const newest = newestBefore(steps)
  const seasonal = (period: number) => (origin: number, target: number) =>
    newest(target - Math.ceil((target - origin) / period) * period)
  const day = stepsPerDay(steps.stepMs)
  const all = [
    { name: 'naive', title: 'naive (last value)', forecast: newest, needs: 1 },
    { name: 'seasonalNaiveDay', title: 'a day ago', forecast: seasonal(day), needs: day + 1 },
    { name: 'seasonalNaiveWeek', title: 'a week ago', forecast: seasonal(7 * day), needs: 7 * day + 1 },
  ] as const
  return all.filter(({ needs }) => history >= needs)
}

/** A model of the user's own by itself; where it says nothing, the last value. */
export function ownModel(steps: Steps, outside: OutsideForecasts): Baseline {
  const newest = newestBefore(steps)
  return {
    name: 'ownModel',
    title: `${outside.name} alone`,
    forecast: (origin, target) => outside.at(steps.startMs + origin * steps.stepMs, target - origin) ?? newest(origin),
  }
}

/**
 * The scale of MASE: mean |error| in the history (the first `history` steps) of the forecast "as a day ago" where the history is
 * longer than a day, else of "as the step before". Pairs with a gap in them are left out. 0 where nothing ever changed.
 */
export function scaleOf(steps: Steps, history: number): { readonly scale: number; readonly by: 'seasonalNaiveDay' | 'naive' } {
  const day = stepsPerDay(steps.stepMs)
  const daily = history > day ? meanChange(steps, day, history) : undefined
  if (daily !== undefined) return { scale: daily, by: 'seasonalNaiveDay' }
  return { scale: meanChange(steps, 1, history) ?? 0, by: 'naive' }
}

function meanChange(steps: Steps, lag: number, history: number): number | undefined {
  let [sum, count] = [0, 0]
  for (let step = lag; step < history; step++) {
    const [now, before] = [valueAt(steps, step), valueAt(steps, step - lag)]
    if (now === undefined || before === undefined) continue
    sum += Math.abs(now - before)
    count += 1
  }
  return count > 0 ? sum / count : undefined
}

/** The value at a step, or where it is in a gap the last one before. */
function newestBefore({ value, present }: Steps): (step: number) => number {
  const held = new Float64Array(value.length)
  for (let step = 0, last = 0; step < value.length; step++) {
    if (present[step] === 1) last = value[step]!
    held[step] = last
  }
  return step => held[step]!
}
