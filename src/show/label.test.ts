import { afterEach, describe, expect, test } from 'vitest'
import { exampleFacts, exampleWorkload, NOW } from '../../test/example-facts.ts'
import type { KeptEpisode } from '../core/screen/alarm-book.ts'
import { shapes } from './contract.ts'
import type { Facts } from './facts.ts'
import { listen } from './listen.ts'
import { createServer, type ServerOptions } from './server.ts'

const START = NOW - 60_000
const episode: KeptEpisode = {
  kind: 'spike',
  startAt: START,
  endAt: NOW,
  severity: 'critical',
  sigma: 11,
  value: 900,
  expected: 100,
  alarm: true,
  why: 'demand 900 is odd',
}
const PATH = '/api/v1/workloads/shop/checkout/anomalies'
const ONE = `${PATH}/${new Date(START).toISOString()}/label`

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(app => app.close()))
})

function serve(changes: Partial<Facts> = {}, options: ServerOptions = {}) {
  const given: unknown[] = []
  const { facts } = exampleFacts({
    workloads: () => [{ ...exampleWorkload, alarms: [episode] }],
    anomalies: async () => [episode, { ...episode, kind: 'flat line', alarm: false, endAt: START }],
    labelAnomaly: async (id, label) => {
      given.push([id, label])
      return label.startAt === START ? 1 : 0
    },
    ...changes,
  })
  const app = createServer(facts, options)
  open.push(app)
  const headers = { host: 'localhost', 'content-type': 'application/json' }
  const post = (payload: string, more: Record<string, string> = {}, url = ONE) =>
    app.inject({ method: 'POST', url, payload, headers: { ...headers, ...more } })
  return { app, given, post, get: (url: string) => app.inject({ url, headers: { host: 'localhost' } }) }
}

const FALSE = '{ "label": "false" }'

describe('anomalies', () => {
  test('are told as the schema says, with what is active and what was an alarm', async () => {
    const answer = (await serve().get(PATH)).json()
    expect(shapes.anomalies.parse(answer)).toEqual(answer)
    expect(answer.anomalies).toMatchObject([
      { kind: 'spike', start: new Date(START).toISOString(), active: true, alarm: true, severity: 'critical', expected: 100 },
      { kind: 'flat line', active: false, alarm: false },
    ])
  })

  test('none are kept: the list is empty, and a label has nothing to stick to', async () => {
    const { facts } = exampleFacts()
    const app = createServer(facts)
    open.push(app)
    expect((await app.inject({ url: PATH, headers: { host: 'localhost' } })).json().anomalies).toEqual([])
    const headers = { host: 'localhost', 'content-type': 'application/json' }
    expect((await app.inject({ method: 'POST', url: ONE, payload: FALSE, headers })).statusCode).toBe(501)
  })

  test('an alarm that goes on is an alert; the condition behind it is none then', async () => {
    const condition = { type: 'Anomalous', status: 'True', reason: 'Hold', message: 'demand is odd' } as const
    const alertsWith = async (alarms: readonly KeptEpisode[] | undefined) => {
      const workload = { ...exampleWorkload, conditions: [condition], ...(alarms && { alarms }) }
      return (await serve({ workloads: () => [workload] }).get('/api/v1/alerts')).json().alerts
    }
    expect(await alertsWith([episode, { ...episode, severity: 'major' }])).toMatchObject([
      {
        name: 'Anomaly',
        severity: 'critical',
        reason: 'spike',
        since: new Date(START).toISOString(),
        message: 'demand 900 is odd',
      },
      { name: 'Anomaly', severity: 'warning' },
    ])
    expect(await alertsWith([])).toEqual([])
    expect(await alertsWith(undefined)).toMatchObject([{ name: 'Anomalous' }])
  })

  test('the score is a metric, and the list of alarms no part of the workload', async () => {
    const { get } = serve()
    expect((await get('/metrics')).body).toMatch(/^crescendo_anomaly_score\{.*target="checkout"\} 0\.25$/m)
    const answer = (await get('/api/v1/workloads/shop/checkout')).json()
    expect(answer.anomalyScore).toBe(0.25)
    expect(answer).not.toHaveProperty('alarms')
  })
})

describe('a label', () => {
  test('reaches the episode that began then, of that kind where one is named', async () => {
    const { post, given } = serve()
    const answer = await post('{ "label": "true", "kind": "level shift" }')
    expect([answer.statusCode, answer.json()]).toEqual([200, { labelled: 1 }])
    expect((await post(FALSE)).statusCode).toBe(200)
    expect(given).toEqual([
      ['shop/checkout', { startAt: START, label: 'true', kind: 'level shift' }],
      ['shop/checkout', { startAt: START, label: 'false' }],
    ])
  })

  test.each([
    ['{ "label": "maybe" }', 'label'],
    ['{ "label": "true", "kind": "earthquake" }', 'kind'],
    ['{ "label": "true", "more": 1 }', 'the body'],
    ['[]', 'the body'],
  ])('%s is not understood', async (body, where) => {
    const { post, given } = serve()
    const answer = await post(body)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().detail.startsWith(where)).toBe(true)
    expect(given).toEqual([])
  })

  test('a time that is none is 400; no such anomaly, and no such workload, are 404', async () => {
    const { post } = serve()
    expect((await post(FALSE, {}, `${PATH}/yesterday/label`)).statusCode).toBe(400)
    const other = await post(FALSE, {}, `${PATH}/2026-01-01T00:00:00Z/label`)
    expect([other.statusCode, other.json().detail]).toEqual([404, expect.stringContaining('began at 2026-01-01T00:00:00Z')])
    expect((await post(FALSE, {}, ONE.replace('checkout', 'nothing'))).statusCode).toBe(404)
  })

  test('a standby takes none', async () => {
    const controller = { isLeader: false, isDryRun: false, queueDepth: 0, watches: [], sources: [], openIntents: 0 }
    expect((await serve({ controller: () => controller }).post(FALSE)).statusCode).toBe(409)
  })

  test('needs the token where there is one, and a token where others can ask', async () => {
    const push = { buffer: { accept: () => ({ refused: [] }) }, token: 'secret' }
    const { post, given } = serve({}, { push })
    expect((await post(FALSE)).statusCode).toBe(401)
    expect(given).toEqual([])
    expect((await post(FALSE, { authorization: 'Bearer secret' })).statusCode).toBe(200)
    const { app, post: ask } = serve()
    await listen(app, { host: '0.0.0.0', port: 0 })
    const answer = await ask(FALSE)
    expect([answer.statusCode, answer.json().detail]).toEqual([403, expect.stringMatching(/^labels are taken only with a token/)])
  })

  test('a body beyond a kilobyte is refused', async () => {
    expect((await serve().post(`{ "label": "true", "kind": "${'x'.repeat(2000)}" }`)).statusCode).toBe(413)
  })
})
