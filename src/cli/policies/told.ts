import { type LearntScalars, USUAL_SCALARS } from '../../core/policy/learnt-scalars.ts'
import type { Fidelities } from '../../learn/fidelity.ts'
import type { Compared, Judgement } from '../../learn/judge.ts'
import { isChecked, type Revision, told } from '../../learn/revision.ts'

/** "deadband 0.08 (usually 0.1)", one line a scalar. */
export function changeLines(changed: Partial<LearntScalars>): readonly string[] {
  return Object.entries(changed).map(
    ([name, value]) => `${name} ${value} (usually ${USUAL_SCALARS[name as keyof LearntScalars]})`,
  ) // its own keys
}

/** What was compared, for people. */
export function evidenceLines({ days, replicaHours, badMinutes }: Judgement): readonly string[] {
  const line = (what: string, { before, after, difference: { low, high } }: Compared) =>
    `${what} ${figure(before)} -> ${figure(after)}, 95 % interval of the difference ${signed(low)} to ${signed(high)}`
  return [`on ${days} days: ${line('replica-hours', replicaHours)}`, `on ${days} days: ${line('bad minutes', badMinutes)}`]
}

/** Whether the simulator tells what really ran, for people. */
export const fidelityLine = (fidelity: Fidelities | undefined): string =>
  isChecked(fidelity) ? fidelity.why : 'fidelity not checked: no --recorded-replicas tell what really ran'

/** One revision in plain words, its moves below it. */
export function revisionLines(revision: Revision): readonly string[] {
  const { revision: number, parent, changed, from, to, tried, evidence, moves, at, state } = revision
  const base = parent === 0 ? 'the policy as written' : `revision ${parent}`
  return [
    `revision ${number}: ${told(state)}`,
    `  ${day(at)} learnt on top of ${base} from ${day(from)} to ${day(to)}, the best of ${tried}: ${evidence.why}`,
    ...changeLines(changed).map(line => `    ${line}`),
    ...evidenceLines(evidence).map(line => `    ${line}`),
    `    ${fidelityLine(evidence.fidelity)}`,
    ...moves.map(
      move => `  ${day(move.at)} ${told(move.to)}${move.by === undefined ? '' : `, approved by ${move.by}`}: ${move.why}`,
    ),
  ]
}

const figure = (value: number) => String(Math.round(10 * value) / 10)
const signed = (value: number) => `${value > 0 ? '+' : ''}${figure(value)}`
const day = (at: number) => new Date(at).toISOString().slice(0, 10)
