import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadResources } from '../src/resources/load.ts'

const QUICK_START = 'examples/quick-start.ts'

test('the quick start of the library runs as it stands, on the sources', () => {
  const out = execFileSync(process.execPath, ['--conditions=crescendo-source', QUICK_START], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(out).toMatch(/^api-gateway: at least 3 replicas \(policy tier-enterprise\)\n/)
  for (const service of ['api-gateway', 'audio-processor', 'ml-inference', 'analytics']) {
    expect(out).toMatch(new RegExp(`^${service}: load [\\d.]+, needs \\d+ replicas, has \\d+$`, 'm'))
  }
})

test('docs/library.md shows the quick start word for word', () => {
  const page = readFileSync('docs/library.md', 'utf8')
  expect(page).toContain(`\`\`\`ts\n${readFileSync(QUICK_START, 'utf8').trimEnd()}\n\`\`\``)
})

test('what the package exports is there, for TypeScript, for Node and for the sources', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  }
  for (const entry of Object.values(exports)) {
    if (typeof entry === 'string') continue
    expect(Object.keys(entry)).toEqual(['crescendo-source', 'types', 'default'])
    const { types, default: compiled, 'crescendo-source': source = '' } = entry
    expect(globSync(source)).not.toEqual([])
    expect([types, compiled]).toEqual(['.d.ts', '.js'].map(end => source.replace(/^\.\/src/, './dist').replace(/\.ts$/, end)))
  }
})

test.each(globSync('examples/*.yaml'))('%s is what the schemas take, and says at its head what it shows', async path => {
  expect(await loadResources(path)).not.toEqual([])
  expect(readFileSync(path, 'utf8')).toMatch(/^# \S.{30,}\n/)
})
