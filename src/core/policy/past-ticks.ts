import { levelFor, wholeReplicas } from '../decide/block-rule.ts'
import type { Forecast, Target } from '../model.ts'
import { type Kept, partsOf } from '../state.ts'
import { PRICES } from './candidates.ts'

/** Ticks that are replayed together. */
const BATCH_TICKS = 240
/** What is known of a tick: bits of `known`. */
const [FORECAST, UNFAMILIAR, MEAN, NEED] = [1, 2, 4, 8]

export interface TickFacts {
  readonly forecast: Forecast | undefined
  readonly need: number | undefined
  readonly mean: number | undefined
  readonly isUnfamiliar: boolean
  readonly target: Target
}

/** What candidates need of past ticks, in replicas, column by column; the wishes of price `p` begin at `p * room`. */
export interface PastTicks {
  readonly room: number
  readonly up: Int32Array
  readonly block: Int32Array
  readonly keep: Int32Array
  readonly ahead: Int32Array
  hasForecast(tick: number): boolean
  isUnfamiliar(tick: number): boolean
  /** Mean load of the last minute, in replicas. */
  mean(tick: number): number | undefined
  /** What the load of the tick took, as soon as it was seen. */
  need(tick: number): number | undefined
}

/** Past ticks that wait to be replayed in batches; what a tick needed is seen `lag` ticks after it was decided. */
export interface Past extends Kept {
  reveal(need: number | undefined): void
  push(facts: TickFacts): void
  isFull(): boolean
  /** Replays the ticks whose need was seen, `count` of them from 0 on, and forgets them. */
  take(replay: (ticks: PastTicks, count: number) => void): void
}

/** `orderAhead` is the share that block orders add. */
export function createPast(lag: number, orderAhead: number): Past {
  let columns: Columns | undefined // most targets are younger than a day, and have no past to replay
  const room = BATCH_TICKS + lag
  return {
    part: () => ({
      save: () => (columns === undefined ? [] : [columns.part().save()]),
      load: state => {
        if (!Array.isArray(state) || state.length > 1) return false
        columns = state.length === 0 ? undefined : createColumns(room, orderAhead)
        return columns === undefined || columns.part().load(state[0])
      },
    }),
    reveal(need) {
      if (columns !== undefined && need !== undefined) columns.reveal(columns.length() - lag, wholeReplicas(need))
    },
    push(facts) {
      columns ??= createColumns(room, orderAhead)
      columns.push(facts)
    },
    isFull: () => columns !== undefined && columns.length() >= room,
    take(replay) {
      if (columns === undefined) return
      const count = columns.length() - lag
      replay(columns, count)
      columns.drop(count)
    },
  }
}

type Columns = ReturnType<typeof createColumns>

function createColumns(room: number, orderAhead: number) {
  const wishes = [0, 1, 2].map(() => new Int32Array(room * PRICES.length)) as [Int32Array, Int32Array, Int32Array] // three of them
  const ahead = new Int32Array(room)
  const [means, needs] = [new Float64Array(room), new Float64Array(room)]
  const known = new Uint8Array(room)
  const length = new Int32Array(1)
  const [up, block, keep] = wishes
  const knows = (tick: number, what: number) => (known[tick]! & what) !== 0
  const note = (tick: number, what: number) => {
    known[tick]! |= what
  }
  const parts = { up, block, keep, ahead, means, needs, known, length }
  return {
    part: () => partsOf(Object.fromEntries(Object.entries(parts).map(([name, array]) => [name, array]))),
    room,
    up,
    block,
    keep,
    ahead,
    hasForecast: (tick: number) => knows(tick, FORECAST),
    isUnfamiliar: (tick: number) => knows(tick, UNFAMILIAR),
    mean: (tick: number) => (knows(tick, MEAN) ? means[tick] : undefined),
    need: (tick: number) => (knows(tick, NEED) ? needs[tick] : undefined),
    length: () => length[0]!,
    reveal(tick: number, need: number) {
      if (tick < 0) return
      needs[tick] = need
      note(tick, NEED)
    },
    push(facts: TickFacts) {
      const tick = length[0]!
      length[0] = tick + 1
      known[tick] = facts.isUnfamiliar ? UNFAMILIAR : 0
      if (facts.mean !== undefined) note(tick, MEAN)
      means[tick] = facts.mean ?? 0
      if (writeWishes({ up, block, keep, ahead, room, orderAhead }, facts, tick)) note(tick, FORECAST)
    },
    drop(count: number) {
      for (let price = 0; price < PRICES.length; price++)
        for (const wish of wishes) wish.copyWithin(price * room, price * room + count, price * room + length[0]!)
      for (const column of [ahead, means, needs, known]) column.copyWithin(0, count, length[0]!)
      length[0]! -= count
    },
  }
}

type Wishes = Pick<PastTicks, 'up' | 'block' | 'keep' | 'ahead' | 'room'> & { readonly orderAhead: number }

/** `false`: there was no forecast, or nothing to measure it by. */
function writeWishes(wishes: Wishes, { forecast, need, target }: TickFacts, tick: number): boolean {
  const { up, block, keep, ahead, room, orderAhead } = wishes
  const { capacityPerReplica, minReplicas, maxReplicas } = target
  const [upWindow, keepWindow, aheadWindow] = forecast?.windows ?? []
  if (need === undefined || upWindow === undefined || keepWindow === undefined || aheadWindow === undefined) return false
  const floor = Math.max(minReplicas, wholeReplicas(need))
  const bounded = (replicas: number) => Math.min(maxReplicas, replicas)
  for (let price = 0; price < PRICES.length; price++) {
    const at = price * room + tick
    const load = upWindow.quantiles[levelFor(upWindow, PRICES[price]!, capacityPerReplica)]! / capacityPerReplica
    up[at] = bounded(Math.max(floor, wholeReplicas(load)))
    block[at] = bounded(wholeReplicas(load * (1 + orderAhead)))
    keep[at] = wholeReplicas(keepWindow.quantiles[levelFor(keepWindow, PRICES[price]!, capacityPerReplica)]! / capacityPerReplica)
  }
  ahead[tick] = bounded(wholeReplicas(aheadWindow.quantiles[0]! / capacityPerReplica))
  return true
}
