import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { writePart } from '../benchmarks-page.ts'
import { type EvaluatedService, evaluateService } from './evaluate.ts'
import { SERVICE_TYPES } from './scenarios.ts'
import { servicesText } from './table.ts'

const OUT = new URL('../out/services/', import.meta.url)

/** `npm run bench:services [-- --seed 1 --only api-gateway --dry]`: the request's own table. --dry, and --only, leave docs/benchmarks.md alone. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: 'string', default: '1' }, only: { type: 'string' }, dry: { type: 'boolean', default: false } },
  })
  const results: EvaluatedService[] = []
  for (const type of SERVICE_TYPES) {
    if (values.only === undefined || values.only === type.name) results.push(await evaluateService(type, Number(values.seed)))
  }
  if (results.length === 0) throw new Error(`--only ${values.only}: expected ${SERVICE_TYPES.map(({ name }) => name).join(', ')}`)
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const text = servicesText(results, `Seed ${values.seed}, Node ${process.versions.node}, commit ${commit}.`)
  mkdirSync(OUT, { recursive: true })
  writeFileSync(new URL('results.json', OUT), JSON.stringify(results, undefined, 1))
  writeFileSync(new URL('table.md', OUT), text)
  process.stdout.write(`${text}\n`)
  if (!values.dry && values.only === undefined) writePart('services', text)
}

await main()
