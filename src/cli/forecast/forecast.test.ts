import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { generate } from '../../sim/traffic/generate.ts'
import { main } from '../main.ts'

const folder = mkdtempSync(join(tmpdir(), 'forecast-'))
afterAll(() => rmSync(folder, { recursive: true }))

const printed = { out: '', err: '' }
beforeEach(() => {
  Object.assign(printed, { out: '', err: '' })
  for (const [stream, key] of [
    ['stdout', 'out'],
    ['stderr', 'err'],
  ] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation(text => {
      printed[key] += String(text)
      return true
    })
  }
})
afterEach(() => vi.restoreAllMocks())

const START = 1_763_942_400
type Row = readonly [seconds: number, value: number]

function file(name: string, rows: readonly Row[]): string {
  const path = join(folder, name)
  writeFileSync(path, `timestamp,value\n${rows.map(row => row.join(',')).join('\n')}\n`)
  return path
}

/** Generated traffic every `stepSeconds`. */
function traffic(profile: 'api-gateway' | 'analytics', days: number, stepSeconds = 300): readonly Row[] {
  const { load } = generate(profile, { days, seed: 7, startMs: START * 1000, tickMs: stepSeconds * 1000 })
  return Array.from(load.value, (value, tick) => [START + tick * stepSeconds, value])
}

const QUANTILES = [0.5, 0.9, 0.95, 0.99]
const DAY = 86_400

/**
 * The figures of a file from its samples and the predictions alone, written from the contract and nothing else. Of a file finer
 * than the step, the scale of mase is that of its samples every `stepSeconds`.
 */
function recomputed(series: ReadonlyMap<number, number>, predictions: readonly (readonly number[])[], stepSeconds = 1) {
  const historyEnd = Math.min(...predictions.map(([origin]) => origin!))
  const history = [...series].filter(([time]) => time <= historyEnd && (time - START) % stepSeconds === 0)
  const isLong = historyEnd - history[0]![0] >= DAY
  const changes = history.flatMap(([time, value], index) => {
    const before = isLong ? series.get(time - DAY) : history[index - 1]?.[1]
    return before === undefined ? [] : [Math.abs(value - before)]
  })
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const actuals = predictions.map(([, target]) => series.get(target!)!)
  const errors = predictions.map(([, , median], index) => Math.abs(actuals[index]! - median!))
  const of = (score: (quantile: number, actual: number, level: number) => number) =>
    Object.fromEntries(
      QUANTILES.map((level, index) => [level, mean(predictions.map((row, at) => score(row[2 + index]!, actuals[at]!, level)))]),
    )
  return {
    mase: mean(errors) / mean(changes),
    wape: mean(errors) / mean(actuals.map(Math.abs)),
    pinball: of((quantile, actual, level) =>
      actual >= quantile ? level * (actual - quantile) : (1 - level) * (quantile - actual),
    ),
    coverage: of((quantile, actual) => (actual <= quantile ? 1 : 0)),
    points: predictions.length,
  }
}

/** Figures up to the last digits, which depend on the order of additions. */
function expectClose(found: unknown, expected: unknown): void {
  if (typeof expected === 'number') expect(Math.abs((found as number) / expected - 1)).toBeLessThan(1e-9)
  else for (const [key, value] of Object.entries(expected as object)) expectClose((found as Record<string, unknown>)[key], value)
}

async function evaluated(files: readonly string[], ...flags: readonly string[]) {
  const csv = join(folder, 'predictions.csv')
  expect(await main(['forecast', ...files, '--evaluate', '--json', '--predictions', csv, ...flags])).toBe(0)
  const [header, ...lines] = readFileSync(csv, 'utf8').trimEnd().split('\n')
  expect(header).toBe('file,origin,target,q50,q90,q95,q99')
  const rows = lines.map(line => line.split(','))
  const rowsOf = (name: string) => rows.filter(([own]) => own === name).map(([, ...numbers]) => numbers.map(Number))
  return { document: JSON.parse(printed.out), rowsOf }
}

const seriesIn = (path: string) =>
  new Map(
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .map(line => {
        const [time, value] = line.split(',')
        const seconds = /^\d+$/.test(time!) ? Number(time) : Date.parse(`${time!.replace(' ', 'T')}Z`) / 1000
        return [seconds, Number(value)] as const
      }),
  )

