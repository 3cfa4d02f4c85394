import { createHmac } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RevisionEntry } from './revision.ts'
import { revisionFile, revisionKey } from './revision-file.ts'
import { revisionLog } from './revision-log.ts'

const moved = (revision: number, why: string): RevisionEntry => ({ kind: 'Moved', revision, at: 1, to: 'Shadow', why })
const key = Buffer.from('a key of the test')
let folder = ''
let file = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'revisions-'))
  file = join(folder, 'revisions.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

async function written(): Promise<void> {
  const log = revisionLog(revisionFile(file), key)
  for (const why of ['first', 'second', 'third']) await log.append('checkout', moved(1, why))
  await log.append('search', moved(1, 'of another'))
}

const linesOf = () => readFileSync(file, 'utf8').trim().split('\n')
const rewrite = (lines: readonly string[]) => writeFileSync(file, `${lines.join('\n')}\n`)
const read = (service = 'checkout', by: Uint8Array = key) => revisionLog(revisionFile(file), by).entries(service)

describe('sealed entries in a file', () => {
  test('come back in their order, each service its own; a file that is not there holds none', async () => {
    expect(await read()).toEqual([])
    await written()
    expect(await read()).toEqual(['first', 'second', 'third'].map(why => moved(1, why)))
    expect(await read('search')).toEqual([moved(1, 'of another')])
  })

  test.each([
    ['was changed', (lines: string[]) => lines.map(line => line.replace('second', 'sacond')), 2],
    ['was taken out', (lines: string[]) => [lines[0]!, lines[2]!, lines[3]!], 2],
    ['was moved', (lines: string[]) => [lines[1]!, lines[0]!, lines[2]!, lines[3]!], 1],
    ['came from another service', (lines: string[]) => [...lines, lines[3]!.replace('"search"', '"checkout"')], 4],
  ])('one that %s is noticed, with its place', async (_, change, entry) => {
    await written()
    rewrite(change(linesOf()))
    await expect(read()).rejects.toMatchObject({
      code: 'CRS_REVISION_SEAL',
      message: expect.stringContaining(`${file}: entry ${entry} of checkout does not carry the seal of its content`),
    })
  })

  test('a last line that was not written to its end counts as none, and the next entry takes its place', async () => {
    await written()
    writeFileSync(file, '{"service":"checkout","ent', { flag: 'a' })
    expect(await read()).toHaveLength(3)
    await revisionLog(revisionFile(file), key).append('checkout', moved(1, 'fourth'))
    expect((await read()).at(-1)).toEqual(moved(1, 'fourth'))
    expect(linesOf()).toHaveLength(5)
  })

  test('many that append at once stand in one chain, and leave no lock behind', async () => {
    const logs = Array.from({ length: 12 }, () => revisionLog(revisionFile(file), key))
    await Promise.all(logs.map((log, index) => log.append('checkout', moved(1, `of ${index}`))))
    expect(await read()).toHaveLength(12)
    expect(readdirSync(folder)).toEqual(['revisions.jsonl'])
  })

  test('a lock that nobody lets go is named, and one that cannot be made too', async () => {
    writeFileSync(`${file}.lock`, '')
    const impatient = revisionLog(revisionFile(file, { patienceMs: 40 }), key)
    await expect(impatient.append('checkout', moved(1, 'first'))).rejects.toMatchObject({
      code: 'CRS_REVISION_CONFLICT',
      message: `${file}.lock: another command holds the revisions for 0.04 s already; where none runs, one has died: remove this file`,
    })
    expect(await read()).toEqual([])
    const nowhere = revisionLog(revisionFile(join(folder, 'none', 'revisions.jsonl')), key)
    await expect(nowhere.append('checkout', moved(1, 'first'))).rejects.toMatchObject({ code: 'CRS_FILE_NOT_FOUND' })
  })

  test('what builds on entries is not added where others were added meanwhile', async () => {
    const log = revisionLog(revisionFile(file), key)
    const known = await log.entries('checkout')
    await log.append('checkout', moved(1, 'of somebody else'))
    await expect(log.append('checkout', moved(1, 'late'), known)).rejects.toMatchObject({
      code: 'CRS_REVISION_CONFLICT',
      message: expect.stringContaining('the revisions of checkout have changed since this command read them'),
    })
    await log.append('search', moved(1, 'of another service'), [])
    expect(await read()).toHaveLength(1)
  })

  test('a number that was given twice is refused, by who reads and by who appends', async () => {
    const twin = { kind: 'Learnt', revision: 1, scalars: {} } as unknown as RevisionEntry // as much as the log looks at
    const log = revisionLog(revisionFile(file), key)
    await log.append('checkout', twin)
    const refusal = { code: 'CRS_REVISION_CONFLICT', message: expect.stringContaining('checkout: found revision 1 twice') }
    await expect(log.append('checkout', twin)).rejects.toMatchObject(refusal)
    expect(await read()).toHaveLength(1)
    const before = JSON.parse(linesOf()[0]!).seal
    const seal = createHmac('sha256', key)
      .update(JSON.stringify([before, 'checkout', twin]))
      .digest('hex')
    writeFileSync(file, `${JSON.stringify({ service: 'checkout', entry: twin, seal })}\n`, { flag: 'a' })
    await expect(read()).rejects.toMatchObject(refusal)
  })

  test('another key reads nothing, and nothing is added to what is broken', async () => {
    await written()
    await expect(read('checkout', Buffer.from('another'))).rejects.toThrow('entry 1 of checkout')
    rewrite(linesOf().map(line => line.replace('first', 'farst')))
    await expect(revisionLog(revisionFile(file), key).append('checkout', moved(1, 'more'))).rejects.toThrow('entry 1')
  })

  test('a line that is none is named by its number', async () => {
    await written()
    for (const line of ['{', '[]', '{"service":"checkout","entry":null,"seal":"x"}']) {
      rewrite([...linesOf().slice(0, 1), line])
      await expect(read()).rejects.toThrow(`${file}:2: found no sealed entry`)
    }
  })

  test('scalars that nobody may obey are refused even with a seal', async () => {
    const wild = { kind: 'Learnt', revision: 1, scalars: { deadband: 0.9 } } as unknown as RevisionEntry // what a bug might write
    await revisionLog(revisionFile(file), key).append('checkout', wild)
    await expect(read()).rejects.toThrow('revision 1 of checkout: deadband is 0.9, expected a number from 0.02 to 0.2')
  })
})

describe('the key', () => {
  test('is made once where that is wanted, for its owner alone, and read again', async () => {
    const path = join(folder, 'key')
    await expect(revisionKey(path, { create: false })).rejects.toMatchObject({ code: 'CRS_SECRET_MISSING' })
    const made = await revisionKey(path, { create: true })
    expect(made.length).toBe(64)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await revisionKey(path, { create: true })).toEqual(made)
    writeFileSync(path, ' \n')
    await expect(revisionKey(path, { create: true })).rejects.toThrow('found an empty file')
    await expect(revisionKey(folder, { create: false })).rejects.toThrow('it is a folder, a file is needed')
  })
})
