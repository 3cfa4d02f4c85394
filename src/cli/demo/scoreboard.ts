import type { Score } from '../../sim/score.ts'
import { tableLines } from '../terminal/table.ts'
import { figure, minutes, money } from '../terminal/text.ts'
import { type Part, type Stage, scoreOf } from './stage.ts'

/** One scaler over all services. */
export interface Total {
  readonly name: string
  readonly sloViolationMinutes: number
  readonly replicaHours: number
  readonly cost: number
  readonly scaleUps: number
  readonly scaleDowns: number
  /** Cost above the oracle's as a share of it; absent for the oracle itself. */
  readonly excessOverOracle?: number
}

export function totalsOf(stage: Stage): readonly Total[] {
  const scores = stage.parts.flatMap(part => part.actors.map(actor => scoreOf(part, actor)))
  const names = [...new Set(scores.map(({ name }) => name))]
  const totals = names.map(name =>
    sum(
      name,
      scores.filter(score => score.name === name),
    ),
  )
  const oracle = totals.find(({ name }) => name === 'oracle')
  return totals.map(total =>
    oracle === undefined || total === oracle || oracle.cost === 0
      ? total
      : { ...total, excessOverOracle: total.cost / oracle.cost - 1 },
  )
}

function sum(name: string, scores: readonly Score[]): Total {
  const add = (pick: (score: Score) => number) => scores.reduce((total, score) => total + pick(score), 0)
  return {
    name,
    sloViolationMinutes: add(score => score.sloViolationMinutes),
    replicaHours: add(score => score.replicaHours),
    cost: add(score => score.cost),
    scaleUps: add(score => score.scaleUps),
    scaleDowns: add(score => score.scaleDowns),
  }
}

/** How the names of scalers are written for people. */
const TITLES: Readonly<Record<string, string>> = {
  crescendo: 'Crescendo',
  hpa: 'HPA (upstream defaults)',
  keda: 'KEDA-like',
  oracle: 'oracle (knows the future)',
}

const titleOf = (name: string) => TITLES[name] ?? name

export interface Paints {
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly strong: (text: string) => string
}

/** The final table: all services together, then bad minutes and cost of each. The best of those who cannot see the future is marked. */
export function scoreboardLines(stage: Stage, paints: Paints): readonly string[] {
  const totals = totalsOf(stage)
  const currency = stage.parts[0]!.service.currency
  const hours = (stage.played() * stage.parts[0]!.service.load.tickMs) / 3_600_000
  const what = stage.parts.length === 1 ? stage.parts[0]!.service.target.id : `${stage.parts.length} services`
  const columns = [
    { title: 'scaler' },
    { title: 'bad minutes', align: 'right' },
    { title: 'cost', align: 'right' },
    { title: 'over oracle', align: 'right' },
    { title: 'scalings', align: 'right' },
  ] as const
  const best = (pick: (total: Total) => number) => Math.min(...totals.filter(({ name }) => name !== 'oracle').map(pick))
  const [bestMinutes, bestCost] = [best(total => total.sloViolationMinutes), best(total => total.cost)]
  const marked = (isBest: boolean, text: string) => (isBest ? paints.good(`✓ ${text}`) : text)
  const rows = totals.map(total => [
    total.name === 'crescendo' ? paints.strong(titleOf(total.name)) : titleOf(total.name),
    marked(total.name !== 'oracle' && total.sloViolationMinutes === bestMinutes, minutes(total.sloViolationMinutes)),
    marked(total.name !== 'oracle' && total.cost === bestCost, money(total.cost, currency)),
    total.excessOverOracle === undefined
      ? ''
      : `${total.excessOverOracle < 0 ? '−' : '+'}${figure(Math.abs(100 * total.excessOverOracle))} %`,
    figure(total.scaleUps + total.scaleDowns),
  ])
  return [
    paints.strong(`Scoreboard: ${what}, ${figure(hours)} simulated hours`),
    '',
    ...tableLines(columns, rows, { paintTitle: paints.dim }),
    ...(stage.parts.length > 1 ? ['', ...serviceLines(stage.parts, paints)] : []),
    '',
    paints.dim('bad: load exceeds ready replicas × capacity. Same traffic, start-up and prices for all.'),
  ]
}

function serviceLines(parts: readonly Part[], paints: Paints): readonly string[] {
  const names = parts[0]!.actors.map(({ name }) => name)
  const columns = [{ title: 'bad minutes · cost' }, ...names.map(title => ({ title, align: 'right' as const }))]
  const rows = parts.map(part => [
    part.service.name,
    ...part.actors.map(actor => {
      const { sloViolationMinutes, cost } = scoreOf(part, actor)
      return `${minutes(sloViolationMinutes)} · ${money(cost, part.service.currency)}`
    }),
  ])
  return tableLines(columns, rows, { paintTitle: paints.dim })
}
