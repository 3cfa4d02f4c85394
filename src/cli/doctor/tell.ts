import { paint, printLine } from '../output.ts'
import { harmless } from '../terminal/text.ts'
import { TROUBLES } from './check.ts'
import type { Result } from './examine.ts'

type Kind<K extends Result['kind']> = Extract<Result, { readonly kind: K }>
const of = <K extends Result['kind']>(results: readonly Result[], kind: K) =>
  results.filter((result): result is Kind<K> => result.kind === kind)

/** How many checks were made, and what they came to. */
export function countsOf(results: readonly Result[]) {
  const notMade = of(results, 'unable').length
  return { checks: results.length - notMade, findings: of(results, 'finding').length, notMade }
}

/** Findings by trouble, then the checks that could not be made, then the count; `all` tells what is well too. */
export function tell(results: readonly Result[], { all }: { readonly all: boolean }): void {
  for (const trouble of TROUBLES) {
    const found = of(results, 'finding').filter(result => result.trouble === trouble)
    const well = all ? of(results, 'clear').filter(result => result.trouble === trouble) : []
    if (found.length + well.length === 0) continue
    printLine(paint('bold', trouble))
    for (const one of found) tellFinding(one)
    for (const { subject, name, evidence } of well) printLine(harmless(`  well  ${subject}  ${name}: ${evidence}`))
    printLine('')
  }
  tellNotMade(of(results, 'unable'))
  printLine(paint('bold', sumOf(results)))
}

function tellFinding({ subject, name, what, evidence, fix }: Kind<'finding'>): void {
  printLine(paint('red', harmless(`  ${subject}  ${name}: ${what}`)))
  printLine(harmless(`    evidence: ${evidence}`))
  printLine(harmless(`    fix: ${fix}`))
}

/** Checks with one reason in one line, and workloads of which the same is true. */
function tellNotMade(results: readonly Kind<'unable'>[]): void {
  if (results.length === 0) return
  const reasons = [...Map.groupBy(results, ({ subject, why }) => `${subject}\n${why}`).values()]
  const alike = Map.groupBy(reasons, some => `${some.map(({ name }) => name).join(', ')}: ${some[0]!.why}`)
  printLine(paint('bold', 'could not be checked'))
  for (const [told, some] of alike) printLine(harmless(`  ${some.map(([first]) => first!.subject).join(', ')}  ${told}`))
  printLine('')
}

function sumOf(results: readonly Result[]): string {
  const { checks, findings, notMade } = countsOf(results)
  const many = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`
  const rest = notMade === 0 ? '' : `; ${notMade} more could not be made`
  return `${many(checks, 'check')}, ${many(findings, 'finding')}${rest}`
}
