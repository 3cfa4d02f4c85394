import type { MetricFamily, MetricFamilySample } from '../ports.ts'

type Labels<L extends string> = Readonly<Record<L, string>>

export interface Counter<L extends string> {
  /** `by` is 1 or any amount of 0 or more. */
  add(labels: Labels<L>, by?: number): void
}

export interface Gauge<L extends string> {
  /** `undefined` takes the series away: nothing is known now. */
  set(labels: Labels<L>, value: number | undefined): void
}

export interface Histogram<L extends string> {
  observe(labels: Labels<L>, value: number): void
}

export interface About<L extends string> {
  /** With prefix and base unit, without `_total`: "crescendo_decisions", "crescendo_reconcile_seconds". */
  readonly name: string
  readonly help: string
  readonly labels: readonly L[]
}

/**
 * What a process counts about itself, in memory. It is bounded: a family takes no more than `MAX_SERIES` series, and what comes
 * after them is counted in `crescendo_telemetry_dropped_total`.
 */
export interface Telemetry {
  counter<L extends string>(about: About<L>): Counter<L>
  gauge<L extends string>(about: About<L>): Gauge<L>
  /** `bounds` ascend; the bucket for everything above the last one comes by itself. */
  histogram<L extends string>(about: About<L> & { readonly bounds: readonly number[] }): Histogram<L>
  /** Takes away every series that carries all these labels: the object is gone. */
  forget(labels: Readonly<Record<string, string>>): void
  families(): readonly MetricFamily[]
}

const MAX_SERIES = 50_000

interface Kept {
  readonly labels: Readonly<Record<string, string>>
  /** The value of a counter or gauge, or the sum of a histogram. */
  value: number
  readonly counts?: number[]
  count: number
}

interface Instrument {
  readonly about: About<string> & { readonly bounds?: readonly number[] }
  readonly type: MetricFamily['type']
  readonly series: Map<string, Kept>
}

export function createTelemetry(maxSeries = MAX_SERIES): Telemetry {
  const instruments = new Map<string, Instrument>()
  let dropped = 0
  const instrument = (about: Instrument['about'], type: MetricFamily['type']): Instrument => {
    checkName(about, instruments)
    const made: Instrument = { about, type, series: new Map() }
    instruments.set(about.name, made)
    return made
  }
  const seriesOf = (one: Instrument, labels: Readonly<Record<string, string>>): Kept | undefined => {
    const key = one.about.labels.map(name => labels[name]).join('\n')
    const found = one.series.get(key)
    if (found !== undefined) return found
    if (one.series.size >= maxSeries) {
      dropped++
      return undefined
    }
    const kept = emptySeries(one, labels)
    one.series.set(key, kept)
    return kept
  }
  return {
    counter(about) {
      const one = instrument(about, 'counter')
      return { add: (labels, by = 1) => addTo(seriesOf(one, labels), by) }
    },
    gauge(about) {
      const one = instrument(about, 'gauge')
      return {
        set(labels, value) {
          if (value === undefined) one.series.delete(one.about.labels.map(name => (labels as Labels<string>)[name]).join('\n'))
          else setTo(seriesOf(one, labels), value)
        },
      }
    },
    histogram(about) {
      const one = instrument(about, 'histogram')
      return { observe: (labels, value) => observeIn(seriesOf(one, labels), about.bounds, value) }
    },
    forget(labels) {
      for (const { series } of instruments.values())
        for (const [key, kept] of series) if (carries(kept.labels, labels)) series.delete(key)
    },
    families: () => [...[...instruments.values()].map(familyOf), droppedFamily(dropped)],
  }
}

function checkName({ name }: Instrument['about'], known: ReadonlyMap<string, Instrument>): void {
  if (!/^crescendo_[a-z][a-z0-9_]*$/.test(name) || /_(?:total|bucket|sum|count|info)$/.test(name))
    throw new Error(`metric ${name}: expected crescendo_ and lower-case words, without the suffix that the format adds`)
  if (known.has(name)) throw new Error(`metric ${name} exists already`)
}

function emptySeries({ about }: Instrument, labels: Readonly<Record<string, string>>): Kept {
  const own = Object.fromEntries(about.labels.map(name => [name, labels[name] ?? '']))
  return { labels: own, value: 0, count: 0, ...(about.bounds && { counts: about.bounds.map(() => 0) }) }
}

/** A counter never falls and never becomes NaN, whatever it is handed. */
function addTo(kept: Kept | undefined, by: number): void {
  if (kept !== undefined && by >= 0 && Number.isFinite(by)) kept.value += by
}

function setTo(kept: Kept | undefined, value: number): void {
  if (kept !== undefined) kept.value = value
}

function observeIn(kept: Kept | undefined, bounds: readonly number[], value: number): void {
  if (kept?.counts === undefined || !Number.isFinite(value)) return
  kept.value += value
  kept.count++
  for (let i = bounds.length - 1; i >= 0 && value <= bounds[i]!; i--) kept.counts[i]!++
}

function carries(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value)
}

function familyOf({ about: { name, help, bounds }, type, series }: Instrument): MetricFamily {
  const samples = Array.from(series.values(), ({ labels, value, count, counts }): MetricFamilySample => {
    if (bounds === undefined || counts === undefined) return { labels, value }
    return { labels, histogram: { bounds, counts: [...counts], sum: value, count } }
  })
  return { name, type, help, samples }
}

function droppedFamily(value: number): MetricFamily {
  const help = 'Observations that found their family full and were not counted.'
  return { name: 'crescendo_telemetry_dropped', type: 'counter', help, samples: [{ labels: {}, value }] }
}
