import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findAnomalies, forecastSeries, readSeries } from './metrics.ts'
import type { Samples } from './ports.ts'

const scratch = mkdtempSync(join(tmpdir(), 'crescendo-metrics-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const START = Date.UTC(2026, 10, 20)
/** A daily wave between 100 and 300, a value every five minutes. */
const waveAt = (minute: number) => 200 + 100 * Math.sin((minute / 1440) * 2 * Math.PI)
function wave(days: number, change: (value: number, index: number) => number = value => value): Samples {
  const length = days * 288
  return {
    at: Float64Array.from({ length }, (_, index) => START + index * 300_000),
    value: Float64Array.from({ length }, (_, index) => change(waveAt(index * 5) + ((index * 7919) % 13) / 4, index)),
  }
}

describe('metrics of the library', () => {
  test('a wave is forecast half an hour ahead, within a tenth, and its quantiles ascend', () => {
    const predicted = forecastSeries(wave(5))
    if (predicted.kind === 'none') throw new Error(predicted.why)
    expect(predicted.points.map(({ atMs }) => (atMs - predicted.madeAtMs) / 60_000)).toEqual([5, 10, 15, 20, 25, 30])
    for (const { atMs, quantiles } of predicted.points) {
      const actual = waveAt((atMs - START) / 60_000)
      expect(Math.abs((quantiles['0.5'] ?? 0) - actual)).toBeLessThan(0.1 * actual)
      const levels = ['0.5', '0.9', '0.95', '0.99', '0.999'].map(level => quantiles[level] ?? Number.NaN)
      expect(levels).toEqual(levels.toSorted((a, b) => a - b))
    }
  })

  test('a series that is too short has no forecast, and says how much is missing', () => {
    const { at, value } = wave(1)
    expect(forecastSeries({ at: at.subarray(0, 20), value: value.subarray(0, 20) })).toEqual({
      kind: 'none',
      why: expect.stringMatching(/^20 values every 300 s are too few, \d+ are needed$/),
    })
    expect(() => forecastSeries({ at: at.subarray(0, 1), value: value.subarray(0, 1) })).toThrow('expected at least 2')
  })

  test('a spike is found where it stands, and a calm series has none', () => {
    const spiked = wave(4, (value, index) => (index === 900 ? value * 4 : value))
    const found = findAnomalies(spiked)
    expect(found).toContainEqual(expect.objectContaining({ atMs: START + 900 * 300_000, kind: 'spike' }))
    expect(findAnomalies(wave(4), 6)).toEqual([])
    expect(() => findAnomalies(spiked, 0)).toThrow('above 0')
  })

  test('a file is read into columns, and a row that is none is named', async () => {
    const path = join(scratch, 'load.csv')
    writeFileSync(path, 'timestamp,value\n2026-11-20T00:00:00Z,1.5\n1795219200,2\n')
    await expect(readSeries(path)).resolves.toMatchObject({ value: Float64Array.of(1.5, 2) })
    writeFileSync(path, 'timestamp,value\n0,1\n60,x\n')
    await expect(readSeries(path)).rejects.toThrow('load.csv:3')
    expect((await readSeries(path, { skipBadRows: true })).at.length).toBe(1)
  })
})
