import type { LifeStage } from '../forecast/path-model.ts'
import type { Life } from '../rules.ts'

const STAGES: Readonly<Record<LifeStage, string>> = {
  naive: 'less than three hours are known, so the forecast repeats the last value, with wide bands',
  hours: 'hours are known and no day yet, so the forecast knows the trend and no rhythm',
  days: 'days are known and no two weeks yet, so the forecast knows the time of day and no weekday',
  weeks: 'two weeks are known, so the forecast knows the time of day and the weekday',
}

/** How much of its past a forecaster knows, for people: "less than three hours are known, …; it begins with the day of shop/old". */
export function lifeText({ stage, borrowsFrom }: Life): string {
  return borrowsFrom === undefined ? STAGES[stage] : `${STAGES[stage]}; it begins with the day of ${borrowsFrom}`
}
