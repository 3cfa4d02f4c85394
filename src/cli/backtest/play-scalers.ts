import type { Decision } from '../../core/model.ts'
import { prepare } from '../../sim/rivals/contenders.ts'
import { type Run, simulate } from '../../sim/run.ts'
import { type Score, score } from '../../sim/score.ts'
import { scalersFor } from '../scalers.ts'
import type { Stage } from './settle-world.ts'

/** One scaler on one trace. */
export interface Played {
  readonly run: Run
  readonly score: Score
  readonly note?: string
  /** Replica-hours above the oracle's, as a share of them; absent without an oracle, and for itself. */
  readonly excessOverOracle?: number
}

export interface Watching {
  readonly onProgress: (scaler: string, done: number, total: number) => void
  readonly onDecision?: (scaler: string, decision: Decision, tick: number) => void
}

/** Plays every scaler over the whole trace, history included, one after another; only what is after the warm-up is scored. */
export async function playScalers(
  stage: Stage,
  names: readonly string[],
  { onProgress, onDecision }: Watching,
): Promise<readonly Played[]> {
  const table = scalersFor(stage.settings, stage.price)
  const played: Played[] = []
  for (const name of names) {
    const watch = (done: number, total: number) => onProgress(name, done, total)
    const { rules, target, scheduled, note } = await prepare(name, stage.scenario, { table, onProgress: watch })
    const run = await simulate(
      { ...rules, name },
      { ...stage.scenario, target, ...(scheduled && { scheduled }) },
      {
        stopwatch: () => performance.now() * 1000,
        onProgress: watch,
        ...(onDecision && { onDecision: (decision, tick) => onDecision(name, decision, tick) }),
      },
    )
    const figures = score(run, { capacityPerReplica: stage.scenario.target.capacityPerReplica, price: stage.price })
    played.push({ run, score: figures, ...(note !== undefined && { note }) })
  }
  return againstOracle(played)
}

function againstOracle(played: readonly Played[]): readonly Played[] {
  const best = played.find(({ score }) => score.name === 'oracle')?.score.replicaHours
  if (best === undefined || best === 0) return played
  return played.map(one => (one.score.name === 'oracle' ? one : { ...one, excessOverOracle: one.score.replicaHours / best - 1 }))
}
