import type { Half } from './splits.ts'
import { AGES, type Tally } from './transfer-score.ts'

type Lenders = readonly (readonly Tally[])[]

/** One series, by who lends to it: for each lender a tally by age. */
export interface Youth {
  readonly name: string
  readonly half: Half
  readonly alone: Lenders
  readonly near: Lenders
  readonly far: Lenders
}

const WAYS = [
  ['alone', 'without a prior'],
  ['near', 'prior of another series of its folder'],
  ['far', 'prior of a series of another folder'],
] as const
type Way = (typeof WAYS)[number][0]

const agesOf = (age: number): string => `${AGES[age - 1] ?? 0} to ${AGES[age]} h`
const titleOf = (half: Half, values: string, count: number): string =>
  `### In the first two days, ${values}, ${count} series (${half === 'tune' ? 'tuned on' : 'reported'})`

/** Error of the fan's medians over that of the last value, and what its 95 % quantiles hold. */
export function fanTable(half: Half, youths: readonly Youth[]): string {
  const own = youths.filter(one => one.half === half)
  const cells = (way: Way, age: number) => {
    const tallies = talliesOf(own, way, age)
    const [points, spoken] = [sumOf(tallies, 'points'), sumOf(tallies, 'spoken')]
    return [
      geometric(own.map(one => errorOf(one[way], age))).toFixed(3),
      `${((100 * spoken) / points).toFixed(0)} %`,
      shareCell(sumOf(tallies, 'covered') / spoken),
      shareCell(sumOf(tallies, 'coveredWindows') / sumOf(tallies, 'windows')),
    ]
  }
  const head = ['age', '', 'error over naive', 'speaks', '.95 of steps', '.95 of maxima']
  return [titleOf(half, 'values every 5 min', own.length), table(head, rowsOf(cells))].join('\n\n')
}

/** Pinball loss of the windows that decisions rest on, over that without a prior, and what their 95 % quantiles hold. */
export function windowTable(half: Half, youths: readonly Youth[]): string {
  const own = youths.filter(one => one.half === half)
  const cells = (way: Way, age: number) => {
    const tallies = talliesOf(own, way, age)
    const ratios = own.map(one => lossOf(one[way], age) / lossOf(one.alone, age))
    // Who alone speaks only in the last minute of an age is no measure for all of it.
    const isComparable = own.every(one => 2 * one.alone[0]![age]!.windows > one.near[0]![age]!.windows)
    return [
      isComparable ? geometric(ratios).toFixed(3) : '',
      isComparable ? `${ratios.filter(ratio => ratio <= 1).length} of ${ratios.length}` : '',
      shareCell(sumOf(tallies, 'coveredWindows') / sumOf(tallies, 'windows')),
    ]
  }
  const head = ['age', '', 'pinball loss over that without a prior', 'series no worse', '.95 of maxima']
  return [titleOf(half, 'windows of the decision, values every minute', own.length), table(head, rowsOf(cells))].join('\n\n')
}

export function seriesTable(youths: readonly Youth[]): string {
  const ages = AGES.map((_, age) => age).slice(1)
  const rows = youths.map(one => {
    const cells = ages.map(age => WAYS.map(([way]) => errorOf(one[way], age).toFixed(2)).join(' / '))
    return [one.name, one.half, ...cells]
  })
  return [
    'Each series, error over naive without / with a prior of its folder / of another folder:',
    table(['series', 'half', ...ages.map(agesOf)], rows),
  ].join('\n\n')
}

const rowsOf = (cells: (way: Way, age: number) => readonly string[]): readonly (readonly string[])[] =>
  AGES.flatMap((_, age) => WAYS.map(([way, name]) => [agesOf(age), name, ...cells(way, age)]))

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, place) => (place < 2 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

const shareCell = (share: number): string => (Number.isNaN(share) ? '' : share.toFixed(3))

/** Over the lenders the geometric mean. */
const errorOf = (lenders: Lenders, age: number): number => geometric(lenders.map(ages => ages[age]!.error / ages[age]!.naive))
const lossOf = (lenders: Lenders, age: number): number => geometric(lenders.map(ages => ages[age]!.loss / ages[age]!.windows))

const talliesOf = (youths: readonly Youth[], way: Way, age: number): readonly Tally[] =>
  youths.flatMap(one => one[way].map(ages => ages[age]!))
const sumOf = (tallies: readonly Tally[], what: keyof Tally): number => tallies.reduce((sum, one) => sum + one[what], 0)

const geometric = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(Math.max(1e-9, value)), 0) / values.length)
