import { execFile } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { freePort } from './free-port.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

/** History to be there from the start: OpenMetrics samples of one series, ascending. */
export interface BackfilledSeries {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly labels: Readonly<Record<string, string>>
  readonly samples: Iterable<{ readonly atMs: number; readonly value: number }>
}

export interface PrometheusOptions {
  /** Scraped every second, labels as the target gives them. */
  readonly targets: readonly string[]
  readonly backfill?: readonly BackfilledSeries[]
  /** Default 1. */
  readonly scrapeSeconds?: number
}

export interface Prometheus {
  /** "http://127.0.0.1:PORT", the same after a restart. */
  readonly url: string
  readonly logFile: string
  /** The value of an instant query's only result; undefined for an empty answer. */
  query(expression: string): Promise<number | undefined>
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again on its own data. */
  start(): Promise<void>
  /** Ends it and removes its data. */
  remove(): Promise<void>
}

export const prometheusBinary = (): string | undefined =>
  ['/usr/bin/prometheus', '/usr/local/bin/prometheus'].find(path => existsSync(path))

const labelled = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')

/** Turns history into blocks of the data folder, by promtool. */
async function backfill(series: readonly BackfilledSeries[], folder: string): Promise<void> {
  const file = join(folder, 'history.om')
  const out = createWriteStream(file)
  let previous = ''
  for (const { name, type, labels, samples } of series.toSorted((a, b) => a.name.localeCompare(b.name))) {
    if (name !== previous) out.write(`# TYPE ${type === 'counter' ? name.replace(/_total$/, '') : name} ${type}\n`)
    previous = name
    for (const { atMs, value } of samples) out.write(`${name}{${labelled(labels)}} ${value} ${atMs / 1000}\n`)
  }
  out.end('# EOF\n')
  await finished(out)
  await promisify(execFile)('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'data')], {
    maxBuffer: 16 * 1024 * 1024,
  })
  rmSync(file)
}

/** A real Prometheus (Debian's package) on loopback. */
export async function startPrometheus({
  targets,
  backfill: history = [],
  scrapeSeconds = 1,
}: PrometheusOptions): Promise<Prometheus> {
  const command = prometheusBinary()
  if (command === undefined) throw new Error('there is no prometheus on this machine: apt-get install prometheus')
  const folder = mkdtempSync(join(tmpdir(), 'crescendo-prometheus-'))
  mkdirSync(join(folder, 'data'))
  if (history.length > 0) await backfill(history, folder)
  const port = await freePort()
  const every = `${scrapeSeconds}s`
  const scrape = { job_name: 'bed', honor_labels: true, static_configs: [{ targets: [...targets] }] }
  const config = {
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    scrape_configs: [scrape],
  }
  writeFileSync(join(folder, 'prometheus.yml'), stringify(config))
  const url = `http://127.0.0.1:${port}`
  const logFile = join(folder, 'prometheus.log')
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--storage.tsdb.retention.time=60d',
    '--log.level=warn',
  ]
  let server: ServerProcess | undefined
  const start = async () => {
    server = startServerProcess({ name: 'prometheus', command, args, logFile })
    const ready = () =>
      fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1_000) }).then(
        ({ ok }) => ok,
        () => false,
      )
    await server.until(ready, 60_000)
  }
  const stop = async (signal?: NodeJS.Signals) => server?.stop(signal)
  await start()
  return {
    url,
    logFile,
    query: expression => instant(url, expression),
    stop,
    start,
    remove: async () => {
      await stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface InstantAnswer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] }
}

async function instant(url: string, expression: string): Promise<number | undefined> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)
  if (!answer.ok) throw new Error(`Prometheus refused ${expression}: ${answer.status} ${await answer.text()}`)
  const { data } = (await answer.json()) as InstantAnswer
  const value = data.result[0]?.value[1]
  return value === undefined ? undefined : Number(value)
}
