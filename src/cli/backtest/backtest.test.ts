import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type BacktestDocument, documentOf, expectAgreement } from '../../../test/recomputed.ts'
import { main } from '../main.ts'

let folder: string
const said = { stdout: '', stderr: '' }

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backtest-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.restoreAllMocks())

async function backtest(...argv: readonly string[]): Promise<number> {
  for (const stream of ['stdout', 'stderr'] as const) {
    said[stream] = ''
    vi.spyOn(process[stream], 'write').mockImplementation(text => {
      said[stream] += String(text)
      return true
    })
  }
  const code = await main(['backtest', ...argv])
  vi.restoreAllMocks()
  return code
}

function file(name: string, rows: readonly (readonly [seconds: number, value: number | string])[]): string {
  const path = join(folder, name)
  writeFileSync(path, ['timestamp,value', ...rows.map(([seconds, value]) => `${seconds},${value}`), ''].join('\n'))
  return path
}

const START = 1_790_000_000
const day = (days: number, value: (minute: number) => number) =>
  Array.from({ length: days * 1440 }, (_, minute) => [START + minute * 60, value(minute)] as const)
const wave = (minute: number) => Math.round(1000 + 700 * Math.sin(minute / 229) + 90 * Math.sin(minute * minute))

describe('the figures', () => {
  test('all of them follow from the decisions file and the world of the document', async () => {
    const trace = file('wave.csv', day(3, wave))
    const csv = join(folder, 'wave-decisions.csv')
    const scalers = 'crescendo,hpa,hpa@0.9,hpa-tuned,keda,kpa,static-peak,oracle'
    expect(await backtest('--trace', trace, '--json', '--decisions', csv, '--scalers', scalers, '--price', '0.25')).toBe(0)
    const document = documentOf(said.stdout)
    expect(document.scalers.map(({ name }) => name).join(',')).toBe(scalers)
    expect(document.scalers.some(({ sloViolationMinutes }) => Number(sloViolationMinutes) > 0)).toBe(true)
    expectAgreement(readFileSync(csv, 'utf8'), document)
  }, 60_000)

  test('the oracle has no violation and nobody without one is cheaper', async () => {
    const trace = file('oracle.csv', day(2, wave))
    expect(await backtest('--trace', trace, '--json', '--scalers', 'hpa,kpa,oracle,static-peak', '--startup', '3m')).toBe(0)
    const { scalers } = documentOf(said.stdout)
    const oracle = scalers.find(({ name }) => name === 'oracle')!
    expect(oracle.sloViolationMinutes).toBe(0)
    for (const one of scalers) {
      if (one.sloViolationMinutes === 0) expect(Number(one.replicaHours)).toBeGreaterThanOrEqual(Number(oracle.replicaHours))
    }
  })

  test('a gap is left out of the score and of the decisions, and both still agree', async () => {
    const rows = day(4, wave).filter(([seconds]) => seconds < START + 2.5 * 86_400 || seconds > START + 3.2 * 86_400)
    const csv = join(folder, 'gap-decisions.csv')
    const scalers = ['--scalers', 'hpa,oracle']
    expect(await backtest('--trace', file('gap.csv', rows), '--json', '--decisions', csv, ...scalers)).toBe(0)
    const document = documentOf(said.stdout)
    expect(document.trace.gaps).toBe(1)
    const times = readFileSync(csv, 'utf8')
      .match(/^hpa,(\d+)/gm)!
      .map(match => Number(match.slice(4)))
    expect(times.some(time => time > START + 2.6 * 86_400 && time < START + 3.1 * 86_400)).toBe(false)
    expectAgreement(readFileSync(csv, 'utf8'), document)
  })
})

