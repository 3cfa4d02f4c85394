import { EventEmitter } from 'node:events'
import type { WriteStream } from 'node:tty'
import { describe, expect, test } from 'vitest'
import { openScreen } from './screen.ts'
import { sparkline } from './sparkline.ts'
import { tableLines } from './table.ts'
import { cut, figure, harmless, minutes, money, pad, widthOf, wrap } from './text.ts'

const red = (text: string) => `\x1b[31m${text}\x1b[39m`

describe('text', () => {
  test('colours take no width, and cut text carries none on', () => {
    expect(widthOf(red('abc'))).toBe(3)
    expect(pad(red('abc'), 5, 'right')).toBe(`  ${red('abc')}`)
    expect(cut(red('abcdef'), 4)).toBe('abc…')
    expect(cut(red('abc'), 4)).toBe(red('abc'))
    expect(cut('abc', 0)).toBe('')
  })

  test('a file name cannot drive the terminal', () => {
    expect(harmless('a\x1b[2Jb\nc\x07')).toBe('ab?c?')
  })

  test('sentences break at words; the last line says that there was more', () => {
    expect(wrap('one two three four', 9, 2)).toEqual(['one two', 'three fo…'])
    expect(wrap('one two', 9, 2)).toEqual(['one two'])
  })

  test('figures keep three digits', () => {
    expect([0.4213, 8.123, 81.27, 5230.4, 0].map(figure)).toEqual(['0.42', '8.1', '81.3', '5,230', '0'])
    expect([4.26, 128.4].map(minutes)).toEqual(['4.3', '128'])
    expect([money(12.4, 'USD'), money(1234.5, 'EUR')]).toEqual(['$12.40', 'EUR 1,235'])
  })
})

describe('table', () => {
  test('numbers stand to the right, and a column is at least as wide as asked', () => {
    const lines = tableLines(
      [{ title: 'name' }, { title: 'n', align: 'right', minWidth: 5 }],
      [
        ['hpa', '12'],
        [red('ours'), '7'],
      ],
    )
    expect(lines).toEqual(['name      n', 'hpa      12', `${red('ours')}      7`])
  })
})

describe('sparkline', () => {
  test('goes from nothing to its own maximum, shows gaps, and keeps peaks when it thins', () => {
    expect(sparkline([0, 4, 8, undefined, 8], 5)).toBe('▁▅█ █')
    expect(sparkline([1, 1, 9, 1, 1, 1], 2)).toBe('█▁')
    expect(sparkline([5], 3)).toBe('  █')
    expect(sparkline([0, 0], 2)).toBe('▁▁')
  })
})

describe('screen', () => {
  function fakeTerminal(columns: number, rows: number) {
    const written: string[] = []
    const stream = Object.assign(new EventEmitter(), { columns, rows, write: (text: string) => written.push(text) > 0 })
    return { stream: stream as unknown as WriteStream, written } // the four members that a screen uses
  }

  test('a frame is one write that fits, whatever the size', () => {
    const { stream, written } = fakeTerminal(6, 2)
    const screen = openScreen(stream, () => undefined)
    screen.draw(['a line too long', 'second', 'third'])
    expect(written.at(-1)).toBe('\x1b[?2026h\x1b[Ha lin…\x1b[K\r\nsecond\x1b[K\x1b[J\x1b[?2026l')
    screen.close()
  })

  test('closing brings cursor and screen back once, and stops listening', () => {
    const { stream, written } = fakeTerminal(80, 24)
    let resized = 0
    const screen = openScreen(stream, () => resized++)
    stream.emit('resize')
    screen.close()
    screen.close()
    stream.emit('resize')
    screen.draw(['late'])
    expect(resized).toBe(1)
    expect(written.filter(text => text.includes('\x1b[?25h'))).toHaveLength(1)
    expect(written.join('')).not.toContain('late')
  })
})
