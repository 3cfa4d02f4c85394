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

/** A line over the titles says what the pairs are: ready replicas, bad minutes and cost of the HPA, and ours. */
function partLines(parts: readonly Part[], width: number, paints: LivePaints): readonly string[] {
  const names = Math.max(7, ...parts.map(({ service }) => service.name.length))
  const gap = width >= 110 ? 2 : 1
  const space = Math.max(9, Math.min(60, width - names - NUMBERS_WIDTH - 9 * gap))
  const columns = [
    { title: 'service', minWidth: names },
    { title: 'load, last 3 h'.slice(0, space), minWidth: space },
    ...NUMBERS.map(({ title, minWidth }) => ({ title, minWidth, align: 'right' as const })),
  ]
  const group = (index: number, title: string) => {
    const own = NUMBERS.slice(index, index + 2)
    return title.padStart(own.reduce((sum, { minWidth }) => sum + minWidth + gap, 0))
  }
  const indent = names + space + 2 * gap + NUMBERS[0]!.minWidth + gap + NUMBERS[1]!.minWidth
  const over = `${' '.repeat(indent)}${group(2, 'ready')}${group(4, 'bad min')}${group(6, 'cost $')}`
  const rows = parts.map(part => rowOf(part, space, paints))
  return [paints.dim(over), ...tableLines(columns, rows, { paintTitle: paints.dim, gap })]
}

const NUMBERS = [
  { title: 'now', minWidth: 7 },
  { title: 'needs', minWidth: 5 },
  { title: 'HPA', minWidth: 4 },
  { title: 'ours', minWidth: 4 },
  { title: 'HPA', minWidth: 5 },
  { title: 'ours', minWidth: 5 },
  { title: 'HPA', minWidth: 6 },
  { title: 'ours', minWidth: 6 },
] as const
const NUMBERS_WIDTH = NUMBERS.reduce((sum, { minWidth }) => sum + minWidth, 0)

/** A ready count is marked where it is short of what is needed: that is a violation, now. */
function rowOf(part: Part, space: number, paints: LivePaints): readonly string[] {
  const { service, actors } = part
  const load = loadNow(part)
  const needed = load === undefined ? undefined : neededReplicas(load, service.target.capacityPerReplica)
  const pair = [actors[1]!, actors[0]!] // the HPA stands first, as on the page
  const scores = pair.map(actor => scoreOf(part, actor))
  return [
    service.name,
    paints.load(sparkline(recentLoad(part), space)),
    load === undefined ? paints.dim('no data') : figure(load),
    needed === undefined ? '' : String(needed),
    ...pair.map(actor => readyText(replicasOf(actor)?.ready, needed, paints)),
    ...scores.map(score => minutes(score.sloViolationMinutes)),
    ...scores.map(score => (score.cost >= 100 ? figure(score.cost) : score.cost.toFixed(2))),
  ]
}

function readyText(ready: number | undefined, needed: number | undefined, paints: LivePaints): string {
  if (ready === undefined) return ''
  return needed !== undefined && ready < needed ? paints.bad(`▲${ready}`) : String(ready)
}

function recentLoad({ service, actors }: Part): readonly (number | undefined)[] {
  const { simulation, taught } = actors[0]!
  const run = simulation.run()
  const from = Math.max(0, run.load.length - WINDOW_TICKS)
  return Array.from(run.load.subarray(from), (value, index) =>
    isMissing(service.load, taught + from + index) ? undefined : value,
  )
}

function totalLines(stage: Stage, paints: LivePaints): readonly string[] {
  const totals = totalsOf(stage)
  const currency = stage.parts[0]!.service.currency
  const told = ['hpa', 'crescendo'].map(name => {
    const total = totals.find(one => one.name === name)!
    const text = `${minutes(total.sloViolationMinutes)} bad min, ${money(total.cost, currency)}, ${total.scaleUps + total.scaleDowns} scalings`
    return name === 'hpa' ? `HPA        ${text}` : `${paints.strong('Crescendo')}  ${text}`
  })
  return [`${paints.dim('so far')}  ${told[0]}`, `        ${told[1]}`]
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
