import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TROUBLES } from '../src/cli/doctor/check.ts'
import { WORKLOAD_CHECKS } from '../src/cli/doctor/checks.ts'
import { CONTROLLER_CHECKS } from '../src/cli/doctor/controller-checks.ts'

const page = readFileSync('docs/troubleshooting.md', 'utf8')
const checks = [...CONTROLLER_CHECKS, ...WORKLOAD_CHECKS]

test.each(TROUBLES)('docs/troubleshooting.md lists the checks of %s as the code has them, each with what it asks', trouble => {
  const title = `${trouble[0]?.toUpperCase()}${trouble.slice(1)}`
  const chapter = page.split(/^## /m).find(one => one.startsWith(`${title}\n`)) ?? ''
  const rows = [...chapter.matchAll(/^\| `([^`]+)` \| ([^|]+) \| (controller: )?[^|]+ \|$/gm)]
  const listed = rows.map(([, name, asks, mark]) => ({ name, asks, isOfController: mark !== undefined }))
  const coded = checks
    .filter(check => check.trouble === trouble)
    .map(({ name, asks }) => ({ name, asks, isOfController: CONTROLLER_CHECKS.some(one => one.name === name) }))
  expect(listed).toEqual(coded)
})

test('there are twelve checks at least, each with a name of its own', () => {
  expect(checks.length).toBeGreaterThanOrEqual(12)
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length)
})
