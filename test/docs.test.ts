import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandsOf, helpOf, PAGES } from '../scripts/docs.ts'
import { DECISIONS_HEADER } from '../src/cli/backtest/told.ts'
import { guardsInOrder } from '../src/core/guard/order.ts'
import { workload } from '../src/core/guard/timeline.ts'
import { crescendoRules } from '../src/core/policy/crescendo-rules.ts'
import { ERROR_CODES } from '../src/errors.ts'
import { readSeries } from '../src/observe/series-file.ts'
import { ROOMS } from './layers.ts'

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const read = (path: string) => readFileSync(path, 'utf8')
const manifest = JSON.parse(read('package.json')) as Manifest // our own file, so it has its type
const pages = globSync(['*.md', 'docs/**/*.md'])
const firstColumn = (text: string) => [...text.matchAll(/^\| `([^`]+)` +\|/gm)].map(match => match[1] ?? '')

describe('pages that are made from the code', () => {
  test.each(Object.entries(PAGES))('%s is what `npm run docs` writes today', (path, page) => {
    expect(read(path)).toBe(page())
  })

  test('docs/errors.md has exactly the codes of src/errors.ts', () => {
    const codes = [...read('docs/errors.md').matchAll(/^## (\S+)$/gm)].map(match => match[1])
    expect(codes).toEqual(Object.keys(ERROR_CODES))
  })

  test('docs/cli.md has every flag of every command, and no other', () => {
    const flags = (text: string) => [...new Set(text.match(/(?<![\w-])--[a-z][a-z-]*/g))].toSorted()
    const chapters = new Map(
      read('docs/cli.md')
        .split(/^## crescendo /m)
        .slice(1)
        .map(chapter => [chapter.split('\n', 1)[0] ?? '', chapter]),
    )
    expect([...chapters.keys()]).toEqual(commandsOf(helpOf()))
    for (const [name, chapter] of chapters) expect(flags(chapter), name).toEqual(flags(helpOf(name)))
  })
})

describe('commands that the pages name', () => {
  const named = (pattern: RegExp) =>
    pages.flatMap(page => [...read(page).matchAll(pattern)].map(match => ({ page, name: match[1] ?? '' })))

  test('every `npm run` is a script of package.json, and the file that it starts is there', () => {
    const scripts = new Set(['test', ...named(/npm run (?:-s )?([a-z][a-z0-9:-]*)/g).map(({ name }) => name)])
    expect(scripts).toContain('check')
    for (const name of scripts) {
      expect(Object.keys(manifest.scripts), name).toContain(name)
      const file = /^node (\S+)/.exec(manifest.scripts[name] ?? '')?.[1]
      if (file !== undefined) expect(existsSync(file), `npm run ${name} starts ${file}`).toBe(true)
    }
  })

  test('every `npx crescendo` in the README and CONTRIBUTING is a command', () => {
    const commands = commandsOf(helpOf())
    const asked = named(/npx crescendo ([a-z]+)/g).filter(({ page }) => page === 'README.md' || page === 'CONTRIBUTING.md')
    expect(asked.map(({ name }) => name)).toContain('demo')
    expect(asked.filter(({ name }) => !commands.includes(name))).toEqual([])
  })

  test('the README has the two commands, and both are the ones that are tested', () => {
    expect(read('README.md')).toContain('npm ci && npx crescendo demo\n')
    expect(read('README.md')).toContain('npm ci && npm test\n')
    expect(read('.ci/run')).toMatch(/npm test\n/)
  })
})

describe('pages written by hand', () => {
  test('docs/dependencies.md has exactly the dependencies of package.json', () => {
    const listed = firstColumn(read('docs/dependencies.md')).toSorted()
    expect(listed).toEqual([...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)].toSorted())
  })

  test('every dependency has an exact version', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  test('every decision has a number of its own and a title', () => {
    const files = readdirSync('docs/decisions')
    expect(files.length).toBeGreaterThan(2)
    expect(files.filter(file => !/^\d{4}-[a-z0-9-]+\.md$/.test(file))).toEqual([])
    const numbers = files.map(file => file.slice(0, 4))
    expect(numbers.filter((number, place) => numbers.indexOf(number) !== place)).toEqual([])
    const untitled = files.filter(file => !/^# .{5,}\n/.test(read(join('docs/decisions', file))))
    expect(untitled).toEqual([])
  })

  test('docs/architecture.md names every room of the layer table', () => {
    const rooms = firstColumn(read('docs/architecture.md')).map(room => room.replace(/(?:\/|\.ts)$/, ''))
    expect(rooms.filter(room => !room.includes('/')).toSorted()).toEqual(Object.keys(ROOMS).toSorted())
  })

  test('docs/architecture.md lists the proposers of mode Slo', () => {
    const { proposers } = crescendoRules({ mode: 'Slo', target: workload, delayMs: 0 })
    expect(read('docs/architecture.md')).toContain(`\`${proposers.map(({ name }) => name).join(', ')}\``)
  })

  test('docs/architecture.md and the changelog list the guards in the order in which they run', () => {
    const order = guardsInOrder({ budget: {}, surge: { perDay: 1 } })
      .map(guard => guard.name)
      .join(', ')
    expect(read('docs/architecture.md')).toContain(`\`${order}\``)
    expect(read('CHANGELOG.md')).toContain(order)
  })

  test('the example in docs/formats/series.md is a series file', async () => {
    const example = /```csv\n([\s\S]*?)```/.exec(read('docs/formats/series.md'))?.[1] ?? ''
    const folder = mkdtempSync(join(tmpdir(), 'crescendo-docs-'))
    try {
      writeFileSync(join(folder, 'example.csv'), example)
      const { samples, skipped } = await readSeries(join(folder, 'example.csv'))
      expect([...samples.value]).toEqual([412.5, 430, 431.25])
      expect([...samples.at].map(at => new Date(at).toISOString())).toEqual([
        '2026-11-24T00:00:00.000Z',
        '2026-11-24T00:01:00.000Z',
        '2026-11-24T00:02:00.000Z',
      ])
      expect(skipped).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('docs/formats/decisions.md has the header that backtest writes, and a row for each column', () => {
    const page = read('docs/formats/decisions.md')
    expect(page).toContain(`    ${DECISIONS_HEADER}\n`)
    expect(firstColumn(page)).toEqual(DECISIONS_HEADER.split(','))
  })

  test('the glossary has at most 40 words, each once, in order', () => {
    const words = [...read('docs/glossary.md').matchAll(/^\| ([a-z][a-z -]*?) +\| (?!meaning)/gm)].map(match => match[1] ?? '')
    expect(words.length).toBeLessThanOrEqual(40)
    expect(words).toEqual([...new Set(words)].toSorted())
  })

  test('CONTRIBUTING has at most 80 lines', () => {
    expect(read('CONTRIBUTING.md').trimEnd().split('\n').length).toBeLessThanOrEqual(80)
  })

  test('every link to a file in the repository leads somewhere', () => {
    const links = pages.flatMap(page =>
      [...read(page).matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(match => ({ page, to: join(dirname(page), match[1] ?? '') })),
    )
    expect(links.length).toBeGreaterThan(5)
    expect(links.filter(({ to }) => !existsSync(to))).toEqual([])
  })
})
