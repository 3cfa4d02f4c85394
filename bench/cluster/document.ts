import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Comparison } from './compare.ts'
import { STARTUP_SECONDS } from './compare.ts'
import { CONTENDERS } from './contenders.ts'
import type { ScaleRun } from './scale.ts'
import { scenarios } from './scenarios.ts'

const page = resolve(import.meta.dirname, '../../docs/benchmarks.md')

/** Puts text between the markers of a part of docs/benchmarks.md, or a new part at its end. */
export function writePart(part: 'compare' | 'scale', text: string): void {
  const [begin, end] = [`<!-- cluster-${part}:begin -->`, `<!-- cluster-${part}:end -->`]
  const before = readFileSync(page, 'utf8')
  const block = `${begin}\n${text.trim()}\n${end}`
  const [from, to] = [before.indexOf(begin), before.indexOf(end)]
  const after = from < 0 ? `${before.trimEnd()}\n\n${block}\n` : before.slice(0, from) + block + before.slice(to + end.length)
  writeFileSync(page, after)
}

const seconds = (value: number | undefined) => (value === undefined ? 'never' : `${value}`)
const thousands = (value: number) => value.toLocaleString('en-US')

export function comparisonText({ results, sampleToScaleSeconds }: Comparison, where: string): string {
  const tables = scenarios(0, () => 0.5).map(({ name, title }) => {
    const rows = CONTENDERS.map(contender => {
      const figures = results.find(result => result.scenario === name && result.contender === contender.name)?.figures
      if (figures === undefined) throw new Error(`no result of ${contender.name} in ${name}`)
      const { secondsToFirstOrder, secondsToEnough, secondsToTarget, mostReplicas } = figures
      const times = [secondsToFirstOrder, secondsToEnough, secondsToTarget].map(seconds)
      const sums = [figures.underProvisionedSeconds, figures.requestsAbove, figures.replicaSeconds, mostReplicas].map(thousands)
      return `| ${[contender.title, ...times, ...sums].join(' | ')} |`
    })
    return `### ${title}\n\n${HEAD}\n${rows.join('\n')}\n`
  })
  const promptness =
    sampleToScaleSeconds === undefined
      ? ''
      : `\nFrom the newest sample to the written scale Crescendo took at most ${sampleToScaleSeconds} s in the median (a histogram's bound).\n`
  return `${INTRODUCTION}\n\n${where}\n\n${tables.join('\n')}${promptness}`
}

const HEAD = `| scaler | first order, s | enough ready, s | 20 ready, s | under-provisioned, s | requests above capacity | replica-seconds | most replicas |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |`

const INTRODUCTION = `## On a real control plane

\`npm run bench:cluster\` repeats this: etcd, kube-apiserver, kube-controller-manager with the stock HPA, and kube-scheduler in real time at
their own settings (HPA sync 15 s, metrics-server resolution 15 s), nodes and load of the end-to-end bed, a real Prometheus that scrapes every second. Each
scaler has a Deployment of its own under the same load; a pod needs ${STARTUP_SECONDS} s to become ready. All aim at 100 requests a second and replica, which is 80 % of
the CPU that a pod requests; 125 are its capacity. Times count from the change of the load, negative is before it; *enough* means that
load no longer exceeds ready replicas × capacity, for good. Replica-seconds count from order to removal. Recorded each second.`

export function scaleText(run: ScaleRun, where: string): string {
  const rows = [
    ['objects, each with a Deployment', thousands(run.objects)],
    ['pods', thousands(run.pods)],
    ['measured for, s', thousands(run.seconds)],
    ['one turn of an object, p50, s', `≤ ${run.turnSeconds.p50}`],
    ['one turn of an object, p99, s', `≤ ${run.turnSeconds.p99}`],
    ['longest wait of a due object, s', run.longestWaitSeconds.toFixed(1)],
    ['decisions a second', run.decisionsPerSecond.toFixed(1)],
    ['decisions that came due while the one before still ran', thousands(run.skipped)],
    ['requests to the API server a second', run.apiRequestsPerSecond.toFixed(1)],
    ['most resident memory, MB', thousands(Math.round(run.residentBytes / 1e6))],
    ['processor time, cores', run.cores.toFixed(2)],
  ]
  return `## A thousand objects

\`npm run bench:cluster -- --mode scale\`: one Crescendo, one Prometheus, a period of 15 s, on the same machine as the whole control plane.
Loads are sines of different phase, so that objects do scale. Percentiles are upper bounds of histogram buckets.

${where}

| | |
| --- | ---: |
${rows.map(row => `| ${row.join(' | ')} |`).join('\n')}`
}
