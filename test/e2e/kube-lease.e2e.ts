import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../src/kube/api.ts'
import { kubeStage, MAPS, until } from './kube-stage.ts'

const stage = kubeStage()

test('one killed: the other leads within 15 s; one stopped and continued: it never writes again as leader', async () => {
  await stage.make('ledger')
  const [one, two] = [elector('one'), elector('two')]
  await until(() => one.isLeader() || two.isLeader())
  const [first, second] = one.isLeader() ? [one, two] : [two, one]
  await sleep(3000)
  expect(second.isLeader()).toBe(false)
  first.child.kill('SIGKILL')
  const tookMs = await until(() => second.isLeader(), 25_000)
  console.log(`leader killed: the other led after ${Math.round(tookMs)} ms`)
  expect(tookMs).toBeGreaterThan(12_000)
  expect(tookMs).toBeLessThan(17_000) // 15 s and what a busy machine adds

  const third = elector('three')
  await sleep(3000)
  second.child.kill('SIGSTOP')
  await until(() => third.isLeader(), 25_000)
  second.child.kill('SIGCONT')
  const late = new Set<string>()
  const endMs = performance.now() + 4000
  let last = ''
  while (performance.now() < endMs) {
    const { data } = await stage.plane.api.call<KubeObject & { data: Record<string, string> }>(`${MAPS}/ledger`)
    last = data.writer ?? ''
    if (last !== 'three') late.add(data.at ?? '')
  }
  // One write may have been on its way when it was stopped. After that, nothing.
  expect(late.size).toBeLessThanOrEqual(1)
  expect(last).toBe('three')
  expect(third.isLeader()).toBe(true)
  third.child.kill('SIGTERM')
  const handedMs = await until(() => second.isLeader(), 10_000)
  console.log(`leader ended: the other led after ${Math.round(handedMs)} ms`)
  expect(handedMs).toBeLessThan(2_000)
})

function elector(identity: string) {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, 'elector-process.ts'), stage.plane.kubeconfig, identity],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let isLeader = false
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const text of chunk.toString().trim().split('\n')) isLeader = JSON.parse(text).isLeader
  })
  stage.atEnd(() => child.kill('SIGKILL'))
  return { child, isLeader: () => isLeader }
}
