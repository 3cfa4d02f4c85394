import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { main } from './main.ts'

const folder = mkdtempSync(join(tmpdir(), 'anomalies-'))
afterAll(() => rmSync(folder, { recursive: true }))

const printed = { out: '', err: '' }

function capture(stream: 'stdout' | 'stderr'): void {
  vi.spyOn(process[stream], 'write').mockImplementation(text => {
    printed[stream === 'stdout' ? 'out' : 'err'] += String(text)
    return true
  })
}

beforeEach(() => {
  Object.assign(printed, { out: '', err: '' })
  capture('stdout')
  capture('stderr')
})
afterEach(() => vi.restoreAllMocks())

const START = 1_763_942_400
const ROWS = 2500
/** Five-minute values over eight days: a day shape, noise, negative at night, and one spike. */
const value = (index: number) =>
  index === 2000 ? 900 : Number((40 * Math.sin(index / 45.8) + 3 * Math.sin(index * 12.9898) + 30).toFixed(3))
const row = (index: number) => `${START + index * 300},${value(index)}`
const rows = Array.from({ length: ROWS }, (_, index) => row(index))

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name)
  writeFileSync(path, `timestamp,value\n${lines.join('\n')}\n`)
  return path
}

/** The lines of the CSV for these rows. */
async function scores(lines: readonly string[], ...flags: readonly string[]): Promise<readonly string[]> {
  const csv = join(folder, 'scores.csv')
  expect(await main(['anomalies', file('in.csv', lines), '--csv', csv, ...flags])).toBe(0)
  return readFileSync(csv, 'utf8').trimEnd().split('\n')
}

describe('crescendo anomalies --csv', () => {
  test('has the columns of the contract, one row a value, scores in 0..1, and times as they were given', async () => {
    const [header, ...lines] = await scores(rows)
    expect(header).toBe('timestamp,value,anomaly_score,is_anomaly')
    expect(lines).toHaveLength(ROWS)
    lines.forEach((line, index) => {
      const [timestamp, given, score, flag] = line.split(',')
      expect(`${timestamp},${given}`).toBe(row(index))
      expect(Number(score)).toBeGreaterThanOrEqual(0)
      expect(Number(score)).toBeLessThan(1)
      expect(['0', '1']).toContain(flag)
    })
    expect(lines[2000]?.endsWith(',1')).toBe(true)
  })

  test.each([1, 31, 700, 2001, 2499])(
    'a row depends on rows up to itself only: the first %i rows alone give the same bytes',
    async count => {
      const whole = await scores(rows)
      expect(await scores([...rows.slice(0, count), `${START + 1e6},5`]).then(lines => lines.slice(0, count + 1))).toEqual(
        whole.slice(0, count + 1),
      )
    },
  )

  test('ISO times come back as they were written', async () => {
    const iso = ['2026-11-24T00:00:00Z,1', '2026-11-24 00:05,2', '"2026-11-24T02:10:00+02:00",3']
    expect((await scores(iso)).slice(1).map(line => line.split(',')[0])).toEqual([
      '2026-11-24T00:00:00Z',
      '2026-11-24 00:05',
      '2026-11-24T02:10:00+02:00',
    ])
  })

  test('times that repeat or go backwards are scored in the order of the file', async () => {
    expect(await scores([row(0), row(1), row(1), row(0), row(2)])).toHaveLength(6)
    expect(printed.err).toContain('2 times repeat or go backwards; values are judged in the order of the file')
  })

  test('the threshold moves the flag, not the score', async () => {
    const [low, high] = [await scores(rows), await scores(rows, '--threshold', '30')]
    const cut = (line: string) => line.slice(0, line.lastIndexOf(','))
    expect(high.map(cut)).toEqual(low.map(cut))
    expect(high.filter(line => line.endsWith(',1')).length).toBeLessThan(low.filter(line => line.endsWith(',1')).length)
  })

  test('a bad row leaves the old file as it was, and no half of a new one', async () => {
    const csv = join(folder, 'kept.csv')
    writeFileSync(csv, 'old')
    expect(await main(['anomalies', file('bad.csv', [row(0), 'x,1']), '--csv', csv])).toBe(2)
    expect(readFileSync(csv, 'utf8')).toBe('old')
    expect(readdirSync(folder).filter(name => name.includes('partial'))).toEqual([])
    expect(printed.err).toMatch(/bad\.csv:3: found the timestamp "x"/)
  })

  test('--skip-bad-rows leaves it out and says so', async () => {
    expect(await scores([row(0), 'x,1', row(1)], '--skip-bad-rows')).toHaveLength(3)
    expect(printed.err).toContain('1 bad rows left out')
  })

  test('a place where nothing can be written is one line, exit code 2', async () => {
    expect(await main(['anomalies', file('in.csv', rows), '--csv', join(folder, 'none', 'x.csv')])).toBe(2)
    expect(printed.err).toMatch(/x\.csv: no such file or folder\n$/)
  })
})

