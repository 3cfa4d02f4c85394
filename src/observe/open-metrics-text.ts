import { type Found, found, missing } from './missing.ts'

/** One line of the text format. Times of the exposition are not read: a scrape is as old as its arrival. */
export interface ExposedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface TextLimits {
  readonly maxLines: number
  readonly maxSamples: number
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y
const STRING = /(?:[^"\\]|\\.)*"/y
const VALUE = /[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[iI]nf(?:inity)?|[nN]a[nN])/y

/**
 * The samples with these names in a Prometheus or OpenMetrics text; NaN and infinities are left out, as is everything else. A line that
 * is neither makes the whole text WrongType: half a scrape would look like a fall.
 */
export function readExposition(text: string, names: ReadonlySet<string>, limits: TextLimits): Found<readonly ExposedSample[]> {
  const samples: ExposedSample[] = []
  let number = 0
  for (const line of linesOf(text)) {
    if (++number > limits.maxLines) return missing('TooLarge', `more than ${limits.maxLines} lines`)
    const sample = line === '' || line.startsWith('#') ? 'other' : readLine(line, names)
    if (sample === 'malformed') return missing('WrongType', `line ${number} is neither Prometheus nor OpenMetrics text`)
    if (sample === 'other') continue
    if (samples.length >= limits.maxSamples) return missing('TooManySeries', `more than ${limits.maxSamples} series`)
    samples.push(sample)
  }
  return found(samples)
}

function* linesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from)
    yield text.slice(from, end === -1 ? text.length : end).trim()
    from = end === -1 ? text.length : end + 1
  }
}

function readLine(line: string, names: ReadonlySet<string>): ExposedSample | 'other' | 'malformed' {
  const reader = readerOf(line)
  const name = reader.take(NAME)
  if (name === undefined) return 'malformed'
  if (!names.has(name)) return 'other'
  const labels = reader.skip('{') ? labelsOf(reader) : {}
  if (labels === undefined) return 'malformed'
  reader.space()
  const text = reader.take(VALUE)
  if (text === undefined || !reader.ended()) return 'malformed'
  const value = Number(text)
  return Number.isFinite(value) ? { name, labels, value } : 'other'
}

type Reader = ReturnType<typeof readerOf>

function readerOf(line: string) {
  let at = 0
  return {
    take(pattern: RegExp): string | undefined {
      pattern.lastIndex = at
      const match = pattern.exec(line)
      if (match !== null) at = pattern.lastIndex
      return match?.[0]
    },
    skip(sign: string): boolean {
      const isThere = line.startsWith(sign, at)
      if (isThere) at += sign.length
      return isThere
    },
    space(): void {
      while (line[at] === ' ' || line[at] === '\t') at++
    },
    /** A string literal with its escapes resolved, the opening quote being read already. */
    string(): string | undefined {
      const text = this.take(STRING)
      return text?.slice(0, -1).replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign))
    },
    /** After the value: nothing, a time, an exemplar. */
    ended: () => at === line.length || line[at] === ' ' || line[at] === '\t',
  }
}

function labelsOf(reader: Reader): Readonly<Record<string, string>> | undefined {
  const labels: Record<string, string> = {}
  for (;;) {
    reader.space()
    if (reader.skip('}')) return labels
    const label = reader.take(LABEL)
    if (label === undefined || !reader.skip('="')) return undefined
    const value = reader.string()
    if (value === undefined) return undefined
    labels[label] = value
    reader.space()
    if (!reader.skip(',')) return reader.skip('}') ? labels : undefined
  }
}
