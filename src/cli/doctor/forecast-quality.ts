import type { AccuracyView, ForecastView } from '../../show/contract.ts'
import { type Case, type Check, clear, finding, type Outcome, unable } from './check.ts'
import { percent } from './words.ts'

const LEVEL = 0.95
/** Coverage of the 95 % quantile below that is no accident. */
const LEAST_COVERAGE = 0.9
const FEWEST_COMPARED = 200
const LEAST_TRUST = 0.5

/** A forecast that is wrong orders too little or too much, and on time. */
export const FORECAST_QUALITY: readonly Check<Case>[] = [
  {
    name: 'forecast-coverage',
    trouble: 'degraded performance',
    asks: 'whether loads stay below the quantiles of their forecasts as often as promised',
    examine: onAccuracy(coverage),
  },
  {
    name: 'forecast-drift',
    trouble: 'degraded performance',
    asks: 'whether errors of the forecast have grown for good, or loads look new',
    examine: onAccuracy(drift),
  },
]

type Accuracy = NonNullable<AccuracyView>
type Shown = Extract<ForecastView, { readonly kind: 'forecast' }>

function onAccuracy(judge: (accuracy: Accuracy, forecast: Shown) => Outcome): (known: Case) => Outcome {
  return ({ forecast }) => {
    if ('unread' in forecast) return unable(forecast.unread)
    if (forecast.kind === 'none') return unable(`there is no forecast: ${forecast.why}`)
    return forecast.accuracy === undefined
      ? unable('no forecast was compared with what came yet')
      : judge(forecast.accuracy, forecast)
  }
}

function coverage({ window, trust, horizons }: Accuracy, { windowQuantiles }: Shown) {
  const covered = window?.coverage[windowQuantiles.indexOf(LEVEL)]
  if (window === undefined || covered === undefined) return unable('nothing was compared with the windows that decisions rest on')
  if (window.count < FEWEST_COMPARED) return unable(`${window.count} windows were compared, and it takes ${FEWEST_COMPARED}`)
  const mase = horizons.at(-1)?.mase
  const told = [
    `${percent(covered)} of ${window.count} loads stayed below the ${percent(LEVEL)} quantile`,
    ...(trust === undefined ? [] : [`trust ${trust.toFixed(2)}`]),
    ...(mase === undefined ? [] : [`error ${mase.toFixed(2)} of that of repeating the day before`]),
  ]
  const evidence = told.join('; ')
  if (covered >= LEAST_COVERAGE && (trust ?? 1) >= LEAST_TRUST) return clear(evidence)
  const fix =
    'hold spec.prediction.mode at Additive until it is better; crescendo forecast FILE --evaluate measures it on your history; label attacks and tests (POST …/anomalies/{start}/label)'
  return finding('the forecast promises more than it holds', { evidence, fix })
}

function drift({ drift: found, champion }: Accuracy) {
  const { pageHinkley, pageHinkleyThreshold, populationStability, populationStabilityThreshold, since, isDrifting } = found
  const parts = [
    `Page-Hinkley ${pageHinkley.toFixed(1)} of ${pageHinkleyThreshold}`,
    ...(populationStability === undefined
      ? []
      : [`stability index ${populationStability.toFixed(2)} of ${populationStabilityThreshold}`]),
    ...(since === undefined ? [] : [`errors grew at ${since}`]),
    ...(champion === undefined ? [] : [`${champion.name} speaks half an hour ahead`]),
  ]
  const evidence = parts.join('; ')
  if (!isDrifting) return clear(evidence)
  const fix =
    'it learns the new shape by itself within days; until then hold spec.prediction.mode at Additive, and see what changed (a release, a new client, a metric that counts otherwise)'
  return finding('the load is not what was learnt', { evidence, fix })
}
