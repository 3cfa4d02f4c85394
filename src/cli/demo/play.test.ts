import { expect, test } from 'vitest'
import { play } from './play.ts'
import type { Stage } from './stage.ts'

/** A stage of so many ticks, each of which takes `tickMs` of real time. */
function stageOf(ticks: number, tickMs = 0) {
  let played = 0
  return {
    ticks,
    played: () => played,
    async step() {
      const end = performance.now() + tickMs
      while (performance.now() < end);
      played += 1
      return []
    },
  } as unknown as Stage
}

const playing = { signal: new AbortController().signal, onTurns: () => undefined, onFrame: () => undefined }

test.each([30, 60, 600, Number.POSITIVE_INFINITY])('at %d simulated seconds a second the day goes on', async speed => {
  const began = performance.now()
  const stage = stageOf(3)
  await play(stage, { ...playing, speed })
  expect(stage.played()).toBe(3)
  // Three ticks of 15 s: no faster than asked for.
  expect(performance.now() - began).toBeGreaterThanOrEqual(Math.floor((3 * 15_000) / speed) - 60)
})

test('who stops it does not wait for the end', async () => {
  const stop = new AbortController()
  const stage = stageOf(1000)
  setTimeout(() => stop.abort(), 50)
  await play(stage, { ...playing, speed: 60, signal: stop.signal })
  expect(stage.played()).toBeLessThan(10)
})

test('a machine too slow for the speed lets others have their turn, and drops what it could not keep', async () => {
  let turns = 0
  const others = setInterval(() => {
    turns += 1
  }, 1)
  await play(stageOf(20, 15), { ...playing, speed: 1e6 })
  clearInterval(others)
  expect(turns).toBeGreaterThan(3)
})
