import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ceiling } from './ceiling.ts'
import { play, workload } from './timeline.ts'

const ask = (asked: number, spec = 10, minReplicas = 2) =>
  play(ceiling(), [{ seconds: 0, asked, spec }], { ...workload, minReplicas })[0]!

describe('ceiling', () => {
  test('500 binds, or the number that was configured', () => {
    expect(ask(501)).toMatchObject({ replicas: 500, why: 'never above 500' })
    expect(ask(500)).toMatchObject({ replicas: 500, why: 'below 500' })
    expect(play(ceiling({ maxReplicas: 50 }), [{ seconds: 0, asked: 51 }])[0]?.replicas).toBe(50)
  })

  test('an object whose own maximum is higher may have that', () => {
    const large = { ...workload, maxReplicas: 2000 }
    const most = (asked: number) => play(ceiling(), [{ seconds: 0, asked, spec: 800 }], large)[0]!.replicas
    expect([most(1500), most(3000)]).toEqual([1500, 2000])
  })

  test('zero is refused while the minimum is above zero, allowed when it is zero, and kept when set by hand', () => {
    expect(ask(0)).toMatchObject({ replicas: 1, why: 'never to zero while minReplicas is above 0' })
    expect(ask(-3).replicas).toBe(1)
    expect(ask(0, 10, 0).replicas).toBe(0)
    expect(ask(-3, 10, 0).replicas).toBe(0)
    expect(ask(0, 0).replicas).toBe(0)
  })

  test('a fraction is rounded up, but not the noise of a division', () => {
    expect(ask(7.2)).toMatchObject({ replicas: 8, why: 'a whole number from 0' })
    expect(ask(7.0000000001).replicas).toBe(7)
  })

  test('no count at all keeps what is there', () => {
    expect(ask(Number.NaN)).toMatchObject({ replicas: 10, why: 'NaN is no count: keeps 10' })
    expect(ask(Number.POSITIVE_INFINITY).replicas).toBe(10)
  })

  test('whatever is asked, the answer is a whole number from 0 to the ceiling', () => {
    fc.assert(
      fc.property(fc.double(), fc.nat(2000), fc.nat(3), (asked, spec, minReplicas) => {
        const { replicas } = ask(asked, spec, minReplicas)
        expect(Number.isInteger(replicas) && replicas >= 0 && replicas <= 500).toBe(true)
      }),
    )
  })
})
