import { parentPort } from 'node:worker_threads'
import { evaluate, scenarioOf } from './evaluate.ts'
import { benchTraces } from './traces.ts'

/** One piece of work: a trace, by its place in the list, at one start-up and seed. */
export interface Job {
  readonly trace: number
  readonly startupSeconds: number
  readonly seed: number
}

const traces = benchTraces()

parentPort?.on('message', async ({ trace, startupSeconds, seed }: Job) => {
  const { name, read } = traces[trace]!
  const material = await read(seed)
  parentPort?.postMessage(
    'unfit' in material ? { trace: name, unfit: material.unfit } : await evaluate(name, scenarioOf(material, startupSeconds)),
  )
})
