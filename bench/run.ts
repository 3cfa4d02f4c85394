import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { Evaluated } from './evaluate.ts'
import { paretoChart, paretoPage } from './pareto.ts'
import { markdown } from './table.ts'
import { benchTraces } from './traces.ts'
import type { Job } from './worker.ts'

const OUT = new URL('out/', import.meta.url)
const STARTUPS = [75, 300]

type Answer = Evaluated | { readonly trace: string; readonly unfit: string }

/** `npm run bench [-- --seeds 1,2 --startup 75]`: every scaler on every trace, as a table and as a page. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seeds: { type: 'string', default: '1' }, startup: { type: 'string', default: STARTUPS.join(',') } },
  })
  const seeds = values.seeds.split(',').map(Number)
  const startups = values.startup.split(',').map(Number)
  const jobs = seeds.flatMap(seed =>
    startups.flatMap(startupSeconds => benchTraces().map((_, trace): Job => ({ trace, startupSeconds, seed }))),
  )
  const answers = await inWorkers(jobs)
  const results = answers.filter(answer => 'rows' in answer)
  const left = new Map(answers.flatMap(answer => ('unfit' in answer ? [[answer.trace, answer.unfit] as const] : [])))
  const table = markdown(results, left)
  mkdirSync(OUT, { recursive: true })
  writeFileSync(new URL('results.json', OUT), JSON.stringify(results, undefined, 1))
  writeFileSync(new URL('table.md', OUT), table)
  writeFileSync(new URL('pareto.html', OUT), paretoPage(results))
  for (const startup of startups) {
    const these = results.filter(one => one.startupSeconds === startup)
    writeFileSync(new URL(`pareto-${startup}s.svg`, OUT), paretoChart(these))
  }
  process.stdout.write(`${table}\nbench/out/: results.json, table.md, pareto.html, and a pareto-…s.svg for each start-up time\n`)
}

/** As many workers as there are cores; the answers come in the order of the jobs, whoever finished first. */
async function inWorkers(jobs: readonly Job[]): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  let [next, done] = [0, 0]
  const work = async () => {
    const worker = new Worker(new URL('worker.ts', import.meta.url))
    while (next < jobs.length) {
      const index = next++
      answers[index] = await ask(worker, jobs[index]!)
      done += 1
      process.stderr.write(`${done}/${jobs.length} ${answers[index].trace} at ${jobs[index]!.startupSeconds} s\n`)
    }
    await worker.terminate()
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, work))
  return answers
}

function ask(worker: Worker, job: Job): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (answer: Answer) => {
      worker.off('error', reject)
      resolve(answer)
    })
    worker.postMessage(job)
  })
}

await main()
