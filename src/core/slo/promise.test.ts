import { expect, test } from 'vitest'
import { promisesOf, promiseText } from './promise.ts'

const latency = (metric: string, threshold: number) => promiseText({ type: 'Latency', metric, percentile: 99, threshold })

test('a promise is told in the unit that people say', () => {
  expect(latency('request_duration_seconds', 0.025)).toBe('P99 25 ms')
  expect(latency('audio_processing_seconds', 5)).toBe('P99 5 s')
  expect(latency('inference_latency_ms', 100)).toBe('P99 100 ms')
  expect(latency('checkout_lag', 3)).toBe('P99 3 (checkout_lag)')
  expect(promiseText({ type: 'ErrorRatio', threshold: 0.0001 })).toBe('errors 0.01 %')
})

test('only what load makes worse is learnt from, each at its own place', () => {
  const found = promisesOf({
    objectives: [
      { type: 'Availability', threshold: 0.999 },
      { type: 'Latency', metric: 'x_seconds', percentile: 99, threshold: 0.1 },
      { type: 'Guard', metric: 'quality', min: 0.9 },
      { type: 'ErrorRatio', threshold: 0.01 },
    ],
  })
  expect(found.map(({ index }) => index)).toEqual([1, 3])
  expect(promisesOf({})).toEqual([])
})
