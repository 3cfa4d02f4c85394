import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './bed/cluster-objects.ts'
import type { Passed } from './bed/fault-proxy.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from './bed/postgres.ts'
import { conditionOf, type Directed, openScene, QUICK, type Scene } from './controller/scene.ts'
import { type Played, type Stage, startStage } from './controller/stage.ts'

/** What happens when the controller's own process, or its store, dies. Each test has a namespace and a proxy of its own. */

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(async () => {
  await stage?.stop()
})

/** Upstream's five minutes of stabilisation, quick upwards. */
const CAREFUL = { behavior: { scaleUp: QUICK.scaleUp } }
const isAtLeast = (least: number) => (replicas: number) => replicas >= least
const isScalePut = ({ method, path }: Pick<Passed, 'method' | 'path'>) => method === 'PUT' && path.includes('/scale?')
const isWrite = ({ method, path }: Passed) => method !== 'GET' && !path.includes('/leases')
const leads = (crescendo: Directed, timeoutMs = 60_000) =>
  eventually('it leads', timeoutMs, async () => {
    const text = await (await fetch(`${crescendo.url}/metrics`)).text()
    return /^crescendo_leader 1$/m.test(text) || undefined
  })

interface JournalEntry {
  readonly target: string
  readonly from: number
  readonly to: number
  readonly outcome: string
}
const journal = async (crescendo: Directed) =>
  (await crescendo.get<{ entries: readonly JournalEntry[] }>('/api/v1/audit')).entries
const decisionCount = async (crescendo: Directed, { namespace }: Scene) => {
  const path = `/api/v1/workloads/${namespace}/web/decisions?limit=1000`
  return (await crescendo.get<{ decisions: readonly unknown[] }>(path)).decisions.length
}

/** Every value that spec.replicas had, in order, from now until `stop`. */
function watchReplicas(played: Played) {
  const seen: number[] = []
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      const now = await played.replicas().catch(() => undefined)
      if (now !== undefined && now !== seen.at(-1)) seen.push(now)
      await sleep(100)
    }
  })()
  return {
    seen,
    async stop() {
      isOver = true
      await watching
      return seen
    },
  }
}

const isRising = (values: readonly number[]) => values.every((value, index) => index === 0 || value > values[index - 1]!)

