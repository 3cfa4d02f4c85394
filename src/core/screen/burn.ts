import type { Instant, Objective, Observation } from '../model.ts'
import { type Memory, recall, type Screen } from '../rules.ts'

export interface BurnSettings {
  readonly objectives: readonly Objective[]
  /** Share of the time that a Latency objective may be missed. 0.001 are 1.44 minutes a day. */
  readonly badShare: number
}

/** How fast one objective spends its error budget, in multiples of what it may spend all the time: at 1 it is just kept. */
export interface Burn {
  /** "error ratio", "P99 of request_duration_seconds". */
  readonly objective: string
  readonly rates: { readonly fiveMinutes: number; readonly halfHour: number; readonly hour: number; readonly sixHours: number }
  /** 2 % of a month's budget within an hour, and it goes on. */
  readonly fast: boolean
  /** 5 % of a month's budget within six hours, and it goes on. */
  readonly slow: boolean
}

/** What was spent, by spans of five minutes: the newest last, at most six hours and one span. */
interface Ledger {
  readonly spanAt: Instant
  readonly lastAt: Instant
  /** Bad share times milliseconds. */
  readonly spent: readonly number[]
}

interface State {
  readonly ledgers: Readonly<Record<string, Ledger>>
  readonly burns: readonly Burn[]
}

const SPAN_MS = 300_000
const SPANS = 73
const HOUR_MS = 3_600_000
/** A budget so large that 14.4 times of it is more than everything: then half of everything counts. */
const MOST = 0.5

/**
 * Multi-window burn rates of ErrorRatio, Availability and Latency objectives, as in the SRE workbook (chapter 5): 14.4 over an hour and
 * five minutes is fast, 6 over six hours and half an hour is slow; the short window ends the alarm soon after the trouble. Shares of
 * time, not of requests: what cannot be told is no violation. It doubts nothing: others ask `burnsIn`.
 * Example: a ratio of 0.01 for five minutes, promised 0.001, is a rate of 10 over five minutes and of 0.83 over an hour.
 */
export function burn({ objectives, badShare }: BurnSettings): Screen {
  const watched = objectives.map((objective, index) => ({ index, objective, name: nameOf(objective) }))
  return {
    name: 'burn',
    doubt: (observation, memory) => {
      const before = recall<State>(memory, 'burn', { ledgers: {}, burns: [] })
      const ledgers: Record<string, Ledger> = {}
      const burns: Burn[] = []
      for (const { index, objective, name } of watched) {
        if (name === undefined) continue
        const ledger = enter(before.ledgers[name], badOf(objective, observation.objectives?.[index]), observation)
        if (ledger === undefined) continue
        ledgers[name] = ledger
        burns.push(burnOf(ledger, { name, now: observation.at, budget: budgetOf(objective, badShare) }))
      }
      return { memory: { ledgers, burns } satisfies State }
    },
  }
}

/** The burn rates as of this tick, of those objectives that were ever measured. */
export function burnsIn(memory: Memory): readonly Burn[] {
  return recall<State | undefined>(memory, 'burn', undefined)?.burns ?? []
}

/** What it is called; absent where it has no error budget. */
export function nameOf(objective: Objective): string | undefined {
  if (objective.type === 'Latency') return `P${objective.percentile} of ${objective.metric}`
  if (objective.type === 'ErrorRatio') return objective.metric === undefined ? 'error ratio' : `error ratio ${objective.metric}`
  if (objective.type === 'Availability')
    return objective.metric === undefined ? 'availability' : `availability ${objective.metric}`
  return undefined
}

/** The bad share of a reading, and when it was told; absent where there is none. */
function badOf(objective: Objective, reading: NonNullable<Observation['objectives']>[number] | undefined) {
  if (reading?.kind !== 'value' || !Number.isFinite(reading.value)) return undefined
  const { at, value } = reading
  if (objective.type === 'Latency') return { at, share: value > objective.threshold ? 1 : 0 }
  return { at, share: Math.min(1, Math.max(0, objective.type === 'Availability' ? 1 - value : value)) }
}

function budgetOf(objective: Objective, badShare: number): number {
  const budget =
    objective.type === 'ErrorRatio' ? objective.threshold : objective.type === 'Availability' ? 1 - objective.threshold : badShare
  return Math.max(budget, 1e-6)
}

/** A reading stands for the time since the one before it, five minutes at most; the first one for none. */
function enter(
  before: Ledger | undefined,
  bad: { readonly at: Instant; readonly share: number } | undefined,
  { at: now }: Observation,
): Ledger | undefined {
  const known = before ?? (bad && { spanAt: Math.floor(now / SPAN_MS) * SPAN_MS, lastAt: bad.at, spent: [0] })
  if (known === undefined) return undefined
  const passed = Math.min(SPANS, Math.max(0, Math.floor((now - known.spanAt) / SPAN_MS)))
  const spent = [...known.spent, ...Array<number>(passed).fill(0)].slice(-SPANS)
  const spanAt = passed === 0 ? known.spanAt : Math.floor(now / SPAN_MS) * SPAN_MS
  if (bad === undefined || bad.at <= known.lastAt) return { spanAt, lastAt: known.lastAt, spent }
  const stoodForMs = Math.min(SPAN_MS, bad.at - known.lastAt)
  const inThisMs = Math.min(stoodForMs, Math.max(0, now - spanAt))
  spent[spent.length - 1]! += bad.share * inThisMs
  if (spent.length > 1) spent[spent.length - 2]! += bad.share * (stoodForMs - inThisMs)
  return { spanAt, lastAt: bad.at, spent }
}

function burnOf(ledger: Ledger, { name, now, budget }: { name: string; now: Instant; budget: number }): Burn {
  const rate = (windowMs: number) => spentWithin(ledger, now, windowMs) / windowMs / budget
  const rates = {
    fiveMinutes: rate(SPAN_MS),
    halfHour: rate(6 * SPAN_MS),
    hour: rate(HOUR_MS),
    sixHours: rate(6 * HOUR_MS),
  }
  const [fast, slow] = [Math.min(14.4, MOST / budget), Math.min(6, MOST / budget)]
  return {
    objective: name,
    rates,
    fast: rates.hour >= fast && rates.fiveMinutes >= fast,
    slow: rates.sixHours >= slow && rates.halfHour >= slow,
  }
}

/** The span in progress, those before it, and of the oldest as much as the window still reaches. */
function spentWithin({ spanAt, spent }: Ledger, now: Instant, windowMs: number): number {
  const whole = windowMs / SPAN_MS
  const reach = 1 - Math.min(1, Math.max(0, (now - spanAt) / SPAN_MS))
  let sum = reach * (spent[spent.length - 1 - whole] ?? 0)
  for (let back = 0; back < whole; back++) sum += spent[spent.length - 1 - back] ?? 0
  return sum
}
