import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises'
import { TICK_MS } from './service.ts'
import type { Stage, Turn } from './stage.ts'

export interface Pace {
  /** Simulated seconds in a second; Infinity is as fast as the machine can. */
  readonly speed: number
  readonly signal: AbortSignal
  readonly onTurns: (turns: readonly Turn[]) => void
  /** Called between slices, at most every FRAME_MS. */
  readonly onFrame: () => void
}

const FRAME_MS = 100
/** Longest stretch without letting the server and the keyboard have their turn. */
const SLICE_MS = 40

/**
 * Plays the visible time at the given speed. A machine too slow for it plays as fast as it can; time that it could not keep
 * is dropped, it does not rush afterwards. At a slow speed a tick takes many frames to come due.
 */
export async function play(stage: Stage, { speed, signal, onTurns, onFrame }: Pace): Promise<void> {
  let [before, due, frameAt] = [performance.now(), 0, 0]
  while (stage.played() < stage.ticks && !signal.aborted) {
    const now = performance.now()
    due = Math.min(due + (now - before) * speed, TICK_MS + (now - before + FRAME_MS) * speed)
    before = now
    while (due >= TICK_MS && stage.played() < stage.ticks && performance.now() - now < SLICE_MS) {
      onTurns(await stage.step())
      due -= TICK_MS
    }
    if (now - frameAt >= FRAME_MS) {
      onFrame()
      frameAt = now
    }
    if (due >= TICK_MS) await breathe()
    else await sleep(FRAME_MS / 2, undefined, { signal }).catch(() => undefined) // an abort only ends the wait
  }
  onFrame()
}
