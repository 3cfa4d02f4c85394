import { expect, test } from 'vitest'
import { DOCUMENTS } from '../resources/documents.ts'
import { reading } from './watches.ts'

const policy = (spec: object) => ({
  apiVersion: 'autoscaling.spotify.ai/v2',
  kind: 'ScalingPolicy',
  metadata: { name: 'house' },
  spec,
})

test('a policy that its schema refuses is left out, and the log says which and why', () => {
  const told: unknown[] = []
  const read = reading(DOCUMENTS.ScalingPolicy, { info: () => undefined, warn: (...said) => void told.push(said) })
  expect(read(policy({ defaults: { periodSeconds: 30 } }))?.metadata.name).toBe('house')
  expect(told).toEqual([])
  expect(read(policy({ defaults: { periodSeconds: 1 } }))).toBeUndefined()
  expect(told).toEqual([
    [
      'an object is left out: its schema refuses it',
      { kind: 'ScalingPolicy', name: 'house', why: expect.stringMatching(/^spec\.defaults\.periodSeconds: /) },
    ],
  ])
})
