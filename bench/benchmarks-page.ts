import { readFileSync, writeFileSync } from 'node:fs'

const PAGE = new URL('../docs/benchmarks.md', import.meta.url)

export type PagePart =
  | 'cluster-compare'
  | 'cluster-scale'
  | 'forecast'
  | 'transfer'
  | 'anomalies'
  | 'services'
  | 'drift'
  | 'attacks'

/** Puts text between the markers of a part of docs/benchmarks.md, or a new part at its end. */
export function writePart(part: PagePart, text: string): void {
  const [begin, end] = [`<!-- ${part}:begin -->`, `<!-- ${part}:end -->`]
  const before = readFileSync(PAGE, 'utf8')
  const block = `${begin}\n${text.trim()}\n${end}`
  const [from, to] = [before.indexOf(begin), before.indexOf(end)]
  const after = from < 0 ? `${before.trimEnd()}\n\n${block}\n` : before.slice(0, from) + block + before.slice(to + end.length)
  writeFileSync(PAGE, after)
}
