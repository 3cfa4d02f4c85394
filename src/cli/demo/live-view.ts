import { isMissing, neededReplicas } from '../../sim/load.ts'
import { sparkline } from '../terminal/sparkline.ts'
import { tableLines } from '../terminal/table.ts'
import { cut, figure, minutes, money, wrap } from '../terminal/text.ts'
import { type Paints, totalsOf } from './scoreboard.ts'
import { TICK_MS } from './service.ts'
import { type Part, replicasOf, type Stage, scoreOf } from './stage.ts'
import { clockOf, loadNow } from './stage-facts.ts'

export interface LivePaints extends Paints {
  readonly bad: (text: string) => string
  readonly load: (text: string) => string
}

export interface LiveState {
  readonly stage: Stage
  readonly address: string
  readonly speed: string
  /** The event that goes on, or has just been; absent in calm times. */
  readonly caption: string | undefined
  /** The latest decision that changed something. */
  readonly latest: { readonly service: string; readonly at: number; readonly sentence: string } | undefined
}

/** The sparkline looks back that far. */
const WINDOW_TICKS = (3 * 3_600_000) / TICK_MS

/** One frame for a terminal of `columns` width, 80 or more for everything; narrower ones lose the right side. */
export function liveFrame(state: LiveState, columns: number, paints: LivePaints): readonly string[] {
  const { stage } = state
  const width = Math.min(columns, 160)
  const day = new Date(stage.now()).toISOString().slice(0, 10)
  const head = `${paints.strong('Crescendo demo')}  simulated ${day} ${paints.strong(clockOf(stage.now()))}, ${state.speed}`
  if (stage.learned() < 1) return [head, ...learningLines(state, paints, width)]
  return [
    head,
    paints.dim(cut(`${state.address}   Ctrl-C stops`, width)),
    '',
    ...partLines(stage.parts, width, paints),
    '',
    ...totalLines(stage, paints),
    '',
    ...storyLines(state, width, paints),
  ]
}

function learningLines({ stage, address }: LiveState, paints: LivePaints, width: number): readonly string[] {
  const share = stage.learned()
  const length = Math.min(50, width - 20)
  const done = Math.round(share * length)
  const days = Math.round(Math.max(...stage.parts.map(({ service }) => service.historyTicks)) / (86_400_000 / TICK_MS))
  return [
    paints.dim(cut(`${address}   Ctrl-C stops`, width)),
    '',
    `Learning ${days} days of history of ${stage.parts.map(({ service }) => service.name).join(', ')}`,
    `${paints.good('█'.repeat(done))}${paints.dim('░'.repeat(length - done))} ${Math.floor(100 * share)} %`,
  ]
}

/** "ready" columns are coloured where they are short of what is needed: that is a violation, now. */
function partLines(parts: readonly Part[], width: number, paints: LivePaints): readonly string[] {
  const rows = (space: number) => parts.map(part => rowOf(part, space, paints))
  const columns = (space: number) => [
    { title: 'service' },
    { title: 'load, last 3 h', minWidth: space },
    { title: '', align: 'right' as const, minWidth: 10 },
    { title: 'needs', align: 'right' as const },
    { title: 'HPA', align: 'right' as const, minWidth: 4 },
    { title: 'ours', align: 'right' as const, minWidth: 4 },
    { title: 'bad min HPA', align: 'right' as const },
    { title: 'ours', align: 'right' as const, minWidth: 5 },
    { title: 'cost HPA', align: 'right' as const, minWidth: 8 },
    { title: 'ours', align: 'right' as const, minWidth: 8 },
  ]
  const names = Math.max(7, ...parts.map(({ service }) => service.name.length))
  const space = Math.max(14, Math.min(60, width - names - 76))
  return tableLines(columns(space), rows(space), paints.dim)
}

function rowOf(part: Part, space: number, paints: LivePaints): readonly string[] {
  const { service, actors } = part
  const [ours, hpa] = actors
  const load = loadNow(part)
  const needed = load === undefined ? undefined : neededReplicas(load, service.target.capacityPerReplica)
  const ready = (actor: typeof ours) => {
    const count = actor && replicasOf(actor)?.ready
    if (count === undefined) return ''
    return needed !== undefined && count < needed ? paints.bad(`▲${count}`) : String(count)
  }
  const scores = [hpa, ours].map(actor => actor && scoreOf(part, actor))
  const bad = scores.map(score => (score === undefined ? '' : minutes(score.sloViolationMinutes)))
  const cost = scores.map(score => (score === undefined ? '' : money(score.cost, service.currency)))
  return [
    service.name,
    paints.load(sparkline(recentLoad(part), space)),
    load === undefined ? paints.dim('no data') : `${figure(load)} ${service.unit === 'load units' ? '' : service.unit}`.trimEnd(),
    needed === undefined ? '' : String(needed),
    ready(hpa),
    ready(ours),
    bad[0]!,
    bad[1]!,
    cost[0]!,
    cost[1]!,
  ]
}

function recentLoad({ service, actors }: Part): readonly (number | undefined)[] {
  const run = actors[0]!.simulation.run()
  const from = Math.max(0, run.load.length - WINDOW_TICKS)
  return Array.from(run.load.subarray(from), (value, index) => (isMissing(service.load, from + index) ? undefined : value))
}

function totalLines(stage: Stage, paints: LivePaints): readonly string[] {
  const totals = totalsOf(stage)
  const currency = stage.parts[0]!.service.currency
  const told = ['hpa', 'crescendo'].map(name => {
    const total = totals.find(one => one.name === name)!
    const text = `${minutes(total.sloViolationMinutes)} bad min, ${money(total.cost, currency)}, ${total.scaleUps + total.scaleDowns} scalings`
    return name === 'hpa' ? `HPA ${text}` : `${paints.strong('Crescendo')} ${text}`
  })
  return [`${paints.dim('so far')}  ${told.join('  ·  ')}`]
}

function storyLines({ caption, latest }: LiveState, width: number, paints: LivePaints): readonly string[] {
  const event = caption === undefined ? [paints.dim('calm'), ''] : wrap(caption, width - 2, 2)
  const [first = '', second = ''] = event
  const decision = latest === undefined ? [] : wrap(`${clockOf(latest.at)} ${latest.service} ${latest.sentence}`, width - 2, 3)
  return [paints.strong(first), paints.strong(second), ...decision]
}

/** The same facts in one line, for logs and pipes: needed/HPA/ours of every service, then the score so far. */
export function plainLine({ stage, caption }: LiveState): string {
  const services = stage.parts.map(part => {
    const [ours, hpa] = part.actors.map(actor => replicasOf(actor)?.ready ?? 0)
    const load = loadNow(part)
    const needed = load === undefined ? '?' : neededReplicas(load, part.service.target.capacityPerReplica)
    return `${part.service.name} needs ${needed} hpa ${hpa} ours ${ours}`
  })
  const totals = totalsOf(stage)
  const [ours, hpa] = ['crescendo', 'hpa'].map(name => totals.find(total => total.name === name)!)
  const score = `bad min hpa ${minutes(hpa!.sloViolationMinutes)} ours ${minutes(ours!.sloViolationMinutes)}`
  return [clockOf(stage.now()), ...services, score, ...(caption === undefined ? [] : [caption])].join(' | ')
}