describe('the process, or its store, dies', () => {
  test.concurrent('F15: the leader is killed: the other acts within the Lease, doubles nothing, takes nothing away; a stopped one writes no more', async () => {
    const scene = await openScene(stage, 'leaders')
    const web = await scene.scaled('web', { replicas: 3, load: 250, spec: CAREFUL })
    const one = await scene.controller()
    await leads(one)
    const two = await scene.controller()
    await two.ready()
    web.load(500)
    await web.until('carries 500', isAtLeast(5))
    expect(two.proxy.passed.filter(isWrite)).toEqual([])

    const watched = watchReplicas(web)
    web.load(900)
    await one.kill('SIGKILL')
    const killedAt = Date.now()
    await leads(two, 25_000)
    const leadsAt = Date.now()
    expect(leadsAt - killedAt).toBeLessThan(17_000)
    await web.until('carries 900', isAtLeast(9), 20_000)
    const put = two.proxy.passed.find(isScalePut)!
    expect(put.atMs - killedAt).toBeLessThan(15_000 + 2_000 + 3_000)
    web.load(200)
    await sleep(Math.max(0, leadsAt + 60_000 - Date.now()))
    const seen = await watched.stop()
    expect(isRising(seen), `replicas went ${seen.join(', ')}`).toBe(true)
    expect(seen.length - 1).toBe(two.proxy.passed.filter(call => isScalePut(call) && call.status === 200).length)

    await one.restart()
    await one.ready()
    process.kill(two.pid, 'SIGSTOP')
    await leads(one, 30_000)
    const before = two.proxy.passed.length
    web.load(1400)
    await web.until('carries 1,400', isAtLeast(13), 20_000)
    // Nobody tells it that another leads now: only its own clocks can.
    two.proxy.setFault(async ({ path }) => (path.includes('/leases') ? void (await sleep(6000)) : undefined))
    web.load(1900)
    process.kill(two.pid, 'SIGCONT')
    await sleep(6000)
    const late = two.proxy.passed.slice(before).filter(isWrite)
    expect(late.map(({ method, path }) => `${method} ${path}`).slice(1)).toEqual([])
    expect(await (await fetch(`${two.url}/metrics`)).text()).toMatch(/^crescendo_leader 0$/m)
  })
  test.concurrent('F16: between the write to /scale and its answer: no step twice, the journal tells what happened, decisions are kept', async () => {
    const scene = await openScene(stage, 'between')
    const web = await scene.scaled('web', { replicas: 3, load: 250, spec: CAREFUL })
    const crescendo = await scene.controller()
    await leads(crescendo)
    await eventually('a decision is kept', 20_000, async () => (await decisionCount(crescendo, scene)) > 0 || undefined)
    const kept = await decisionCount(crescendo, scene)
    crescendo.proxy.setFault(call => (isScalePut(call) ? { kind: 'swallow' } : undefined))
    web.load(800)
    const stepped = await web.until('is scaled, and nobody told the controller', replicas => replicas > 3)
    const watched = watchReplicas(web)
    await crescendo.kill('SIGKILL')
    crescendo.proxy.setFault()
    await crescendo.restart()
    await crescendo.line(({ msg }) => msg === 'an open intent was settled', 90_000)
    const settled = (await journal(crescendo)).find(({ from }) => from === 3)
    expect(settled).toMatchObject({ target: 'between/web', to: stepped, outcome: 'scaled' })
    await web.until('carries 800', isAtLeast(8), 40_000)
    await sleep(6000)
    const seen = await watched.stop()
    expect(isRising(seen), `replicas went ${seen.join(', ')}`).toBe(true)
    expect(Math.max(...seen)).toBeLessThanOrEqual(9)
    expect((await journal(crescendo)).filter(({ outcome }) => outcome === 'open')).toEqual([])
    expect(await decisionCount(crescendo, scene)).toBeGreaterThanOrEqual(kept)
    expect((await scene.status('web')).lastDecision?.direction).toBe('Up')
  })

  test.concurrent('five times at any moment under load: the store is whole, the past is there, nothing is taken away', async () => {
    const scene = await openScene(stage, 'killed')
    const web = await scene.scaled('web', { replicas: 3, load: 250, spec: CAREFUL })
    const crescendo = await scene.controller({ isShortLease: true })
    await crescendo.ready()
    await web.until('has what 250 need', isAtLeast(3))
    const watched = watchReplicas(web)
    let kept = 0
    for (const [round, afterMs] of [2900, 700, 1900, 300, 2300].entries()) {
      web.load(400 + round * 200)
      await sleep(afterMs)
      await crescendo.kill('SIGKILL')
      const begun = crescendo.lines.length
      await crescendo.restart()
      await eventually(
        'it leads again',
        60_000,
        async () => crescendo.lines.slice(begun).some(({ msg }) => msg === 'leading') || undefined,
      )
      await eventually(
        'it has learnt its past',
        15_000,
        async () => crescendo.lines.slice(begun).some(({ msg }) => msg === 'the past is learnt') || undefined,
      )
      const now = await eventually('its first turn', 20_000, () => decisionCount(crescendo, scene))
      expect(now).toBeGreaterThanOrEqual(kept)
      kept = now
    }
    await web.until('carries 1,200', isAtLeast(11))
    web.load(200)
    await sleep(10_000)
    const seen = await watched.stop()
    expect(isRising(seen), `replicas went ${seen.join(', ')}`).toBe(true)
    expect(crescendo.lines.filter(({ msg }) => msg === 'a damaged store was put aside, and a new one begun')).toEqual([])
    expect((await journal(crescendo)).filter(({ outcome }) => outcome === 'open')).toEqual([])
  })
  const name = 'PostgreSQL is away: what adds goes on, what takes away waits, and Ready says so until it is back'
  test.skipIf(postgresPrograms() === undefined)(name, { concurrent: true }, async () => {
    const postgres: PostgresServer = await startPostgres()
    try {
      const scene = await openScene(stage, 'storeless')
      const web = await scene.scaled('web', { replicas: 3, load: 250 })
      const crescendo = await scene.controller({
        configuration: { store: { type: 'PostgreSql', path: undefined, url: { env: 'STORE_URL' } } },
        env: { STORE_URL: postgres.url },
      })
      await leads(crescendo)
      web.load(800)
      await web.until('carries 800', isAtLeast(8))
      web.load(500)
      await web.until('falls', replicas => replicas <= 6, 40_000)
      await postgres.kill()
      const isUp = async () => /^crescendo_store_up 1$/m.test(await (await fetch(`${crescendo.url}/metrics`)).text())
      await eventually('the store is down', 20_000, async () => !(await isUp()) || undefined)
      web.load(900)
      const high = await web.until('grows without a store', isAtLeast(9), 30_000)
      const ready = await eventually('Ready tells it', 20_000, async () => {
        const condition = conditionOf(await scene.status('web'), 'Ready')
        return condition.reason === 'StoreDown' ? condition : undefined
      })
      expect(ready.message).not.toContain(new URL(postgres.url).password)
      const watched = watchReplicas(web)
      web.load(200)
      await sleep(25_000)
      const seen = await watched.stop()
      expect(Math.min(...seen), `replicas went ${seen.join(', ')}`).toBeGreaterThanOrEqual(high)
      await postgres.start()
      await eventually('the store is up again', 30_000, async () => (await isUp()) || undefined)
      await web.until('falls at last', replicas => replicas <= 3, 40_000)
      await eventually(
        'Ready tells that, too',
        20_000,
        async () => conditionOf(await scene.status('web'), 'Ready').reason !== 'StoreDown' || undefined,
      )
    } finally {
      await postgres.stop()
    }
  })
})
