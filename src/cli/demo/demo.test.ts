import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { shapes } from '../../show/contract.ts'
import { timeOf } from '../../sim/load.ts'
import { demoServices } from './cast.ts'

const bin = resolve(import.meta.dirname, '../../../bin/crescendo.js')
const scratch = mkdtempSync(join(tmpdir(), 'crescendo-demo-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Two hours of a wave, a sample a minute: short enough to play within a second. */
const trace = join(scratch, 'wave.csv')
const rows = Array.from(
  { length: 120 },
  (_, minute) => `${1_700_000_000 + minute * 60},${Math.round(500 + 300 * Math.sin(minute / 20))}`,
)
writeFileSync(trace, `timestamp,value\n${rows.join('\n')}\n`)

const running: ChildProcess[] = []
const taken: Server[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  for (const server of taken.splice(0)) server.close()
})

function demo(...args: readonly string[]) {
  const child = spawn(process.execPath, [bin, 'demo', ...args], { env: { ...process.env, NO_COLOR: '1' } })
  running.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString('utf8')
  })
  const end = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }))
  const until = async (pattern: RegExp) => {
    while (!pattern.test(said.out)) await Promise.race([once(child.stdout, 'data'), end.then(died)])
    return pattern.exec(said.out)!
  }
  const died = ({ code, err }: { code: number | null; err: string }) => {
    throw new Error(`the demo ended with ${code}: ${err}`)
  }
  return { child, end, until }
}

describe('demo --once', () => {
  test('plays a file to its end: the same seed prints the same bytes, and --json is one document', async () => {
    const play = () => demo('--once', '--json', '--seed', '7', '--trace', trace).end
    const [first, second] = await Promise.all([play(), play()])
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(second.out).toBe(first.out)
    const { total, services, traffic, end } = JSON.parse(first.out)
    expect(total.map(({ name }: { name: string }) => name)).toEqual(['crescendo', 'hpa', 'keda', 'oracle'])
    expect([services.length, traffic, end]).toEqual([1, 'recorded', '2023-11-15T00:13:20.000Z'])
    expect(total[3].sloViolationMinutes).toBe(0)
    expect(total[0].excessOverOracle).toBeCloseTo(total[0].cost / total[3].cost - 1, 12)
  })

  test('without --json people read a scoreboard and three commands that exist', async () => {
    const { out, code } = await demo('--once', '--trace', trace).end
    expect(code).toBe(0)
    expect(out).toContain('Scoreboard: trace/wave')
    expect(out).not.toContain('\x1b')
    const commands = [...out.matchAll(/^ {2}crescendo (\w+)/gm)].map(match => match[1]!)
    expect(commands).toHaveLength(3)
    for (const command of commands) {
      const help = spawnSync(process.execPath, [bin, command, '--help'], { encoding: 'utf8' })
      expect(help.stdout).toContain(`Usage: crescendo ${command} `)
    }
  })
})

describe('the four services', () => {
  const services = demoServices(3)

  test('the same seed gives the same traffic, another seed another one, and no two services have the same', () => {
    const columns = (seed: number) => demoServices(seed).map(({ load }) => Array.from(load.value.subarray(0, 500)))
    expect(columns(3)).toEqual(columns(3))
    expect(columns(4)[0]).not.toEqual(columns(3)[0])
    expect(new Set(services.map(({ load }) => load.value[0]! / load.value[1]!)).size).toBe(4)
  })

  test('one visible day holds a flash crowd, an attack that is owed nothing, and a metric outage', () => {
    const events = services.flatMap(service => service.events.map(event => ({ ...event, service })))
    expect(events.map(({ kind }) => kind).toSorted()).toEqual(['attack', 'daily peak', 'flash crowd', 'metric outage'])
    for (const { from, to, service } of events) {
      const start = timeOf(service.load, service.historyTicks)
      expect(from >= start && to <= start + 86_400_000 && from < to).toBe(true)
    }
    const attack = events.find(({ kind }) => kind === 'attack')!
    const tick = (attack.from - attack.service.load.startMs) / attack.service.load.tickMs
    expect([attack.service.load.attack![tick - 1], attack.service.load.attack![tick]]).toEqual([0, 90_000])
    const outage = events.find(({ kind }) => kind === 'metric outage')!
    expect(outage.service.failures).toEqual([{ kind: 'metric-gap', from: outage.from, to: outage.to }])
  })
})

