import { describe, expect, test } from 'vitest'
import type { ScheduledWindow } from '../model.ts'
import type { Context } from '../rules.ts'
import { scheduled } from './scheduled.ts'

const AT = Date.UTC(2026, 10, 27, 8)
const window = (said: Partial<ScheduledWindow>): ScheduledWindow => ({ name: 'sale', from: AT, to: AT + 3_600_000, ...said })

interface Moment {
  readonly now?: number
  readonly demand?: number | undefined
  readonly windows?: readonly ScheduledWindow[]
  readonly memory?: unknown
}

function ask({ now = AT, demand, windows = [], memory }: Moment) {
  const observation = { demand: { kind: 'value', at: now, value: demand ?? 0 }, scheduled: windows }
  return scheduled().propose({
    now,
    target: { maxReplicas: 50, startupMs: 60_000, periodMs: 15_000, capacityPerReplica: 100 },
    situation: { observation, ...(demand !== undefined && { demand }) },
    memory: { slots: memory === undefined ? {} : { scheduled: memory } },
  } as unknown as Context) // the rest is not looked at
}

describe('what schedules ask for', () => {
  test('a floor, outright and from before its window on, with when it ends', () => {
    const floor = window({ minReplicas: 20 })
    expect(ask({ now: AT - 75_000, windows: [floor] })).toMatchObject({
      kind: 'proposes',
      replicas: 20,
      floor: true,
      outright: true,
      why: 'sale: at least 20 until 2026-11-27T09:00:00Z',
    })
    expect(ask({ now: AT - 76_000, windows: [floor] })).toMatchObject({
      kind: 'abstains',
      why: 'sale begins at 2026-11-27T08:00:00Z',
    })
  })

  test('a floor above the maximum of the object is cut, and says so', () => {
    const { replicas, why } = ask({ windows: [window({ minReplicas: 80 })] }) as { replicas: number; why: string }
    expect(replicas).toBe(50)
    expect(why).toBe('sale: at least 80 until 2026-11-27T09:00:00Z, of which maxReplicas allows 50')
  })

  test('of two the higher speaks', () => {
    expect(ask({ windows: [window({ minReplicas: 9 }), window({ name: 'launch', minReplicas: 12 })] })).toMatchObject({
      replicas: 12,
    })
  })

  test('a known load: the usual one times the factor, however late it is', () => {
    const event = window({ expectedLoadFactor: 6 })
    const before = ask({ now: AT - 30_000, demand: 200, windows: [event] })
    expect(before).toMatchObject({
      replicas: 12,
      why: 'sale: 6 times the usual load of 200 is expected until 2026-11-27T09:00:00Z',
    })
    expect(ask({ now: AT + 60_000, demand: 200, windows: [event], memory: before.memory })).toMatchObject({ replicas: 12 })
    expect(ask({ now: AT + 120_000, demand: 1200, windows: [event], memory: before.memory })).toMatchObject({ replicas: 12 })
    expect(ask({ now: AT + 180_000, windows: [event], memory: before.memory })).toMatchObject({ replicas: 12 })
  })

  test('a factor below 1 asks for nothing', () => {
    expect(ask({ demand: 200, windows: [window({ expectedLoadFactor: 0.5 })] })).toMatchObject({
      kind: 'abstains',
      why: 'sale lasts until 2026-11-27T09:00:00Z and asks for no replicas of its own',
    })
  })

  test('nothing, where nothing is scheduled', () => {
    expect(ask({ demand: 200 })).toMatchObject({ kind: 'abstains', why: 'nothing is scheduled now', memory: { usual: 200 } })
  })
})
