import { createFleet, type Fleet, type FleetSettings, memberAfter, type Standing } from '../core/fleet/fleet.ts'
import type { Decision, Instant } from '../core/model.ts'
import type { Rules } from '../core/rules.ts'
import { targetInForce } from '../core/scheduled.ts'
import { type Run, type Scenario, startSimulation } from './run.ts'

/** One service of a simulated fleet. */
export interface FleetService {
  readonly standing: Omit<Standing, 'id' | 'minReplicas'>
  /** With the guard that obeys shared budgets (`GuardSettings.isSharing`). */
  readonly rules: Rules
  /** All scenarios of a fleet begin at the same time and have the same ticks. */
  readonly scenario: Scenario
}

export interface FleetOptions {
  /** Absent: every service has all the money it wants. */
  readonly budgets?: FleetSettings
  readonly onDecision?: (decision: Decision, tick: number) => void
}

/**
 * Several services in lockstep, each in a world of its own, under budgets that they share: in each tick one decides after the other,
 * in the order of `services`, with the purse that a live controller has. One run for each service, in that order.
 */
export async function simulateFleet(services: readonly FleetService[], options: FleetOptions = {}): Promise<readonly Run[]> {
  const fleet = options.budgets && createFleet(options.budgets)
  const players = services.map(service => playerOf(service, fleet))
  const ticks = Math.min(...players.map(({ simulation }) => simulation.ticks))
  for (let tick = 0; tick < ticks; tick++) {
    for (const { simulation, note } of players) {
      const decision = await simulation.step()
      note(decision)
      options.onDecision?.(decision, tick)
    }
  }
  return players.map(({ simulation }) => simulation.run())
}

function playerOf({ standing, rules, scenario }: FleetService, fleet: Fleet | undefined) {
  const targetAt = (at: Instant) => targetInForce(scenario.target, at, scenario.scheduled)
  const meAt = (at: Instant): Standing => ({ ...standing, id: scenario.target.id, minReplicas: targetAt(at).minReplicas })
  const simulation = startSimulation(rules, scenario, fleet && { allowance: now => fleet.allowance(meAt(now.at), now) })
  const note = (decision: Decision) => {
    const { at, to } = decision
    fleet?.note(memberAfter(meAt(at), { decision, target: targetAt(at), ordered: to }), at)
  }
  return { simulation, note }
}
