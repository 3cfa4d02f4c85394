import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { decisionsOf } from '../../../test/example-case.ts'
import { exampleFacts, exampleWorkload, NOW } from '../../../test/example-facts.ts'
import type { Decision } from '../../core/model.ts'
import type { ControllerFact, Facts } from '../../show/facts.ts'
import { createServer, type ServerOptions } from '../../show/server.ts'
import { main } from '../main.ts'
import { runDoctor } from './run-doctor.ts'

const printed = { out: '', err: '' }
const open: { close(): Promise<unknown> }[] = []

function listenToOutput(): void {
  Object.assign(printed, { out: '', err: '' })
  for (const [stream, name] of [['stdout', 'out'] as const, ['stderr', 'err'] as const]) {
    vi.spyOn(process[stream], 'write').mockImplementation(text => {
      printed[name] += String(text)
      return true
    })
  }
}

afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(open.splice(0).map(app => app.close()))
})

/** The real server over the facts of a controller whose one workload is at its maximum of 40 replicas and wants more. */
async function serve(changes: Partial<Facts> = {}, options: ServerOptions = {}): Promise<string> {
  const controller: ControllerFact = {
    isLeader: true,
    isDryRun: false,
    queueDepth: 0,
    watches: [],
    sources: [{ name: 'prometheus', up: false, lastAnswerAt: NOW - 90_000, calls: 40, failures: 3 }],
    openIntents: 0,
  }
  const decisions = decisionsOf(() => ({
    from: 40,
    to: 40,
    demand: 3000,
    verdicts: [{ by: 'bounds', from: 44, to: 40, why: 'above 2…40' }],
  })).map(({ time, sentence: _, demand = 0, ...rest }): Decision => ({ ...rest, demand, at: Date.parse(time) }))
  const { facts } = exampleFacts({
    controller: () => controller,
    workloads: () => [exampleWorkload, { ...exampleWorkload, name: 'cart' }],
    decisions: id => (id === 'shop/checkout' ? decisions.toReversed() : []),
    ...changes,
  })
  const app = createServer(facts, options)
  open.push(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

test('findings come with evidence and fix, by trouble; what could not be checked says why; the exit code is 1', async () => {
  const server = await serve()
  listenToOutput()
  expect(await runDoctor('checkout', { server })).toBe(1)
  const lines = printed.out.split('\n')
  const at = lines.indexOf('  shop/checkout  max-replicas: maxReplicas is too low')
  expect(lines.lastIndexOf('degraded performance', at)).toBeGreaterThan(-1)
  expect(lines[at + 1]).toBe(
    '    evidence: maxReplicas 40 cut what was wanted for 6.0 h of the last 6.0 h; 44 were wanted at most, above 2…40',
  )
  expect(lines[at + 2]).toMatch(/^ {4}fix: set spec\.maxReplicas .+ to 44 or more/)
  expect(printed.out).toMatch(
    new RegExp(`fix: crescendo explain checkout --namespace shop --at \\S+ --server ${server} tells what held it back`),
  )
  expect(printed.out).toContain('prometheus is down, answered 2 min ago, 3 of 40 calls failed')
  expect(printed.out).toContain('\n  controller  metric-delay: 0 changes were written since the start, and it takes 10\n')
  expect(printed.out).toMatch(/\n\d+ checks, \d+ findings; \d+ more could not be made\n$/)
  expect(printed.out).not.toContain('shop/cart')
  expect(printed.err).toBe('')
})

test('--json prints every check with its outcome and figures, of all workloads', async () => {
  const server = await serve()
  listenToOutput()
  expect(await main(['doctor', '--server', server, '--json'])).toBe(1)
  const told = JSON.parse(printed.out)
  expect(told).toMatchObject({ time: new Date(NOW).toISOString(), server })
  const kinds = told.results.map(({ kind }: { kind: string }) => kind)
  const count = (kind: string) => kinds.filter((one: string) => one === kind).length
  expect(told).toMatchObject({
    checks: count('clear') + count('finding'),
    findings: count('finding'),
    notMade: count('unable'),
  })
  expect(told.results).toContainEqual({
    subject: 'shop/cart',
    name: 'flapping',
    trouble: 'degraded performance',
    asks: 'whether replicas go up and down again within minutes',
    kind: 'unable',
    why: '0.0 h of decisions are recorded, and it takes 1',
  })
})

test('nothing is found in a demo that is calm: exit code 0, and --all tells what is well', async () => {
  const { decisions: _, ...quiet } = exampleFacts().facts
  const calm = decisionsOf(() => ({ demand: 600 })).map(
    ({ time, sentence: __, demand = 0, ...rest }): Decision => ({ ...rest, demand, at: Date.parse(time) }),
  )
  const drift = { ...exampleWorkload.accuracy!.drift, isDrifting: false }
  const { lastDecision, accuracy } = exampleWorkload
  const workload = {
    ...exampleWorkload,
    startupSeconds: 20,
    accuracy: { ...accuracy!, drift },
    lastDecision: {
      ...lastDecision!,
      conditions: [{ type: 'Ready', status: 'True' as const, reason: 'Deciding', message: 'deciding' }],
    },
  }
  const server = await serve({
    ...quiet,
    workloads: () => [workload],
    decisions: () => calm.toReversed(),
    controller: () => undefined as never,
  })
  listenToOutput()
  expect(await runDoctor(undefined, { server, all: true })).toBe(0)
  expect(printed.out).toContain('\n  well  shop/checkout  object-ready: Ready Deciding: deciding\n')
  expect(printed.out).toMatch(/\n\d+ checks, 0 findings; \d+ more could not be made\n$/)
})

test('no check could be made: exit code 1, not "all is well"', async () => {
  const server = await serve({ workloads: () => [], controller: () => undefined as never })
  listenToOutput()
  expect(await runDoctor(undefined, { server })).toBe(1)
  expect(printed.out).toContain('0 checks, 0 findings; 6 more could not be made')
})

test.each([
  [['cheese'], 'no workload "cheese" at SERVER; it knows shop/checkout, shop/cart'],
  [['--namespace', 'moon'], 'no workload in the namespace "moon" at SERVER; it knows shop/checkout, shop/cart'],
])('doctor %j: one line, exit code 1', async (args, line) => {
  const server = await serve()
  listenToOutput()
  expect(await main(['doctor', ...args, '--server', server])).toBe(1)
  expect(printed).toEqual({ out: '', err: `crescendo: ${line.replace('SERVER', server)}\n` })
})

test('a decision page that fails is told by the checks that need it; the others are made', async () => {
  const server = await serve({
    decisions: () => {
      throw new Error('disk')
    },
  })
  listenToOutput()
  expect(await runDoctor('checkout', { server, json: true })).toBe(1)
  const { results } = JSON.parse(printed.out) as { results: { name: string; kind: string; why?: string }[] }
  expect(results.find(({ name }) => name === 'flapping')).toMatchObject({ kind: 'unable', why: expect.stringMatching(/./) })
  expect(results.find(({ name }) => name === 'forecast-drift')).toMatchObject({ kind: 'finding' })
})

test('a server that is asked too often is asked again', async () => {
  const server = await serve({}, { requestsPerSecond: 2 })
  listenToOutput()
  expect(await runDoctor('checkout', { server })).toBe(1)
  expect(printed.out).not.toContain('come again')
  expect(printed.out).toContain('forecast-drift: the load is not what was learnt')
})

test('nothing listens: one line, exit code 1; a bad address is bad usage: 2', async () => {
  const server = await serve()
  await open.splice(0)[0]!.close()
  listenToOutput()
  expect(await main(['doctor', '--server', server])).toBe(1)
  expect(printed.err).toContain('crescendo: nothing answers at http://127.0.0.1:')
  expect(await main(['doctor', '--server', 'ftp://x'])).toBe(2)
})

test('what the server sends cannot drive the terminal', async () => {
  const server = await serve({ workloads: () => [{ ...exampleWorkload, mode: 'Recommend\u001b[2J\u0007' }] })
  listenToOutput()
  await runDoctor(undefined, { server })
  expect(printed.out).toContain('mode Recommend?')
  expect(printed.out).not.toContain('\u001b[2J')
})