describe('the document', () => {
  const keys = (value: object) => Object.keys(value)

  test('has the keys of the contract, the stated world, and nothing that is not a number', async () => {
    const trace = file('contract.csv', day(2, wave))
    const flags = [
      '--startup',
      '1m30s',
      '--startup-jitter',
      '0.3',
      '--node-startup',
      '2m',
      '--metrics-delay',
      '30s',
      '--tick',
      '30s',
      '--seed',
      '9',
    ]
    const bounds = ['--min', '2', '--max', '60', '--capacity-per-replica', '90', '--price', '0.4', '--warmup', '6h']
    expect(await backtest('--trace', trace, '--json', '--scalers', 'hpa,oracle', ...flags, ...bounds)).toBe(0)
    const document = documentOf(said.stdout)
    expect(said.stderr).toBe('')
    expect(document.trace).toMatchObject({
      file: trace,
      points: 2880,
      start: '2026-09-21T14:13:20Z',
      scoredFrom: '2026-09-21T20:13:20Z',
    })
    expect(document.world).toMatchObject({
      capacityPerReplica: 90,
      capacitySource: 'flag',
      startupSeconds: 90,
      startupJitter: 0.3,
      nodeStartupSeconds: 120,
      metricsDelaySeconds: 30,
      tickSeconds: 30,
      price: 0.4,
      min: 2,
      max: 60,
      seed: 9,
    })
    expect(keys(document.scalers[0]!)).toEqual(
      expect.arrayContaining(
        ['name', 'sloViolationMinutes', 'sloViolationRatio', 'unservedLoad', 'replicaHours', 'cost'].concat([
          'overProvisionedReplicaHours',
          'scaleUps',
          'scaleDowns',
          'decisionMicros',
        ]),
      ),
    )
    expect(keys(document.scalers[0]!.decisionMicros as object)).toEqual(['p50', 'p99'])
    expect(said.stdout).not.toMatch(/null|NaN|Infinity/)
  })

  test('several traces are runs of one document, and the decisions name their trace', async () => {
    const traces = [
      file('one.csv', day(1, wave)),
      file(
        'two.csv',
        day(1, minute => wave(minute) / 2),
      ),
    ]
    const csv = join(folder, 'several.csv')
    expect(await backtest('--trace', ...traces, '--json', '--scalers', 'hpa', '--decisions', csv)).toBe(0)
    const { runs } = JSON.parse(said.stdout) as { runs: readonly BacktestDocument[] }
    expect(runs.map(({ trace }) => trace.file)).toEqual(traces)
    const rows = readFileSync(csv, 'utf8').split('\n')
    expect(rows[0]).toBe('scaler,timestamp,load,ready_replicas,desired_replicas,trace')
    expect(rows.at(-2)).toMatch(/two\.csv$/)
  })

  test('the capacity is derived from the history alone, and said so', async () => {
    const before = (minute: number) => (minute < 720 ? 200 : 4000)
    expect(await backtest('--trace', file('derived.csv', day(1, before)), '--json', '--scalers', 'oracle')).toBe(0)
    expect(documentOf(said.stdout).world).toMatchObject({ capacityPerReplica: 10, capacitySource: 'history' })
    expect(said.stderr).toContain('no capacity was given; a replica is taken to serve 10, from the history')
  })

  test.each([
    ['of zeros', (minute: number) => (minute < 720 ? 0 : 200), ['--warmup', '50%']],
    ['of no time', () => 200, ['--warmup', '0%']],
  ])('where a history %s holds no load, the capacity is that of the whole trace, and said so', async (_, value, flags) => {
    const trace = file('no-history.csv', day(1, value))
    expect(await backtest('--trace', trace, '--json', '--scalers', 'oracle', ...flags)).toBe(0)
    expect(documentOf(said.stdout).world).toMatchObject({ capacityPerReplica: 10, capacitySource: 'trace' })
    expect(said.stderr).toContain('a replica is taken to serve 10, from the whole trace, as there is no load in the history')
  })

  test('a capacity so small that the load would need more replicas than there are numbers is one line', async () => {
    expect(await backtest('--trace', file('tiny.csv', day(1, wave)), '--capacity-per-replica', '1e-310')).toBe(2)
    expect(said.stderr).toMatch(/tiny\.csv: the load reaches \d+.*, but a replica serves 1e-310; expected a larger/)
  })

  test('the same seed writes the same decisions, another seed others', async () => {
    const trace = file('seed.csv', day(1, wave))
    const decisions = async (seed: string, name: string) => {
      const csv = join(folder, name)
      const flags = ['--scalers', 'hpa,kpa', '--startup-jitter', '0.5', '--node-startup', '2m', '--startup', '2m']
      expect(await backtest('--trace', trace, '--json', '--decisions', csv, '--seed', seed, ...flags)).toBe(0)
      return readFileSync(csv, 'utf8')
    }
    const first = await decisions('3', 'a.csv')
    expect(await decisions('3', 'b.csv')).toBe(first)
    expect(await decisions('4', 'c.csv')).not.toBe(first)
  })
})

describe('for people', () => {
  test('a table with the excess over the oracle, and a page that stands alone', async () => {
    const html = join(folder, 'page.html')
    expect(await backtest('--trace', file('table.csv', day(2, wave)), '--html', html, '--scalers', 'hpa,hpa-tuned,oracle')).toBe(
      0,
    )
    expect(said.stdout).toMatch(/scaler +bad min +bad % +replica-h +cost +over oracle/)
    expect(said.stdout).toMatch(/\nhpa +[\d.]+ +[\d.]+ .*\+[\d.]+ %/)
    expect(said.stdout).toContain('unfair in its favour')
    expect(readFileSync(html, 'utf8')).toContain('<!doctype html>')
  })

  test('load that no allowed number of replicas can serve is said', async () => {
    const flags = ['--scalers', 'hpa,oracle', '--capacity-per-replica', '1', '--max', '10']
    expect(
      await backtest(
        '--trace',
        file(
          'high.csv',
          day(1, () => 1000),
        ),
        ...flags,
      ),
    ).toBe(0)
    expect(said.stdout).toContain('the load needs up to 1,000 replicas, 10 are allowed: 100.0 % of the scored time')
  })
})

