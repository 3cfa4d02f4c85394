import { parseArgs } from 'node:util'
import { seasonalRidge } from '../../src/core/forecast/seasonal-ridge.ts'
import { writePart } from '../benchmarks-page.ts'
import { thatAreThere } from '../shared-data.ts'
import { fleetTable, measureFleet } from './fleet.ts'
import { peers } from './peers.ts'
import { type Scored, scoreSeries } from './score.ts'
import { benchSeries } from './splits.ts'
import { tablesOf } from './table.ts'

const FAN_MS = [5, 10, 15, 20, 25, 30].map(minutes => minutes * 60_000)
const FLEET = 2000

/** `npm run bench:forecast [-- --steps 300,60 --alone --write]`: forecasts of the recorded series, ours and (unless alone) those of others. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      steps: { type: 'string', default: '300,60' },
      write: { type: 'boolean', default: false },
      alone: { type: 'boolean', default: false },
    },
  })
  const all = thatAreThere(await benchSeries())
  const sections = values.steps.split(',').map(seconds => {
    const stepMs = Number(seconds) * 1000
    const scored: Scored[] = []
    for (const series of all.filter(({ spacingMs }) => spacingMs <= stepMs)) {
      scored.push(scoreSeries(series, stepMs, values.alone ? [] : peers))
      process.stderr.write(`${seconds} s: ${series.name}\n`)
    }
    return tablesOf(scored, stepMs)
  })
  const text = [...sections, ...(values.alone ? [] : [fleetSection()])].join('\n\n')
  process.stdout.write(`${text}\n`)
  if (values.write) writePart('forecast', text)
}

/** Many of the forecaster behind the fan that a controller shows of each object. */
function fleetSection(): string {
  const make = () => seasonalRidge({ stepMs: 300_000, delayMs: 0, windows: [], pointsMs: FAN_MS, unit: 100 })
  return `### A fleet, values every 5 min, a week each\n\n${fleetTable(measureFleet(make, FLEET))}`
}

await main()
