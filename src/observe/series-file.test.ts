import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { readSeries, requireSamples, type SeriesOptions } from './series-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'crescendo-series-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function fileOf(content: string | Uint8Array): string {
  const path = join(folder, `${++files}.csv`)
  writeFileSync(path, content)
  return path
}

async function read(content: string | Uint8Array, options?: SeriesOptions) {
  const { samples, skipped } = await readSeries(fileOf(content), options)
  return { at: [...samples.at], value: [...samples.value], skipped }
}

async function refusal(content: string | Uint8Array, options?: SeriesOptions) {
  const path = fileOf(content)
  const error = await readSeries(path, options).then(
    () => new Error('it was read'),
    (cause: Error) => cause,
  )
  return `${'code' in error ? error.code : ''} ${error.message.replace(path, 'FILE')}`
}

const two = { at: [10_000, 25_000], value: [1, 2.5], skipped: 0 }

describe('what is read', () => {
  test.each([
    ['plain', 'timestamp,value\n10,1\n25,2.5\n'],
    ['no newline at the end', 'timestamp,value\n10,1\n25,2.5'],
    ['CRLF', 'timestamp,value\r\n10,1\r\n25,2.5\r\n'],
    ['a byte order mark', '\uFEFFtimestamp,value\n10,1\n25,2.5\n'],
    ['blank lines at the end', 'timestamp,value\n10,1\n25,2.5\n\n\r\n'],
    ['quoted fields', '"timestamp","value"\n"10","1"\n"25","2.5"\n'],
    ['spaces', 'timestamp, value\n10, 1\n25, 2.5\n'],
    ['ISO times', 'timestamp,value\n1970-01-01T00:00:10Z,1\n1970-01-01T00:00:25Z,2.5\n'],
  ])('%s', async (_, text) => {
    expect(await read(text)).toEqual(two)
    expect(await read(gzipSync(text))).toEqual(two)
  })

  test('two gzip members one after the other, as log rotation leaves them', async () => {
    expect(await read(Buffer.concat([gzipSync('timestamp,value\n10,1\n'), gzipSync('25,2.5\n')]))).toEqual(two)
  })

  test('rows that cross the chunks of a large file keep their digits', async () => {
    const rows = Array.from({ length: 60_000 }, (_, index) => `${1_767_225_600 + index * 15},${index}.25`)
    const { at, value } = await read(`timestamp,value\n${rows.join('\n')}\n`)
    expect(at.length).toBe(60_000)
    expect(value.every((one, index) => one === index + 0.25)).toBe(true)
    expect(at.every((one, index) => one === (1_767_225_600 + index * 15) * 1000)).toBe(true)
  })

  test('a gap of a second and one of three days are both just gaps', async () => {
    expect((await read('timestamp,value\n10,1\n11,1\n259211,1\n')).at).toEqual([10_000, 11_000, 259_211_000])
  })

  test('one row is a series; a command that needs more says so', async () => {
    const series = await readSeries(fileOf('timestamp,value\n10,1\n'))
    expect(series.samples.at.length).toBe(1)
    expect(() => requireSamples(series, 2, 'a backtest')).toThrow(/found 1 sample, expected at least 2 for a backtest$/)
    expect(() => requireSamples(series, 1, 'a backtest')).not.toThrow()
  })

  test('values and order can be freed for series that are no load', async () => {
    const text = 'timestamp,value\n10,-1\n10,2\n5,3\n'
    expect(await read(text, { values: 'any', order: 'any' })).toEqual({
      at: [10_000, 10_000, 5000],
      value: [-1, 2, 3],
      skipped: 0,
    })
  })

  test('progress tells the bytes so far', async () => {
    const seen: number[] = []
    await read('timestamp,value\n10,1\n', { onProgress: bytes => seen.push(bytes) })
    expect(seen.at(-1)).toBe(21)
  })

  test('an aborted signal ends it', async () => {
    await expect(readSeries(fileOf('timestamp,value\n10,1\n'), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })
})

const hint = '(--skip-bad-rows leaves such rows out)'

describe('what is refused, with the line that says why', () => {
  test.each([
    [
      'a malformed row',
      'timestamp,value\n10,1\noops\n',
      `CRS_TRACE_MALFORMED FILE:3: found "oops", expected a row \`timestamp,value\` (two fields with a comma between) ${hint}`,
    ],
    ['NaN', 'timestamp,value\n10,NaN\n', `CRS_TRACE_MALFORMED FILE:2: found the value "NaN", expected a finite number ${hint}`],
    [
      'a negative load',
      'timestamp,value\n10,-3\n',
      `CRS_TRACE_MALFORMED FILE:2: found the negative load -3, expected 0 or more ${hint}`,
    ],
    [
      'a load whose sums overflow',
      'timestamp,value\n10,1.7e308\n',
      `CRS_TRACE_MALFORMED FILE:2: found the load 1.7e+308, expected 0, or 1e-300 to 1e+300; choose another unit ${hint}`,
    ],
    [
      'a load whose shares vanish',
      'timestamp,value\n10,5e-324\n',
      `CRS_TRACE_MALFORMED FILE:2: found the load 5e-324, expected 0, or 1e-300 to 1e+300; choose another unit ${hint}`,
    ],
    [
      'what a terminal would obey',
      'timestamp,value\n10,1\u009b2J\n',
      `CRS_TRACE_MALFORMED FILE:2: found the value "1\\u009b2J", expected a finite number ${hint}`,
    ],
    [
      'time going backwards',
      'timestamp,value\n25,1\n10,1\n',
      `CRS_TRACE_MALFORMED FILE:3: found the time 1970-01-01T00:00:10.000Z after 1970-01-01T00:00:25.000Z, expected times that ascend ${hint}`,
    ],
    [
      'a time twice',
      'timestamp,value\n10,1\n10,2\n',
      `CRS_TRACE_MALFORMED FILE:3: found the time 1970-01-01T00:00:10.000Z a second time, expected each time once ${hint}`,
    ],
    ['an empty file', '', 'CRS_TRACE_TOO_SHORT FILE: the file is empty, expected the header `timestamp,value` and rows'],
    [
      'an empty gzip file',
      gzipSync(''),
      'CRS_TRACE_TOO_SHORT FILE: the file is empty, expected the header `timestamp,value` and rows',
    ],
    [
      'only a header',
      'timestamp,value\n',
      'CRS_TRACE_TOO_SHORT FILE: found a header and no rows, expected rows `timestamp,value`',
    ],
    ['no header', '10,1\n25,2\n', 'CRS_TRACE_MALFORMED FILE:1: found the header "10,1", expected `timestamp,value`'],
    [
      'a wrong header',
      'time;load\n10;1\n',
      'CRS_TRACE_MALFORMED FILE:1: found the header "time;load", expected `timestamp,value`',
    ],
    [
      'UTF-16',
      Buffer.from('\uFEFFtimestamp,value\n', 'utf16le'),
      'CRS_TRACE_MALFORMED FILE:1: found UTF-16 text, expected UTF-8 (save the file as "CSV UTF-8")',
    ],
    [
      'binary data',
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3, 10, 0, 255]),
      'CRS_TRACE_MALFORMED FILE:1: found binary data, expected CSV text with the header `timestamp,value`',
    ],
    [
      'binary data without a newline',
      Buffer.alloc(300_000),
      'CRS_TRACE_MALFORMED FILE:1: found binary data, expected CSV text with the header `timestamp,value`',
    ],
    [
      'an absurdly long line',
      `timestamp,value\n10,1\n${'9'.repeat(600_000)}`,
      `CRS_TRACE_MALFORMED FILE:3: found a line of more than 4096 bytes, expected a row \`timestamp,value\` ${hint}`,
    ],
    [
      'a gzip file cut short',
      gzipSync('timestamp,value\n10,1\n25,2\n').subarray(0, -12),
      'CRS_TRACE_MALFORMED FILE: found gzip data that ends too early, expected the whole file; copy it again',
    ],
  ])('%s', async (_, content, message) => {
    expect(await refusal(content)).toBe(message)
  })

  test('damaged gzip data', async () => {
    const bytes = gzipSync('timestamp,value\n10,1\n25,2\n')
    bytes[12] = 0xff
    expect(await refusal(bytes)).toMatch(/^CRS_TRACE_MALFORMED FILE: found damaged gzip data \(.+\), expected a whole file$/)
  })

  test('a gzip bomb ends at the bound, not in memory', async () => {
    const bomb = gzipSync(`timestamp,value\n${'\n'.repeat(5_000_000)}`)
    expect(bomb.length).toBeLessThan(10_000)
    expect(await refusal(bomb, { maxBytes: 1_000_000 })).toBe(
      'CRS_TRACE_MALFORMED FILE: found more than 1000000 bytes after decompression, expected at most that; split the file',
    )
  })

  test('a file that is not there, and a folder', async () => {
    await expect(readSeries(join(folder, 'none.csv'))).rejects.toThrow(/none\.csv: no such file or folder$/)
    await expect(readSeries(folder)).rejects.toThrow(/: it is a folder, a file is needed$/)
  })
})

