import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ROOMS, type Source, violations } from './layers.ts'

const sources: readonly Source[] = globSync(['{src,test,scripts,bench,examples}/**/*.ts'], { exclude: ['**/node_modules/**'] })
  .map(path => ({ path: path.replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }))
  .toSorted((a, b) => a.path.localeCompare(b.path))
const house = sources.filter(({ path }) => path.startsWith('src/'))

describe('the house as it stands', () => {
  test('every file lives in a room, every import goes with the flow, and the core is pure', () => {
    expect(house.length).toBeGreaterThan(5)
    expect(house.flatMap(violations)).toEqual([])
  })

  test('no source file has more than 400 lines', () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > 400)
    expect(long).toEqual([])
  })

  test('no file is named after a drawer', () => {
    const drawer = /(?:^|[/-])(?:utils?|helpers?|common|misc|managers?|handlers?|impl|base)\.ts$/
    expect(sources.map(({ path }) => path).filter(path => drawer.test(path))).toEqual([])
  })

  test('the table names no room that allows one it does not know', () => {
    const rooms = Object.keys(ROOMS)
    expect(
      Object.values(ROOMS).flatMap(allowed => (allowed === '*' ? [] : allowed.filter(room => !rooms.includes(room)))),
    ).toEqual([])
  })
})

describe('the checker itself', () => {
  const found = (path: string, text: string) => violations({ path, text })

  test.each([
    ['src/core/wrong.ts', "import { run } from '../sim/run.ts'", 'src/core/wrong.ts: core may not import sim (src/sim/run.ts)'],
    [
      'src/core/forecast/wrong.ts',
      "export { run } from '../../sim/run.ts'",
      'src/core/forecast/wrong.ts: core may not import sim (src/sim/run.ts)',
    ],
    [
      'src/core/wrong.ts',
      "import type {\n  Ports,\n} from '../ports.ts'",
      'src/core/wrong.ts: core may not import ports (src/ports.ts)',
    ],
    ['src/core/wrong.ts', "import '../errors.ts'", 'src/core/wrong.ts: core may not import errors (src/errors.ts)'],
    [
      'src/core/wrong.test.ts',
      "import { run } from '../sim/run.ts'",
      'src/core/wrong.test.ts: core may not import sim (src/sim/run.ts)',
    ],
    ['src/loop/wrong.ts', "const x = import('../sim/run.ts')", 'src/loop/wrong.ts: loop may not import sim (src/sim/run.ts)'],
    [
      'src/show/wrong.ts',
      "import { main } from '../cli/main.ts'",
      'src/show/wrong.ts: show may not import cli (src/cli/main.ts)',
    ],
    [
      'src/sim/wrong.ts',
      "import { a } from '../../bench/run.ts'",
      'src/sim/wrong.ts: imports bench/run.ts, which is outside src/',
    ],
    ['src/drawer/any.ts', '', 'src/drawer/any.ts: src/drawer is not a room; add it to ROOMS in test/layers.ts'],
    ['src/loose.ts', '', 'src/loose.ts: src/loose is not a room; add it to ROOMS in test/layers.ts'],
    ['src/core/wrong.ts', "import { readFileSync } from 'node:fs'", 'src/core/wrong.ts: core imports the package node:fs'],
    ['src/core/wrong.ts', "import { z } from 'zod'", 'src/core/wrong.ts: core imports the package zod'],
  ])('%s with %j is reported by file name', (path, text, report) => {
    expect(found(path, text)).toEqual([report])
  })

  test.each([
    ['const now = Date.now()', 'Date.now'],
    ['const now = new Date()', 'new Date'],
    ['const now = new Date(5).toISOString()', 'new Date'],
    ['const luck = Math.random()', 'Math.random'],
    ['export async function late() {}', 'async or await'],
    ['const where = process.env.HOME', 'process'],
    ['console.log(1)', 'console'],
    ['setTimeout(() => {}, 5)', 'a timer'],
    ['const t = performance.now()', 'performance'],
    ['const text = value.toLocaleString()', 'the language of the machine'],
    ['const hour = date.getHours()', 'the time zone of the machine'],
    ["fetch('https://example.org')", 'fetch'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the source under test
    ['const why = `at ${Date.now()}`', 'Date.now'],
    ['const quote = /[\'"]/\nconst now = Date.now()', 'Date.now'],
    ['const half = a / 2\nconst now = Date.now() / 2', 'Date.now'],
  ])('core with %j is reported', (text, what) => {
    expect(found('src/core/wrong.ts', text)).toEqual([`src/core/wrong.ts: core uses ${what}`])
  })

  test('words in comments and strings, and properties of the same name, are not code', () => {
    const text = [
      '/** Never Date.now(): the process is told. import x from "../sim/run.ts" */',
      "const why = 'await the process; new Date() // no'",
      'const url = "https://example.org"',
      '// console.log',
      'const tidy = `setTimeout is only a word here`',
      'const kept = situation.process',
    ]
    expect(found('src/core/right.ts', text.join('\n'))).toEqual([])
  })

  test('tests beside the core may use packages, clocks and await; they keep the direction', () => {
    const text = "import { test } from 'vitest'\nimport { step } from './step.ts'\nawait Date.now()"
    expect(found('src/core/right.test.ts', text)).toEqual([])
  })

  test('the composition root may import every room', () => {
    expect(
      found(
        'src/cli/main.ts',
        Object.keys(ROOMS)
          .map(room => `import '../${room}/x.ts'`)
          .join('\n'),
      ),
    ).toEqual([])
  })
})
