import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Decision, Situation } from '../src/core/model.ts'
import type { DurableStore } from '../src/ports.ts'
import { openStore } from '../src/store/open-store.ts'

/**
 * What the store costs the loop: every target appends a sample, remembers some 20 KB of which a tenth changed, and records a decision,
 * once a period; one in twenty acts and waits for its intent. `npm run bench:store -- --targets 1000 --periods 8 --period-ms 15000`.
 * CRESCENDO_TEST_POSTGRES_URL measures that server instead of a SQLite file.
 */
const { values: given } = parseArgs({
  options: {
    targets: { type: 'string', default: '1000' },
    periods: { type: 'string', default: '6' },
    'period-ms': { type: 'string', default: '5000' },
  },
})
const [targets, periods, periodMs] = [Number(given.targets), Number(given.periods), Number(given['period-ms'])]
const STEP_MS = 15_000
const PARTS = 10
const SLICES = 50

const text = (seed: number) => Array.from({ length: 200 }, (_, k) => Math.sin(seed * 31 + k).toFixed(6))

function situationAt(at: number, demand: number): Situation {
  const replicas = { spec: 1, status: 1, ready: 1 }
  return {
    observation: { at, replicas, pods: [], answers: [], demand: { kind: 'value', at, value: demand } },
    demand,
    doubts: [],
  }
}

function decisionOf(target: string, at: number): Decision {
  const proposals = text(at)
    .slice(0, 8)
    .map(number => ({ by: 'following', replicas: 4, why: `the load is ${number} requests a second` }))
  return {
    at,
    target,
    from: 3,
    to: 4,
    proposals,
    doubts: [],
    abstentions: [],
    verdicts: [],
    conditions: [],
    plainHpa: { replicas: 4, why: 'the same' },
  }
}

const fixed = Array.from({ length: targets }, (_, k) =>
  Object.fromEntries(Array.from({ length: PARTS - 1 }, (_one, part) => [`fixed${part}`, text(k * PARTS + part)])),
)

async function tick(store: DurableStore, k: number, at: number): Promise<number | undefined> {
  const target = `namespace-${k % 50}/workload-${k}`
  await store.append(target, situationAt(at, k + Math.sin(at)))
  await store.remember(target, { slots: { ...fixed[k], moving: text(at + k) } })
  const decision = decisionOf(target, at)
  await store.record(decision)
  if (k % 20 !== 0) return undefined
  const began = performance.now()
  await store.intend(decision)
  const tookMs = performance.now() - began
  await store.settle(decision, { kind: 'scaled' })
  return tookMs
}

/** One period of all targets, spread over it in slices as the controller spreads them. Answers how long intents took, in ms. */
async function period(store: DurableStore, at: number): Promise<readonly number[]> {
  const running: Promise<number | undefined>[] = []
  const began = performance.now()
  for (let slice = 0; slice < SLICES; slice++) {
    for (let k = slice; k < targets; k += SLICES) running.push(tick(store, k, at))
    await sleep(Math.max(0, began + ((slice + 1) * periodMs) / SLICES - performance.now()))
  }
  return (await Promise.all(running)).filter(tookMs => tookMs !== undefined)
}

const quantile = (sorted: readonly number[], q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'crescendo-bench-store-'))
  const path = join(folder, 'store.db')
  const url = process.env.CRESCENDO_TEST_POSTGRES_URL
  const idleRssMb = process.memoryUsage.rss() / 1e6
  const store = await openStore(url === undefined ? { type: 'Sqlite', path } : { type: 'PostgreSql', url }, {
    clock: { now: () => Date.now() },
    log: { info: () => {}, warn: (event, facts) => console.error(event, facts) },
  })
  const start = Math.floor(Date.now() / STEP_MS) * STEP_MS
  await period(store, start) // the first writes every memory whole
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const usedBefore = process.cpuUsage()
  const loopBefore = process.threadCpuUsage()
  const intents: number[] = []
  for (let k = 1; k <= periods; k++) intents.push(...(await period(store, start + k * STEP_MS)))
  delay.disable()
  const cpu = process.cpuUsage(usedBefore)
  const loop = process.threadCpuUsage(loopBefore)
  const sorted = intents.toSorted((a, b) => a - b)
  for (let k = 0; k < targets; k++)
    await store.append(`namespace-${k % 50}/workload-${k}`, situationAt(start + (periods + 1) * STEP_MS, k))
  const flushBegan = performance.now()
  await store.openIntents() // is answered after all that waits was written
  const flushMs = performance.now() - flushBegan
  const ms = (nanoseconds: number) => `${(nanoseconds / 1e6).toFixed(1)} ms`
  console.log(`${targets} targets, ${periods} periods of ${periodMs} ms, ${url === undefined ? 'SQLite' : 'PostgreSQL'}`)
  console.log(`event-loop delay: p50 ${ms(delay.percentile(50))}, p99 ${ms(delay.percentile(99))}, most ${ms(delay.max)}`)
  console.log(`intend: p50 ${quantile(sorted, 0.5).toFixed(1)} ms, p99 ${quantile(sorted, 0.99).toFixed(1)} ms`)
  console.log(`flush of one sample of every target: ${flushMs.toFixed(1)} ms`)
  console.log(`CPU of the loop's thread: ${((loop.user + loop.system) / 1e6 / periods).toFixed(2)} s a period`)
  console.log(`CPU of all threads: ${((cpu.user + cpu.system) / 1e6 / periods).toFixed(2)} s a period`)
  console.log(`RSS: ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB (${idleRssMb.toFixed(0)} MB before the store)`)
  await store.close()
  if (url === undefined) console.log(`file: ${(statSync(path).size / 1e6).toFixed(1)} MB`)
  rmSync(folder, { recursive: true })
  await bytesPerSample()
}

/** A file with nothing but a day of samples at 15 s for 100 targets. */
async function bytesPerSample(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'crescendo-bench-store-'))
  const path = join(folder, 'store.db')
  const dependencies = { clock: { now: () => Date.now() }, log: { info: () => {}, warn: () => {} } }
  const store = await openStore({ type: 'Sqlite', path }, dependencies)
  const samples = 86_400_000 / STEP_MS
  for (let k = 0; k < samples; k++)
    for (let target = 0; target < 100; target++)
      await store.append(`namespace/workload-${target}`, situationAt(k * STEP_MS, Math.sin(k)))
  await store.close()
  console.log(`bytes a sample in SQLite: ${(statSync(path).size / (samples * 100)).toFixed(2)} (100 targets, a day at 15 s)`)
  rmSync(folder, { recursive: true })
}

await main()
