import { type CrescendoOptions, crescendoRules } from '../core/policy/crescendo-rules.ts'
import type { PolicyOptions } from '../resources/rules-options.ts'
import { ticksOf } from '../sim/load.ts'
import { usualStartupMs } from '../sim/replicas.ts'
import { type Contender, followed } from '../sim/rivals/contenders.ts'
import type { Scenario } from '../sim/run.ts'

/** Crescendo ready to run in a simulated world, in demo and back-test alike. */
export function crescendoContender(scenario: Scenario, options: PolicyOptions): Contender {
  return { rules: crescendoRules(optionsIn(scenario, options)), target: followed(scenario) }
}

/**
 * What Crescendo may know of a simulated world: the age of its metrics in whole ticks, and the start-up that nine of ten pods keep to,
 * with a node's before it where nodes have to start.
 */
export function optionsIn(scenario: Scenario, options: PolicyOptions): CrescendoOptions {
  const target = followed(scenario)
  const { metricsDelayMs, load, startup = { kind: 'fixed' }, nodes } = scenario
  const delayMs = ticksOf(metricsDelayMs, load.tickMs) * load.tickMs
  const startupMs = usualStartupMs(target.startupMs, startup) + (nodes?.startupMs ?? 0)
  return { ...options, target: { ...target, startupMs }, delayMs }
}
