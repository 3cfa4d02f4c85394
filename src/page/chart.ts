import type { Instant } from '../core/model.ts'
import { escapeHtml, type Stroke, strokeKey } from './markup.ts'
import type { Line } from './thin.ts'

/** Lanes over one axis of time, with a readout beside each. Titles are text. */
export interface Chart {
  /** Of the section that the chart stands in; unique on the page. */
  readonly id: string
  /** For those who cannot see it: what is drawn, and where the same figures stand as text. */
  readonly label: string
  readonly startAt: Instant
  readonly endAt: Instant
  /** Usual distance of two points: nobody zooms in further than four of them. */
  readonly stepSeconds: number
  /** Shaded up to here: history, or what is known already. */
  readonly shadedUntil?: Instant
  /** What `shadedUntil` means, as a sentence under the chart. */
  readonly hint?: string
  /** Shown first; everything where absent. */
  readonly opensAt?: Instant
  /** Buttons that show a part up to the end. */
  readonly views?: readonly { readonly title: string; readonly from: Instant }[]
  /** Buttons that hide and show the lines and rows of a group. */
  readonly groups?: readonly { readonly name: string; readonly stroke: Stroke }[]
  /** Marked in every lane of lines. */
  readonly spans?: readonly Mark[]
  readonly lanes: readonly Lane[]
}

/** From and to in seconds since the start of the chart, and what is said of it. */
export type Mark = readonly [from: number, to: number, told: string | number]

export type Lane = LineLane | RowLane

interface LaneHead {
  readonly title: string
  /** Small, after the title. */
  readonly unit: string
}

export interface LineLane extends LaneHead {
  readonly kind: 'lines'
  readonly heightPixels: number
  readonly isStepped?: boolean
  /** Fixed vertical axis; else from zero to the highest value in view. */
  readonly range?: readonly [number, number] | 'data'
  /** In the order of the readout; the first lies on top. */
  readonly lines: readonly ChartLine[]
  readonly bands?: readonly Band[]
}

export interface ChartLine {
  readonly title: string
  readonly stroke: Stroke
  readonly points: Line
  /** Pixels, 1.5 unless said. */
  readonly width?: number
  readonly isFilled?: boolean
  /** Drawn below all other lines. */
  readonly isBelow?: boolean
  readonly group?: string
  /** Read out where the line has no value, "no data" unless said. */
  readonly absent?: string
  /** Not read out after its last point, which holds for a step unless said. */
  readonly endsSharply?: boolean
}

/** An area between two lines, which are drawn as thin dots. */
export interface Band {
  readonly title: string
  readonly stroke: Stroke
  readonly low: Line
  readonly high: Line
  /** Only its upper edge is drawn and read out: the lower one is a line of its own. */
  readonly isUpper?: boolean
  readonly absent: string
}

/** One row of marks for each of `rows`; a mark is at least two pixels wide, so that none vanishes. */
export interface RowLane extends LaneHead {
  readonly kind: 'rows'
  readonly rows: readonly {
    readonly title: string
    readonly stroke: Stroke
    /** Custom property that fills the marks. */
    readonly markColour: string
    readonly marks: readonly Mark[]
    /** After what a mark says: "3" and "missing". */
    readonly suffix: string
    /** Read out where there is no mark. */
    readonly idle: string
    readonly group?: string
  }[]
}

/** The chart without its data: buttons, a place for each lane, and the readouts. */
export function chartPanel(chart: Chart): string {
  const { label, lanes, hint } = chart
  return `<div class="panel charts" tabindex="0" role="group" aria-label="${escapeHtml(label)}">
${toolbar(chart)}
${lanes.map(laneMarkup).join('\n')}
<p class="hint">Drag to zoom. Keys: <kbd>←</kbd> <kbd>→</kbd> move, <kbd>PgUp</kbd> <kbd>PgDn</kbd> move far, <kbd>+</kbd> <kbd>-</kbd> zoom, <kbd>0</kbd> everything.${hint === undefined ? '' : ` ${escapeHtml(hint)}`}</p>
</div>`
}

function toolbar({ groups = [], views = [], startAt, endAt }: Chart): string {
  const toggles = groups.map(
    ({ name, stroke }) =>
      `<button type="button" data-group="${escapeHtml(name)}" aria-pressed="true">${strokeKey(stroke)}${escapeHtml(name)}</button>`,
  )
  const zooms = [...views.map(({ title, from }) => zoomButton(title, from, endAt)), zoomButton('Everything', startAt, endAt)]
  return `<div class="bar">${toggles.join('')}<span class="grow"></span><span class="when"></span>${zooms.join('')}</div>`
}

/** A button anywhere in the section of a chart that shows a part of it. */
export function zoomButton(title: string, from: Instant, to: Instant): string {
  return `<button type="button" data-from="${from / 1000}" data-to="${to / 1000}">${escapeHtml(title)}</button>`
}

function laneMarkup(lane: Lane, index: number): string {
  const readouts = readoutsOf(lane).map(
    ({ title, stroke }, place) =>
      `<div>${strokeKey(stroke)}<dt>${escapeHtml(title)}</dt><dd data-read="${index}-${place}"></dd></div>`,
  )
  return `<div class="lane"><h3>${escapeHtml(lane.title)}<span>${escapeHtml(lane.unit)}</span></h3><div class="plot"></div><dl class="read">${readouts.join('')}</dl></div>`
}

const readoutsOf = (lane: Lane): readonly { readonly title: string; readonly stroke: Stroke }[] =>
  lane.kind === 'rows' ? lane.rows : [...lane.lines, ...(lane.bands ?? [])]

/** What client.js reads: epoch seconds, points as differences in seconds and values with five digits. */
export function chartData(chart: Chart): object {
  const seconds = (at: Instant) => Math.round(at) / 1000
  const { id, startAt, endAt, stepSeconds, shadedUntil, opensAt, spans = [], lanes } = chart
  return {
    id,
    start: seconds(startAt),
    end: seconds(endAt),
    step: stepSeconds,
    ...(shadedUntil !== undefined && { shadedUntil: seconds(Math.max(shadedUntil, startAt)) }),
    opensAt: seconds(Math.max(opensAt ?? startAt, startAt)),
    spans,
    lanes: lanes.map(lane => (lane.kind === 'rows' ? lane : lineLaneData(lane))),
  }
}

function lineLaneData({ title: _, unit: __, lines, bands = [], ...rest }: LineLane): object {
  return {
    ...rest,
    lines: lines.map(({ points, ...line }) => ({ ...line, ...packed(points) })),
    bands: bands.map(({ low, high, ...band }) => ({ ...band, low: packed(low), high: packed(high) })),
  }
}

function packed({ seconds, values }: Line): object {
  return {
    s: seconds.map((second, index) => (index === 0 ? second : Number((second - seconds[index - 1]!).toFixed(3)))),
    v: values.map(value => (value === undefined ? null : Number(value.toPrecision(5)))), // JSON has no undefined: null is the page's gap
  }
}
