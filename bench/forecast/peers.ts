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
/** AutoETS is best, and fastest, on two days; MSTL needs its season more than twice; Prophet and MSTL get what our members get. */
const [ETS_DAYS, WEEK_DAYS] = [2, 7]
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

/** All of them, by name, with the settings that served each best on the half that is tuned on. */
export const peers: readonly Peer[] = [
  {
    name: 'augurs AutoETS',
    pathOf(history, stepMs, horizon) {
      ready()
      using model = new AutoETS(1, 'ZZN')
      model.fit(lastDays(history, stepMs, ETS_DAYS))
      return Float64Array.from(model.predict(horizon).point)
    },
  },
  { name: 'augurs MSTL, day', pathOf: (history, stepMs, horizon) => mstl(history, { stepMs, horizon, days: [1] }) },
  { name: 'augurs MSTL, day and week', pathOf: (history, stepMs, horizon) => mstl(history, { stepMs, horizon, days: [1, 7] }) },
  { name: 'arima (3,1,1)', pathOf: (history, _stepMs, horizon) => arima(history, horizon, { p: 3, d: 1, q: 1, method: 1 }) },
  {
    name: 'arima, automatic',
    pathOf: (history, _stepMs, horizon) => arima(history, horizon, { auto: true, p: 5, d: 2, q: 5, P: 0, D: 0, Q: 0, s: 0 }),
  },
  {
    name: 'Prophet through augurs',
    pathOf(history, stepMs, horizon) {
      ready()
      const y = lastDays(history, stepMs, WEEK_DAYS)
      const times = (from: number, length: number) =>
        Array.from({ length }, (_, i) => PROPHET_START_SECONDS + ((from + i) * stepMs) / 1000)
      using model = new Prophet({ optimizer, uncertaintySamples: 0, yearlySeasonality: { type: 'manual', enabled: false } })
      model.fit({ ds: times(0, y.length), y: Array.from(y) })
      return Float64Array.from(model.predict({ ds: times(y.length, horizon) }).yhat.point)
    },
  },
]

/** Loess of these seasons, what is left by AutoETS. A season that is not there twice is left out. */
function mstl(history: Float64Array, { stepMs, horizon, days }: { stepMs: number; horizon: number; days: readonly number[] }) {
  ready()
  const y = lastDays(history, stepMs, Math.max(WEEK_DAYS, 3 * Math.max(...days)))
  const periods = days.map(day => Math.round((day * DAY_MS) / stepMs)).filter(period => 2 * period < y.length)
  using model = MSTL.ets(periods, { impute: true })
  model.fit(y)
  return Float64Array.from(model.predict(horizon).point)
}

function arima(history: Float64Array, horizon: number, options: ConstructorParameters<typeof Arima>[0]) {
  const model = new Arima({ ...options, verbose: false })
  try {
    return Float64Array.from(model.train(Array.from(history.subarray(-ARIMA_VALUES))).predict(horizon)[0])
  } finally {
    model.destroy()
  }
}

const lastDays = (history: Float64Array, stepMs: number, days: number): Float64Array =>
  history.subarray(-Math.round((days * DAY_MS) / stepMs))
