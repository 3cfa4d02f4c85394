import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type Compared, compare } from './compare.ts'
import { comparisonText, scaleText, writePart } from './document.ts'
import { runAtScale } from './scale.ts'

const OUT = new URL('../out/cluster/', import.meta.url)

const begun = performance.now()
const tell = (line: string) => process.stderr.write(`${Math.round((performance.now() - begun) / 1000)} s: ${line}\n`)

function where(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return `On ${availableParallelism()} cores with Node ${process.versions.node.split('.')[0]}, commit ${commit}.`
}

/** One row a second and Deployment, from which every figure can be computed again. */
function csv(results: readonly Compared[]): string {
  const rows = results.flatMap(({ scenario, contender, moments }) =>
    moments.map(({ atMs, load, ordered, ready }) => [scenario, contender, atMs / 1000, load, ordered, ready].join(',')),
  )
  return `${['scenario,scaler,timestamp,load,ordered_replicas,ready_replicas', ...rows].join('\n')}\n`
}

/** `npm run bench:cluster [-- --mode compare|scale --objects 1000 --seconds 300 --dry]`; --dry leaves docs/benchmarks.md alone. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      mode: { type: 'string', default: 'compare' },
      objects: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '300' },
      dry: { type: 'boolean', default: false },
    },
  })
  if (values.mode !== 'compare' && values.mode !== 'scale') throw new Error(`--mode ${values.mode}: expected compare or scale`)
  mkdirSync(OUT, { recursive: true })
  const text = values.mode === 'compare' ? await compared() : await scaled(Number(values.objects), Number(values.seconds))
  process.stdout.write(`${text}\n`)
  if (!values.dry) writePart(values.mode, text)
}

async function compared(): Promise<string> {
  const comparison = await compare(tell)
  writeFileSync(new URL('seconds.csv', OUT), csv(comparison.results))
  return comparisonText(comparison, where())
}

async function scaled(objects: number, seconds: number): Promise<string> {
  const run = await runAtScale({ objects, seconds }, tell)
  writeFileSync(new URL('scale.json', OUT), JSON.stringify(run, undefined, 1))
  return scaleText(run, where())
}

await main()
