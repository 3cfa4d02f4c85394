import type { Instant } from '../model.ts'
import { type Context, type Proposer, recall } from '../rules.ts'
import { burnsIn } from '../screen/burn.ts'

/** What was ordered against the burning so far. */
interface State {
  readonly at: Instant
  readonly to: number
  /** The burn rate over half an hour when the first of these orders was made: five minutes are noise. */
  readonly rate: number
  /** Orders without relief. */
  readonly orders: number
}

/** Replicas are at their safe load from this share of it on. */
const FULL = 0.9
/** Work waits in earnest where the ready replicas would need that long for it; a few jobs that wait are how queues are. */
const WAITING_SECONDS = 30
/** A block: a tenth more. */
const BLOCK = 0.1
/** So many orders without relief, and replicas are not what is missing. */
const MOST_ORDERS = 3
/** An order shows in the burn rate of half an hour after that long. */
const EFFECT_MS = 900_000

const hasShown = ({ now, target }: Context, { at }: Partial<State>): boolean =>
  at !== undefined && now - at >= target.startupMs + EFFECT_MS

/**
 * While an objective burns its error budget fast and the replicas are at their safe load (or work waits in a queue), a tenth more; the
 * next only once those are ready and had a quarter of an hour to show. Three without relief, or replicas with room left: more do not
 * help, and it says so instead.
 */
export function slo(): Proposer {
  return {
    name: 'slo',
    propose: context => {
      const burning = burnsIn(context.memory).filter(({ fast }) => fast)
      const [worst] = burning.toSorted((a, b) => b.rates.fiveMinutes - a.rates.fiveMinutes)
      if (worst === undefined) return { kind: 'abstains', why: 'no objective burns its error budget fast', memory: { orders: 0 } }
      const before = recall<Partial<State>>(context.memory, 'slo', {})
      const isRelieved = hasShown(context, before) && worst.rates.halfHour < 0.8 * (before.rate ?? 0)
      const { orders = 0, ...last } = isRelieved ? { ...before, orders: 0 } : before
      const hindrance = hindranceTo(context, { ...last, orders })
      if (hindrance !== undefined)
        return { kind: 'abstains', why: `${worst.objective} burns, ${hindrance}`, memory: { ...last, orders } }
      const { spec } = context.situation.observation.replicas
      const to = spec + Math.max(1, Math.ceil(BLOCK * spec - 1e-9))
      const rate = orders === 0 ? worst.rates.halfHour : (last.rate ?? worst.rates.halfHour)
      const why = `${worst.objective} burns ${Math.round(worst.rates.fiveMinutes)} times its error budget at the safe load: a tenth more`
      return {
        kind: 'proposes',
        replicas: to,
        why,
        floor: true,
        memory: { at: context.now, to, rate, orders: orders + 1 } satisfies State,
      }
    },
  }
}

/** Why no more is ordered now. */
function hindranceTo(context: Context, last: Partial<State>): string | undefined {
  const { situation, target } = context
  const { replicas, backlog = 0 } = situation.observation
  const { demand } = situation
  if (demand === undefined) return 'but the demand is missing'
  const capacity = replicas.ready * target.capacityPerReplica
  if (demand < FULL * capacity && backlog < WAITING_SECONDS * capacity) return 'but the replicas have room left: more do not help'
  if ((last.orders ?? 0) >= MOST_ORDERS) return `and ${MOST_ORDERS} orders brought no relief: more replicas do not help`
  if (replicas.ready < replicas.spec) return 'and what was ordered is not ready yet'
  if (last.at !== undefined && !hasShown(context, last)) return 'and the last order has not shown its effect yet'
  return undefined
}
