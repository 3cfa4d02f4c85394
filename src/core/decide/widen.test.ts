import { expect, test } from 'vitest'
import { contextAt } from '../guard/timeline.ts'
import type { Anomaly } from '../screen/anomaly.ts'
import { widen } from './widen.ts'

const ask = (anomaly: Partial<Anomaly>, demand: number | 'missing' = 1000) =>
  widen().propose(
    contextAt({
      seconds: 0,
      asked: 10,
      demand,
      memory: {
        slots: { anomaly: { anomaly: { active: true, response: 'Widen', sigma: 4, why: 'demand is odd', ...anomaly } } },
      },
    }),
  )

test('an anomaly that is to be answered by headroom gets a quarter more than the demand needs', () => {
  expect(ask({})).toEqual({ kind: 'proposes', replicas: 13, why: '25 % headroom while demand is odd' })
})

test('it abstains without an anomaly, with another response, and without demand', () => {
  expect(ask({ active: false }).kind).toBe('abstains')
  expect(ask({ response: 'Hold' }).kind).toBe('abstains')
  expect(ask({}, 'missing')).toEqual({ kind: 'abstains', why: 'demand is missing' })
  expect(widen().propose(contextAt({ seconds: 0, asked: 10 })).kind).toBe('abstains')
})

test('nothing is widened for what looks like an attack', () => {
  const said = ask({ attackLike: true })
  expect(said).toEqual({ kind: 'abstains', why: 'no headroom for what looks like an attack: demand is odd' })
})
