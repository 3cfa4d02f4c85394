import type { WriteStream } from 'node:tty'

/** A line that is overwritten: on a terminal only, and only once the work has taken a while. */
export interface ProgressLine {
  show(text: string): void
  clear(): void
}

const QUIET_MS = 2000
const FRAME_MS = 100

export function progressLine(stream: WriteStream, now: () => number = () => performance.now()): ProgressLine {
  const since = now()
  let shownAt: number | undefined
  return {
    show(text) {
      const at = now()
      if (!stream.isTTY || at - since < QUIET_MS || (shownAt !== undefined && at - shownAt < FRAME_MS)) return
      shownAt = at
      stream.write(`\r\u001b[2K${text}`)
    },
    clear() {
      if (shownAt !== undefined) stream.write('\r\u001b[2K')
      shownAt = undefined
    },
  }
}
