/** How good the forecasts of one horizon were that came due within the last seven days. */
export interface HorizonAccuracy {
  readonly horizonSeconds: number
  /** Forecasts that were compared with what came. */
  readonly count: number
  /** Mean absolute error of the medians over that of the seasonal naive forecast of one day, on the same targets (Hyndman & Koehler 2006). */
  readonly mase?: number
  /** The same over the error of the last value. */
  readonly overNaive?: number
  /** Sum of absolute errors of the medians over the sum of the load. */
  readonly wape?: number
  /** Sum of (median - load) over the sum of the load: above 0 is too high. */
  readonly bias?: number
  /** Mean pinball loss in load units, in QUANTILES order. */
  readonly pinball: readonly number[]
  /** Share of loads at or below the quantile, in QUANTILES order. */
  readonly coverage: readonly number[]
}

/** The same for the maximum of the longest window that the decision rests on. */
export interface WindowAccuracy {
  readonly fromSeconds: number
  readonly toSeconds: number
  readonly count: number
  /** Share of maxima at or below the quantile, in WINDOW_LEVELS order. */
  readonly coverage: readonly number[]
}

export interface DriftFacts {
  /** Page-Hinkley's statistic on the errors; an alarm above the threshold. */
  readonly pageHinkley: number
  readonly pageHinkleyThreshold: number
  /** Errors grew for good, and that is less than six hours ago. */
  readonly since?: number
  /** Population stability index of the last week's loads against the week before; absent while five days of either are unknown. */
  readonly populationStability?: number
  readonly populationStabilityThreshold: number
  /** Either of the two is above its threshold. */
  readonly isDrifting: boolean
}

/** Who speaks at the farthest horizon, and how wrong each who might was about the last two days, in load units. */
export interface ChampionFacts {
  readonly name: string
  /** When it was promoted; absent for the one that speaks from the beginning. */
  readonly since?: number
  /** Mean absolute errors on what came after they spoke; a candidate without three days of them is left out. */
  readonly candidates: readonly { readonly name: string; readonly meanAbsoluteError: number }[]
}

/** What has become of the forecasts of one series. */
export interface ForecastAccuracy {
  /** Ascending; a horizon without a matured forecast is left out. */
  readonly horizons: readonly HorizonAccuracy[]
  readonly window?: WindowAccuracy
  readonly drift: DriftFacts
  /** Absent where one alone speaks. */
  readonly champion?: ChampionFacts
  /** 0 to 1, how far to rely on the forecast; absent until two days of forecasts of the farthest horizon has matured. */
  readonly trust?: number
}
