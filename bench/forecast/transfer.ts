import { parseArgs } from 'node:util'
import type { Snapshot } from '../../src/core/rules.ts'
import { writePart } from '../benchmarks-page.ts'
import { thatAreThere } from '../shared-data.ts'
import { benchSeries, type Half } from './splits.ts'
import { AGES, type Pupil, priorOf, pupilOf, scoreYouth, type Tally } from './transfer-score.ts'

/** One series, by who lends to it: a row of tallies by age for each lender. */
interface Youth {
  readonly name: string
  readonly half: Half
  readonly alone: readonly (readonly Tally[])[]
  readonly near: readonly (readonly Tally[])[]
  readonly far: readonly (readonly Tally[])[]
}

const LENDERS = 3
const WAYS = [
  ['alone', 'without a prior'],
  ['near', 'prior of another series of its folder'],
  ['far', 'prior of a series of another folder'],
] as const

/** `npm run bench:transfer [-- --write]`: series in their first two days, with and without what another series has learnt. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
  const pupils = thatAreThere(await benchSeries()).map(pupilOf)
  const priors = new Map(pupils.map(pupil => [pupil, priorOf(pupil)]))
  const youths: Youth[] = []
  for (const pupil of pupils) {
    const near = lendersOf(pupil, pupils, true)
    if (near.length === 0) continue
    const scoreWith = (lenders: readonly Pupil[]) => lenders.map(one => scoreYouth(pupil, priors.get(one) as Snapshot)) // each has one
    const far = lendersOf(pupil, pupils, false)
    youths.push({ ...pupil, alone: [scoreYouth(pupil)], near: scoreWith(near), far: scoreWith(far) })
    process.stderr.write(`${pupil.name}\n`)
  }
  const halves = (['report', 'tune'] as const).map(half => halfTable(half, youths))
  const text = [...halves, seriesTable(youths)].join('\n\n')
  process.stdout.write(`${text}\n`)
  if (values.write) writePart('transfer', text)
}

/** Up to three, evenly over all that there are, in an order that begins behind the series. */
function lendersOf(pupil: Pupil, pupils: readonly Pupil[], isNear: boolean): readonly Pupil[] {
  const place = pupils.indexOf(pupil)
  const others = [...pupils.slice(place + 1), ...pupils.slice(0, place)].filter(one => (one.folder === pupil.folder) === isNear)
  const count = Math.min(LENDERS, others.length)
  return Array.from({ length: count }, (_, i) => others[Math.floor((i * others.length) / count)]!)
}

function halfTable(half: Half, youths: readonly Youth[]): string {
  const own = youths.filter(one => one.half === half)
  const rows = AGES.flatMap((hours, age) =>
    WAYS.map(([way, name]) => {
      const tallies = own.flatMap(one => one[way].map(ages => ages[age]!))
      const error = geometric(own.map(one => errorOf(one[way], age)))
      const [points, spoken, peaks] = [sumOf(tallies, 'points'), sumOf(tallies, 'spoken'), sumOf(tallies, 'peaks')]
      const shares = [sumOf(tallies, 'covered') / spoken, sumOf(tallies, 'coveredPeaks') / peaks]
      const cells = [error.toFixed(3), `${((100 * spoken) / points).toFixed(0)} %`, ...shares.map(shareCell)]
      return `| ${AGES[age - 1] ?? 0} to ${hours} h | ${name} | ${cells.join(' | ')} |`
    }),
  )
  return [
    `### In the first two days, values every 5 min, ${own.length} series (${half === 'tune' ? 'tuned on' : 'reported'})`,
    [
      '| age | | error over naive | speaks | .95 of steps | .95 of maxima |',
      '| --- | --- | ---: | ---: | ---: | ---: |',
      ...rows,
    ].join('\n'),
  ].join('\n\n')
}

const shareCell = (share: number): string => (Number.isNaN(share) ? '' : share.toFixed(3))

/** Error over naive from three hours to a day and on the second day: without a prior, and with each kind. */
function seriesTable(youths: readonly Youth[]): string {
  const ages = AGES.map((_, age) => age).slice(1)
  const rows = youths.map(one => {
    const cells = ages.map(age => WAYS.map(([way]) => errorOf(one[way], age).toFixed(2)).join(' / '))
    return `| ${one.name} | ${one.half} | ${cells.join(' | ')} |`
  })
  return [
    'Each series, error over naive without / with a prior of its folder / of another folder:',
    [
      `| series | half | ${ages.map(age => `${AGES[age - 1]} to ${AGES[age]} h`).join(' | ')} |`,
      `| --- | --- | ${ages.map(() => '---:').join(' | ')} |`,
      ...rows,
    ].join('\n'),
  ].join('\n\n')
}

/** Over the lenders the geometric mean. */
const errorOf = (lenders: readonly (readonly Tally[])[], age: number): number =>
  geometric(lenders.map(ages => ages[age]!.error / ages[age]!.naive))

const sumOf = (tallies: readonly Tally[], what: keyof Tally): number => tallies.reduce((sum, one) => sum + one[what], 0)

const geometric = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(Math.max(1e-9, value)), 0) / values.length)

await main()
