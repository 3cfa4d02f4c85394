import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { explainWorkload } from './explain-workload.ts'
import { main } from './main.ts'

const printed = { out: '', err: '' }

function capture(stream: 'stdout' | 'stderr'): void {
  vi.spyOn(process[stream], 'write').mockImplementation(text => {
    printed[stream === 'stdout' ? 'out' : 'err'] += String(text)
    return true
  })
}

const open: Server[] = []
const gone = (done: (value: unknown) => void) => open.splice(0)[0]!.close(done)

afterEach(() => {
  vi.restoreAllMocks()
  for (const server of open.splice(0)) server.close()
})

function listenToOutput(): void {
  Object.assign(printed, { out: '', err: '' })
  capture('stdout')
  capture('stderr')
}

/** A server that answers these paths, and remembers what it was asked. */
async function serve(answers: Record<string, { status?: number; body: string }>) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const { status = 200, body } = answers[(request.url ?? '').split('?')[0]!] ?? { status: 404, body: 'no such page' }
    response.writeHead(status, { location: '/' }).end(body)
  })
  open.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { asked, server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const WORKLOADS = '/api/v1/workloads'
const list = (...ids: readonly string[]) => ({
  body: JSON.stringify({ workloads: ids.map(id => ({ namespace: id.split('/')[0], name: id.split('/')[1] })) }),
})
const answer = { decision: { to: 18 }, sentence: '12 → 18 replicas: because', text: 'api: 12 → 18\n  because it must' }
const explained = { body: JSON.stringify(answer) }

test('the sentence and the waterfall are printed, with the namespace found by the name', async () => {
  const { asked, server } = await serve({
    [WORKLOADS]: list('audio/api', 'ml/inference'),
    [`${WORKLOADS}/audio/api/explain`]: explained,
  })
  listenToOutput()
  expect(await explainWorkload('api', { server })).toBe(0)
  expect(printed.out).toBe('12 → 18 replicas: because\napi: 12 → 18\n  because it must\n')
  expect(asked).toEqual([WORKLOADS, `${WORKLOADS}/audio/api/explain`])
})

test('--json prints the document, --at is passed on as an instant, --namespace saves a question', async () => {
  const { asked, server } = await serve({ '/behind/api/v1/workloads/audio/api/explain': explained })
  listenToOutput()
  const options = { server: `${server}/behind`, namespace: 'audio', at: '1764000000', json: true }
  expect(await explainWorkload('api', options)).toBe(0)
  expect(JSON.parse(printed.out)).toEqual(answer)
  expect(asked).toEqual(['/behind/api/v1/workloads/audio/api/explain?at=2025-11-24T16:00:00.000Z'])
})

test('names and namespaces cannot leave their place in the path', async () => {
  const { asked, server } = await serve({})
  listenToOutput()
  expect(await explainWorkload('../../x', { server, namespace: 'a/b' })).toBe(1)
  expect(asked).toEqual([`${WORKLOADS}/a%2Fb/..%2F..%2Fx/explain`])
})

test('what the server sends cannot drive the terminal', async () => {
  const body = JSON.stringify({ sentence: 'a\u001b[2Jb', text: 'c\u0007d' })
  const { server } = await serve({ [`${WORKLOADS}/audio/api/explain`]: { body } })
  listenToOutput()
  await explainWorkload('api', { server, namespace: 'audio' })
  expect(printed.out).toBe('ab\nc?d\n')
})

test.each([
  ['nobody knows the name', list('audio/web'), 'no workload "api" at http://127.0.0.1:PORT; it knows audio/web'],
  ['there are no workloads', list(), 'no workload "api" at http://127.0.0.1:PORT; it knows none'],
  ['the name stands in two namespaces', list('a/api', 'b/api'), 'api is in the namespaces a, b: choose one with --namespace'],
  ['the problem has a detail', { status: 404, body: '{"detail":"nothing was decided yet"}' }, 'nothing was decided yet'],
  [
    'another program answers',
    { body: '<html>' },
    'http://127.0.0.1:PORT answered 200 with something else: is it a crescendo demo or controller?',
  ],
  [
    'another program fails',
    { status: 500, body: '{}' },
    'http://127.0.0.1:PORT answered 500 with something else: is it a crescendo demo or controller?',
  ],
])('when %s, one line says so and the exit code is 1', async (_, workloads, line) => {
  const { server } = await serve({ [WORKLOADS]: workloads })
  listenToOutput()
  expect(await explainWorkload('api', { server })).toBe(1)
  expect(printed.err).toBe(`crescendo: ${line.replace('PORT', new URL(server).port)}\n`)
  expect(printed.out).toBe('')
})

test('a redirect is not followed', async () => {
  const { server, asked } = await serve({ [WORKLOADS]: { status: 302, body: '' } })
  listenToOutput()
  expect(await explainWorkload('api', { server })).toBe(1)
  expect(asked).toEqual([WORKLOADS])
})

test('nothing listens: one line, exit code 1', async () => {
  const { server } = await serve({})
  await new Promise(resolve => gone(resolve))
  listenToOutput()
  expect(await main(['explain', 'api', '--server', server])).toBe(1)
  expect(printed.err).toMatch(
    /^crescendo: nothing answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\): start `crescendo demo`, or name it with --server\n$/,
  )
})

test.each([
  [['--server', 'ftp://x'], '--server: found "ftp://x", expected a URL such as http://127.0.0.1:8080'],
  [['--server', 'not a url'], '--server: found "not a url", expected a URL such as http://127.0.0.1:8080'],
  [
    ['--server', 'http://me:secret@x'],
    '--server: found a URL with a name or password in it, expected a URL such as http://127.0.0.1:8080',
  ],
  [['--at', 'yesterday'], '--at: found the timestamp "yesterday", expected epoch seconds'],
])('%j is bad usage: exit code 2', async (flags, line) => {
  listenToOutput()
  expect(await main(['explain', 'api', ...flags])).toBe(2)
  expect(printed.err).toContain(line)
  expect(printed.err).not.toContain('secret')
  expect(printed.err.trimEnd().split('\n')).toHaveLength(1)
})
