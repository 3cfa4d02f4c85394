import { parseArgs } from 'node:util'
import type { Snapshot } from '../../src/core/rules.ts'
import { writePart } from '../benchmarks-page.ts'
import { thatAreThere } from '../shared-data.ts'
import { type BenchSeries, benchSeries } from './splits.ts'
import { DECISION, FAN, type Layout, type Pupil, priorOf, pupilOf, scoreYouth } from './transfer-score.ts'
import { fanTable, seriesTable, windowTable, type Youth } from './transfer-table.ts'

const LENDERS = 3

/** `npm run bench:transfer [-- --write]`: series in their first two days, with and without what another series has learnt. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
  const all = thatAreThere(await benchSeries())
  const [fans, decisions] = [youthsOf(all, FAN), youthsOf(all, DECISION)]
  const text = [
    ...(['report', 'tune'] as const).map(half => fanTable(half, fans)),
    seriesTable(fans),
    ...(['report', 'tune'] as const).map(half => windowTable(half, decisions)),
  ].join('\n\n')
  process.stdout.write(`${text}\n`)
  if (values.write) writePart('transfer', text)
}

/** Every series whose values come often enough and that has somebody in its folder to lend to it. */
function youthsOf(all: readonly BenchSeries[], layout: Layout): readonly Youth[] {
  const pupils = all.filter(({ spacingMs }) => spacingMs <= layout.stepMs).map(one => pupilOf(one, layout))
  const priors = new Map(pupils.map(pupil => [pupil, priorOf(pupil)]))
  return pupils.flatMap(pupil => {
    const [near, far] = [lendersOf(pupil, pupils, true), lendersOf(pupil, pupils, false)]
    if (near.length === 0) return []
    process.stderr.write(`${layout.stepMs / 1000} s: ${pupil.name}\n`)
    const scoreWith = (lenders: readonly Pupil[]) => lenders.map(one => scoreYouth(pupil, priors.get(one) as Snapshot)) // each has one
    const { name, half } = pupil
    return [{ name, half, alone: [scoreYouth(pupil)], near: scoreWith(near), far: scoreWith(far) }]
  })
}

/** Up to three, evenly over all that there are, in an order that begins behind the series. */
function lendersOf(pupil: Pupil, pupils: readonly Pupil[], isNear: boolean): readonly Pupil[] {
  const place = pupils.indexOf(pupil)
  const others = [...pupils.slice(place + 1), ...pupils.slice(0, place)].filter(one => (one.folder === pupil.folder) === isNear)
  const count = Math.min(LENDERS, others.length)
  return Array.from({ length: count }, (_, i) => others[Math.floor((i * others.length) / count)]!)
}

await main()
