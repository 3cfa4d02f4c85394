import { describe, expect, test } from 'vitest'
import { KubeError } from '../kube/kube-error.ts'
import { answered } from './cluster-policies.ts'

describe('calls to the API server', () => {
  const failing = (times: number, told: ConstructorParameters<typeof KubeError>[1]) => {
    let tries = 0
    const calls = async () => {
      tries++
      if (tries <= times) throw new KubeError('list scalingpolicies: the API server said no', told)
      return 'answer'
    }
    return { calls, tries: () => tries }
  }
  const busy = { status: 429, reason: 'TooManyRequests', retryAfterMs: 1000 }

  test('are asked again where the server said when to come again, but not for ever', async () => {
    const short = failing(2, busy)
    await expect(answered('listing', short.calls)).resolves.toBe('answer')
    const long = failing(9, busy)
    await expect(answered('listing', long.calls)).rejects.toMatchObject({ code: 'CRS_CLUSTER' })
    expect([short.tries(), long.tries()]).toEqual([3, 3])
  })

  test('that are refused are one line, at once, and what is no refusal goes through as it is', async () => {
    const refused = failing(1, { status: 403, reason: 'Forbidden' })
    await expect(answered('listing', refused.calls)).rejects.toMatchObject({
      code: 'CRS_CLUSTER',
      message: 'listing: list scalingpolicies: the API server said no',
    })
    expect(refused.tries()).toBe(1)
    await expect(answered('listing', () => Promise.reject(new TypeError('ours')))).rejects.toThrow(TypeError)
  })
})
