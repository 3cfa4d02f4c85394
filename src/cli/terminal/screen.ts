import type { WriteStream } from 'node:tty'
import { cut } from './text.ts'

/** A picture on the terminal that is redrawn in place. */
export interface Screen {
  draw(lines: readonly string[]): void
  columns(): number
  rows(): number
  /** Gives the terminal back as it was. Safe to call twice. */
  close(): void
}

const ENTER = '\x1b[?1049h\x1b[?25l' // the alternate screen, no cursor
const LEAVE = '\x1b[?25h\x1b[?1049l'
const [BEGIN, END] = ['\x1b[?2026h', '\x1b[?2026l'] // terminals that know it show the frame at once; others ignore it

/**
 * Takes the alternate screen. A frame is one write: lines are overwritten and their rests erased, so nothing flickers;
 * lines too wide or too many are cut, so that nothing scrolls at any size. `onResize` is called to draw anew.
 */
export function openScreen(stream: WriteStream, onResize: () => void): Screen {
  let isOpen = true
  const close = () => {
    if (!isOpen) return
    isOpen = false
    stream.off('resize', onResize)
    process.off('exit', close)
    stream.write(LEAVE)
  }
  const columns = () => stream.columns ?? 80
  const rows = () => stream.rows ?? 24
  stream.write(ENTER)
  stream.on('resize', onResize)
  process.once('exit', close) // whatever ends the process, the cursor comes back
  return {
    draw(lines) {
      if (!isOpen) return
      const shown = lines.slice(0, rows()).map(line => `${cut(line, columns())}\x1b[K`)
      stream.write(`${BEGIN}\x1b[H${shown.join('\r\n')}\x1b[J${END}`)
    },
    columns,
    rows,
    close,
  }
}
