import type { OutsideForecasts } from '../../core/forecast/seasonal-ridge.ts'
import { CrescendoError } from '../../errors.ts'
import { readSeries, requireSamples } from '../../observe/series-file.ts'
import type { OwnModel } from '../../onnx/open-model.ts'
import { type ProgressLine, progressLine } from '../backtest/progress-line.ts'
import type { ForecastOptions } from '../commands/forecast.ts'
import { durationText } from '../durations.ts'
import { note, paint, printJson, printLine } from '../output.ts'
import { pageOrigin } from '../page-origin.ts'
import { type RowFile, refuseSamePath, withRowFile } from '../row-file.ts'
import { evaluate, tooShortToEvaluate } from './evaluate.ts'
import { collectHorizonLines, type EvaluatedWithLines, evaluationPage } from './evaluation-page.ts'
import { createFeed, stepsNeeded, stepsPerDay } from './feed.ts'
import { forecastPage } from './forecast-page.ts'
import { PREDICTIONS_HEADER, predictionRow } from './predictions.ts'
import { type Steps, toSteps } from './steps.ts'
import { evaluationDocument, evaluationLines } from './told-evaluation.ts'
import { type Forecasted, forecastDocument, forecastLines } from './told-forecast.ts'

/** Forecasts or evaluates all files, then tells. Exit code 1 where a series was too short for it. */
export async function runForecast(files: readonly string[], options: ForecastOptions): Promise<void> {
  refuseSamePath({ '--predictions': options.predictions, '--html': options.html })
  const model = options.model === undefined ? undefined : await openOwnModel(options.model)
  try {
    const run = options.evaluate || options.predictions !== undefined ? evaluateAll : forecastAll
    await run(files, options, model)
  } finally {
    await model?.close()
  }
}

/** Not before somebody asks for it: the runtime is a package of its own that few install. */
async function openOwnModel(file: string): Promise<OwnModel> {
  const { openModel } = await import('../../onnx/open-model.ts')
  return openModel(file)
}

async function forecastAll(files: readonly string[], options: ForecastOptions, model: OwnModel | undefined): Promise<void> {
  const results = await withRowFile(options.html, async page => {
    const made: Forecasted[] = []
    for (const file of files) {
      const result = forecastOne(await load(file, options, model))
      if (result.abstains !== undefined) abstain(file, result.abstains)
      made.push(result)
    }
    page?.write(forecastPage(made, pageOrigin()))
    return made
  })
  if (options.json) return printJson(forecastDocument(results))
  print(results.flatMap(result => (result.forecast ? [forecastLines(result, bold)] : [])))
  tellFiles(options)
}

function forecastOne({ file, steps, horizonSteps, outside }: Loaded): Forecasted {
  const feed = createFeed(steps, { horizonSteps, withMaximum: true, ...(outside && { outside }) })
  const progress = progressLine(process.stderr)
  withProgress(progress, () => {
    for (let step = 0; step < steps.value.length; step++) {
      if (step % 1000 === 0) progress.show(progressText(file, step, steps.value.length))
      feed.absorb()
    }
  })
  const forecast = feed.forecast()
  const result = { file, steps, horizonSteps }
  if (forecast) return { ...result, forecast }
  const needed = stepsNeeded(steps.stepMs, horizonSteps)
  const abstains = `${feed.seen} values every ${durationText(steps.stepMs)} are too few for a forecast, ${needed} are needed (${durationText(needed * steps.stepMs)})`
  return { ...result, abstains }
}

async function evaluateAll(files: readonly string[], options: ForecastOptions, model: OwnModel | undefined): Promise<void> {
  const results = await withRowFile(options.predictions, rows =>
    withRowFile(options.html, async page => {
      rows?.write(PREDICTIONS_HEADER)
      const made: EvaluatedWithLines[] = []
      for (const file of files) made.push(evaluateOne(await load(file, options, model), { rows, isDrawn: page !== undefined }))
      page?.write(evaluationPage(made, pageOrigin()))
      return made
    }),
  )
  for (const { file, abstains } of results) if (abstains !== undefined) abstain(file, abstains)
  if (options.json) return printJson(evaluationDocument(results))
  print(evaluationLines(results, bold))
  tellFiles(options)
}

