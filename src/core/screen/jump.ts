import type { Instant } from '../model.ts'
import { recall, type Screen } from '../rules.ts'
import { expectedRise } from '../scheduled.ts'

export interface JumpSettings {
  /** A demand beyond that multiple of the largest of the last day is not believed at once. Default 20. */
  readonly factor?: number
  /** Demand up to that multiple of `unit` is never a jump: a small load may grow as it likes. */
  readonly unit?: number
}

interface State {
  /** Largest believed demand by hour since the epoch, oldest first. */
  readonly hours: readonly { readonly hour: number; readonly demand: number }[]
  readonly believed: number
  /** The sample that waits for another to confirm it. */
  readonly suspectAt?: Instant
}

const HOUR_MS = 3_600_000
const KEPT_HOURS = 24

/**
 * One sample a thousand times the usual is another unit or a broken exporter, not a load: it is believed only when the next
 * sample, of a later time, says so too. A real flash crowd of that size is believed one tick later. Only the believed demand is
 * shown to the screens behind, so that one absurd sample teaches them nothing.
 */
export function jump({ factor = 20, unit = 0 }: JumpSettings = {}): Screen {
  return {
    name: 'jump',
    masks: true,
    doubt: (observation, memory) => {
      const { demand } = observation
      if (demand.kind === 'missing') return {}
      const before = recall<State | undefined>(memory, 'jump', undefined)
      const hour = Math.floor(demand.at / HOUR_MS)
      if (before === undefined) return { memory: { hours: [{ hour, demand: demand.value }], believed: demand.value } }
      const usual = Math.max(unit, ...before.hours.map(one => one.demand)) * expectedRise(observation)
      const isConfirmed = before.suspectAt !== undefined && demand.at > before.suspectAt
      if (demand.value <= factor * usual || usual <= 0 || isConfirmed) return { memory: believing(before, hour, demand.value) }
      const why = `${whole(demand.value)} is more than ${factor} times the largest of the last day (${whole(usual)}): one more must confirm it`
      return {
        doubt: { by: 'jump', believes: before.believed, why },
        memory: { ...before, suspectAt: before.suspectAt ?? demand.at } satisfies State,
      }
    },
  }
}

function believing({ hours }: State, hour: number, demand: number): State {
  const kept = hours.filter(one => one.hour > hour - KEPT_HOURS)
  const last = kept.at(-1)
  if (last?.hour !== hour) return { hours: [...kept, { hour, demand }], believed: demand }
  return { hours: demand > last.demand ? [...kept.slice(0, -1), { hour, demand }] : kept, believed: demand }
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US')
