/** What a series may hold: `load` is never negative; `any` is whatever a sensor says, as long as it is a number. */
export type SeriesValues = 'load' | 'any'

/** Where a good row is put, instead of an object a row. */
export interface Row {
  atMs: number
  value: number
}

const COMMA = 44
const LAST_EPOCH_SECOND = 253_402_300_799 // 9999-12-31T23:59:59Z; milliseconds of any date since 1978 lie beyond
// Sums of loads, and shares of one, stay finite and above zero between these.
const LEAST_LOAD = 1e-300
const MOST_LOAD = 1e300
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, power) => 10 ** power)
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const ISO_8601 = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?$/i

/**
 * Reads `timestamp,value` from `bytes[start, end)` into `row`. Gives what is wrong ("found …, expected …"), or `undefined`
 * when the row is good. Rows of plain decimals, nearly all there are, are read without making a string.
 */
export function parseRow(
  bytes: Uint8Array,
  span: { readonly start: number; readonly end: number },
  row: Row,
): string | undefined {
  let comma = span.start
  while (comma < span.end && bytes[comma] !== COMMA) comma++
  if (comma < span.end) {
    const seconds = plainDecimal(bytes, span.start, comma)
    const value = plainDecimal(bytes, comma + 1, span.end)
    if (seconds !== undefined && value !== undefined && seconds <= LAST_EPOCH_SECOND) {
      row.atMs = Math.round(seconds * 1000)
      row.value = value
      return undefined
    }
  }
  return parseText(new TextDecoder().decode(bytes.subarray(span.start, span.end)), row)
}

/** Why a value that is a number cannot be a load, or `undefined` when it can. */
export function loadProblem(value: number): string | undefined {
  if (value === 0 || (value >= LEAST_LOAD && value <= MOST_LOAD)) return undefined
  if (value < 0) return `found the negative load ${value}, expected 0 or more`
  return `found the load ${value}, expected 0, or ${LEAST_LOAD} to ${MOST_LOAD}; choose another unit`
}

/** Digits with at most one point and 15 digits in all: there mantissa / 10^k is the correctly rounded number. */
function plainDecimal(bytes: Uint8Array, start: number, end: number): number | undefined {
  let mantissa = 0
  let digits = 0
  let decimals = -1
  for (let index = start; index < end; index++) {
    const digit = bytes[index]! - 48
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit
      digits++
      if (decimals >= 0) decimals++
    } else if (digit === -2 && decimals < 0) decimals = 0
    else return undefined
  }
  if (digits === 0 || digits > 15) return undefined
  return decimals > 0 ? mantissa / POWERS_OF_TEN[decimals]! : mantissa
}

function parseText(text: string, row: Row): string | undefined {
  const fields = splitFields(text)
  if (fields?.length !== 2) return `found ${quote(text)}, expected a row \`timestamp,value\` (two fields with a comma between)`
  const [stamp, number] = fields as [string, string]
  const at = parseTimestamp(stamp)
  if (typeof at === 'string') return at
  const value = DECIMAL.test(number) ? Number(number) : undefined
  if (value === undefined || !Number.isFinite(value)) return valueProblem(number)
  row.atMs = at
  row.value = value
  return undefined
}

/** Fields of one line, quotes removed; `undefined` when a quote is out of place. */
export function splitFields(line: string): readonly string[] | undefined {
  if (!line.includes('"')) return line.split(',').map(field => field.trim())
  const fields = [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(?=,|$)/g)]
  const length = fields.reduce((sum, field) => sum + field[0].length, 0)
  return length === line.length
    ? fields.map(([, quoted, plain]) => (quoted ?? plain ?? '').replaceAll('""', '"').trim())
    : undefined
}

/** Milliseconds since the epoch, or what is wrong with the timestamp. */
export function parseTimestamp(text: string): number | string {
  if (DECIMAL.test(text)) return fromEpochSeconds(Number(text), text)
  const match = ISO_8601.exec(text)
  if (match && Number(match[1]) < 1970) return `found the timestamp ${quote(text)}, expected a time since 1970`
  const at = match ? fromIso(match) : undefined
  return at ?? `found the timestamp ${quote(text)}, expected epoch seconds (1767225600) or ISO 8601 in UTC (2026-01-01T00:00:00Z)`
}

function fromEpochSeconds(seconds: number, text: string): number | string {
  if (seconds < 0) return `found the timestamp ${quote(text)}, expected epoch seconds of a time since 1970`
  if (seconds <= LAST_EPOCH_SECOND) return Math.round(seconds * 1000)
  return `found the timestamp ${quote(text)}, which lies beyond the year 9999: expected epoch seconds, these look like milliseconds or finer`
}

/** `undefined` for a day or an hour that does not exist. A time without a zone is UTC. */
function fromIso(match: RegExpExecArray): number | undefined {
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(part => Number(part ?? 0)) as Six
  const date = new Date(Date.UTC(year, month - 1, day))
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  const [offsetHours, offsetMinutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  if (!isDay || hour > 23 || minute > 59 || second > 59 || offsetHours > 14 || offsetMinutes > 59) return undefined
  const offset = (offsetHours * 60 + offsetMinutes) * (match[8] === '-' ? -1 : 1)
  const fraction = Math.round(Number(`0.${match[7] ?? 0}`) * 1000)
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction
}

type Six = [number, number, number, number, number, number]

function valueProblem(text: string): string {
  if (text === '') return 'found no value, expected a number; a sample that is missing has no row at all'
  return `found the value ${quote(text)}, expected a finite number`
}

/** Text of a file as it may stand in a message: short, on one line, control characters escaped. */
export function quote(text: string): string {
  const short = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
  return short.replace(/[\u007f-\u009f]/g, code => `\\u00${code.charCodeAt(0).toString(16)}`) // JSON leaves these as they are
}
