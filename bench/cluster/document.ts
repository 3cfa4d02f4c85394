import { type Comparison, STARTUP_SECONDS } from './compare.ts'
import { CONTENDERS } from './contenders.ts'
import { type Figures, mediansOf } from './figures.ts'
import { HEAP_MEGABYTES, type ScaleRun } from './scale.ts'

const seconds = (value: number | undefined) => (value === undefined ? 'never' : `${value}`)
const thousands = (value: number) => value.toLocaleString('en-US')

export function comparisonText({ results, lags }: Comparison, where: string): string {
  const titles = [...new Set(results.map(({ title }) => title))]
  const tables = titles.map(title => {
    const rows = CONTENDERS.map(contender => {
      const own = results.filter(result => result.title === title && result.contender === contender.name)
      return row(
        contender.title,
        own.map(({ figures }) => figures),
      )
    })
    return `#### ${title}\n\n${HEAD}\n${rows.join('\n')}\n`
  })
  return `${INTRODUCTION}\n\n${where}\n\n${tables.join('\n')}${promptness(lags)}`
}

function row(title: string, all: readonly Figures[]): string {
  const { secondsToFirstOrder, secondsToEnough, secondsToTarget, ...sums } = mediansOf(all)
  const target = all.map(each => seconds(each.secondsToTarget)).join(', ')
  const times = [seconds(secondsToFirstOrder), seconds(secondsToEnough), seconds(secondsToTarget)]
  if (all.length > 1) times[2] += ` (${target})`
  const { underProvisionedSeconds, requestsAbove, replicaSeconds, mostReplicas, scalings } = sums
  const counts = [underProvisionedSeconds, requestsAbove, replicaSeconds, mostReplicas, scalings].map(thousands)
  return `| ${[title, ...times, ...counts].join(' | ')} |`
}

/** The bucket of the histogram in which the median lies. */
function promptness(lags: Comparison['lags']): string {
  const total = lags.at(-1)?.count ?? 0
  const bucket = lags.find(({ count }) => count >= total / 2)
  if (bucket === undefined || total === 0) return ''
  const within = (upTo: number) => lags.findLast(({ seconds: bound }) => bound <= upTo)?.count ?? 0
  return `
From the newest sample to the written scale (\`crescendo_sample_to_scale_seconds\`, all ${total} scalings of this run): median at most ${bucket.seconds} s,
${within(2)} of ${total} within 2 s.
`
}

const HEAD = `| scaler | first order, s | enough ready, s | 19 ready, s | under-provisioned, s | requests above capacity | replica-seconds | most replicas | scalings |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |`

const INTRODUCTION = `## On a real control plane

\`npm run bench:cluster\` repeats this: etcd, kube-apiserver, kube-controller-manager with the stock HPA, and kube-scheduler in real time at
their own settings (HPA sync 15 s, metrics-server resolution 15 s), nodes and load of the end-to-end bed, a real Prometheus that scrapes every second. Each
scaler has a Deployment of its own under the same load; a pod needs ${STARTUP_SECONDS} s to become ready. All have a period of 15 s, the default behavior, 2 to 40 replicas, and aim
at 100 requests a second and replica, which is 80 % of the CPU that a pod requests; 125 are its capacity. The adapter behind custom.metrics.k8s.io asks the
same Prometheus the same query every second, so that the HPA's requests are as fresh as ours. Times count from the change of the load, negative is before
it; *enough* means that load no longer exceeds ready replicas × capacity, for good; 19 replicas are the 20 of the target within the HPA's tolerance. Replica-seconds count from order to removal. Recorded each second. The
step is played three times, five seconds apart, to meet each scaler at three places of its period: medians, and each time in brackets.`

export function scaleText(run: ScaleRun, where: string): string {
  const rows = [
    ['objects, each with a Deployment', thousands(run.objects)],
    ['pods', thousands(run.pods)],
    ['from start to ready, s', run.secondsToReady.toFixed(1)],
    ['from start until every object was decided about, s', run.secondsToAllDecided.toFixed(1)],
    ['measured for, s', thousands(run.seconds)],
    ['one turn of an object, p50, s', `≤ ${run.turnSeconds.p50}`],
    ['one turn of an object, p99, s (goal for turn and wait: below 15)', `≤ ${run.turnSeconds.p99}`],
    ['longest wait of a due object, s', run.longestWaitSeconds.toFixed(1)],
    ['decisions a second', run.decisionsPerSecond.toFixed(1)],
    ['decisions that came due while the one before still ran', thousands(run.skipped)],
    ['requests to the API server a second (goal: at most 100)', run.apiRequestsPerSecond.toFixed(1)],
    ['most resident memory, MB (goal: below 500)', thousands(Math.round(run.residentBytes / 1e6))],
    ['processor time, cores', run.cores.toFixed(2)],
  ]
  return `### A thousand objects

\`npm run bench:cluster -- --objects ${run.objects}\`: one Crescendo, one Prometheus, a period of 15 s, on the same machine as the whole control plane.
Loads are sines of different phase, so that objects do scale. Node's heap limit is ${HEAP_MEGABYTES} MB, half of the memory that \`crescendo manifests\` allows the container.
The objects have no past yet: learners grow by up to 0.7 MB for each object in a week of 15 s ticks. Percentiles are upper bounds of histogram buckets.

${where}

| | |
| --- | ---: |
${rows.map(row => `| ${row.join(' | ')} |`).join('\n')}`
}
