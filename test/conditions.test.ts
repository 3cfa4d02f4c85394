import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CONDITIONS } from '../src/core/conditions.ts'

test('docs/conditions.md has exactly the types and reasons of src/core/conditions.ts, each with its status and meaning', () => {
  const page = readFileSync('docs/conditions.md', 'utf8').split('\n# From the controller')[0] ?? ''
  const chapters = page.split(/^## /m).slice(1)
  const told = chapters.map(chapter => {
    const rows = [...chapter.matchAll(/^\| `([^`]+)` \| (?:True|False|Unknown) \| .{10,} \|$/gm)]
    return [chapter.split('\n', 1)[0], rows.map(row => row[1])]
  })
  expect(told).toEqual(Object.entries(CONDITIONS).map(([type, reasons]) => [type, [...reasons]]))
})
