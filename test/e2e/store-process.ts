import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Decision } from '../../src/core/model.ts'
import { openStore, type StoreOptions } from '../../src/store/open-store.ts'
import { decision, situation } from '../contract/durable-store.ts'

/**
 * Writes numbers into a store until it is killed, and says on standard output what it may count on: `intended N` once the intent N is
 * acknowledged, `settled N` once its outcome was handed over, `sample N MS` once sample N was handed over.
 */
const [options = '', begin = '0'] = process.argv.slice(2)
const store = await openStore(JSON.parse(options) as StoreOptions, {
  clock: { now: () => Date.now() },
  log: { info: () => {}, warn: () => {} },
  periodMs: () => 1000,
})
const say = (line: string) => writeSync(1, `${line}\n`)

async function act(intended: Decision, number: number): Promise<void> {
  await store.remember('numbers', { slots: { number } })
  try {
    await store.intend(intended)
  } catch {
    say(`refused ${number}`)
    return
  }
  say(`intended ${number}`)
  if (number % 2 === 0) return
  await store.settle(intended, { kind: 'scaled' })
  say(`settled ${number}`)
}

for (let number = Number(begin); ; number++) {
  await store.append('numbers', situation(number * 1000, number))
  say(`sample ${number} ${Date.now()}`)
  // Bursts of intents, and stretches without one, in which samples wait for the group commit.
  if (number % 200 < 60) await act(decision(number * 1000, number, 'numbers'), number)
  await sleep(5)
}
