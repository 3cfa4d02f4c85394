import { CrescendoError, type ErrorCode } from '../errors.ts'
import type { Samples } from '../ports.ts'
import { type Columns, columns } from './columns.ts'
import { chunksOf } from './series-bytes.ts'
import { loadProblem, parseRow, quote, type Row, type SeriesValues, splitFields } from './series-row.ts'

export interface SeriesOptions {
  /** Leave malformed rows out and count them, instead of stopping at the first. */
  readonly skipBadRows?: boolean
  /** Default `load`: negative values are errors. */
  readonly values?: SeriesValues
  /** Default `ascending`: a time that repeats or goes backwards is an error. `any` keeps the order of the file. */
  readonly order?: 'ascending' | 'any'
  /** Bytes after decompression, 2 GiB unless said otherwise; what stands between us and a gzip bomb. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  /** Called for each row that is kept, in order, with the timestamp as the file writes it. */
  readonly onRow?: (row: Readonly<Row>, timestamp: string) => void
  /** Called after each chunk with the bytes read so far, after decompression. */
  readonly onProgress?: (bytes: number) => void
}

export interface Series {
  /** The path as given; "standard input" for `-`. */
  readonly file: string
  readonly samples: Samples
  /** Rows that `skipBadRows` left out. */
  readonly skipped: number
  /** The first of them, with file, line and reason. */
  readonly firstSkipped?: string
}

/** A row is two short fields. Longer lines are somebody's mistake, and are never held in memory as a whole. */
const MAX_LINE_BYTES = 4096
const DEFAULT_MAX_BYTES = 2 ** 31
const NEWLINE = 10
const CARRIAGE_RETURN = 13
const OVERLONG = `found a line of more than ${MAX_LINE_BYTES} bytes, expected a row \`timestamp,value\``
const HEADER = 'timestamp,value'

/**
 * Reads a series file (CSV `timestamp,value`, plain or gzip, `-` for standard input) into two columns, in one pass and
 * with 16 bytes a sample. Throws CrescendoError with file, line, what was found and what was expected; never guesses.
 */
export async function readSeries(path: string, options: SeriesOptions = {}): Promise<Series> {
  const file = path === '-' ? 'standard input' : path
  const reader = rowReader(file, options)
  let bytes = 0
  for await (const chunk of chunksOf(path, { file, ...(options.signal && { signal: options.signal }) })) {
    bytes += chunk.length
    if (bytes > (options.maxBytes ?? DEFAULT_MAX_BYTES)) throw tooLarge(file, options)
    reader.read(chunk)
    options.onProgress?.(bytes)
  }
  return reader.finish(bytes)
}

/** Throws the one line that says so when a series holds fewer samples than `purpose` needs. */
export function requireSamples(series: Series, minimum: number, purpose: string): void {
  const found = series.samples.at.length
  if (found >= minimum) return
  const samples = found === 1 ? '1 sample' : `${found} samples`
  throw new CrescendoError('CRS_TRACE_TOO_SHORT', `${series.file}: found ${samples}, expected at least ${minimum} for ${purpose}`)
}

interface Reading {
  readonly file: string
  readonly options: SeriesOptions
  readonly kept: Columns
  readonly row: Row
  line: number
  lastMs: number
  skipped: number
  firstSkipped?: string
}

/** Cuts chunks into lines. A line that spans chunks is carried over, up to MAX_LINE_BYTES of it. */
function rowReader(file: string, options: SeriesOptions) {
  const row = { atMs: 0, value: 0 }
  const reading: Reading = { file, options, kept: columns(), row, line: 0, lastMs: Number.NEGATIVE_INFINITY, skipped: 0 }
  let carry: Uint8Array = new Uint8Array(0)
  const take = (bytes: Uint8Array, start: number, end: number) => {
    takeLine(reading, bytes, { start, end: end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end })
  }
  return {
    read(chunk: Uint8Array) {
      let start = 0
      let newline = chunk.indexOf(NEWLINE)
      if (newline >= 0 && carry.length > 0) {
        const line = Buffer.concat([carry, chunk.subarray(0, newline)])
        carry = new Uint8Array(0)
        take(line, 0, line.length)
        start = newline + 1
        newline = chunk.indexOf(NEWLINE, start)
      }
      for (; newline >= 0; newline = chunk.indexOf(NEWLINE, start)) {
        take(chunk, start, newline)
        start = newline + 1
      }
      carry = Buffer.concat([carry, chunk.subarray(start, start + MAX_LINE_BYTES + 1)]).subarray(0, MAX_LINE_BYTES + 1)
      const isHopeless = carry.length > MAX_LINE_BYTES && (reading.line === 0 || !options.skipBadRows)
      if (isHopeless) take(carry, 0, carry.length) // throws now rather than at the line's end, gigabytes later
    },
    finish(bytes: number): Series {
      if (carry.length > 0) take(carry, 0, carry.length)
      return seriesOf(reading, bytes)
    },
  }
}

