import { condition, type Word } from '../conditions.ts'
import { figure } from '../explain/figures.ts'
import type { Forecast, Instant } from '../model.ts'
import { type Context, type Proposer, recall } from '../rules.ts'
import { wholeReplicas } from './block-rule.ts'

export interface BlindSettings {
  /** How long the demand must be missing. Default 120,000. */
  readonly fallbackAfterMs?: number
}

const NAME = 'blind'

interface State {
  readonly lastGood?: number
  readonly missingSince?: Instant
}

const SOURCES = { OtherSignals: 'other metrics', LastGoodDemand: 'the last good value', ForecastMedian: 'the median forecast' }

type Source = keyof typeof SOURCES

/**
 * Where the demand has been missing for two minutes: the highest of what other signals say, of the last good demand and of the
 * forecast's median. It may raise replicas and never lowers them: the guard `hold` sees to the rest.
 */
export function blind({ fallbackAfterMs = 120_000 }: BlindSettings = {}): Proposer {
  return {
    name: NAME,
    propose: context => {
      const { now, situation, target } = context
      const before = recall<State>(context.memory, NAME, {})
      if (situation.demand !== undefined) {
        const told = tell('False', 'NotNeeded', 'demand is there')
        return { kind: 'abstains', why: 'demand is there', memory: { lastGood: situation.demand } satisfies State, ...told }
      }
      const memory: State = { ...before, missingSince: before.missingSince ?? now }
      const missingMs = now - (memory.missingSince ?? now)
      if (missingMs < fallbackAfterMs) {
        const why = `the demand is missing for ${seconds(missingMs)} s, the fallback speaks from ${seconds(fallbackAfterMs)} s on`
        return { kind: 'abstains', why, memory, ...tell('False', 'Waiting', why) }
      }
      const found = highest(memory, context)
      if (found === undefined) {
        const why = `the demand is missing for ${seconds(missingMs)} s, and nothing else tells what it may be`
        return { kind: 'abstains', why, memory, ...tell('True', 'NothingKnown', why) }
      }
      const why = `the demand is missing for ${seconds(missingMs)} s: ${SOURCES[found.source]} says ${figure(found.demand)}`
      const replicas = wholeReplicas(found.demand / target.capacityPerReplica)
      return { kind: 'proposes', floor: true, replicas, why, memory, ...tell('True', found.source, why) }
    },
  }
}

const seconds = (ms: number): number => Math.round(ms / 1000)

const tell = (status: Word<'Fallback'>['status'], reason: Word<'Fallback'>['reason'], message: string) => ({
  conditions: [condition('Fallback', { status, reason, message })],
})

function highest({ lastGood }: State, { situation, forecast, now, target }: Context) {
  const median = forecast && 'windows' in forecast ? medianOf(forecast, now + target.startupMs) : undefined
  const said: readonly (readonly [Source, number | undefined])[] = [
    ['OtherSignals', situation.observation.otherDemand],
    ['LastGoodDemand', lastGood],
    ['ForecastMedian', median],
  ]
  let best: { readonly source: Source; readonly demand: number } | undefined
  for (const [source, demand] of said) {
    if (demand !== undefined && Number.isFinite(demand) && demand > (best?.demand ?? -1)) best = { source, demand }
  }
  return best
}

/** Of the fan the first point from `at` on, else its last; without a fan the median of the first window. */
function medianOf({ points, windows }: Forecast, at: Instant): number | undefined {
  const point = points.find(one => one.at >= at) ?? points.at(-1)
  return (point ?? windows[0])?.quantiles[0]
}
