import type { Scored } from './score.ts'
import type { Half } from './splits.ts'

const HALVES: readonly Half[] = ['tune', 'report']
const LEAST_COVERED = 0.93

/** The figures of one step as Markdown. */
export function tablesOf(scored: readonly Scored[], stepMs: number): string {
  const halves = HALVES.map(half => scored.filter(one => one.half === half))
  const counts = halves.map(half => half.length)
  return [
    `### Values every ${stepMs / 60_000} min, ${scored.length} series (${counts[0]} to tune on, ${counts[1]} to report)`,
    'Mean absolute error over that of the last value, geometric mean over series:',
    errorTable(halves, one => one.rolling),
    'The same at every sixth hour of the last three days, each peer fitted anew there:',
    errorTable(halves, one => one.sparse),
    coverageTable(halves),
    bySeries(scored),
  ].join('\n\n')
}

function errorTable(halves: readonly (readonly Scored[])[], errorsOf: (one: Scored) => Scored['rolling']): string {
  const names = errorsOf(halves.flat()[0]!).map(({ name }) => name)
  const rows = names.map((name, index) => {
    const cells = [halves.flat(), ...halves].map(half => geometric(half.map(one => relative(errorsOf(one)[index]!))).toFixed(3))
    return `| ${name} | ${cells.join(' | ')} |`
  })
  return ['| forecaster | all | tune | report |', '| --- | ---: | ---: | ---: |', ...rows].join('\n')
}

function coverageTable(halves: readonly (readonly Scored[])[]): string {
  const row = (name: string, coverageOf: (one: Scored) => number) =>
    `| ${name} | ${[halves.flat(), ...halves].map(half => coverageCell(half, coverageOf)).join(' | ')} |`
  return [
    `Share at or below the 95 % quantile: pooled / worst series / series at ${LEAST_COVERED} or more:`,
    [
      '| | all | tune | report |',
      '| --- | ---: | ---: | ---: |',
      row('each step', one => one.coverage),
      row('maximum of the 30 minutes', one => one.peakCoverage),
    ].join('\n'),
  ].join('\n\n')
}

function coverageCell(half: readonly Scored[], coverageOf: (one: Scored) => number): string {
  const forecasts = half.reduce((sum, one) => sum + one.forecasts, 0)
  const pooled = half.reduce((sum, one) => sum + one.forecasts * coverageOf(one), 0) / forecasts
  const enough = half.filter(one => coverageOf(one) >= LEAST_COVERED).length
  return `${pooled.toFixed(3)} / ${Math.min(...half.map(coverageOf)).toFixed(3)} / ${enough} of ${half.length}`
}

function bySeries(scored: readonly Scored[]): string {
  const rows = scored.map(
    one =>
      `| ${one.name} | ${one.half} | ${relative(one.rolling[0]!).toFixed(3)} | ${one.coverage.toFixed(3)} | ${one.peakCoverage.toFixed(3)} |`,
  )
  return [
    '| series | half | error over naive | .95 of steps | .95 of maxima |',
    '| --- | --- | ---: | ---: | ---: |',
    ...rows,
  ].join('\n')
}

/** 1 where both are exact. */
const relative = ({ error, naive }: { error: number; naive: number }): number => (naive === 0 ? 1 : error / naive)

const geometric = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(Math.max(1e-9, value)), 0) / values.length)
