import type { LearntScalars } from '../core/policy/learnt-scalars.ts'
import type { ForecastTape } from './forecast-tape.ts'
import { type DayFigures, type Past, recordPast, replayPast } from './replay-past.ts'
import { createTaskPool, type TaskPoolOptions, taskUrl } from './task-pool.ts'

/** Who plays pasts: once with the forecaster, then as often as wanted by other scalars on what it said. */
export interface PastReplays {
  record(past: Past): Promise<{ readonly figures: DayFigures; readonly tape: ForecastTape }>
  replay(
    past: Past,
    how: { readonly tape: ForecastTape; readonly learnt: Partial<LearntScalars>; readonly ticks?: number },
  ): Promise<DayFigures>
}

/** A past of four weeks of 15 s ticks with its tape, and the garbage of its replay. */
const HEAP_MIB = 512

/** Replays in threads; the past and the tape lie in memory that they share. */
export function threadedReplays(options: TaskPoolOptions = {}): PastReplays & { close(): Promise<void> } {
  const pool = createTaskPool(taskUrl('replay-task', import.meta.url), { heapMib: HEAP_MIB, ...options })
  return {
    record: past => pool.run('record', past),
    replay: (past, how) => pool.run('replay', { past, ...how }),
    close: pool.close,
  }
}

/** Replays where they are asked for: for those who are in a thread already. */
export const replaysHere: PastReplays = { record: recordPast, replay: replayPast }

/** The past with its columns in memory that threads share, so that no message copies or moves them. */
export function sharedPast({ scenario, options }: Past): Past {
  const { load } = scenario
  const { attack, clients, missing } = load
  return {
    options,
    scenario: {
      ...scenario,
      load: {
        ...load,
        value: shared(load.value, Float64Array),
        ...(attack && { attack: shared(attack, Float64Array) }),
        ...(clients && { clients: shared(clients, Float64Array) }),
        ...(missing && { missing: shared(missing, Uint8Array) }),
      },
    },
  }
}

function shared<T extends Float64Array | Uint8Array>(column: T, Column: new (buffer: SharedArrayBuffer) => T): T {
  const copy = new Column(new SharedArrayBuffer(column.byteLength))
  copy.set(column)
  return copy
}
