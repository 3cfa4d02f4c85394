import type { Forecast, Instant } from '../core/model.ts'
import { WINDOW_LEVELS } from '../core/model.ts'
import type { Forecaster, Rules } from '../core/rules.ts'

/**
 * What one forecaster said at every tick of a past, in columns that threads share. Demand is not changed by what is decided, so
 * one tape serves every policy that is tried on that past: forecasts are the dear part of a replay, and are made once.
 */
export interface ForecastTape {
  /** Start of the first tick and the time between two. */
  readonly startMs: Instant
  readonly tickMs: number
  readonly windows: readonly { readonly fromMs: number; readonly toMs: number }[]
  /** Window by window the quantiles in WINDOW_LEVELS order, tick by tick; NaN where the forecaster abstained. */
  readonly quantiles: Float64Array
}

interface Span {
  readonly startMs: Instant
  readonly tickMs: number
  readonly ticks: number
}

const LEVELS = WINDOW_LEVELS.length

/** `rules` whose forecaster also writes down what it says; `tape` is complete once the past was played. */
export function recording(rules: Rules, { startMs, tickMs, ticks }: Span): { readonly rules: Rules; tape(): ForecastTape } {
  const { forecaster } = rules
  let windows: ForecastTape['windows'] = []
  let quantiles: Float64Array = new Float64Array(0)
  const note = (now: Instant, { windows: said }: Forecast) => {
    if (windows.length === 0) {
      windows = said.map(({ fromMs, toMs }) => ({ fromMs, toMs }))
      quantiles = new Float64Array(new SharedArrayBuffer(8 * ticks * said.length * LEVELS)).fill(Number.NaN)
    }
    const row = Math.round((now - startMs) / tickMs) * windows.length * LEVELS
    for (const [index, window] of said.entries()) quantiles.set(window.quantiles, row + index * LEVELS)
  }
  const noting: Forecaster | undefined = forecaster && {
    name: forecaster.name,
    absorb: (at, demand, scheduled) => forecaster.absorb(at, demand, scheduled),
    predict(now, scheduled) {
      const said = forecaster.predict(now, scheduled)
      if ('windows' in said) note(now, said)
      return said
    },
  }
  return {
    rules: noting === undefined ? rules : { ...rules, forecaster: noting },
    tape: () => ({ startMs, tickMs, windows, quantiles }),
  }
}

/** Says again what was said then, and nothing where nothing was. */
export function replaying({ startMs, tickMs, windows, quantiles }: ForecastTape): Forecaster {
  const width = windows.length * LEVELS
  let last: { readonly now: Instant; readonly said: Forecast | { readonly abstains: string } } | undefined
  const read = (now: Instant): Forecast | { readonly abstains: string } => {
    const row = Math.round((now - startMs) / tickMs) * width
    if (width === 0 || !(quantiles[row]! >= 0)) return { abstains: 'it abstained when the past was recorded' }
    const at = (index: number) => Array.from(quantiles.subarray(row + index * LEVELS, row + (index + 1) * LEVELS))
    return { by: 'tape', madeAt: now, points: [], windows: windows.map((window, i) => ({ ...window, quantiles: at(i) })) }
  }
  return {
    name: 'tape',
    absorb: () => undefined,
    // Asked twice a tick, by the tuner and by the rule.
    predict(now) {
      if (last?.now !== now) last = { now, said: read(now) }
      return last.said
    },
  }
}