describe('crescendo forecast --evaluate', () => {
  test('somebody else gets the same figures from the predictions and the series', async () => {
    const gapped = traffic('analytics', 10).filter((_, index) => index % 500 > 12)
    const files = [
      file('api.csv', traffic('api-gateway', 9)),
      file('gaps.csv', gapped),
      file('short.csv', traffic('analytics', 1)),
    ]
    const { document, rowsOf } = await evaluated(files)
    for (const [index, path] of files.entries()) {
      const own = document.files[index]
      expect(own.file).toBe(path)
      expectClose(own, recomputed(seriesIn(path), rowsOf(path)))
      expect(own.msPerFit).toBeGreaterThan(0)
      expect(own.msPerForecast).toBeGreaterThan(0)
    }
    const weighted = (figureOf: (own: (typeof document.files)[number]) => number) =>
      document.files.reduce((sum: number, own: { points: number }) => sum + figureOf(own) * own.points, 0) /
      document.overall.points
    expectClose(document.overall, {
      mase: weighted(own => own.mase),
      wape: weighted(own => own.wape),
      msPerFit: weighted(own => own.msPerFit),
      pinball: { '0.95': weighted(own => own.pinball['0.95']) },
      coverage: { '0.99': weighted(own => own.coverage['0.99']) },
    })
  })

  test('the same for a file every minute at the default step: what came are its own samples at the targets', async () => {
    const minute = ([seconds]: Row) => (seconds - START) / 60
    // A gap of whole steps in the history; after it, one step that lacks the sample at its end.
    const rows = traffic('api-gateway', 6, 60).filter(row => !(minute(row) > 3000 && minute(row) <= 3045) && minute(row) !== 7500)
    const path = file('minutes.csv', rows)
    const { document, rowsOf } = await evaluated([path])
    const [own, series, predictions] = [document.files[0], seriesIn(path), rowsOf(path)]
    expect(own.step).toBe(300)
    expect(predictions.every(([origin, target]) => series.has(origin!) && series.has(target!))).toBe(true)
    expect(predictions.filter(([, target]) => target === START + 7499 * 60)).toHaveLength(6)
    expectClose(own, recomputed(series, predictions, 300))
    const naive = predictions.map(([origin, target]) => [origin!, target!, ...QUANTILES.map(() => series.get(origin!)!)])
    const { mase, wape } = recomputed(series, naive, 300)
    expectClose(own.baselines.naive, { mase, wape })
  })

  test('generated traffic is told better than by its last value, and the bands keep what they say', async () => {
    const path = file('long.csv', traffic('api-gateway', 14))
    const { document } = await evaluated([path])
    const { mase, baselines, coverage } = document.files[0]
    expect(mase).toBeLessThan(0.92 * baselines.naive.mase)
    expect(Math.abs(coverage['0.5'] - 0.5)).toBeLessThan(0.05)
    expect(Math.abs(coverage['0.95'] - 0.95)).toBeLessThan(0.02)
    expect(Math.abs(coverage['0.99'] - 0.99)).toBeLessThan(0.01)
  })

  const NYC = '../shared/data/nab/realKnownCause/nyc_taxi.csv'
  test.skipIf(!existsSync(NYC))(
    'the same for the taxis of New York (needs ../shared/data), in their own 30 minutes',
    async () => {
      const { document, rowsOf } = await evaluated([NYC], '--horizon', '1h')
      expect(printed.err).toContain('values come every 30m, which is the step instead of 5m; forecasts reach 1h')
      expectClose(document.files[0], recomputed(seriesIn(NYC), rowsOf(NYC)))
      expect(document.files[0].mase).toBeLessThan(0.6 * document.files[0].baselines.naive.mase)
    },
  )

  test('--predictions alone evaluates too; the table compares with baselines and names the evaluated part', async () => {
    const path = file('table.csv', traffic('api-gateway', 10))
    const csv = join(folder, 'alone.csv')
    expect(await main(['forecast', path, path, '--predictions', csv])).toBe(0)
    expect(printed.out).toContain('evaluated on the last 864 of 2,880 values every 5m (30 %), after 2025-')
    expect(printed.out).toMatch(/seasonal-ridge +0\.\d{3} +\d+\.\d %\nnaive \(last value\) +\d/)
    expect(printed.out).toMatch(/values at or below +0\.\d{3} +0\.\d{3} +0\.\d{3} +0\.\d{3}\n/)
    expect(printed.out).toContain('all 2 files (means weighted by points)')
    expect(printed.out).toContain(`every prediction: ${csv}`)
  })

  test('a series that is too short is in the document without figures, in one line on standard error, and in the exit code', async () => {
    const [good, short] = [file('good.csv', traffic('analytics', 2)), file('tiny.csv', traffic('analytics', 0.2))]
    expect(await main(['forecast', good, short, '--evaluate', '--json'])).toBe(1)
    const { files, overall } = JSON.parse(printed.out)
    expect(files[1]).toMatchObject({ mase: null, wape: null, pinball: null, coverage: null, points: 0 })
    expect(files[1].abstains).toContain('58 values are too few for an evaluation: a forecast needs 108 before it')
    expect(printed.err).toBe(`${short}: ${files[1].abstains}\n`)
    expect(overall).toMatchObject({ mase: files[0].mase, points: files[0].points })
  })

  test('a failure leaves no predictions behind', async () => {
    const csv = join(folder, 'none.csv')
    const bad = file('bad.csv', [
      [START, 1],
      [START - 300, 1],
    ])
    expect(await main(['forecast', file('fine.csv', traffic('analytics', 2)), bad, '--predictions', csv])).toBe(2)
    expect(readdirSync(folder).filter(name => name.startsWith('none.csv'))).toEqual([])
  })

  test('a file name with a comma is quoted', async () => {
    const path = file('a,b.csv', traffic('analytics', 2))
    const csv = join(folder, 'quoted.csv')
    expect(await main(['forecast', path, '--predictions', csv])).toBe(0)
    expect(readFileSync(csv, 'utf8').split('\n')[1]).toMatch(/^"[^"]*a,b\.csv",\d+,\d+,/)
  })
})

