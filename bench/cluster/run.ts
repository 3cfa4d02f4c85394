import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { writePart } from '../benchmarks-page.ts'
import { type Compared, compare } from './compare.ts'
import { comparisonText, scaleText } from './document.ts'
import { runAtScale } from './scale.ts'

const OUT = new URL('../out/cluster/', import.meta.url)

const MODULES = new URL('../../test/e2e/control-plane/go.mod', import.meta.url)

const begun = performance.now()
const tell = (line: string) => process.stderr.write(`${Math.round((performance.now() - begun) / 1000)} s: ${line}\n`)

function where(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const date = new Date().toISOString().slice(0, 10)
  const load = loadavg()[0]!.toFixed(1)
  const prometheus = /version (\S+)/.exec(execFileSync('prometheus', ['--version'], { encoding: 'utf8' }))?.[1]
  const kubernetes = /k8s\.io\/kubernetes (\S+)/.exec(readFileSync(MODULES, 'utf8'))?.[1]
  const versions = `Node ${process.versions.node}, Kubernetes ${kubernetes}, Prometheus ${prometheus}`
  return `On ${availableParallelism()} cores (${cpus()[0]?.model}) that carry everything, ${versions}, commit ${commit}, ${date}; load average at the end ${load}.`
}

/** One row a second and Deployment, from which every figure can be computed again. */
function csv(results: readonly Compared[]): string {
  const rows = results.flatMap(({ scenario, contender, moments }) =>
    moments.map(({ atMs, load, ordered, ready }) => [scenario, contender, atMs / 1000, load, ordered, ready].join(',')),
  )
  return `${['scenario,scaler,timestamp,load,ordered_replicas,ready_replicas', ...rows].join('\n')}\n`
}

/** `npm run bench:cluster [-- --mode compare|scale --objects 1000 --seconds 300 --dry]`; --objects alone is mode scale, --dry leaves docs/benchmarks.md alone. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      mode: { type: 'string' },
      objects: { type: 'string' },
      seconds: { type: 'string', default: '300' },
      dry: { type: 'boolean', default: false },
    },
  })
  const mode = values.mode ?? (values.objects === undefined ? 'compare' : 'scale')
  if (mode !== 'compare' && mode !== 'scale') throw new Error(`--mode ${mode}: expected compare or scale`)
  mkdirSync(OUT, { recursive: true })
  const text = mode === 'compare' ? await compared() : await scaled(Number(values.objects ?? 1000), Number(values.seconds))
  process.stdout.write(`${text}\n`)
  if (!values.dry) writePart(`cluster-${mode}`, text)
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
