import { evaluate } from '../../src/cli/forecast/evaluate.ts'
import { toSteps } from '../../src/cli/forecast/steps.ts'
import { openModel } from '../../src/onnx/open-model.ts'
import { outsideForecasts } from '../../src/onnx/outside-forecasts.ts'
import { thatAreThere } from '../shared-data.ts'
import { benchSeries, type Half } from './splits.ts'

const STEP_MS = 300_000
const HORIZON_STEPS = 6

/**
 * `npm run bench:own-model -- MODEL.onnx`: the recorded series by the ensemble, by a model of one's own alone, and by the ensemble with
 * the model as a member; the last 30 % of each, all of the half hour ahead, error over that of the last value.
 */
async function main(file: string | undefined): Promise<void> {
  if (file === undefined) {
    process.stderr.write('usage: npm run bench:own-model -- MODEL.onnx\n')
    return process.exit(2)
  }
  const all = thatAreThere(await benchSeries()).filter(({ spacingMs }) => spacingMs <= STEP_MS)
  const model = await openModel(file)
  const rows: { readonly half: Half; readonly errors: readonly number[] }[] = []
  for (const { name, half, samples } of all) {
    const steps = toSteps(samples, STEP_MS)
    const outside = await outsideForecasts(model, steps)
    const plain = evaluate(steps, { horizonSteps: HORIZON_STEPS })
    const helped = evaluate(steps, { horizonSteps: HORIZON_STEPS, outside })
    const wapeOf = (wanted: string) => helped.baselines.find(one => one.name === wanted)?.wape ?? Number.NaN
    const errors = [plain.wape, wapeOf('ownModel'), helped.wape].map(wape => (wape ?? Number.NaN) / wapeOf('naive'))
    rows.push({ half, errors })
    process.stderr.write(`${name} ${errors.map(error => error.toFixed(3)).join(' ')}\n`)
  }
  await model.close()
  const cell = (place: number, halves: readonly Half[]) => {
    const logs = rows.filter(({ half }) => halves.includes(half)).map(({ errors }) => Math.log(errors[place]!))
    return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length).toFixed(3)
  }
  const lines = ['ensemble', `${model.name} alone`, `ensemble with ${model.name}`].map(
    (name, place) => `| ${name} | ${cell(place, ['tune', 'report'])} | ${cell(place, ['tune'])} | ${cell(place, ['report'])} |`,
  )
  process.stdout.write(['| | all | tune | report |', '| --- | ---: | ---: | ---: |', ...lines, ''].join('\n'))
}

await main(process.argv[2])
