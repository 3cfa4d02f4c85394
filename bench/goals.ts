import { type Evaluated, meets, type Row } from './evaluate.ts'
import { median, percent, table } from './format.ts'
import { isSmooth } from './smooth.ts'

/** Budget at a start-up of 300 s: one unforeseen jump costs 5.5 minutes there. */
const LONG_BUDGET_MINUTES = 4.3

interface Goal {
  readonly goal: string
  /** Class of traces, action limit and how each side was tuned. */
  readonly terms: string
  readonly toReach: string
  readonly measured: string
  readonly isReached: boolean
  /** Told where it is not reached. */
  readonly inTheWay: string
}

/** The goals that this bench can judge, for the start-up times that were played. */
export function goals(results: readonly Evaluated[]): string {
  const [short, long] = [75, 300].map(startup => results.filter(one => one.startupSeconds === startup)) as [
    Evaluated[],
    Evaluated[],
  ]
  const judged = [...(short.length > 0 ? ofShort(short) : []), ...(long.length > 0 ? ofLong(long) : []), ...ofBoth(results)]
  const lines = judged.map(({ goal, terms, toReach, measured, isReached, inTheWay }) => [
    goal,
    terms,
    toReach,
    measured,
    isReached ? 'reached' : `**not reached**: ${inTheWay}`,
  ])
  return `## Goals\n\n${table([['goal', 'class, actions, tuning', 'to reach', 'measured', ''], ...lines])}`
}

const rowOf = ({ rows }: Evaluated, scaler: string): Row | undefined => rows.find(row => row.scaler === scaler)

/** Of the traces that a scaler played: its rows, in their order. */
function rowsOf(results: readonly Evaluated[], scaler: string): readonly Row[] {
  return results.flatMap(one => rowOf(one, scaler) ?? [])
}

const smoothOnes = (results: readonly Evaluated[]) => results.filter(one => isSmooth(one.jump, one.startupSeconds))
const excessOf = (rows: readonly Row[]): number => median(rows.map(row => row.excess))
const metOf = (rows: readonly Row[], budget?: number): number => rows.filter(row => meets(row, budget)).length

function ofShort(results: readonly Evaluated[]): readonly Goal[] {
  const smooth = smoothOnes(results)
  const [ours, thrice] = [rowsOf(smooth, 'crescendo'), rowsOf(smooth, 'crescendo-3x')]
  const rivals = ['hpa-tuned', 'hpa-history'].map(scaler => told(scaler, rowsOf(smooth, scaler)))
  const [excess, met] = [excessOf(ours), metOf(ours)]
  const free = excessOf(thrice)
  const all = rowsOf(results, 'crescendo')
  const [allMet, historyMet] = [metOf(all), metOf(rowsOf(results, 'hpa-history'))]
  const ratio = excessRatio(results)
  return [
    {
      goal: 'excess over the oracle, start-up 75 s',
      terms: `smooth class (${smooth.length} traces); actions 1.5 x HPA; tuned on the past only`,
      toReach: '<= +12 %, 1.44 bad min a day kept on >= 85 %',
      measured: `${percent(excess)}, ${met} of ${smooth.length}; ${rivals.join('; ')}`,
      isReached: excess <= 0.12 && met >= 0.85 * smooth.length,
      inTheWay:
        'half of the error budget is left unused as a margin for the choice among 156 candidates; a trace that needs less of it buys replicas for it',
    },
    {
      goal: 'the same with more actions',
      terms: `smooth class (${smooth.length} traces); actions 3 x HPA; tuned on the past only`,
      toReach: '<= +10 %',
      measured: `${percent(free)}, ${metOf(thrice)} of ${thrice.length} in budget`,
      isReached: free <= 0.1,
      inTheWay: 'the choice is bound by its share of the error budget, not by the actions: it seldom uses the wider limit',
    },
    {
      goal: 'budget kept, start-up 75 s',
      terms: `all ${all.length} traces; actions 1.5 x HPA; tuned on the past only`,
      toReach: '>= 86 % of the traces (25 of 29)',
      measured: `${allMet} of ${all.length}; hpa-history ${historyMet} of ${all.length}`,
      isReached: allMet >= 0.86 * all.length,
      inTheWay: 'traces that jump out of nothing',
    },
    {
      goal: 'excess relative to the HPA tuned in hindsight, start-up 75 s',
      terms: 'traces on which both keep to 1.44; actions 1.5 x HPA; ours tuned on the past, theirs on the scored half',
      toReach: 'median <= 0.55',
      measured: `${ratio.toFixed(2)}`,
      isReached: ratio <= 0.55,
      inTheWay:
        'the bound is kept on more traces than was asked for, and that costs replicas: at a budget share of 0.7 the ratio was 0.56 to 0.58 (decision 0010)',
    },
  ]
}

