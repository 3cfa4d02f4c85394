import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { type Asked, fastTiming, type Handler, json, keptLog, refuse, startRoughServer, until } from '../../test/rough-server.ts'
import type { KubeObject } from './api.ts'
import { connect } from './client.ts'
import { type Change, createReflector, type ReflectorOptions } from './reflector.ts'
import type { Timing } from './timing.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const pod = (name: string, version: number | string, extra: object = {}) => ({
  metadata: { namespace: 'audio', name, resourceVersion: String(version) },
  ...extra,
})
const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`
const isWatch = (asked: Asked) => asked.query.get('watch') === 'true'
const GONE = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }

function list(response: ServerResponse, version: number, items: readonly unknown[]): void {
  json(response, { metadata: { resourceVersion: String(version) }, items })
}

/** A watch that is open: what is written to it goes out at once. */
function stream(response: ServerResponse, ...lines: readonly string[]): ServerResponse {
  response.writeHead(200)
  response.flushHeaders()
  for (const text of lines) response.write(text)
  return response
}

/** As a load balancer ends a connection: what was sent has arrived. */
function breakOff(response: ServerResponse): void {
  setTimeout(() => response.destroy(), 100)
}

interface Bed {
  readonly asked: readonly Asked[]
  readonly changes: string[]
  readonly slept: number[]
  readonly log: ReturnType<typeof keptLog>
  readonly timing: Timing
  readonly reflector: ReturnType<typeof createReflector<KubeObject>>
  answerWith(handler: Handler): void
  stop(): Promise<void>
}

/** A reflector of pods against a server, with a clock that runs `pace` times as fast. */
async function reflect(
  handler: Handler,
  { pace = 100, ...more }: Partial<ReflectorOptions<KubeObject>> & { readonly pace?: number } = {},
): Promise<Bed> {
  const server = await startRoughServer(handler)
  const fast = fastTiming(pace)
  const slept: number[] = []
  const timing: Timing = {
    ...fast,
    sleep(ms, signal) {
      slept.push(Math.round(ms))
      return fast.sleep(ms, signal)
    },
  }
  const client = await connect({ kubeconfig: server.kubeconfig, userAgent: 'test', queriesPerSecond: 1000, burst: 1000 })
  const log = keptLog()
  const changes: string[] = []
  const reflector = createReflector<KubeObject>({
    client,
    path: '/api/v1/pods',
    read: raw => raw as KubeObject,
    log,
    timing,
    silenceMs: 1_000_000,
    ...more,
  })
  reflector.onChange(({ kind, key, object }: Change<KubeObject>) =>
    changes.push(`${kind} ${key} ${object.metadata.resourceVersion}`),
  )
  const ending = new AbortController()
  const running = reflector.run(ending.signal)
  const stop = async () => {
    ending.abort()
    await running
  }
  open.push(server.close, client.close, stop)
  return { asked: server.asked, changes, slept, log, timing, reflector, answerWith: server.answerWith, stop }
}

const names = ({ reflector }: Bed) => reflector.list().map(({ metadata }) => metadata.name)

describe('list and watch', () => {
  test('lists in pages of 500, then watches from the version of the list with bookmarks', async () => {
    const bed = await reflect((asked, response) => {
      if (isWatch(asked))
        stream(response, line('ADDED', pod('c', 8)), line('MODIFIED', pod('a', 9)), line('DELETED', pod('b', 10)))
      else if (asked.query.get('continue') === 'page-2') list(response, 7, [pod('b', 2)])
      else json(response, { metadata: { resourceVersion: '7', continue: 'page-2' }, items: [pod('a', 1)] })
    })
    await bed.reflector.synced()
    await until(() => bed.changes.length === 5)
    expect(bed.changes).toEqual([
      'added audio/a 1',
      'added audio/b 2',
      'added audio/c 8',
      'modified audio/a 9',
      'deleted audio/b 2',
    ])
    expect(names(bed)).toEqual(['a', 'c'])
    expect(bed.reflector.get('audio', 'a')?.metadata.resourceVersion).toBe('9')
    expect(bed.reflector.get('other', 'a')).toBeUndefined()
    const [first, , watch] = bed.asked
    expect(first?.query.get('limit')).toBe('500')
    expect(watch?.query.get('resourceVersion')).toBe('7')
    expect(watch?.query.get('allowWatchBookmarks')).toBe('true')
    expect(Number(watch?.query.get('timeoutSeconds'))).toBeGreaterThan(200)
  })

  test('hasSynced only after the last page', async () => {
    let second: ServerResponse | undefined
    const bed = await reflect((asked, response) => {
      if (isWatch(asked)) stream(response)
      else if (asked.query.has('continue')) second = response
      else json(response, { metadata: { resourceVersion: '7', continue: 'next' }, items: [pod('a', 1)] })
    })
    await until(() => second !== undefined)
    expect(bed.reflector.hasSynced()).toBe(false)
    expect(bed.changes).toEqual([])
    list(second!, 7, [])
    await bed.reflector.synced()
    expect(bed.reflector.hasSynced()).toBe(true)
  })

  test('a bookmark moves the place from which the next watch begins, without a list', async () => {
    let watches = 0
    const bed = await reflect((asked, response) => {
      if (!isWatch(asked)) return list(response, 7, [])
      watches += 1
      if (watches === 1) stream(response, line('BOOKMARK', { metadata: { resourceVersion: '50' } })).end()
      else stream(response)
    })
    await until(() => watches === 2)
    expect(bed.asked.filter(isWatch).map(({ query }) => query.get('resourceVersion'))).toEqual(['7', '50'])
    expect(bed.reflector.counts()).toMatchObject({ lists: 1, watches: 2 })
    expect(names(bed)).toEqual([])
  })

  test('only what `read` keeps is held, and what it drops later is deleted', async () => {
    const bed = await reflect(
      (asked, response) =>
        isWatch(asked)
          ? stream(response, line('MODIFIED', pod('ours', 9, { kind: 'Other' })))
          : list(response, 7, [pod('ours', 1, { kind: 'Pod' }), pod('theirs', 2)]),
      { read: raw => ((raw as KubeObject).kind === 'Pod' ? (raw as KubeObject) : undefined) },
    )
    await until(() => bed.changes.length === 2)
    expect(bed.changes).toEqual(['added audio/ours 1', 'deleted audio/ours 1'])
  })
})

describe('places that the server has forgotten (410)', () => {
  test('an ERROR event with 410 leads to one list, and nothing is missed', async () => {
    let watches = 0
    const bed = await reflect((asked, response) => {
      if (!isWatch(asked))
        return watches === 0
          ? list(response, 7, [pod('a', 1), pod('b', 2), pod('c', 3)])
          : list(response, 90, [pod('b', 2), pod('c', 80), pod('d', 81)])
      watches += 1
      if (watches === 1) stream(response, line('ERROR', GONE)).end()
      else stream(response)
    })
    await until(() => watches === 2)
    expect(bed.changes).toEqual([
      'added audio/a 1',
      'added audio/b 2',
      'added audio/c 3',
      'deleted audio/a 1',
      'modified audio/c 80',
      'added audio/d 81',
    ])
    expect(bed.asked.filter(isWatch).map(({ query }) => query.get('resourceVersion'))).toEqual(['7', '90'])
    expect(bed.reflector.counts()).toMatchObject({ lists: 2, expired: 1 })
    expect(bed.slept.filter(ms => ms > 0 && ms < 100_000)).toEqual([])
  })

  test('the same when the watch is refused with 410', async () => {
    let watches = 0
    const bed = await reflect((asked, response) => {
      if (!isWatch(asked)) return list(response, 7, [])
      watches += 1
      if (watches === 1) refuse(response, 410, { reason: 'Gone' })
      else stream(response)
    })
    await until(() => watches === 2)
    expect(bed.reflector.counts()).toMatchObject({ lists: 2, expired: 1 })
  })

  test('410 again and again is no hot loop', async () => {
    const bed = await reflect((asked, response) =>
      isWatch(asked) ? refuse(response, 410, { reason: 'Gone' }) : list(response, 7, []),
    )
    await until(() => bed.reflector.counts().lists >= 5)
    const waits = bed.slept.filter(ms => ms > 0 && ms < 100_000)
    expect(waits.slice(0, 3)).toEqual([800, 1200, 2400])
  })

  test('410 between two pages leads to a list in one piece', async () => {
    const bed = await reflect((asked, response) => {
      if (isWatch(asked)) stream(response)
      else if (asked.query.has('continue')) refuse(response, 410, { reason: 'Expired' })
      else if (asked.query.has('limit'))
        json(response, { metadata: { resourceVersion: '7', continue: 'next' }, items: [pod('a', 1)] })
      else list(response, 9, [pod('a', 1), pod('b', 2)])
    })
    await bed.reflector.synced()
    expect(bed.changes).toEqual(['added audio/a 1', 'added audio/b 2'])
    expect(bed.asked.filter(asked => !isWatch(asked)).map(({ query }) => query.toString())).toEqual([
      'limit=500',
      'limit=500&continue=next',
      '',
    ])
  })
})

describe('servers in trouble', () => {
  test('waits longer after each failure, with Retry-After as the least, and says so until it works', async () => {
    let lists = 0
    const bed = await reflect((asked, response) => {
      if (isWatch(asked)) return void stream(response)
      lists += 1
      if (lists <= 2) refuse(response, 500, { reason: 'InternalError' })
      else if (lists === 3) refuse(response, 429, { reason: 'TooManyRequests', headers: { 'retry-after': '0' } })
      else if (lists === 4)
        json(response, { kind: 'Status', reason: 'Busy', details: { retryAfterSeconds: 17 } }, { status: 500 })
      else list(response, 7, [])
    })
    await until(() => lists === 2)
    expect(bed.reflector.trouble()).toBe('list pods: the API server answered 500 InternalError')
    await bed.reflector.synced()
    expect(bed.slept.filter(ms => ms < 100_000)).toEqual([800, 1200, 2400, 17_000])
    expect(bed.reflector.trouble()).toBeUndefined()
    expect(bed.log.lines.join()).not.toContain('secret words')
  })

  test('a watch that fails goes on from its place: nothing is listed anew', async () => {
    let watches = 0
    const bed = await reflect((asked, response) => {
      if (!isWatch(asked)) return list(response, 7, [])
      watches += 1
      if (watches === 1) breakOff(stream(response, line('ADDED', pod('a', 8))))
      else if (watches < 4) refuse(response, 503, { reason: 'Down' })
      else stream(response)
    })
    await until(() => watches === 4)
    expect(bed.asked.filter(isWatch).map(({ query }) => query.get('resourceVersion'))).toEqual(['7', '8', '8', '8'])
    expect(bed.reflector.counts().lists).toBe(1)
  })

  test('a server that ends each watch at once is no hot loop', async () => {
    const answer: Handler = (asked, response) => void (isWatch(asked) ? stream(response).end() : list(response, 7, []))
    const bed = await reflect(answer, { pace: 4 })
    await until(() => bed.reflector.counts().watches >= 4)
    expect(bed.slept.filter(ms => ms > 0 && ms < 100_000).slice(0, 3)).toEqual([800, 1200, 2400])
  })

  test('a watch that says nothing, its connection open, is broken off and begun anew', async () => {
    let watches = 0
    const bed = await reflect(
      (asked, response) => {
        if (!isWatch(asked)) return list(response, 7, [])
        watches += 1
        stream(response, ...(watches === 2 ? [line('ADDED', pod('late', 9))] : []))
      },
      { silenceMs: 20_000 },
    )
    await until(() => names(bed).includes('late'))
    expect(bed.reflector.counts()).toMatchObject({ lists: 1, silences: 1 })
    expect(bed.reflector.trouble()).toBeUndefined()
  })

  test('bookmarks alone keep a watch alive', async () => {
    const bed = await reflect(
      (asked, response) => {
        if (!isWatch(asked)) return list(response, 7, [])
        stream(response)
        const beat = setInterval(() => response.write(line('BOOKMARK', { metadata: { resourceVersion: '8' } })), 50)
        response.on('close', () => clearInterval(beat))
      },
      { silenceMs: 60_000 },
    )
    await bed.reflector.synced()
    await new Promise(done => setTimeout(done, 1500))
    expect(bed.reflector.counts()).toMatchObject({ watches: 1, silences: 0 })
    expect(bed.reflector.lastContactMs()).toBeGreaterThan(Date.now() - 1000)
  })

  test('an event that is no JSON ends the watch, not the reflector', async () => {
    let watches = 0
    const bed = await reflect((asked, response) => {
      if (!isWatch(asked)) return list(response, 7, [])
      watches += 1
      stream(response, ...(watches === 1 ? ['{"type":"ADDED",\n'] : [line('ADDED', pod('a', 9))]))
    })
    await until(() => names(bed).includes('a'))
    expect(bed.reflector.counts().lists).toBe(1)
  })

  test('an answer that is no list is trouble, not an empty cluster', async () => {
    let lists = 0
    const bed = await reflect((asked, response) => {
      if (isWatch(asked)) return void stream(response)
      lists += 1
      if (lists === 1) json(response, { hello: 1 })
      else list(response, 7, [pod('a', 1)])
    })
    await bed.reflector.synced()
    expect(names(bed)).toEqual(['a'])
    expect(lists).toBe(2)
  })
})

describe('what may be missing', () => {
  test('a kind that is not installed is an empty, synced copy, asked for again each minute', async () => {
    let isInstalled = false
    const bed = await reflect((asked, response) => {
      if (!isInstalled) refuse(response, 404, { reason: 'NotFound' })
      else if (isWatch(asked)) stream(response)
      else list(response, 7, [pod('a', 1)])
    })
    await bed.reflector.synced()
    expect(bed.reflector.isInstalled()).toBe(false)
    expect(bed.reflector.trouble()).toBeUndefined()
    isInstalled = true
    await until(() => bed.changes.length === 1)
    expect(bed.reflector.isInstalled()).toBe(true)
    expect(bed.slept.filter(ms => ms < 100_000)).toEqual([60_000])
  })

  test('a kind that is taken away while it is watched empties the copy', async () => {
    let isInstalled = true
    const bed = await reflect((asked, response) => {
      if (!isInstalled) refuse(response, 404, { reason: 'NotFound' })
      else if (isWatch(asked)) breakOff(stream(response, line('MODIFIED', pod('a', 2))))
      else list(response, 7, [pod('a', 1)])
    })
    await until(() => bed.changes.length >= 2)
    isInstalled = false
    await until(() => bed.changes.at(-1) === 'deleted audio/a 2')
    expect(names(bed)).toEqual([])
  })

  test('a missing permission is named with its verb, and asked for slowly', async () => {
    let isAllowed = false
    const bed = await reflect((asked, response) => {
      if (!isAllowed) refuse(response, 403, { reason: 'Forbidden' })
      else if (isWatch(asked)) stream(response)
      else list(response, 7, [])
    })
    await until(() => bed.reflector.trouble() !== undefined)
    expect(bed.reflector.trouble()).toBe('not allowed to list pods: its role lacks the verb "list" on "pods"')
    expect(bed.reflector.hasSynced()).toBe(false)
    isAllowed = true
    await bed.reflector.synced()
    expect(bed.reflector.trouble()).toBeUndefined()
    expect(bed.slept.filter(ms => ms < 100_000)).toEqual([60_000])
  })
})

describe('what others throw', () => {
  test('a listener that throws harms neither the copy nor other listeners', async () => {
    const bed = await reflect((asked, response) => (isWatch(asked) ? stream(response) : list(response, 7, [pod('a', 1)])))
    const seen: string[] = []
    bed.reflector.onChange(() => {
      throw new Error('mine')
    })
    const unsubscribe = bed.reflector.onChange(({ key }) => void seen.push(key))
    await bed.reflector.synced()
    expect(seen).toEqual(['audio/a'])
    expect(bed.log.lines.join()).toContain('listener failed')
    unsubscribe()
  })

  test('an object that cannot be read is skipped and told; its last good version stays', async () => {
    const unreadable: string[] = []
    const bed = await reflect(
      (asked, response) =>
        isWatch(asked)
          ? stream(response, line('MODIFIED', pod('good', 8, { kind: 'Bad' })), line('ADDED', pod('later', 9)))
          : list(response, 7, [pod('bad', 1, { kind: 'Bad' }), pod('good', 2)]),
      {
        onUnreadable(key) {
          unreadable.push(key)
          throw new Error('mine, too')
        },
        read(raw) {
          if ((raw as KubeObject).kind === 'Bad') throw new TypeError('no')
          return raw as KubeObject
        },
      },
    )
    await until(() => names(bed).includes('later'))
    expect(names(bed)).toEqual(['good', 'later'])
    expect(bed.reflector.get('audio', 'good')?.metadata.resourceVersion).toBe('2')
    expect(unreadable).toEqual(['audio/bad', 'audio/good'])
    expect(bed.reflector.counts().unreadable).toBe(2)
  })

  test('the signal ends it while it watches, and while it waits', async () => {
    const watching = await reflect((asked, response) => (isWatch(asked) ? stream(response) : list(response, 7, [])))
    await until(() => watching.asked.length === 2)
    await watching.stop()
    const waiting = await reflect((_, response) => refuse(response, 403, { reason: 'Forbidden' }))
    await until(() => waiting.slept.includes(60_000))
    await waiting.stop()
  })
})
