import { describe, expect, test } from 'vitest'
import { contextAt, workload } from '../guard/timeline.ts'
import { emptyMemory, type Memory, type Proposed } from '../rules.ts'
import { keepWarm } from './keep-warm.ts'

/** What is proposed each minute for a load; `undefined` where it abstains. */
function play(loads: readonly (number | 'missing')[], id = workload.id) {
  let memory: Memory = emptyMemory
  const said: Proposed[] = []
  loads.forEach((demand, minute) => {
    const context = contextAt({ seconds: minute * 60, asked: 10, demand, memory }, { ...workload, id })
    const proposed = keepWarm().propose(context)
    memory = { slots: JSON.parse(JSON.stringify({ [keepWarm().name]: proposed.memory })) }
    said.push(proposed)
  })
  return said
}

const replicasOf = (said: readonly Proposed[]) => said.map(one => (one.kind === 'proposes' ? one.replicas : undefined))
/** Bursts of `on` minutes at 4,000, troughs of `off` minutes at 1,000. */
const yoYo = (minutes: number, on = 10, off = 10) =>
  Array.from({ length: minutes }, (_, minute) => (minute % (on + off) < off ? 1000 : 4000))

describe('keep-warm', () => {
  test('a yo-yo is kept warm at the mean of highs and lows from its fifth turn on', () => {
    const said = play(yoYo(80))
    const replicas = replicasOf(said)
    expect(replicas.slice(0, 60).every(count => count === undefined)).toBe(true)
    expect(replicas[60]).toBe(25)
    expect(replicas[79]).toBe(25)
    expect(said[70]).toMatchObject({
      floor: true,
      why: 'the load swings every 20 min: its mean of 2,500 is kept warm',
    })
  })

  test('it ends an hour after the last turn, a fifth sooner or later by the name of the target', () => {
    const loads = [...yoYo(80), ...Array.from({ length: 120 }, () => 1000)]
    const minutesWarm = (id: string) => replicasOf(play(loads, id)).filter(count => count !== undefined).length
    const names = Array.from({ length: 20 }, (_, index) => `shop/web-${index}`)
    const warm = names.map(minutesWarm)
    for (const minutes of warm) {
      expect(minutes).toBeGreaterThanOrEqual(20 + 48)
      expect(minutes).toBeLessThanOrEqual(20 + 72)
    }
    expect(new Set(warm).size).toBeGreaterThan(8)
    expect(minutesWarm('shop/web-1')).toBe(warm[1])
  })

  test('four turns, an uneven pace, small swings, slow swings and a steady load are no yo-yo', () => {
    const quiet = (loads: readonly number[]) => replicasOf(play(loads)).every(count => count === undefined)
    expect(quiet([...yoYo(60), ...Array.from({ length: 60 }, () => 4000)])).toBe(true)
    const uneven = [3, 12, 2, 18, 4, 8, 15, 3].flatMap((minutes, index) =>
      Array.from({ length: minutes }, () => (index % 2 === 0 ? 1000 : 4000)),
    )
    expect(quiet(uneven)).toBe(true)
    expect(quiet(yoYo(120).map(load => (load === 4000 ? 1900 : load)))).toBe(true)
    expect(quiet(yoYo(400, 40, 40))).toBe(true)
    expect(quiet(Array.from({ length: 120 }, () => 1000))).toBe(true)
  })

  test('a missing demand is passed over, and the cycle goes on', () => {
    const loads = yoYo(80).map((load, minute) => (minute === 45 || minute === 46 ? ('missing' as const) : load))
    expect(replicasOf(play(loads))[79]).toBe(25)
  })
})
