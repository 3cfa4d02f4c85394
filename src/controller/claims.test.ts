import { describe, expect, test } from 'vitest'
import { type Claim, createClaims } from './claims.ts'

const claim = (by: Claim['by'], name: string, more: Partial<Claim> = {}): Claim => ({
  by,
  id: `shop/${name}`,
  uid: name,
  createdAt: 0,
  target: { namespace: 'shop', apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
  ...more,
})

describe('claims on a target', () => {
  test('one writer has no conflict', () => {
    const claims = createClaims()
    claims.set(claim('Crescendo', 'web'))
    expect(claims.conflictOf('shop/web')).toBeUndefined()
    expect(claims.conflictOf('shop/unknown')).toBeUndefined()
  })

  test.each(['HorizontalPodAutoscaler', 'ScaledObject'] as const)('a %s on the same target stops us, until it is gone', by => {
    const claims = createClaims()
    claims.set(claim('Crescendo', 'web'))
    claims.set(claim(by, 'other', { createdAt: 99 }))
    expect(claims.conflictOf('shop/web')).toContain(`${by} shop/other scales Deployment web too`)
    claims.remove(by, 'shop/other')
    expect(claims.conflictOf('shop/web')).toBeUndefined()
  })

  test('of two of ours the oldest acts, then the smaller uid', () => {
    const claims = createClaims()
    claims.set(claim('Crescendo', 'b', { createdAt: 5 }))
    claims.set(claim('Crescendo', 'a', { createdAt: 6 }))
    expect(claims.conflictOf('shop/b')).toBeUndefined()
    expect(claims.conflictOf('shop/a')).toContain('the older Crescendo autoscaler shop/b')
    claims.set(claim('Crescendo', 'a', { createdAt: 5 }))
    expect(claims.conflictOf('shop/a')).toBeUndefined()
    expect(claims.conflictOf('shop/b')).toContain('shop/a')
  })

  test('another namespace, group, kind or name is another target; another version is not', () => {
    const claims = createClaims()
    claims.set(claim('Crescendo', 'web'))
    const { target } = claim('Crescendo', 'web')
    const others = [{ namespace: 'blog' }, { apiVersion: 'v1' }, { kind: 'StatefulSet' }, { name: 'api' }]
    others.forEach((other, index) => void claims.set(claim('ScaledObject', `x${index}`, { target: { ...target, ...other } })))
    expect(claims.conflictOf('shop/web')).toBeUndefined()
    claims.set(claim('ScaledObject', 'old', { target: { ...target, apiVersion: 'apps/v1beta1' } }))
    expect(claims.conflictOf('shop/web')).toBeDefined()
  })

  test('an object that points to another target leaves the first', () => {
    const claims = createClaims()
    claims.set(claim('Crescendo', 'web'))
    claims.set(claim('HorizontalPodAutoscaler', 'web'))
    const { target } = claim('Crescendo', 'web')
    claims.set(claim('HorizontalPodAutoscaler', 'web', { target: { ...target, name: 'api' } }))
    expect(claims.conflictOf('shop/web')).toBeUndefined()
  })
})
