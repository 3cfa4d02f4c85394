import { durationText } from '../durations.ts'
import { tableLines } from '../terminal/table.ts'
import { figure, harmless } from '../terminal/text.ts'
import { type Accuracy, type ByQuantile, byQuantile, SCORED } from './accuracy.ts'
import type { Evaluation } from './evaluate.ts'
import type { Steps } from './steps.ts'

/** The evaluation of one file; `abstains` says why nothing could be scored. */
export interface Evaluated {
  /** As given on the command line. */
  readonly file: string
  readonly steps: Steps
  readonly horizonSteps: number
  readonly evaluation: Evaluation
  readonly abstains?: string
}

type Figures = Accuracy & Pick<Evaluation, 'msPerFit' | 'msPerForecast'>

/** The document of `--json`. Figures without a meaning (nothing scored, a scale of zero) are null. */
export function evaluationDocument(results: readonly Evaluated[]): object {
  return { files: results.map(fileDocument), overall: figures(overallOf(results.map(({ evaluation }) => evaluation))) }
}

function fileDocument({ file, steps, horizonSteps, evaluation, abstains }: Evaluated): object {
  const { baselines, evaluatedFrom, evaluatedSteps, originsWithoutForecast, maseScale, maseScaleBy } = evaluation
  const step = steps.stepMs / 1000
  return {
    file,
    ...figures(evaluation),
    ...(abstains !== undefined && { abstains }),
    step,
    horizon: horizonSteps * step,
    evaluatedFrom: isoOf(evaluatedFrom),
    evaluatedSteps,
    originsWithoutForecast,
    maseScale,
    maseScaleBy,
    baselines: Object.fromEntries(baselines.map(({ name, mase, wape }) => [name, { mase: mase ?? null, wape: wape ?? null }])),
  }
}

function figures({ mase, wape, pinball, coverage, msPerFit, msPerForecast, points }: Figures): object {
  // JSON has no undefined, and the keys are promised.
  return {
    mase: mase ?? null,
    wape: wape ?? null,
    pinball: pinball ?? null,
    coverage: coverage ?? null,
    msPerFit,
    msPerForecast,
    points,
  }
}

/** Means over files, each weighted by its points; a file for which a figure has no meaning does not count for that figure. */
function overallOf(files: readonly Figures[]): Figures {
  const mean = (figureOf: (file: Figures) => number | undefined): number | undefined => {
    const known = files.filter(file => file.points > 0 && figureOf(file) !== undefined)
    const weight = known.reduce((sum, file) => sum + file.points, 0)
    return weight === 0 ? undefined : known.reduce((sum, file) => sum + file.points * figureOf(file)!, 0) / weight
  }
  const means = (of: (file: Figures) => ByQuantile | undefined) =>
    mean(file => of(file)?.['0.5']) === undefined ? undefined : byQuantile(index => mean(file => of(file)?.[KEYS[index]!])!)
  return {
    mase: mean(({ mase }) => mase),
    wape: mean(({ wape }) => wape),
    pinball: means(({ pinball }) => pinball),
    coverage: means(({ coverage }) => coverage),
    msPerFit: mean(({ msPerFit }) => msPerFit) ?? 0,
    msPerForecast: mean(({ msPerForecast }) => msPerForecast) ?? 0,
    points: files.reduce((sum, { points }) => sum + points, 0),
  }
}

const KEYS = SCORED.map(level => String(level) as keyof ByQuantile)

/** For people: a block a file that could be scored, and one for all where there are several. */
export function evaluationLines(results: readonly Evaluated[], bold: (text: string) => string): readonly (readonly string[])[] {
  const scored = results.filter(({ evaluation }) => evaluation.points > 0)
  const blocks = scored.map(result => fileLines(result, bold))
  if (scored.length < 2) return blocks
  const overall = overallOf(scored.map(({ evaluation }) => evaluation))
  const title = `all ${scored.length} files (means weighted by points)`
  return [...blocks, [bold(title), ...modelTable([['seasonal-ridge', overall]], bold), ...bandLines(overall, bold)]]
}

function fileLines({ file, steps, horizonSteps, evaluation }: Evaluated, bold: (text: string) => string): readonly string[] {
  const { evaluatedFrom, evaluatedSteps, originsWithoutForecast, baselines, maseScale, maseScaleBy, points } = evaluation
  const step = durationText(steps.stepMs)
  const values = steps.present.reduce((sum, one) => sum + one, 0)
  const share = Math.round((100 * evaluatedSteps) / values)
  const scale = maseScaleBy === 'naive' ? 'the value before' : 'the value a day before'
  return [
    bold(harmless(file)),
    `evaluated on the last ${evaluatedSteps.toLocaleString('en-US')} of ${values.toLocaleString('en-US')} values every ${step} (${share} %), after ${isoOf(evaluatedFrom)}`,
    `${points.toLocaleString('en-US')} forecasts, ${step} to ${durationText(horizonSteps * steps.stepMs)} ahead, each made with data up to its origin only`,
    ...(originsWithoutForecast > 0
      ? [`${originsWithoutForecast} origins had too little history before them and are not scored`]
      : []),
    ...modelTable([['seasonal-ridge', evaluation], ...baselines.map(one => [one.title, one] as const)], bold),
    ...bandLines(evaluation, bold),
    `mase: error in units of ${figure(maseScale)}, the mean distance to ${scale} in the history`,
  ]
}

function modelTable(
  models: readonly (readonly [string, Pick<Accuracy, 'mase' | 'wape'>])[],
  bold: (text: string) => string,
): readonly string[] {
  return tableLines(
    [
      { title: 'model', minWidth: 18 },
      { title: 'mase', align: 'right' },
      { title: 'wape', align: 'right' },
    ],
    models.map(([name, { mase, wape }]) => [
      name,
      mase === undefined ? '-' : mase.toFixed(3),
      wape === undefined ? '-' : `${(100 * wape).toFixed(1)} %`,
    ]),
    { paintTitle: bold },
  )
}

function bandLines({ pinball, coverage, msPerFit, msPerForecast }: Figures, bold: (text: string) => string): readonly string[] {
  const columns = [{ title: 'quantile', minWidth: 18 }, ...KEYS.map(title => ({ title, align: 'right' as const }))]
  const rows = [
    ['values at or below', ...KEYS.map(key => (coverage === undefined ? '-' : coverage[key].toFixed(3)))],
    ['pinball loss', ...KEYS.map(key => (pinball === undefined ? '-' : figure(pinball[key])))],
  ]
  return [
    ...tableLines(columns, rows, { paintTitle: bold }),
    `a fit takes ${figure(msPerFit)} ms (hourly), a forecast ${figure(msPerForecast)} ms`,
  ]
}

const isoOf = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z')
