import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const page = readFileSync('docs/faults.md', 'utf8')
const named = [...page.matchAll(/^- `([^`]+)`: (.+)$/gm)].map(([, file = '', name = '']) => ({ file, name }))

describe('docs/faults.md', () => {
  test('has F01 to F17, each once and with a test at least', () => {
    const chapters = page.split(/^## /m).slice(1)
    const numbered = chapters.filter(chapter => /^F\d\d /.test(chapter))
    expect(numbered.map(chapter => chapter.slice(0, 3))).toEqual(
      Array.from({ length: 17 }, (_, index) => `F${String(index + 1).padStart(2, '0')}`),
    )
    for (const chapter of numbered) expect(chapter, chapter.slice(0, 40)).toMatch(/^- `[^`]+`: /m)
  })

  test.each(named)('the test "$name" is in $file', ({ file, name }) => {
    expect(existsSync(file), file).toBe(true)
    expect(readFileSync(file, 'utf8').replaceAll("\\'", "'")).toContain(name)
  })
})