describe('odd recordings', () => {
  const zero = day(1, () => 0)
  const seconds = Array.from({ length: 3600 }, (_, second) => [START + second, 5 + (second % 7)] as const)
  const huge = day(1, minute => 1e17 * (1 + (minute % 7)))
  const tiny = day(1, minute => 1e-9 * (1 + (minute % 7)))

  test.each([
    ['constant zero', zero],
    ['one second apart', seconds],
    ['enormous numbers', huge],
    ['minute numbers', tiny],
  ])('%s gives figures, and never NaN', async (name, rows) => {
    expect(await backtest('--trace', file(`${name}.csv`, rows), '--json', '--scalers', 'hpa,keda,kpa,static-peak,oracle')).toBe(0)
    expect(said.stdout).not.toMatch(/null|NaN|Infinity/)
    const { scalers } = documentOf(said.stdout)
    expect(scalers.every(({ replicaHours }) => Number(replicaHours) > 0)).toBe(true)
    expect(scalers.find(({ name }) => name === 'oracle')!.sloViolationMinutes).toBe(0)
  })

  test('bad rows are counted when they may be skipped', async () => {
    const rows = [...day(1, wave).slice(0, 600), [START + 36_000, 'oops'] as const, ...day(1, wave).slice(601)]
    const trace = file('bad.csv', rows)
    expect(await backtest('--trace', trace, '--json', '--scalers', 'oracle', '--skip-bad-rows')).toBe(0)
    expect(documentOf(said.stdout).trace.skippedRows).toBe(1)
    expect(await backtest('--trace', trace, '--json', '--scalers', 'oracle')).toBe(2)
    expect(said.stderr).toContain('bad.csv:602')
  })

  test.each([
    ['an empty file', [], [], 'no rows'],
    ['one row', [[START, 1]], [], '1 sample'],
    ['too long a warm-up', day(1, wave), ['--warmup', '2d'], 'expected a shorter --warmup'],
    ['all of it as warm-up', day(1, wave), ['--warmup', '100%'], 'from 0% to below 100%'],
    ['bounds crossed', day(1, wave), ['--min', '9', '--max', '3'], '--min 9 is above --max 3'],
    ['a scaler nobody knows', day(1, wave), ['--scalers', 'hpa,foo'], 'there is no scaler "foo"'],
    ['a capacity of zero', day(1, wave), ['--capacity-per-replica', '0'], 'expected a number above 0'],
    ['a duration in fortnights', day(1, wave), ['--startup', '2w'], 'such as 60s, 1m30s, 5m or 1h'],
    [
      'forty years',
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [1_261_440_000, 1],
      ],
      [],
      'years.csv: the series spans',
    ],
    ['a folder that is not there', day(1, wave), ['--decisions', '/nowhere/at/all.csv'], '/nowhere/at/all.csv: no such file'],
    ['a page that cannot be written', day(1, wave), ['--html', '/nowhere/at/all.html'], '/nowhere/at/all.html: no such file'],
  ] as const)('%s: one line, exit code 2, and no half-written file', async (...given) => {
    const [name, rows, flags, message] = given
    const csv = join(folder, 'never.csv')
    expect(await backtest('--trace', file(`${name}.csv`, rows), '--decisions', csv, ...flags)).toBe(2)
    expect(said.stderr).toContain(message)
    expect(said.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(said.stdout).toBe('')
    expect([existsSync(csv), existsSync(`${csv}.partial`)]).toEqual([false, false])
  })
})

describe('the policy', () => {
  test('what it states and a back-test does not play is said once', async () => {
    const traces = ['--trace', file('said.csv', day(1, wave)), file('said-too.csv', day(1, wave)), '--scalers', 'oracle']
    expect(await backtest(...traces, '--capacity-per-replica', '100', '--policy', 'tier-premium', '--json')).toBe(0)
    expect(said.stderr).toBe('the policy states what a back-test does not play: learning.mode, spot.maxShare\n')
    expect(await backtest(...traces, '--capacity-per-replica', '100', '--json')).toBe(0)
    expect(said.stderr).toBe('')
  })
})

describe('the seed examples', () => {
  const examples = ['api-gateway-hpa.yaml', 'ml-inference-hpa.yaml'].map(name => join('../shared/seed-examples', name))
  test.skipIf(!examples.every(path => existsSync(path)))(
    'both run, unchanged, by their own metrics (needs ../shared, which a clone does not have)',
    async () => {
      for (const policy of examples) {
        const trace = file(
          'example.csv',
          day(1, minute => 20 * wave(minute)),
        )
        expect(await backtest('--trace', trace, '--policy', policy, '--json', '--scalers', 'hpa,oracle')).toBe(0)
        const { scalers, world } = documentOf(said.stdout)
        expect(Number(scalers[0]!.scaleUps)).toBeGreaterThan(0)
        expect(world.max).toBe(policy.includes('api') ? 200 : 100)
      }
    },
  )
})
