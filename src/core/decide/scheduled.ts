import { figure, isoTime } from '../explain/figures.ts'
import type { Instant, ScheduledWindow } from '../model.ts'
import { type Context, type Proposer, recall } from '../rules.ts'
import { dueWindows, expectedFactor, usualLoad } from '../scheduled.ts'
import { wholeReplicas } from './block-rule.ts'

const NAME = 'scheduled'

interface State {
  /** The load without what schedules add to it. */
  readonly usual?: number
}

/**
 * What schedules ask for, from a start-up time before their windows on: their floors, and what the usual load of now needs times the
 * factor that is expected; a forecast knows of the factor too, and what the usual load will be. It may raise replicas, and never
 * lowers them: ceilings are bounds (`targetInForce`).
 */
export function scheduled(): Proposer {
  return {
    name: NAME,
    propose: context => {
      const { now, situation, target } = context
      const windows = situation.observation.scheduled ?? []
      const memory = learn(context, windows)
      const asked = dueWindows(target, now, windows).flatMap(window => wishesOf(window, memory, context))
      const [first] = asked.toSorted((a, b) => b.replicas - a.replicas)
      if (first === undefined) return { kind: 'abstains', why: nextOf(windows, now), memory }
      return { kind: 'proposes', floor: true, outright: true, replicas: first.replicas, why: first.why, memory }
    },
  }
}

function learn({ now, situation, memory }: Context, windows: readonly ScheduledWindow[]): State {
  const before = recall<State>(memory, NAME, {})
  if (situation.demand === undefined) return before
  const { at } = situation.observation.demand
  const factor = expectedFactor(windows, { from: Math.min(at, now), to: Math.min(at, now) })
  return { usual: factor === undefined ? situation.demand : usualLoad(situation.demand, factor, before.usual) }
}

function wishesOf({ name, to, minReplicas, expectedLoadFactor }: ScheduledWindow, { usual }: State, context: Context) {
  const { target } = context
  const until = `until ${isoTime(to)}`
  const wishes = []
  if (minReplicas !== undefined) {
    const replicas = Math.min(minReplicas, target.maxReplicas)
    const cut = replicas < minReplicas ? `, of which maxReplicas allows ${replicas}` : ''
    wishes.push({ replicas, why: `${name}: at least ${minReplicas} ${until}${cut}` })
  }
  if (expectedLoadFactor !== undefined && expectedLoadFactor > 1 && usual !== undefined) {
    const load = usual * expectedLoadFactor
    const why = `${name}: ${expectedLoadFactor} times the usual load of ${figure(usual)} is expected ${until}`
    wishes.push({ replicas: wholeReplicas(load / target.capacityPerReplica), why })
  }
  return wishes
}

/** What stands behind the silence, for whoever asks why: the window that is on and asks for nothing, or the next one. */
function nextOf(windows: readonly ScheduledWindow[], now: Instant): string {
  const on = windows.find(({ from, to }) => now >= from && now < to)
  if (on !== undefined) return `${on.name} lasts until ${isoTime(on.to)} and asks for no replicas of its own`
  const [next] = windows.filter(({ from }) => from > now).toSorted((a, b) => a.from - b.from)
  if (next === undefined) return 'nothing is scheduled now'
  return `${next.name} begins at ${isoTime(next.from)}`
}