interface Wanted {
  readonly rows: RowFile | undefined
  readonly isDrawn: boolean
}

function evaluateOne({ file, steps, horizonSteps, outside }: Loaded, { rows, isDrawn }: Wanted): EvaluatedWithLines {
  const progress = progressLine(process.stderr)
  const lines = collectHorizonLines(horizonSteps)
  const evaluation = withProgress(progress, () =>
    evaluate(steps, {
      horizonSteps,
      ...(outside && { outside }),
      onProgress: (done, total) => progress.show(progressText(file, done, total)),
      onPrediction: prediction => {
        rows?.write(predictionRow(file, prediction))
        if (isDrawn) lines.hear(prediction)
      },
    }),
  )
  const abstains = evaluation.points === 0 ? tooShortToEvaluate(steps, horizonSteps) : undefined
  return { file, steps, horizonSteps, evaluation, lines, ...(abstains !== undefined && { abstains }) }
}

function tellFiles({ predictions, html }: ForecastOptions): void {
  if (predictions !== undefined) printLine(`every prediction: ${predictions}`)
  if (html !== undefined) printLine(`as a page: ${html}`)
}

interface Loaded {
  readonly file: string
  readonly steps: Steps
  readonly horizonSteps: number
  readonly outside?: OutsideForecasts
}

/** Tables of every horizon's model: about 100 bytes for each of a day's steps. 6 million are 600 MB. */
const MOST_CELLS = 6_000_000

async function load(file: string, { step, horizon, skipBadRows }: ForecastOptions, model: OwnModel | undefined): Promise<Loaded> {
  const series = await readSeries(file, { skipBadRows: skipBadRows === true, values: 'any' })
  requireSamples(series, 2, 'a forecast')
  if (series.skipped > 0) note(`${series.skipped} bad rows left out, the first: ${series.firstSkipped}`)
  const steps = stepsOf(series.file, () => toSteps(series.samples, step))
  const { stepMs } = steps
  const horizonSteps = Math.max(1, Math.floor(horizon / stepMs + 1e-9))
  const reach = durationText(horizonSteps * stepMs)
  if (stepMs > step) {
    const spacing = durationText(stepMs)
    note(
      `${series.file}: values come every ${spacing}, which is the step instead of ${durationText(step)}; forecasts reach ${reach}`,
    )
  } else if (horizonSteps * stepMs !== horizon) {
    note(`${series.file}: forecasts reach ${reach}, in whole steps of ${durationText(stepMs)}`)
  }
  if (horizonSteps * stepsPerDay(stepMs) > MOST_CELLS) throw tooFine(horizonSteps, stepMs)
  if (model === undefined) return { file, steps, horizonSteps }
  const { outsideForecasts } = await import('../../onnx/outside-forecasts.ts')
  return { file, steps, horizonSteps, outside: await outsideForecasts(model, steps) }
}

function stepsOf(file: string, make: () => Steps): Steps {
  try {
    return make()
  } catch (error) {
    throw error instanceof CrescendoError ? new CrescendoError(error.code, `${file}: ${error.message}`) : error
  }
}

function tooFine(horizonSteps: number, stepMs: number): CrescendoError {
  const most = Math.floor(MOST_CELLS / stepsPerDay(stepMs))
  return new CrescendoError(
    'CRS_USAGE',
    `${horizonSteps} steps of ${durationText(stepMs)} are more than the ${most} that fit into memory; choose a shorter --horizon or a longer --step`,
  )
}

function abstain(file: string, why: string): void {
  note(`${file}: ${why}`)
  process.exitCode = 1
}

function withProgress<T>(progress: ProgressLine, work: () => T): T {
  try {
    return work()
  } finally {
    progress.clear()
  }
}

function print(blocks: readonly (readonly string[])[]): void {
  blocks.forEach((lines, index) => {
    if (index > 0) printLine('')
    for (const line of lines) printLine(line)
  })
}

const progressText = (file: string, done: number, total: number) => `${file}: ${Math.floor((100 * done) / total)} %`
const bold = (text: string) => paint('bold', text)