function takeLine(reading: Reading, bytes: Uint8Array, span: { readonly start: number; readonly end: number }): void {
  reading.line++
  if (reading.line === 1) checkHeader(reading, bytes.subarray(span.start, Math.min(span.end, span.start + MAX_LINE_BYTES)))
  else if (span.start < span.end) takeRow(reading, bytes, span) // a blank line holds no row
}

function takeRow(reading: Reading, bytes: Uint8Array, span: { readonly start: number; readonly end: number }): void {
  const { options, row } = reading
  const problem =
    (span.end - span.start > MAX_LINE_BYTES ? OVERLONG : undefined) ??
    parseRow(bytes, span, row) ??
    (options.values === 'any' ? undefined : loadProblem(row.value)) ??
    (options.order === 'any' ? undefined : orderProblem(reading))
  if (problem === undefined) {
    reading.lastMs = row.atMs
    reading.kept.push(row.atMs, row.value)
    options.onRow?.(row, splitFields(new TextDecoder().decode(bytes.subarray(span.start, span.end)))?.[0] ?? '')
  } else refuse(reading, problem)
}

function orderProblem({ row, lastMs }: Reading): string | undefined {
  if (row.atMs > lastMs) return undefined
  const time = new Date(row.atMs).toISOString()
  if (row.atMs === lastMs) return `found the time ${time} a second time, expected each time once`
  return `found the time ${time} after ${new Date(lastMs).toISOString()}, expected times that ascend`
}

function checkHeader(reading: Reading, bytes: Uint8Array): void {
  const text = new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes) // drops a UTF-8 byte order mark
  if (splitFields(text)?.join(',') === HEADER) return
  const where = `${reading.file}:1`
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (isUtf16) throw malformed(`${where}: found UTF-16 text, expected UTF-8 (save the file as "CSV UTF-8")`)
  if (bytes.includes(0) || text.includes('\uFFFD'))
    throw malformed(`${where}: found binary data, expected CSV text with the header \`${HEADER}\``)
  throw malformed(`${where}: found the header ${quote(text)}, expected \`${HEADER}\``)
}

/** A bad row: counted when the user asked for that, else the end. */
function refuse(reading: Reading, problem: string): void {
  const message = `${reading.file}:${reading.line}: ${problem}`
  if (!reading.options.skipBadRows) throw malformed(`${message} (--skip-bad-rows leaves such rows out)`)
  reading.skipped++
  reading.firstSkipped ??= message
}

function seriesOf(reading: Reading, bytes: number): Series {
  const { file, skipped, firstSkipped } = reading
  if (bytes === 0) throw tooShort(`${file}: the file is empty, expected the header \`${HEADER}\` and rows`)
  if (reading.kept.length() === 0) {
    const found = skipped === 0 ? 'a header and no rows' : `no usable row (${skipped} skipped, the first: ${firstSkipped})`
    throw tooShort(`${file}: found ${found}, expected rows \`${HEADER}\``)
  }
  return { file, samples: reading.kept.take(), skipped, ...(firstSkipped !== undefined && { firstSkipped }) }
}

function tooLarge(file: string, { maxBytes = DEFAULT_MAX_BYTES }: SeriesOptions): CrescendoError {
  return malformed(`${file}: found more than ${maxBytes} bytes after decompression, expected at most that; split the file`)
}

const failure = (code: ErrorCode) => (message: string) => new CrescendoError(code, message)
const malformed = failure('CRS_TRACE_MALFORMED')
const tooShort = failure('CRS_TRACE_TOO_SHORT')
