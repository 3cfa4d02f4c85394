import { describe, expect, test } from 'vitest'
import { type LabelledPod, parseSelector, selection, selects } from './selector.ts'

const pod = (name: string, labels: Record<string, string>): LabelledPod => ({
  name,
  labels,
  phase: 'Running',
  deleted: false,
  containers: [],
})
const holds = (text: string, labels: Record<string, string>) => selects(parseSelector(text) ?? [], { labels })

describe('a label selector', () => {
  test.each([
    ['app=web', true],
    ['app==web', true],
    ['app!=web', false],
    ['app=db', false],
    ['app in (web, db)', true],
    ['app notin (web,db)', false],
    ['app in (db)', false],
    ['app', true],
    ['!app', false],
    ['!tier', true],
    ['tier', false],
    ['tier!=front', true],
    ['tier notin (front)', true],
    ['empty=', true],
    ['app=web,example.com/zone=a', true],
    ['app=web,example.com/zone=b', false],
    ['app in (web,db),example.com/zone in (a),!tier', true],
    ['toString', false],
  ])('"%s" holds: %s', (text, expected) => {
    expect(holds(text, { app: 'web', empty: '', 'example.com/zone': 'a' })).toBe(expected)
  })

  test.each(['cheddar cheese', 'app=web,', 'app in web', 'app in ()x', 'a=b=c', '-app=web', 'app=we b'])('"%s" is none', text => {
    expect(parseSelector(text)).toBeUndefined()
  })
})

describe('the pods of a scale', () => {
  const pods = [pod('web-0', { app: 'web', tier: 'front' }), pod('db-0', { app: 'db' })]

  test('are those that its selector selects', () => {
    expect(selection('app=web', pods, ['app=db', 'not a selector'])).toEqual({ kind: 'selected', pods: [pods[0]] })
  })

  test('cannot be told without a selector, or with one that is none', () => {
    expect(selection('', pods, [])).toMatchObject({ kind: 'refused', event: 'SelectorRequired', reason: 'InvalidSelector' })
    expect(selection('cheddar cheese', pods, [])).toMatchObject({ event: 'InvalidSelector', reason: 'InvalidSelector' })
  })

  test('are not scaled where another HPA claims one of them', () => {
    const refused = selection('app=web', pods, ['tier=front'])
    expect(refused).toMatchObject({ kind: 'refused', reason: 'AmbiguousSelector', why: expect.stringContaining('web-0') })
  })
})
