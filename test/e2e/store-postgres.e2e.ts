import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './bed/cluster-objects.ts'
import { type PostgresServer, startPostgres } from './bed/postgres.ts'
import { NAMESPACE, type Running, type Stage, startStage } from './controller/stage.ts'
import { createSubject, type Subject } from './controller/subject.ts'

const checkout = resolve(import.meta.dirname, '../..')

let stage: Stage
let postgres: PostgresServer
let crescendo: Running
let web: Subject

beforeAll(async () => {
  postgres = await startPostgres()
  stage = await startStage()
  web = await createSubject(stage, 'web')
  crescendo = await stage.crescendo({
    configuration: { store: { type: 'PostgreSql', url: { env: 'STORE_URL' } } },
    env: { STORE_URL: postgres.url },
  })
  await crescendo.ready()
})
afterAll(async () => {
  await stage?.stop()
  await postgres?.stop()
})

interface Told {
  readonly time: string
  readonly from: number
  readonly to: number
}
const decisions = async () =>
  (await crescendo.get<{ decisions: readonly Told[] }>(`/api/v1/workloads/${NAMESPACE}/web/decisions?limit=100`)).decisions
const change = (from: number, to: number) =>
  eventually(`the decision ${from} to ${to}`, 20_000, async () =>
    (await decisions()).find(one => one.from === from && one.to === to),
  )

const explained = async (name: string) =>
  (
    await promisify(execFile)(process.execPath, ['bin/crescendo.js', 'explain', name, '--server', crescendo.url], {
      cwd: checkout,
    })
  ).stdout

test('with PostgreSQL as its store the loop scales, and what it decided is there after a kill and a start', async () => {
  web.needs(7)
  await web.until('has 7', replicas => replicas === 7, 20_000)
  const before = await change(3, 7)
  await crescendo.restart()
  await crescendo.ready()
  expect(await change(3, 7)).toEqual(before)
  web.needs(9)
  await web.until('has 9', replicas => replicas === 9, 20_000)
  expect(await change(7, 9)).toBeDefined()
})

test('crescendo explain prints the argument of a running controller', async () => {
  const text = await explained('web')
  expect(text).toContain('web_requests')
  expect(text).toMatch(/\b9\b/)
  expect(text.split('\n').length).toBeGreaterThan(3)
  await expect(explained('nobody')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('nobody') })
})

test('while PostgreSQL is away more is ordered, nothing is taken away, and the password is nowhere', async () => {
  await postgres.kill()
  web.needs(12)
  await web.until('has 12', replicas => replicas === 12, 30_000)
  web.needs(4)
  const { reason } = await web.condition('Ready', condition => condition.reason === 'StoreDown', 30_000)
  expect(reason).toBe('StoreDown')
  expect(await web.watched(12_000)).toEqual([12])
  await postgres.start()
  await web.until('falls once it is back', replicas => replicas === 4, 60_000)
  const password = new URL(postgres.url).password
  const status = await stage.plane.kubectl(['get', 'chpa,events', '-n', NAMESPACE, '-o', 'yaml'])
  expect(`${readFileSync(crescendo.logFile, 'utf8')}${status}`).not.toContain(password)
})
