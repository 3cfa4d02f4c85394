import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSelector, selects } from '../core/hpa/selector.ts'
import type { WatchedPod } from './objects.ts'
import { createPodIndex } from './pod-index.ts'

const pod = (name: string, labels: Record<string, string>, namespace = 'shop'): WatchedPod => ({
  namespace,
  name,
  labels,
  createdAt: 0,
  phase: 'Running',
  deleted: false,
  containers: [],
})
const names = (pods: readonly WatchedPod[]) => pods.map(({ name }) => name).toSorted()

describe('the index of pods', () => {
  test('finds the pods of a selector in their namespace only', () => {
    const index = createPodIndex()
    for (const one of [pod('a', { app: 'web' }), pod('b', { app: 'api' }), pod('c', { app: 'web' }, 'blog')]) index.set(one)
    expect(names(index.select('shop', 'app=web'))).toEqual(['a'])
    expect(names(index.select('shop', 'app in (web,api)'))).toEqual(['a', 'b'])
    expect(names(index.select('shop', '!app'))).toEqual([])
    expect(names(index.select('shop', ''))).toEqual([])
    expect(names(index.select('shop', 'app=='))).toEqual([])
  })

  test('follows new labels and removals', () => {
    const index = createPodIndex()
    index.set(pod('a', { app: 'web' }))
    index.set(pod('a', { app: 'api' }))
    expect(names(index.select('shop', 'app=web'))).toEqual([])
    expect(names(index.select('shop', 'app=api'))).toEqual(['a'])
    index.remove('shop', 'a')
    index.remove('shop', 'a')
    expect(names(index.select('shop', 'app=api'))).toEqual([])
  })

  test('selects exactly what a walk over all pods would', () => {
    const label = fc.constantFrom('x', 'y', 'z')
    const labels = fc.dictionary(fc.constantFrom('app', 'tier'), label, { maxKeys: 2 })
    const selector = fc.constantFrom('app=x', 'app=y,tier=z', 'app!=x', 'tier in (x, y)', 'app,tier!=z', '!app', 'app=none')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), labels), { maxLength: 60 }), selector, (changes, text) => {
        const index = createPodIndex()
        const all = new Map<string, WatchedPod>()
        for (const [number, given] of changes) {
          const one = pod(`p${number}`, given)
          index.set(one)
          all.set(one.name, one)
        }
        const expected = [...all.values()].filter(one => selects(parseSelector(text)!, one))
        expect(names(index.select('shop', text))).toEqual(names(expected))
      }),
    )
  })
})
