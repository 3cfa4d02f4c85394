import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type OpenModelOptions, type OwnModel, openModel } from './open-model.ts'

const EXAMPLE = 'examples/onnx/small.onnx'
const folder = mkdtempSync(join(tmpdir(), 'crescendo-onnx-'))
const open: OwnModel[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

async function opened(file = EXAMPLE, options?: OpenModelOptions): Promise<OwnModel> {
  const model = await openModel(file, options)
  open.push(model)
  return model
}

/** The example with one word for another of the same length. */
function changed(from: string, to: string): string {
  const file = join(folder, `${to}.onnx`)
  writeFileSync(file, Buffer.from(readFileSync(EXAMPLE).toString('latin1').replaceAll(from, to), 'latin1'))
  return file
}

describe('a model of your own', () => {
  test('is opened, tells its shape, and forecasts', async () => {
    const model = await opened()
    expect(model).toMatchObject({ name: 'small', context: 288, horizon: 6 })
    const history = Float32Array.from({ length: 2 * 288 }, (_, i) => (i < 288 ? 1 : 2))
    const told = await model.forecast(history)
    expect(told).toHaveLength(12)
    // A series that stood still for a day goes on as it was, about.
    for (const [place, value] of told.entries()) expect(Math.abs(value - (place < 6 ? 1 : 2))).toBeLessThan(0.1)
  })

  test('two questions at once are answered one after the other', async () => {
    const model = await opened()
    const [one, other] = await Promise.all([1, 3].map(level => model.forecast(new Float32Array(288).fill(level))))
    expect(one![0]).toBeLessThan(other![0]!)
  })
})

describe('a model that cannot be used', () => {
  test.each([
    ['is not there', () => join(folder, 'none.onnx'), 'CRS_FILE_NOT_FOUND', /none\.onnx: cannot be read \(ENOENT\)/],
    ['is a folder', () => folder, 'CRS_MODEL', /found no regular file/],
    [
      'has another input',
      () => changed('history', 'histori'),
      'CRS_MODEL',
      /found input histori: float32 \[rows, 288\], expected one input history/,
    ],
    [
      'has another output',
      () => changed('forecast', 'forecasd'),
      'CRS_MODEL',
      /found output forecasd: float32 \[rows, 6\], expected one output forecast/,
    ],
  ])('because it %s is told in one line', async (...[, file, code, message]) => {
    const refused = await opened(file()).catch((error: Error & { code: string }) => error)
    expect(refused).toMatchObject({ name: 'CrescendoError', code, message: expect.stringMatching(message) })
    expect((refused as Error).message).not.toContain('\n')
  })

  test('because it is no ONNX file, or far too large', async () => {
    const text = join(folder, 'text.onnx')
    writeFileSync(text, 'timestamp,value\n')
    await expect(opened(text)).rejects.toMatchObject({ code: 'CRS_MODEL' })
    const large = join(folder, 'large.onnx')
    writeFileSync(large, '')
    truncateSync(large, 65 * 1024 * 1024)
    await expect(opened(large)).rejects.toThrow('large.onnx: found 65 MiB, expected a model of at most 64 MiB')
  })

  test('because it takes too long is ended, and the process goes on', async () => {
    await expect(opened(EXAMPLE, { limitMs: 1 })).rejects.toThrow('it took longer than 0.001 s, and was ended')
  })
})
