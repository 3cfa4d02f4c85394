import { stripVTControlCharacters } from 'node:util'

/** Columns that `text` takes on a terminal: colours take none. Everything that we print is one column a character. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length
}

/** Text from outside without what a terminal would obey: escape sequences and control characters. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, '?')
}

export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'left' ? text + space : space + text
}

/** At most `width` columns; what is cut ends in an ellipsis. Cut text loses its colours, so nothing leaks into the next line. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  return width < 1 ? '' : `${[...stripVTControlCharacters(text)].slice(0, width - 1).join('')}…`
}

/** Breaks a plain sentence into at most `lines` lines of `width` columns; the last one is cut. */
export function wrap(text: string, width: number, lines: number): readonly string[] {
  const out: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = out.at(-1)
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width) out[out.length - 1] = `${last} ${word}`
    else out.push(word)
  }
  if (out.length <= lines) return out.map(line => cut(line, width))
  return [...out.slice(0, lines - 1), cut(out.slice(lines - 1).join(' '), width)]
}

/** Three significant digits, whole numbers with thousands separators from 100 on: 0.42, 8.1, 5,230. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(value < 10 ? 2 : 3)))
}

/** Minutes with one decimal below 100: 4.3, 128. */
export function minutes(value: number): string {
  return value >= 100 ? figure(value) : value.toFixed(1)
}

/** "$12.40"; whole units from 1,000 on. */
export function money(value: number, currency: string): string {
  const sign = currency === 'USD' ? '$' : `${currency} `
  return `${sign}${value >= 1000 ? figure(value) : value.toFixed(2)}`
}