function ofLong(results: readonly Evaluated[]): readonly Goal[] {
  const smooth = smoothOnes(results)
  const ours = rowsOf(smooth, 'crescendo-4.3min')
  const [excess, met] = [excessOf(ours), metOf(ours, LONG_BUDGET_MINUTES)]
  const tuned = told('hpa-tuned at 1.44', rowsOf(smooth, 'hpa-tuned'))
  return [
    {
      goal: 'excess over the oracle, start-up 300 s',
      terms: `smooth class (${smooth.length} traces); actions 1.5 x HPA; tuned on the past only; budget 4.3 bad min a day`,
      toReach: '<= +18 %',
      measured: `${percent(excess)}, ${met} of ${smooth.length} within 4.3; ${tuned}`,
      isReached: excess <= 0.18,
      inTheWay: 'an unforeseen jump costs 5.5 minutes; half of the budget is left unused as a margin for the choice',
    },
  ]
}

function ofBoth(results: readonly Evaluated[]): readonly Goal[] {
  const beaten = results.filter(one => isBeaten(one, 'hpa-history'))
  const where = beaten.map(one => `${one.trace} at ${one.startupSeconds} s`).join(', ')
  const beats = results.filter(one => isBeaten(one, 'crescendo', 'hpa-history')).length
  const turned = reversalRatio(results, 'hpa')
  const saved = savedMinutes(results)
  const startups = [...new Set(results.map(one => `${one.startupSeconds} s`))].join(' and ')
  return [
    {
      goal: 'against the HPA tuned on history, each trace',
      terms: `all traces, start-up ${startups} (${results.length} cases); both tuned on the past only`,
      toReach: 'never dearer and worse at once',
      measured: `${beaten.length} of ${results.length}${beaten.length > 0 ? ` (${where})` : ''}; the reverse in ${beats}`,
      isReached: beaten.length === 0,
      inTheWay: 'on regular traffic the forecast saves less than the margin for the choice among candidates costs',
    },
    {
      goal: 'reversals a day',
      terms: `all traces, start-up ${startups}; against the default HPA`,
      toReach: 'median <= 1.5 x HPA',
      measured: `${turned.toFixed(2)} x; ${reversalRatio(results, 'hpa-tuned').toFixed(2)} x of hpa-tuned`,
      isReached: turned <= 1.5,
      inTheWay: 'nothing limits reversals but the action limit',
    },
    {
      goal: 'bad minutes at equal cost, against the HPA',
      terms: `all traces, start-up ${startups}; its target chosen such that it buys our replica-hours, in hindsight`,
      toReach: 'median <= -60 %',
      measured: saved,
      isReached: savedShare(results) <= -0.6,
      inTheWay: 'where neither had a bad minute there is nothing to save',
    },
  ]
}

const told = (name: string, rows: readonly Row[]): string =>
  `${name} ${percent(excessOf(rows))}, ${metOf(rows)} of ${rows.length}`

/** Of the traces on which both keep to the budget: our excess as a share of that of the HPA tuned in hindsight. */
function excessRatio(results: readonly Evaluated[]): number {
  const ratios = results.flatMap(one => {
    const [ours, tuned] = [rowOf(one, 'crescendo'), rowOf(one, 'hpa-tuned')]
    return ours && tuned && meets(ours) && meets(tuned) ? [ours.excess / tuned.excess] : []
  })
  return median(ratios)
}

/** Whether `by` was both cheaper and had fewer bad minutes. */
function isBeaten(one: Evaluated, by: string, whom = 'crescendo'): boolean {
  const [rival, ours] = [rowOf(one, by), rowOf(one, whom)]
  if (rival === undefined || ours === undefined) return false
  const [cost, bad] = [rival.replicaHoursPerDay - ours.replicaHoursPerDay, rival.badMinutesPerDay - ours.badMinutesPerDay]
  return cost < 0 && bad < 0
}

function reversalRatio(results: readonly Evaluated[], rival: string): number {
  const ratios = results.flatMap(one => {
    const [ours, theirs] = [rowOf(one, 'crescendo'), rowOf(one, rival)]
    return ours && theirs && theirs.reversalsPerDay > 0 ? [ours.reversalsPerDay / theirs.reversalsPerDay] : []
  })
  return median(ratios)
}

/** Change of bad minutes against an HPA that buys as many replica-hours; none where neither had any. */
function changes(results: readonly Evaluated[]): readonly number[] {
  return results.flatMap(one => {
    const [ours, theirs] = [rowOf(one, 'crescendo'), rowOf(one, 'hpa-equal-cost')]
    if (ours === undefined || theirs === undefined) return []
    if (theirs.badMinutesPerDay === 0) return [ours.badMinutesPerDay === 0 ? 0 : Number.POSITIVE_INFINITY]
    return [ours.badMinutesPerDay / theirs.badMinutesPerDay - 1]
  })
}

const savedShare = (results: readonly Evaluated[]): number => median(changes(results))

function savedMinutes(results: readonly Evaluated[]): string {
  const all = changes(results)
  const fewer = all.filter(change => change < 0).length
  return `${percent(median(all))}; fewer on ${fewer} of ${all.length}, as many on ${all.filter(change => change === 0).length}`
}
