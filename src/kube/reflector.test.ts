import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { breakOff, closeReflected, GONE, isWatch, line, list, names, pod, reflect, stream } from '../../test/rough-reflector.ts'
import { type Handler, json, refuse, until } from '../../test/rough-server.ts'
import type { KubeObject } from './api.ts'

afterEach(closeReflected)

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
