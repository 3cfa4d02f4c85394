import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRowFile, withRowFile } from './row-file.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'row-file-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a row file', () => {
  test('is in its place only once it is complete, and stays there when what comes after it fails', () => {
    const path = join(folder, 'rows.csv')
    const file = openRowFile(path)
    file.write('a\n')
    expect(existsSync(path)).toBe(false)
    file.finish()
    file.discard()
    expect(readFileSync(path, 'utf8')).toBe('a\n')
  })

  test('of work that fails leaves nothing behind, and the failure is the one that is told', async () => {
    const path = join(folder, 'failed.csv')
    await expect(withRowFile(path, () => Promise.reject(new Error('the work failed')))).rejects.toThrow('the work failed')
    expect(readdirSync(folder).filter(name => name.startsWith('failed'))).toEqual([])
  })

  test('whose place was taken by a folder meanwhile says so in one line, and leaves nothing behind', async () => {
    const path = join(folder, 'taken.csv')
    const work = withRowFile(path, async () => mkdirSync(join(path, 'sub'), { recursive: true }))
    await expect(work).rejects.toThrow(/^.*taken\.csv: it is a folder, a file is needed$/)
    expect(readdirSync(folder).filter(name => name.endsWith('.partial'))).toEqual([])
  })
})