describe('--skip-bad-rows', () => {
  const text = ['timestamp,value', '10,1', 'oops', '20,NaN', '20,-1', '10,1', '5,1', '9'.repeat(9000), '25,2.5', ''].join('\n')

  test('leaves out every bad row, counts them, and tells the first', async () => {
    const path = fileOf(text)
    const { samples, skipped, firstSkipped } = await readSeries(path, { skipBadRows: true })
    expect([...samples.at]).toEqual([10_000, 25_000])
    expect(skipped).toBe(6)
    expect(firstSkipped).toBe(`${path}:3: found "oops", expected a row \`timestamp,value\` (two fields with a comma between)`)
  })

  test('does not make up for a wrong header or a file with nothing usable', async () => {
    expect(await refusal('a,b\n1,2\n', { skipBadRows: true })).toContain('FILE:1: found the header "a,b"')
    expect(await refusal('timestamp,value\nx\ny\n', { skipBadRows: true })).toContain(
      'found no usable row (2 skipped, the first: ',
    )
  })

  test('a long line that crosses many chunks is one bad row', async () => {
    const long = `timestamp,value\n10,1\n${'9'.repeat(900_000)}\n25,2.5\n`
    expect(await read(long, { skipBadRows: true })).toEqual({ ...two, skipped: 1 })
  })
})
