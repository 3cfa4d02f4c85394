import { afterEach, describe, expect, test } from 'vitest'
import { breakOff, closeReflected, GONE, isWatch, line, list, names, pod, reflect, stream } from '../../test/rough-reflector.ts'
import { refuse, until } from '../../test/rough-server.ts'
import type { KubeObject } from './api.ts'

afterEach(closeReflected)

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

  test('a new list with a version that cannot be read keeps the last good one', async () => {
    let lists = 0
    const bed = await reflect(
      (asked, response) => {
        if (!isWatch(asked)) {
          lists += 1
          return list(response, lists, lists === 1 ? [pod('good', 2)] : [pod('good', 8, { kind: 'Bad' }), pod('later', 9)])
        }
        if (lists === 1) stream(response, line('ERROR', GONE)).end()
        else stream(response)
      },
      {
        read(raw) {
          if ((raw as KubeObject).kind === 'Bad') throw new TypeError('no')
          return raw as KubeObject
        },
      },
    )
    await until(() => names(bed).includes('later'))
    expect(bed.changes).toEqual(['added audio/good 2', 'added audio/later 9'])
    expect(bed.reflector.get('audio', 'good')?.metadata.resourceVersion).toBe('2')
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
