import { expect, test } from 'vitest'
import { type Restraints, withheldBy } from './withheld.ts'

const free: Restraints = {
  isDryRun: false,
  storeTrouble: () => undefined,
  isLeader: true,
  isChanged: false,
  mode: 'Auto',
  conflict: undefined,
}
const [up, down] = [
  { from: 3, to: 5 },
  { from: 5, to: 3 },
]

test('who leads, alone, an object that did not change, may write', () => {
  expect([withheldBy(free, up), withheldBy(free, down)]).toEqual([undefined, undefined])
})

test.each<[string, Partial<Restraints>]>([
  ['DryRun', { isDryRun: true, isLeader: false }],
  ['Standby', { isLeader: false, isChanged: true }],
  ['Change', { isChanged: true, mode: 'Paused' }],
  ['Mode', { mode: 'Paused', conflict: 'HPA web' }],
  ['Mode', { mode: 'Recommend' }],
  ['Conflict', { conflict: 'HPA web' }],
])('%s withholds in either direction, the strongest reason first', (by, more) => {
  expect([up, down].map(move => withheldBy({ ...free, ...more }, move)?.by)).toEqual([by, by])
})

test('a store that is down keeps what is there, and hinders nobody from adding', () => {
  const broken: Restraints = { ...free, storeTrouble: () => 'disk full' }
  expect([withheldBy(broken, up)?.by, withheldBy(broken, down)?.by]).toEqual([undefined, 'Store'])
})
