import type { Clock } from '../ports.ts'
import { type Found, type Missing, missing } from './missing.ts'

/** Runs calls to one source, a few at a time; each source has a lane of its own, so that a slow one delays nobody else. */
export interface Lane {
  /** `call` gets the time that is left of `timeoutMs` once its turn has come; a turn that never comes is a Timeout. */
  run<T>(timeoutMs: number, call: (leftMs: number) => Promise<Found<T>>): Promise<Found<T>>
}

interface Waiting {
  start(): void
}

export function createLane(width: number, clock: Clock): Lane {
  let running = 0
  const waiting: Waiting[] = []
  const free = () => {
    running--
    waiting.shift()?.start()
  }
  const turn = (timeoutMs: number) =>
    new Promise<boolean>(resolve => {
      const start = () => {
        clearTimeout(timer)
        running++
        resolve(true)
      }
      const entry = { start }
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(entry), 1)
        resolve(false)
      }, timeoutMs)
      if (running < width) start()
      else waiting.push(entry)
    })
  return {
    async run(timeoutMs, call) {
      const since = clock.now()
      if (!(await turn(timeoutMs))) return late(timeoutMs)
      try {
        const leftMs = timeoutMs - Math.max(0, clock.now() - since)
        return leftMs > 0 ? await call(leftMs) : late(timeoutMs)
      } finally {
        free()
      }
    },
  }
}

function late(timeoutMs: number): Missing {
  return missing('Timeout', `no turn within ${timeoutMs / 1000} s: the source is too slow for all that is asked of it`)
}
