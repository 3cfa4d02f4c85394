import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AutoETS, initSync as initEts } from '@bsull/augurs/ets'
import { initSync as initMstl, MSTL } from '@bsull/augurs/mstl'
import { initSync as initProphet, Prophet } from '@bsull/augurs/prophet'
import { optimizer } from '@bsull/augurs-prophet-wasmstan'
import Arima from 'arima'

/** A forecaster that a Node user could pick instead of ours. */
export interface Peer {
  readonly name: string
  /**
   * Values expected at 1..horizon steps of `stepMs` after the end of `history`, from a fit of its own; below 0 where the library
   * says so. Throws where the library finds no model: the caller decides what that counts as.
   */
  pathOf(history: Float64Array, stepMs: number, horizon: number): Float64Array
}

const DAY_MS = 86_400_000
/** AutoETS did alike on one, two and seven days; MSTL is better with two weeks than with one; Prophet takes a second as it is. */
const [ETS_DAYS, MSTL_DAYS, PROPHET_DAYS] = [2, 14, 7]
/** `arima` 0.2.8 dies of "memory access out of bounds" at 10,080 values, and with it every later call; 6,000 are fine. */
const ARIMA_VALUES = 2016
/** Prophet wants times; any will do whose days and weeks are whole, as its seasons are fitted at any phase. */
const PROPHET_START_SECONDS = 1_700_006_400

let isReady = false

/** The loaders of augurs fetch over the network, which Node refuses for files: the WASM is read from where it lies instead. */
function ready(): void {
  if (isReady) return
  initEts({ module: wasm('ets') })
  initMstl({ module: wasm('mstl') })
  initProphet({ module: wasm('prophet') })
  isReady = true
}

const wasm = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`./${name}_bg.wasm`, import.meta.resolve(`@bsull/augurs/${name}`))))

/**
 * All of them, by name, with settings that did well at 5 minutes on the half that is tuned on, raw and of the logarithm where that
 * helped. Tried and left out, each worse there: MSTL of one week and of the logarithm, arima by maximum likelihood (`method: 0`).
 */
export const peers: readonly Peer[] = [
  { name: 'augurs AutoETS', pathOf: autoEts },
  { name: 'augurs AutoETS of the logarithm', pathOf: ofLogarithm(autoEts) },
  {
    name: 'augurs MSTL, day',
    pathOf(history, stepMs, horizon) {
      ready()
      using model = MSTL.ets([Math.round(DAY_MS / stepMs)], { impute: true })
      model.fit(lastDays(history, stepMs, MSTL_DAYS))
      return Float64Array.from(model.predict(horizon).point)
    },
  },
  { name: 'arima (3,1,1)', pathOf: arima({ p: 3, d: 1, q: 1 }) },
  { name: 'arima (3,1,1) of the logarithm', pathOf: ofLogarithm(arima({ p: 3, d: 1, q: 1 })) },
  { name: 'arima, automatic', pathOf: arima({ auto: true, p: 5, d: 2, q: 5, P: 0, D: 0, Q: 0, s: 0 }) },
  {
    name: 'Prophet through augurs',
    pathOf(history, stepMs, horizon) {
      ready()
      const y = lastDays(history, stepMs, PROPHET_DAYS)
      const times = (from: number, length: number) =>
        Array.from({ length }, (_, i) => PROPHET_START_SECONDS + ((from + i) * stepMs) / 1000)
      using model = new Prophet({ optimizer, uncertaintySamples: 0, yearlySeasonality: { type: 'manual', enabled: false } })
      model.fit({ ds: times(0, y.length), y: Array.from(y) })
      return Float64Array.from(model.predict({ ds: times(y.length, horizon) }).yhat.point)
    },
  },
]

function autoEts(history: Float64Array, stepMs: number, horizon: number): Float64Array {
  ready()
  using model = new AutoETS(1, 'ZZN')
  model.fit(lastDays(history, stepMs, ETS_DAYS))
  return Float64Array.from(model.predict(horizon).point)
}

/** By conditional sum of squares: `method` 1. */
function arima(options: ConstructorParameters<typeof Arima>[0]): Peer['pathOf'] {
  return (history, _stepMs, horizon) => {
    const model = new Arima({ ...options, method: 1, verbose: false })
    try {
      return Float64Array.from(silently(() => model.train(Array.from(history.subarray(-ARIMA_VALUES))).predict(horizon)[0]))
    } finally {
      model.destroy()
    }
  }
}

/** Of log(1 + value): for series that are never negative. */
function ofLogarithm(pathOf: Peer['pathOf']): Peer['pathOf'] {
  return (history, stepMs, horizon) => pathOf(history.map(Math.log1p), stepMs, horizon).map(Math.expm1)
}

const lastDays = (history: Float64Array, stepMs: number, days: number): Float64Array =>
  history.subarray(-Math.round((days * DAY_MS) / stepMs))

/** What a run prints on standard output is lost: `arima` tells there what it thinks of a series, whatever `verbose` says. */
function silently<T>(run: () => T): T {
  const { write } = process.stdout
  process.stdout.write = () => true
  try {
    return run()
  } finally {
    process.stdout.write = write
  }
}
