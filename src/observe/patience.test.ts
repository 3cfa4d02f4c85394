import { expect, test } from 'vitest'
import { bed, onlyRps, podsMetric, prometheus, rps, source, workload } from '../../test/sources-bed.ts'

const metrics = [podsMetric('requests_per_second')]

test('a source that is down holds up nobody whom another can answer, once that is known', async () => {
  const slow = await prometheus({ rows: () => [], delayMs: 5000 })
  const quick = await prometheus({ rows: onlyRps(() => rps({ 'web-1': 2, 'web-2': 2 })) })
  const { sources, pass } = bed({ documents: [source('a', slow.url), source('b', quick.url)], timeoutMs: 900 })
  expect((await sources.read(workload(metrics))).demand).toMatchObject({ value: 4 })
  pass(15_000)
  const before = performance.now()
  expect((await sources.read(workload(metrics))).demand).toMatchObject({ value: 4 })
  expect(performance.now() - before).toBeLessThan(700)
})

test('a source that was down is waited for where nobody else knows the metric, and comes first again once it answers', async () => {
  const answer = { rows: () => [] as ReturnType<typeof rps>, delayMs: 5000 }
  const back = await prometheus(answer)
  const other = await prometheus({ rows: onlyRps(() => rps({ 'web-1': 2, 'web-2': 2 })) })
  const documents = [source('a', back.url)]
  const { sources, pass } = bed({ documents, timeoutMs: 900 })
  expect((await sources.read(workload(metrics))).demand).toMatchObject({
    kind: 'missing',
    why: expect.stringMatching(/^Timeout: /),
  })
  Object.assign(answer, { rows: onlyRps(() => rps({ 'web-1': 3, 'web-2': 3 })), delayMs: 500 })
  pass(15_000)
  expect((await sources.read(workload(metrics))).demand).toMatchObject({ value: 6 })
  documents.push(source('b', other.url))
  pass(15_000)
  expect((await sources.read(workload(metrics))).demand).toMatchObject({ value: 6 })
})

test('a source that does not answer is asked no more after five times in a row; nobody waits for it, and one call tries it again', async () => {
  const answer = { rows: () => [] as ReturnType<typeof rps>, delayMs: 5000 }
  const slow = await prometheus(answer)
  const { sources, pass } = bed({ documents: [source('a', slow.url)], timeoutMs: 300 })
  const stateOf = () => sources.health().find(({ name }) => name === 'prometheus/a')?.circuit
  for (let tick = 0; tick < 3 && stateOf() === 'closed'; tick++) {
    await sources.read(workload(metrics))
    pass(3000)
  }
  expect(stateOf()).toBe('open')
  const before = performance.now()
  const { demand } = await sources.read(workload(metrics))
  expect(performance.now() - before).toBeLessThan(200)
  expect(demand).toMatchObject({ kind: 'missing', why: expect.stringContaining('is tried every 5 s') })
  Object.assign(answer, { rows: onlyRps(() => rps({ 'web-1': 3, 'web-2': 3 })), delayMs: 0 })
  pass(15_000)
  expect((await sources.read(workload(metrics))).demand).toMatchObject({ value: 6 })
  expect(stateOf()).toBe('closed')
})
