import { describe, expect, test } from 'vitest'
import { accurate, type Changes, caseOf, condition, healthy, verdictsOf, withCondition } from '../../../test/example-case.ts'
import type { Case } from './check.ts'
import { WORKLOAD_CHECKS } from './checks.ts'

const askedOf = (name: string) => WORKLOAD_CHECKS.find(check => check.name === name)!
const outcomeOf = (name: string, known: Case) => askedOf(name).examine(known)
const inSlo = {
  proposals: [{ by: 'predictive', replicas: 10, why: 'forecast' }],
  abstentions: [{ by: 'reactive', why: 'stands by with 9 (load): the forecast decides' }],
}
const { accuracy } = accurate
const acting = healthy.scalers[0]!

describe('each check is silent', () => {
  test.each(WORKLOAD_CHECKS.map(({ name }) => name))('%s: nothing is wrong', name => {
    expect(outcomeOf(name, caseOf())).toMatchObject({ kind: 'clear', evidence: expect.stringMatching(/./) })
  })

  const WELL: readonly (readonly [name: string, when: string, changes: Changes])[] = [
    [
      'metrics-missing',
      'somebody scaled it to 0',
      { workload: withCondition(condition('ScalingActive', 'False', 'ScalingDisabled')) },
    ],
    ['metrics-missing', 'there never was a load to miss', { course: () => ({ demand: undefined }) }],
    ['slow-start', 'the load was missing', { course: minute => (minute < 50 ? { demand: undefined } : {}) }],
    ['slow-start', 'too few were ordered at all, which another check tells', { course: () => ({ demand: 2000 }) }],
    ['slow-start', 'there is no forecast, and the start is short', { forecast: { kind: 'none', why: 'too young' } }],
    ['scale-up-pace', 'what is cut is a way down', { course: () => ({ from: 30, verdicts: verdictsOf('pace', [20, 12]) }) }],
    ['forecast-silent', 'prediction is Off', { workload: { conditions: [] } }],
    ['mode', 'it may only grow', { workload: { mode: 'ScaleOutOnly' } }],
    ['over-provisioned', 'the minimum explains it', { workload: { minReplicas: 20 }, course: () => ({ from: 20, demand: 900 }) }],
    [
      'over-provisioned',
      'it is a single replica too many',
      { course: () => ({ from: 2, demand: 120 }), workload: { minReplicas: 1 } },
    ],
    [
      'over-provisioned',
      'a schedule asks for them',
      { course: () => ({ from: 20, proposals: [{ by: 'scheduled', replicas: 20, why: 'sale: at least 20' }] }) },
    ],
    [
      'scale-down-window',
      'a schedule asks for what it kept',
      {
        course: () => ({
          proposals: [{ by: 'scheduled', replicas: 10, why: 'sale: at least 10' }],
          verdicts: verdictsOf('stabilise', [5, 10]),
        }),
      },
    ],
    ['min-replicas', 'the minimum is near to what is needed', { workload: { minReplicas: 10 } }],
    [
      'scale-down-window',
      'the bounds take away what it kept',
      { course: () => ({ to: 8, verdicts: verdictsOf('stabilise', [8, 20]) }) },
    ],
    ['scale-down-window', 'the forecast decides, and no window is set', { course: () => inSlo }],
    ['hpa-cheaper', 'the HPA would be short of replicas', { course: () => ({ to: 14, plainHpa: { replicas: 8, why: '' } }) }],
    ['budget', 'it has room', { workload: withCondition(condition('BudgetLimited', 'False', 'WithinBudget')) }],
    ['hpa-safer', 'ours are enough', { course: () => ({ plainHpa: { replicas: 20, why: '' } }) }],
    ['metrics-missing', 'five minutes of six hours are seldom', { course: minute => (minute < 5 ? { demand: undefined } : {}) }],
    ['slow-start', 'a start takes no time', { workload: { startupSeconds: 0 }, course: minute => ({ from: 10 + (minute % 2) }) }],
    ['surge-budget', 'what was cut ran already', { course: () => ({ to: 8, verdicts: verdictsOf('surge', [10, 8]) }) }],
    ['demand-doubted', 'no growth was asked for', { course: () => ({ to: 8, verdicts: verdictsOf('envelope', [10, 8]) }) }],
    ['min-replicas', 'something else asks for more', { workload: { minReplicas: 9 }, course: () => ({ demand: 300 }) }],
    [
      'hpa-cheaper',
      'it is half a replica',
      { course: minute => ({ to: 2, demand: 90, plainHpa: { replicas: 1 + (minute % 2), why: '' } }) },
    ],
    [
      'short-of-replicas',
      'a minute of a day and a half',
      { minutes: 2160, course: minute => (minute === 9 ? { demand: 1200 } : {}) },
    ],
    [
      'pods-not-ready',
      'starts are slow, and the last increase is twenty minutes ago',
      {
        workload: { startupSeconds: 600, scalers: [{ name: 'crescendo', readyReplicas: 7, desiredReplicas: 10 }] },
        course: minute => (minute < 340 ? { from: 7, to: 10 } : {}),
      },
    ],
    ['pods-not-ready', 'one of ten is missing', { workload: { scalers: [{ ...acting, readyReplicas: 9 }] } }],
    ['flapping', 'it happens four times in six hours', { course: minute => ({ from: minute % 90 === 50 ? 12 : 10 }) }],
    [
      'other-writer',
      'every change was decided',
      { course: minute => ({ from: 10 + Math.floor(minute / 60), to: 10 + Math.floor((minute + 1) / 60) }) },
    ],
    [
      'scale-up-pace',
      'a later guard cut more, and is the reason',
      {
        course: () => ({
          verdicts: [
            { by: 'pace', from: 40, to: 20, why: 'twice' },
            { by: 'envelope', from: 20, to: 10, why: 'doubted' },
          ],
        }),
      },
    ],
    ['max-replicas', 'an emergency passed it', { course: () => ({ to: 44, verdicts: verdictsOf('bounds', [44, 40]) }) }],
    [
      'scale-down-window',
      'minReplicas asks for what it kept',
      { workload: { minReplicas: 10 }, course: () => ({ verdicts: verdictsOf('stabilise', [5, 10]) }) },
    ],
    [
      'pods-not-ready',
      'they were ordered a minute ago',
      {
        workload: { scalers: [{ name: 'crescendo', readyReplicas: 5, desiredReplicas: 10 }] },
        course: minute => (minute < 359 ? { from: 5 } : {}),
      },
    ],
    [
      'flapping',
      'changes are taken back after an hour',
      { course: minute => ({ from: Math.floor(minute / 60) % 2 === 0 ? 10 : 12 }) },
    ],
    ['other-writer', 'it only recommends', { workload: { mode: 'Recommend' }, course: minute => ({ from: 10 + (minute % 7) }) }],
  ]

  test('an increase that is older than the record is said to be so', () => {
    const evidence = '10 of 10 replicas are ready, 6.0 h after the last increase at least'
    expect(outcomeOf('pods-not-ready', caseOf())).toMatchObject({ evidence })
  })

  test.each(WELL)('%s: %s', (name, _when, changes) => {
    expect(outcomeOf(name, caseOf(changes))).toMatchObject({ kind: 'clear' })
  })
})

