import { timeOf } from '../../sim/load.ts'
import { totalsOf } from './scoreboard.ts'
import { type Stage, scoreOf } from './stage.ts'

/** The document of `demo --once --json`: a function of seed and traffic only. */
export function summaryOf(stage: Stage, { seed, trace }: { seed: number; trace: string | undefined }): object {
  const { load, historyTicks } = stage.parts[0]!.service
  return {
    seed,
    ...(trace !== undefined && { trace }),
    traffic: trace === undefined ? 'generated' : 'recorded',
    start: new Date(timeOf(load, historyTicks)).toISOString(),
    end: new Date(stage.now()).toISOString(),
    services: stage.parts.map(part => {
      const { namespace, name, profile, price, currency, target, events } = part.service
      return {
        namespace,
        name,
        ...(profile !== undefined && { profile }),
        capacityPerReplica: target.capacityPerReplica,
        startupSeconds: target.startupMs / 1000,
        price,
        currency,
        events: events.map(event => ({
          ...event,
          from: new Date(event.from).toISOString(),
          to: new Date(event.to).toISOString(),
        })),
        scalers: part.actors.map(actor => scoreOf(part, actor)),
      }
    }),
    total: totalsOf(stage),
  }
}
