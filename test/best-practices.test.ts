import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { WORKLOAD_CHECKS } from '../src/cli/doctor/checks.ts'
import { CONTROLLER_CHECKS } from '../src/cli/doctor/controller-checks.ts'

const read = (path: string) => readFileSync(path, 'utf8')
const page = read('docs/best-practices.md')
const ticked = (pattern: RegExp) => [...new Set([...page.matchAll(pattern)].map(match => match[1] ?? ''))]

describe('docs/best-practices.md', () => {
  test('names fields and keys that there are', () => {
    const known = read('docs/resources.md') + read('docs/configuration.md')
    const fields = ticked(/`([a-z]+(?=[A-Z.])[A-Za-z.]*)(?:: [^`]*)?`/g).filter(field => !field.endsWith('.csv'))
    expect(fields.length).toBeGreaterThan(8)
    const isKnown = (field: string) => [`.${field}\``, `\`${field}\``, `\`${field}.`].some(text => known.includes(text))
    expect(fields.filter(field => !isKnown(field))).toEqual([])
  })

  test('names checks of the doctor that there are', () => {
    const names = [...CONTROLLER_CHECKS, ...WORKLOAD_CHECKS].map(({ name }) => name)
    const asked = ticked(/doctor`?:? \(?`([a-z-]+)`/g)
    expect(asked.length).toBeGreaterThan(3)
    expect(asked.filter(name => !names.includes(name))).toEqual([])
  })

  test('names conditions that there are', () => {
    const known = [...read('docs/conditions.md').matchAll(/^## (\w+)$/gm)].map(match => match[1])
    const conditions = ticked(/`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g).filter(word => !read('docs/resources.md').includes(word))
    expect(conditions.length).toBeGreaterThan(3)
    expect(conditions.filter(name => !known.includes(name))).toEqual([])
  })
})
