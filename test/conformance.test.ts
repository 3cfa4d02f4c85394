import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { differences, matches } from '../scripts/hpa-vectors/compare.ts'
import { runDirectory, runText } from '../scripts/hpa-vectors/run.ts'

const VECTORS = '../shared/vectors/hpa'

describe('the HPA algorithm', () => {
  test.skipIf(!existsSync(VECTORS))(`passes every vector of ${VECTORS} (skipped where that directory is not there)`, () => {
    const outcomes = runDirectory(VECTORS)
    expect(outcomes.filter(one => one.failure !== undefined)).toEqual([])
    expect(outcomes.length).toBeGreaterThan(150)
  })
})

describe('the runner of vectors', () => {
  const failures = (vectors: unknown) =>
    runText('x.json', JSON.stringify({ schema: 'hpa-vectors/1', vectors })).map(one => one.failure)
  const good = {
    id: 'limit',
    function: 'scaleUpLimit',
    input: { currentReplicas: 5, rules: null },
    expected: { limit: 10 },
  }

  test('passes what is as expected and says what is not', () => {
    expect(failures([good])).toEqual([undefined])
    expect(failures([{ ...good, expected: { limit: 11 } }])).toEqual(['scaleUpLimit: limit: expected 11, came 10'])
    expect(failures([{ ...good, expected: { most: 10 } }])).toEqual([expect.stringContaining('the field is not known')])
    expect(failures([{ ...good, expected: { error: 'no' } }])).toEqual([expect.stringContaining('expected an error with "no"')])
    expect(failures([{ ...good, expected: {} }])).toEqual([expect.stringContaining('nothing is expected')])
  })

  test('fails functions, inputs and files that it cannot read, each in one line', () => {
    expect(failures([{ ...good, function: 'toString' }])).toEqual([expect.stringContaining('unknown function "toString"')])
    expect(failures([{ ...good, input: {} }])).toEqual([expect.stringContaining('currentReplicas')])
    expect(failures([7])).toEqual([expect.stringContaining('not a vector')])
    expect(failures('none')).toEqual([expect.stringContaining('not a file of schema hpa-vectors/1')])
    expect(runText('x.json', '{')).toEqual([{ id: 'x.json', failure: expect.stringContaining('not JSON') }])
  })

  test.each(['9223372036854775807', '"9223372036854775807"'])('keeps the integer %s exact', text => {
    const vector = (usage: string) =>
      `{"schema":"hpa-vectors/1","vectors":[{"id":"big","function":"externalValueReplicas","input":{"currentReplicas":0,"targetMilli":1,"valuesMilli":[${text}]},"expected":{"usageMilli":${usage}}}]}`
    expect(runText('x.json', vector(text))).toEqual([{ id: 'big' }])
    expect(runText('x.json', vector(text.replace('807', '806')))[0]?.failure).toContain('came "9223372036854775807"')
  })

  test('compares lists in full, objects by what is expected, and maps by name in full', () => {
    expect(matches([1, { a: 2 }], [1, { a: 2, b: 3 }])).toBe(true)
    expect(matches([1], [1, 2])).toBe(false)
    expect(matches({ a: null }, {})).toBe(true)
    expect(matches({ a: 1 }, null)).toBe(false)
    expect(matches('1', '2')).toBe(false)
    expect(differences({ requestsMilli: {} }, { requestsMilli: { web: 1 } })).toHaveLength(1)
    expect(differences({ event: { reason: 'A' } }, { event: [{ reason: 'B' }, { reason: 'A' }] })).toEqual([])
    expect(differences({ replicas: 1 }, { error: 'why' })).toEqual(['expected {"replicas":1}, came the error "why"'])
    expect(differences({ error: 'this' }, { error: 'that' })).toEqual(['expected an error with "this", came "that"'])
  })
})
