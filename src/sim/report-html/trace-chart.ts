import type { Band, Chart, LineLane, RowLane } from '../../page/chart.ts'
import { amount, levelName, type Stroke } from '../../page/markup.ts'
import { type Line, thinLine, thinSteps } from '../../page/thin.ts'
import { neededReplicas } from '../load.ts'
import type { ForecastBand, TraceReport } from './report.ts'
import { styleOf } from './scaler-style.ts'
import { violationStretches } from './violation-stretches.ts'

/** Points a line may have on the page; together with exact steps that keeps a month of 15 s ticks under 3 MB. */
const LOAD_BUCKETS = 20_000
const STEPS = 20_000
const STRETCHES = 5_000

const LOAD: Stroke = { colour: '--c-load' }
const NEEDED: Stroke = { colour: '--text-3', dash: [1, 3] }
const FORECAST: Stroke = { colour: '--c-forecast', dash: [2, 3] }

/** Load with the forecast of it, ready replicas, and who broke the promise when. */
export function traceChart(trace: TraceReport, index: number): Chart {
  const { at, load, world, scoredFrom, scalers } = trace
  const [startAt, lastAt] = [at[0] ?? 0, at[at.length - 1] ?? 0]
  const loadLine = thinLine({ at, value: load }, LOAD_BUCKETS)
  return {
    id: `trace-${index}`,
    label: `Charts of ${trace.file}: load, ready replicas and violations over time. The tables hold the same figures.`,
    startAt,
    endAt: lastAt + world.tickSeconds * 1000,
    stepSeconds: world.tickSeconds,
    shadedUntil: scoredFrom,
    hint: 'The shaded part is history: nobody is scored on it.',
    views: [{ title: 'Scored part', from: Math.max(scoredFrom, startAt) }],
    groups: scalers.map(({ name }) => ({ name, stroke: styleOf(name) })),
    lanes: [loadLane(trace, loadLine), replicaLane(trace, loadLine), violationLane(trace)],
  }
}

function loadLane({ at, band }: TraceReport, points: Line): LineLane {
  const said = band === undefined ? '' : `, and what crescendo had said ${amount(band.leadSeconds / 60)} min before`
  return {
    kind: 'lines',
    title: 'How much load came?',
    unit: `load units${said}`,
    heightPixels: 170,
    lines: [{ title: 'load', stroke: LOAD, points, isBelow: true }],
    bands: band === undefined ? [] : [bandOf(band, at[0] ?? 0)],
  }
}

function bandOf({ at, low, high, levels }: ForecastBand, startAt: number): Band {
  return {
    title: `${levelName(levels.low)} to ${levelName(levels.high)}`,
    stroke: FORECAST,
    low: thinLine({ at, value: low }, LOAD_BUCKETS / 2, startAt),
    high: thinLine({ at, value: high }, LOAD_BUCKETS / 2, startAt),
    absent: 'no forecast',
  }
}

function replicaLane({ at, world, scalers }: TraceReport, load: Line): LineLane {
  return {
    kind: 'lines',
    title: 'How many replicas were ready?',
    unit: 'replicas; dotted: what the load needs',
    heightPixels: 220,
    isStepped: true,
    lines: [
      { title: 'needed', stroke: NEEDED, width: 0.75, isBelow: true, points: neededLine(load, world.capacityPerReplica) },
      ...scalers.map(({ name, ready }) => {
        const { ours: isFilled = false, ...stroke } = styleOf(name)
        return {
          title: name,
          stroke,
          group: name,
          isFilled,
          width: isFilled ? 2 : 1.25,
          points: thinSteps({ at, value: ready }, STEPS),
        }
      }),
    ],
  }
}

/** What each point of the load needs, without the points that say the same as the one before: the line is stepped. */
function neededLine({ seconds, values }: Line, capacityPerReplica: number): Line {
  const needed = values.map(value => (value === undefined ? undefined : neededReplicas(value, capacityPerReplica)))
  const isKept = (_: unknown, index: number) => index === 0 || index === needed.length - 1 || needed[index] !== needed[index - 1]
  return { seconds: seconds.filter(isKept), values: needed.filter(isKept) }
}

function violationLane({ at, load, world, scoredFrom, scalers }: TraceReport): RowLane {
  return {
    kind: 'rows',
    title: 'Who broke the promise, and when?',
    unit: 'a mark is at least two pixels wide, so that none vanishes',
    rows: scalers.map(({ name, ready }) => {
      const { ours, ...stroke } = styleOf(name)
      const stretches = violationStretches({ at, load, ready, scoredFrom, ...world }, STRETCHES)
      return {
        title: name,
        stroke,
        group: name,
        markColour: ours ? '--c-violation' : stroke.colour,
        marks: stretches.map(({ from, to, missing }) => [from, to, missing] as const),
        suffix: 'missing',
        idle: 'kept',
      }
    }),
  }
}
