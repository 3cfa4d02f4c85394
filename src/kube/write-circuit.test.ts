import { expect, test } from 'vitest'
import type { KubeCall, KubeClient } from './api.ts'
import { KubeError } from './kube-error.ts'
import { withWriteCircuit } from './write-circuit.ts'

function bed() {
  const state = { now: 0, calls: 0, error: undefined as Error | undefined }
  const client: KubeClient = {
    server: 'https://api',
    watch: async function* () {},
    async request<T>() {
      state.calls++
      if (state.error) throw state.error
      return 'done' as T
    },
  }
  const writing = withWriteCircuit(client, { now: () => state.now })
  const call = (more: Partial<KubeCall> = {}) => writing.client.request({ method: 'PUT', path: '/scale', ...more })
  const fail = async (error: Error, times: number) => {
    state.error = error
    for (let time = 0; time < times; time++) await expect(call()).rejects.toBe(error)
  }
  return { state, writing, call, fail }
}

const broken = new KubeError('500', { status: 500, reason: 'InternalError' })
const silent = new KubeError('no answer', { status: 0, reason: 'Timeout' })

test.each([broken, silent])(
  'an API server that fails five writes in a row is written to once in five seconds: %s',
  async error => {
    const { state, writing, call, fail } = bed()
    await fail(error, 5)
    await expect(call()).rejects.toMatchObject({
      reason: 'NotTried',
      message: 'not written, because of the API server: it did not answer 5 times in a row, and is tried every 5 s',
    })
    expect([state.calls, writing.state()]).toEqual([5, 'open'])
    state.now = 5000
    await expect(call()).rejects.toBe(error)
    state.error = undefined
    state.now = 10_000
    await expect(Promise.all([call(), call()])).resolves.toEqual(['done', 'done'])
    expect(writing.state()).toBe('closed')
  },
)

test('reads, watches and the Lease pass all the same', async () => {
  const { state, writing, call, fail } = bed()
  await fail(broken, 5)
  state.error = undefined
  await expect(call({ method: 'GET' })).resolves.toBe('done')
  await expect(call({ isUrgent: true })).resolves.toBe('done')
  for await (const _ of writing.client.watch({ path: '/pods' }, new AbortController().signal)) expect.unreachable()
  expect([writing.state(), writing.client.server]).toEqual(['open', 'https://api'])
})

test('refusals, conflicts, and what this side withdrew, say nothing of the server', async () => {
  const { writing, fail } = bed()
  await fail(new KubeError('409', { status: 409, reason: 'Conflict' }), 9)
  await fail(new KubeError('403', { status: 403, reason: 'Forbidden' }), 9)
  await fail(new KubeError('no leader', { status: 0, reason: 'Withdrawn' }), 9)
  await fail(new Error('ours'), 9)
  expect(writing.state()).toBe('closed')
})
