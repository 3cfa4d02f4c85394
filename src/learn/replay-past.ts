import { type CrescendoOptions, crescendoRules } from '../core/policy/crescendo-rules.ts'
import type { LearntScalars } from '../core/policy/learnt-scalars.ts'
import type { Rules } from '../core/rules.ts'
import { isViolated } from '../sim/load.ts'
import { type Run, type Scenario, simulate } from '../sim/run.ts'
import { type ForecastTape, recording, replaying } from './forecast-tape.ts'

/** A recorded past in the simulated world, and the rules that it is played by; plain values, for a thread. */
export interface Past {
  readonly scenario: Scenario
  readonly options: CrescendoOptions
}

/** What each day of a past cost by one policy; days are counted from the first tick, and the last one may be a part. */
export interface DayFigures {
  readonly replicaHours: Float64Array
  readonly badMinutes: Float64Array
  /** Changes of the order. */
  readonly actions: Float64Array
  /** Bad minutes hour by hour. */
  readonly hourlyBadMinutes: Float64Array
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Plays the whole past by the production rules with their own forecaster, and keeps what it said. */
export async function recordPast(past: Past): Promise<{ readonly figures: DayFigures; readonly tape: ForecastTape }> {
  const { startMs, tickMs, value } = past.scenario.load
  const recorder = recording(crescendoRules(past.options), { startMs, tickMs, ticks: value.length })
  return { figures: await played(recorder.rules, past.scenario), tape: recorder.tape() }
}

/** Plays the past, or its first `ticks`, by the same rules with other scalars and the forecasts of the tape. */
export async function replayPast(
  { scenario, options }: Past,
  how: { readonly tape: ForecastTape; readonly learnt: Partial<LearntScalars>; readonly ticks?: number },
): Promise<DayFigures> {
  const forecaster = replaying(how.tape)
  // What schedules said is on the tape already, so it is put in place of whatever wraps the forecaster.
  const { counterfactual: _, ...rules } = crescendoRules({ ...options, learnt: how.learnt, forecaster })
  return played({ ...rules, forecaster }, shortened(scenario, how.ticks))
}

async function played(rules: Rules, scenario: Scenario): Promise<DayFigures> {
  return figuresOf(await simulate(rules, scenario), scenario.target.capacityPerReplica)
}

/** The first `ticks` of a scenario; all of it where that is absent. */
export function shortened(scenario: Scenario, ticks: number | undefined): Scenario {
  if (ticks === undefined || ticks >= scenario.load.value.length) return scenario
  const { load } = scenario
  const cut = <T extends Float64Array | Uint8Array>(column: T) => column.subarray(0, ticks) as T // the same kind of array
  return {
    ...scenario,
    load: {
      ...load,
      value: cut(load.value),
      ...(load.attack && { attack: cut(load.attack) }),
      ...(load.clients && { clients: cut(load.clients) }),
      ...(load.missing && { missing: cut(load.missing) }),
    },
  }
}

/** A run day by day; holes of the recording count for nothing. */
function figuresOf({ tickMs, load, ready, desired, missing }: Run, capacityPerReplica: number): DayFigures {
  const days = Math.ceil((load.length * tickMs) / DAY_MS)
  const figures = {
    replicaHours: new Float64Array(days),
    badMinutes: new Float64Array(days),
    actions: new Float64Array(days),
    hourlyBadMinutes: new Float64Array(24 * days),
  }
  for (let tick = 0; tick < load.length; tick++) {
    if (missing?.[tick] === 1) continue
    const day = Math.floor((tick * tickMs) / DAY_MS)
    figures.replicaHours[day]! += (desired[tick]! * tickMs) / HOUR_MS
    if (isViolated(load[tick]!, ready[tick]!, capacityPerReplica)) {
      figures.badMinutes[day]! += tickMs / 60_000
      figures.hourlyBadMinutes[Math.floor((tick * tickMs) / HOUR_MS)]! += tickMs / 60_000
    }
    if (tick > 0 && desired[tick] !== desired[tick - 1]) figures.actions[day]! += 1
  }
  return figures
}