describe('crescendo anomalies', () => {
  test('prints a table with start, kind, severity, value and expected', async () => {
    expect(await main(['anomalies', file('in.csv', rows)])).toBe(0)
    expect(printed.out).toMatch(
      /in\.csv: \d+ anomal(y|ies) in 2,500 values at 2\.5 sigma\nstart +kind +severity +sigma +value +expected\n/,
    )
    expect(printed.out).toMatch(/2025-11-30T22:40:00Z +spike +critical +\d+\.\d +900 /)
  })

  test('--json is one document with what was found', async () => {
    expect(await main(['anomalies', file('in.csv', rows), '--json', '--threshold', '9'])).toBe(0)
    expect(JSON.parse(printed.out)).toMatchObject({
      points: ROWS,
      skipped: 0,
      threshold: 9,
      anomalies: [{ start: '2025-11-30T22:40:00Z', kind: 'spike', severity: 'critical', value: 900 }],
    })
  })

  test('a stuck sensor has its own kind, in the table, in --json, and on the page with a row and the reason', async () => {
    const stuck = rows.map((line, index) => (index >= 1500 && index < 1540 ? line.replace(/,.*/, ',33.25') : line))
    const html = join(folder, 'stuck.html')
    expect(await main(['anomalies', file('stuck.csv', stuck), '--html', html])).toBe(0)
    expect(printed.out).toMatch(/2025-11-29T05:00:00Z +flat line +critical +\d+\.\d +33\.3 /)
    expect(readFileSync(html, 'utf8')).toContain('flat line: the value 33.25 has come')
    printed.out = ''
    await main(['anomalies', file('stuck.csv', stuck), '--json'])
    const { anomalies } = JSON.parse(printed.out)
    expect(anomalies.find((one: { kind: string }) => one.kind === 'flat line')).toMatchObject({
      start: '2025-11-29T05:00:00Z',
      end: '2025-11-29T08:15:00Z',
      severity: 'critical',
      value: 33.25,
    })
  })

  test('a quiet series has no table, and a long list is cut', async () => {
    await main(['anomalies', file('quiet.csv', rows.slice(0, 40))])
    expect(printed.out).toContain('quiet.csv: 0 anomalies in 40 values at 2.5 sigma\n')
    const wild = Array.from(
      { length: 5000 },
      (_, index) => `${START + index * 3600},${index % 40 === 0 ? 100 + index : index % 7}`,
    )
    printed.out = ''
    await main(['anomalies', file('wild.csv', wild)])
    expect(printed.out).toMatch(/and \d+ smaller ones \(--json lists all\)\n$/)
  })

  test.each([
    ['0', 'expected a number of standard deviations above 0'],
    ['many', 'expected a number of standard deviations above 0'],
  ])('--threshold %s is bad usage', async (threshold, line) => {
    expect(await main(['anomalies', file('in.csv', rows), '--threshold', threshold])).toBe(2)
    expect(printed.err).toContain(line)
  })

  test('one value is too short, and a file that is not there is one line', async () => {
    expect(await main(['anomalies', file('one.csv', [row(0)])])).toBe(2)
    expect(printed.err).toContain('one.csv: found 1 sample, expected at least 2 for anomaly detection')
    expect(await main(['anomalies', join(folder, 'none.csv')])).toBe(2)
  })
})

const recorded = '../shared/data/nab/realKnownCause/nyc_taxi.csv'
test.skipIf(!existsSync(recorded))('a recorded series (skipped where ../shared is absent) has few alarms', async () => {
  await main(['anomalies', recorded, '--json'])
  const { anomalies, points } = JSON.parse(printed.out)
  expect(points).toBe(10_320)
  expect(anomalies.length).toBeGreaterThan(0)
  expect(anomalies.length).toBeLessThan(20)
})