describe('crescendo forecast', () => {
  test('--json has every step up to the horizon with ascending quantiles, and the maximum over it', async () => {
    const path = file('plain.csv', traffic('api-gateway', 3))
    expect(await main(['forecast', path, '--horizon', '1h', '--step', '10m', '--json'])).toBe(0)
    const [own] = JSON.parse(printed.out).forecasts
    const last = START + 3 * DAY - 600 // the step of the last sample, 5 minutes later, is not complete
    expect(own).toMatchObject({ file: path, step: 600, horizon: 3600, model: 'seasonal-ridge' })
    expect(Date.parse(own.origin) / 1000).toBe(last)
    expect(own.points.map(({ target }: { target: string }) => Date.parse(target) / 1000 - last)).toEqual([
      600, 1200, 1800, 2400, 3000, 3600,
    ])
    for (const { q50, q90, q95, q99, q999 } of [...own.points, own.windowMaximum]) {
      expect([q50, q90, q95, q99, q999]).toEqual([q50, q90, q95, q99, q999].toSorted((a, b) => a - b))
      expect(q50).toBeGreaterThan(0)
    }
    expect(own.windowMaximum.q50).toBeGreaterThan(Math.min(...own.points.map(({ q50 }: { q50: number }) => q50)))
  })

  test('says the same from the end of a file as the evaluation does from that origin', async () => {
    const rows = traffic('analytics', 6)
    const { rowsOf } = await evaluated([file('all.csv', rows)])
    const origin = rows.at(-20)![0]
    const expected = rowsOf(join(folder, 'all.csv')).filter(([own]) => own === origin)
    printed.out = ''
    expect(await main(['forecast', file('until.csv', rows.slice(0, -19)), '--json'])).toBe(0)
    const [own] = JSON.parse(printed.out).forecasts
    const points = own.points.map((point: { target: string } & Record<string, number | string>) => [
      origin,
      Date.parse(point.target) / 1000,
      ...['q50', 'q90', 'q95', 'q99'].map(name => point[name]),
    ])
    expect(points).toEqual(expected)
  })

  test('people get a picture and a table', async () => {
    expect(await main(['forecast', file('people.csv', traffic('api-gateway', 3)), '--horizon', '20m'])).toBe(0)
    expect(printed.out).toMatch(/\nq99 {51}[▁-█]{4}\nq50 {2}[▁-█]{48}\|[▁-█]{4}\n/)
    expect(printed.out).toMatch(
      /\ntime +q50 +q90 +q95 +q99\n(2025-11-2\dT[\d:]+Z( +[\d.,]+){4}\n){4}highest of 20m( +[\d.,]+){4}\n$/,
    )
  })

  test('a horizon that is no multiple of the step is said to be shorter; one that needs too much memory is refused', async () => {
    const path = file('uneven.csv', traffic('analytics', 2))
    expect(await main(['forecast', path, '--horizon', '32m', '--json'])).toBe(0)
    expect(printed.err).toBe(`${path}: forecasts reach 30m, in whole steps of 5m\n`)
    const fine = file('fine-steps.csv', traffic('analytics', 0.01, 1))
    expect(await main(['forecast', fine, '--step', '1s', '--horizon', '30m'])).toBe(2)
    expect(printed.err).toContain('1800 steps of 1s are more than the 69 that fit into memory; choose a shorter --horizon')
  })

  /** The real binary in a process of its own: streams and exit codes are the contract. */
  const crescendo = (...args: readonly string[]) =>
    spawnSync(process.execPath, ['bin/crescendo.js', ...args], { encoding: 'utf8' })

  test('the binary abstains with exit code 1 and says how much is needed; bad input is exit code 2 with its line', () => {
    const short = file('few.csv', traffic('analytics', 0.25))
    expect(crescendo('forecast', short)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `${short}: 72 values every 5m are too few for a forecast, 108 are needed (9h)\n`,
    })
    const bad = file('backwards.csv', [
      [START, 1],
      [START - 300, 4],
    ])
    const { status, stderr } = crescendo('forecast', bad, '--evaluate')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^crescendo: .*backwards\.csv:3: .*\n$/)
    expect(crescendo('forecast', short, '--step', '0s')).toMatchObject({ status: 2, stdout: '' })
  })
})

