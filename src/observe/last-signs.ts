import type { Clock } from '../ports.ts'
import type { Total } from './demand.ts'
import type { LastSigns } from './workload.ts'

/** What was seen of a workload's drivers at one read, in order. */
export interface Seen {
  readonly driver: string | undefined
  /** Totals of the drivers that could be read. */
  readonly totals: ReadonlyMap<string, Total>
  /** Why the demand is missing; absent where it is not. */
  readonly why?: string
}

interface Kept {
  driver: string
  seenAt: number
  lastGood?: Total
  missing?: { readonly since: number; readonly why: string }
  /** Demand per unit of another driver, smoothed. */
  readonly ratios: Map<string, number>
  totals: ReadonlyMap<string, Total>
}

const FORGET_MS = 3_600_000
/** Weight of a new ratio: some ten reads decide. */
const WEIGHT = 0.1

/** Remembers, for each workload, the last good demand and what the other drivers were worth of it. */
export function createLastSigns(clock: Clock) {
  const workloads = new Map<string, Kept>()
  let sweptAt = clock.now()
  const sweep = (now: number) => {
    if (now - sweptAt < FORGET_MS) return
    sweptAt = now
    for (const [id, { seenAt }] of workloads) if (now - seenAt > FORGET_MS) workloads.delete(id)
  }
  return {
    /** The driver whose unit the demand had before; absent where none was ever read. */
    driverOf: (id: string): string | undefined => workloads.get(id)?.driver,
    note(id: string, { driver, totals, why }: Seen): void {
      const now = clock.now()
      sweep(now)
      const known = workloads.get(id)
      if (driver === undefined) return
      const kept: Kept = known?.driver === driver ? known : { driver, seenAt: now, ratios: new Map(), totals }
      workloads.set(id, kept)
      kept.seenAt = now
      kept.totals = totals
      const demand = totals.get(driver)
      if (why !== undefined || demand === undefined) {
        kept.missing ??= { since: now, why: why ?? 'NoData' }
        return
      }
      delete kept.missing
      kept.lastGood = demand
      learnRatios(kept, demand.value)
    },
    signs(id: string): LastSigns | undefined {
      const kept = workloads.get(id)
      if (kept?.missing === undefined) return undefined
      const others = [...kept.totals].flatMap(([driver, { at, value }]) => {
        const ratio = kept.ratios.get(driver)
        return driver === kept.driver || ratio === undefined ? [] : [{ driver, at, value: value * ratio }]
      })
      return { ...kept.missing, others, ...(kept.lastGood && { lastGood: kept.lastGood }) }
    },
  }
}

function learnRatios({ driver, totals, ratios }: Kept, demand: number): void {
  for (const [other, { value }] of totals) {
    if (other === driver || value <= 0) continue
    const ratio = demand / value
    const before = ratios.get(other) ?? ratio
    ratios.set(other, before + WEIGHT * (ratio - before))
  }
}
