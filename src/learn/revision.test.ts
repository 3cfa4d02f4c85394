import { describe, expect, test } from 'vitest'
import { inForce, type LearntEntry, type MovedEntry, refusalOf, restingUntil, revisionsOf } from './revision.ts'

const DAY = 86_400_000
const compared = {
  before: 10,
  after: 9,
  difference: { sum: -1, low: -2, high: -0.5 },
  isBetter: true,
  isWithinLimit: true,
}
const fidelity = { simulatedHours: 99, recordedHours: 100, days: 11, isFaithful: true, why: 'within 5 %' }
const learnt = (revision: number, at: number, parent = 0): LearntEntry => ({
  kind: 'Learnt',
  revision,
  at,
  parent,
  scalars: { deadband: 0.08 },
  changed: { deadband: 0.08 },
  from: 0,
  to: at,
  searchDays: 10,
  tried: 45,
  evidence: { days: 4, replicaHours: compared, badMinutes: compared, isAccepted: true, why: 'better', fidelity },
})
const moved = (revision: number, to: MovedEntry['to'], at: number): MovedEntry => ({ kind: 'Moved', revision, to, at, why: 'so' })

describe('what the entries tell', () => {
  test('a revision stands where its last move put it, and the last promoted one is in force', () => {
    const revisions = revisionsOf([
      learnt(1, DAY),
      moved(1, 'Shadow', 4 * DAY),
      moved(1, 'Promoted', 5 * DAY),
      learnt(2, 9 * DAY, 1),
      moved(2, 'Shadow', 12 * DAY),
      moved(2, 'Promoted', 13 * DAY),
    ])
    expect(revisions.map(({ state }) => state)).toEqual(['Promoted', 'Promoted'])
    expect(inForce(revisions)?.revision).toBe(2)
    expect(restingUntil(revisions)).toBe(20 * DAY)
  })

  test('a rollback puts the one before it in force again, and at last the policy as written', () => {
    const entries = [learnt(1, 1), moved(1, 'Promoted', 2), learnt(2, 3, 1), moved(2, 'Promoted', 4), moved(2, 'RolledBack', 5)]
    expect(inForce(revisionsOf(entries))?.revision).toBe(1)
    expect(inForce(revisionsOf([...entries, moved(1, 'RolledBack', 6)]))).toBeUndefined()
    expect(restingUntil([])).toBeUndefined()
  })
})

describe('the way of a revision', () => {
  const refusal = (entries: readonly (LearntEntry | MovedEntry)[], wanted: Partial<Parameters<typeof refusalOf>[2]>) => {
    const revisions = revisionsOf(entries)
    return refusalOf(revisions.at(-1)!, revisions, { to: 'Promoted', now: 100 * DAY, needsApproval: false, ...wanted })
  }

  test('leads through the shadow', () => {
    expect(refusal([learnt(1, 1)], {})).toBe(
      'revision 1 is candidate, expected shadow or awaiting approval: a revision is learnt, then held beside the policy in force (shadow), then promoted',
    )
    expect(refusal([learnt(1, 1)], { to: 'Shadow' })).toBeUndefined()
    expect(refusal([learnt(1, 1), moved(1, 'Shadow', 2)], {})).toBeUndefined()
    expect(refusal([learnt(1, 1), moved(1, 'RolledBack', 2)], { to: 'RolledBack' })).toMatch(
      /^revision 1 is rolled back, expected/,
    )
  })

  test('needs a person where the policy says so', () => {
    const entries = [learnt(1, 1), moved(1, 'Shadow', 2)]
    expect(refusal(entries, { needsApproval: true })).toMatch(/needs a person's approval: --approve-as NAME$/)
    expect(refusal(entries, { needsApproval: true, by: 'mona' })).toBeUndefined()
  })

  test('needs a person too where nothing recorded says that the simulator is right', () => {
    const told = learnt(1, 1)
    for (const unchecked of [
      { ...told.evidence, fidelity: 'NotChecked' as const },
      (({ fidelity: _, ...older }) => older)(told.evidence),
    ]) {
      const entries = [{ ...told, evidence: unchecked }, moved(1, 'Shadow', 2)]
      expect(refusal(entries, {})).toBe(
        'revision 1 is shadow, and its fidelity was not checked: --approve-as NAME, or learn anew with --recorded-replicas',
      )
      expect(refusal(entries, { by: 'mona' })).toBeUndefined()
    }
  })

  test('is one step a week, and rests a week after a rollback', () => {
    const entries = [
      learnt(1, 1),
      moved(1, 'Promoted', 2 * DAY),
      moved(1, 'RolledBack', 3 * DAY),
      learnt(2, 4 * DAY),
      moved(2, 'Shadow', 5 * DAY),
    ]
    expect(refusal(entries, { now: 9 * DAY })).toBe(
      'revision 2 is shadow, but the last step is less than a week old: possible from 1970-01-11 on',
    )
    expect(refusal(entries, { now: 10 * DAY })).toBeUndefined()
  })

  test('begins at what is in force: one that was learnt on something else is learnt anew', () => {
    const entries = [learnt(1, 1), moved(1, 'Promoted', 2), learnt(2, 3, 0), moved(2, 'Shadow', 4)]
    expect(refusal(entries, {})).toMatch(/learnt on top of revision 0, and 1 is in force: learn anew$/)
  })

  test('back is from what is in force: an older one under it stays until that has gone', () => {
    const entries = [learnt(1, 1), moved(1, 'Promoted', 2), learnt(2, 3, 1), moved(2, 'Promoted', 10 * DAY)]
    const revisions = revisionsOf(entries)
    const back = { to: 'RolledBack', now: 100 * DAY, needsApproval: false } as const
    expect(refusalOf(revisions[0]!, revisions, back)).toBe(
      'revision 1 is promoted, but revision 2 is in force on top of it: roll that back',
    )
    expect(refusalOf(revisions[1]!, revisions, back)).toBeUndefined()
  })
})