test('--skip-bad-rows leaves malformed rows out and says how many', async () => {
  const rough = join(scratch, 'rough.csv')
  writeFileSync(rough, `timestamp,value\n${[...rows.slice(0, 99), 'oops', ...rows.slice(99)].join('\n')}\n`)
  const { code, err } = await demo('--once', '--trace', rough, '--skip-bad-rows').end
  expect(code).toBe(0)
  expect(err).toMatch(/^1 bad rows left out, the first: .*rough\.csv:101: found "oops"/)
})

describe('bad usage is one line and exit code 2', () => {
  const short = join(scratch, 'short.csv')
  writeFileSync(short, 'timestamp,value\n0,1\n60,2\n120,3\n')
  const flat = join(scratch, 'flat.csv')
  writeFileSync(flat, `timestamp,value\n${Array.from({ length: 200 }, (_, minute) => `${minute * 60},0`).join('\n')}\n`)
  const single = join(scratch, 'single.csv')
  writeFileSync(single, 'timestamp,value\n0,1\n')
  const centuries = join(scratch, 'centuries.csv')
  writeFileSync(centuries, 'timestamp,value\n0,1\n60,1\n120,1\n9999999999,1\n')
  test.each([
    [['--trace', single], /single\.csv: found 1 sample, expected at least 2 for the demo/],
    [['--trace', centuries], /centuries\.csv: the series spans \d+ ticks of 15 s/],
    [['--json'], /--once/],
    [['--speed', '0'], /above 0/],
    [['--speed', 'fast'], /"max"/],
    [['--port', '70000'], /65535/],
    [['--seed', '1.5'], /whole number/],
    [['--trace', join(scratch, 'nowhere.csv')], /nowhere\.csv: no such file/],
    [['--trace', short], /short\.csv: it spans 3 min; the demo needs at least 30 min/],
    [['--trace', flat], /flat\.csv: the load is zero/],
  ])('demo %j', async (args, pattern) => {
    const { code, out, err } = await demo(...args).end
    expect([code, out, err.trimEnd().split('\n').length]).toEqual([2, '', 1])
    expect(err).toMatch(pattern)
  })
})

describe('the live demo', () => {
  test('serves while it still learns, takes the next port where one is taken, and ends on Ctrl-C with 0', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    taken.push(blocker)
    await once(blocker, 'listening')
    const address = blocker.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { child, end, until } = demo('--port', String(port), '--speed', '600')
    const url = (await until(/http:\/\/127\.0\.0\.1:\d+/))[0]
    expect(Number(new URL(url).port)).toBeGreaterThan(port)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    const { workloads } = shapes.workloads.parse(await (await fetch(`${url}/api/v1/workloads`)).json())
    expect(workloads.map(({ name }) => name)).toEqual(['api-gateway', 'audio-processor', 'ml-inference', 'analytics'])
    expect(workloads[0]?.learning).toMatch(/^learning the history: \d+ %$/)
    child.kill('SIGINT')
    expect(await end).toMatchObject({ code: 0 })
  })

  test('plays a file, tells decisions on the stream, explains them, and keeps serving when it is over', async () => {
    const { child, end, until } = demo('--port', '0', '--speed', '3000', '--trace', trace)
    const url = (await until(/http:\/\/127\.0\.0\.1:\d+/))[0]
    const stream = await fetch(`${url}/api/v1/stream`)
    let text = ''
    for await (const chunk of stream.body!) {
      text += Buffer.from(chunk).toString('utf8')
      if (text.includes('event: decision') && text.includes('event: scoreboard')) break
    }
    const { workloads } = shapes.workloads.parse(await (await fetch(`${url}/api/v1/workloads`)).json())
    expect(workloads[0]?.load).toBeGreaterThan(0)
    expect(workloads[0]?.neededReplicas).toBeGreaterThan(0)
    expect(text).toMatch(
      /id: \d+\nevent: decision\ndata: \{"time":"[^"]+","target":"trace\/wave","from":\d+,"to":\d+,"sentence":"/,
    )
    await until(/Still serving/)
    const get = async (path: string) => (await fetch(`${url}/api/v1/workloads/trace/wave${path}`)).json()
    const { decisions } = shapes.decisions.parse(await get('/decisions?limit=1000'))
    expect(decisions.length).toBe(240)
    const told = shapes.explain.parse(await get(`/explain?at=${decisions[100]!.time}`))
    expect(told.decision).toEqual(decisions[100])
    expect(told.text).toContain('stock HPA')
    const { total } = shapes.costs.parse(await (await fetch(`${url}/api/v1/costs`)).json())
    const workload = shapes.workload.parse(await get(''))
    expect(total.map(({ cost }) => cost)).toEqual(workload.scalers.map(({ cost }) => cost))
    child.kill('SIGTERM')
    expect(await end).toMatchObject({ code: 0 })
  })
})