describe('a check that cannot be made says why', () => {
  const UNABLE: readonly (readonly [name: string, known: Case, why: string])[] = [
    ['metrics-missing', caseOf({ workload: { conditions: [], lastDecision: undefined } }), 'nothing was decided yet'],
    ['metrics-missing', { ...caseOf(), past: { unread: 'no page' } }, 'no page'],
    ['flapping', { ...caseOf(), past: { unread: 'no page' } }, 'no page'],
    ['anomaly', caseOf({ workload: { lastDecision: undefined } }), 'nothing was decided yet'],
    ['anomaly', caseOf({ alerts: { unread: 'no page' } }), 'no page'],
    ['flapping', caseOf({ minutes: 30 }), '0.5 h of decisions are recorded, and it takes 1'],
    ['over-provisioned', caseOf({ workload: { capacityPerReplica: undefined } }), 'nothing says what load a replica serves'],
    ['over-provisioned', caseOf({ course: () => ({ demand: undefined }) }), 'no decision knew the load'],
    ['mode', caseOf({ workload: { mode: undefined } }), 'does not say in which mode'],
    ['object-ready', caseOf({ workload: { conditions: [] } }), 'the object has no condition Ready'],
    ['pods-not-ready', caseOf({ workload: { scalers: [] } }), 'nobody says how many replicas are ready'],
    ['forecast-drift', caseOf({ forecast: { unread: 'no page' } }), 'no page'],
    ['forecast-drift', caseOf({ forecast: { kind: 'none', why: 'too young' } }), 'there is no forecast: too young'],
    ['forecast-drift', caseOf({ forecast: { ...accurate, accuracy: undefined } }), 'no forecast was compared'],
    ['forecast-coverage', caseOf({ forecast: { ...accurate, windowQuantiles: [] } }), 'nothing was compared with the windows'],
    [
      'forecast-coverage',
      caseOf({ forecast: { ...accurate, accuracy: { ...accuracy!, window: { ...accuracy!.window!, count: 20 } } } }),
      '20 windows were compared, and it takes 200',
    ],
  ]

  test.each(UNABLE)('%s', (name, known, why) => {
    expect(outcomeOf(name, known)).toEqual({ kind: 'unable', why: expect.stringContaining(why) })
  })

  test('conditions speak where decisions cannot be read, and say nothing of the past', () => {
    const unread = { unread: 'no page' }
    const open = caseOf({ workload: withCondition(condition('BreakerOpen', 'True', 'Probing')) })
    expect(outcomeOf('scaling-does-not-help', { ...open, past: unread })).toHaveProperty(
      'evidence',
      'BreakerOpen Probing: BreakerOpen is True',
    )
    const capped = caseOf({ workload: withCondition(condition('BudgetLimited', 'True', 'BudgetCap')) })
    expect(outcomeOf('budget', { ...capped, past: unread })).toMatchObject({ kind: 'finding' })
    const { lastDecision: _, ...rest } = healthy
    const paused = { ...caseOf(), workload: { ...rest, mode: 'Paused' }, past: unread }
    expect(outcomeOf('mode', paused)).toHaveProperty('evidence', 'mode Paused')
  })
})