describe('a series that falls below nothing', () => {
  const wave = (tick: number) => 100 * Math.sin((2 * Math.PI * tick) / 288) + ((tick * 7919) % 13)
  const rows = (from: (tick: number) => number): readonly Row[] =>
    Array.from({ length: 6 * 288 }, (_, tick) => [START + tick * 300, from(tick)])
  const told = async (name: string, from: (tick: number) => number) => {
    Object.assign(printed, { out: '', err: '' })
    expect(await main(['forecast', file(name, rows(from)), '--evaluate', '--json'])).toBe(0)
    return JSON.parse(printed.out)
  }

  test('is forecast, its quantiles too', async () => {
    const { overall } = await told('wave.csv', wave)
    expect(overall.mase).toBeLessThan(0.8)
    expect(overall.coverage['0.95']).toBeGreaterThan(0.9)
    await told('wave.csv', wave)
    expect(await main(['forecast', file('trough.csv', rows(wave).slice(0, 1500 - 72)), '--json'])).toBe(0)
  })

  test('a value lower than all before does not change what was said before it', async () => {
    const predictions = async (name: string, from: (tick: number) => number) => {
      const out = join(folder, `${name}.rows`)
      await main(['forecast', file(name, rows(from)), '--predictions', out])
      return readFileSync(out, 'utf8').split('\n').slice(1)
    }
    const cut = 5 * 288 + 100
    const whole = await predictions('calm.csv', wave)
    const deep = await predictions('deep.csv', tick => (tick >= cut ? -5000 : wave(tick)))
    const earlier = (lines: readonly string[]) =>
      lines.map(line => line.split(',').slice(1)).filter(([origin]) => Number(origin) < START + cut * 300 - 1800)
    expect(earlier(deep).length).toBeGreaterThan(500)
    expect(earlier(deep)).toEqual(earlier(whole))
  })
})

describe('forecast --model', () => {
  const week = () => file('own-model.csv', traffic('api-gateway', 5))

  test('prints the model alone beside the baselines, and the forecaster with it as a member', async () => {
    const path = week()
    expect(await main(['forecast', path, '--evaluate', '--model', 'examples/onnx/small.onnx'])).toBe(0)
    expect(printed.out).toMatch(/\nsmall alone {2,}\d+\.\d{3} +\d+\.\d %\n/)
    Object.assign(printed, { out: '', err: '' })
    expect(await main(['forecast', path, '--model', 'examples/onnx/small.onnx', '--json'])).toBe(0)
    expect(JSON.parse(printed.out).forecasts[0].points).toHaveLength(6)
  })

  test('a model that cannot be used is one line and exit code 2', async () => {
    expect(await main(['forecast', week(), '--model', 'README.md'])).toBe(2)
    expect(printed.err.trim().split('\n')).toHaveLength(1)
    expect(printed.err).toMatch(/^crescendo: README\.md: /)
  })
})
