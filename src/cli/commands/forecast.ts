import type { Command } from 'commander'
import { durationMs, durationOption } from '../durations.ts'

/** What the command line says. Durations in milliseconds. */
export interface ForecastOptions {
  readonly horizon: number
  readonly step: number
  readonly evaluate?: true
  readonly predictions?: string
  readonly html?: string
  readonly model?: string
  readonly json?: true
  readonly skipBadRows?: true
}

const HELP = `
Values are brought to steps: the value of a step is the last sample in it, and its time that of this sample; nothing is averaged.
A series that is coarser than --step keeps its own spacing. A series that is too short gets no forecast, a line that says what is
missing, and exit code 1.

--evaluate forecasts the last 30 % of a series (at least a day of it, at most half of it), from every step in it, each time with
what came before only, and compares with the naive forecast (the last value) and those of a day and a week ago.`

/** `crescendo forecast FILE...`: what a series will be, or how well it could be told. */
export function registerForecast(program: Command): void {
  program
    .command('forecast')
    .description('forecast a series with quantiles, or evaluate the forecaster on it')
    .argument('<file...>', 'CSV timestamp,value, plain or gzip; - is standard input')
    .option('--horizon <duration>', 'how far ahead', durationOption('1s', '7d'), durationMs('30m'))
    .option('--step <duration>', 'time between two values and two forecasts', durationOption('1s', '1d'), durationMs('5m'))
    .option('--evaluate', 'compare forecasts with what came: mase, wape, pinball, coverage')
    .option('--predictions <file>', 'write file,origin,target,q50,q90,q95,q99 of an evaluation (implies --evaluate)')
    .option('--model <file>', 'an ONNX model of your own as one more member of the forecaster (docs/own-models.md)')
    .option('--html <file>', 'write the forecast or the evaluation as one self-contained page')
    .option('--skip-bad-rows', 'leave malformed rows out and count them')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], options: ForecastOptions) => {
      const { runForecast } = await import('../forecast/run-forecast.ts')
      await runForecast(files, options)
    })
}
