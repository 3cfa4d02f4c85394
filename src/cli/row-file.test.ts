import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { main } from './main.ts'
import { openRowFile, refuseSamePath, withRowFile } from './row-file.ts'

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

describe('two files to write', () => {
  test('are refused where they are one, however it is spelt', () => {
    symlinkSync(folder, join(folder, 'link'))
    for (const other of [join(folder, 'one.csv'), `${folder}/./one.csv`, join(folder, 'link', 'one.csv')]) {
      expect(() => refuseSamePath({ '--csv': join(folder, 'one.csv'), '--html': other })).toThrow(
        `--csv and --html both name ${other}; expected two different files`,
      )
    }
    expect(() => refuseSamePath({ '--csv': '/nowhere/at/all', '--html': '/nowhere/at/all' })).toThrow('both name')
  })

  test('may be two, one, none, or the same device', () => {
    refuseSamePath({ '--csv': join(folder, 'one.csv'), '--html': join(folder, 'two.html') })
    refuseSamePath({ '--csv': undefined, '--html': undefined })
    refuseSamePath({ '--csv': '/dev/null', '--html': '/dev/null' })
  })

  test.each([
    ['backtest', '--trace', 'series.csv', '--decisions'],
    ['forecast', 'series.csv', '--predictions'],
    ['anomalies', 'series.csv', '--csv'],
  ])('%s refuses one path for both before anything is read', async (...argv) => {
    let said = ''
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(text => {
      said += String(text)
      return true
    })
    const path = join(folder, 'both')
    expect(await main([...argv, path, '--html', path])).toBe(2)
    stderr.mockRestore()
    expect(said.trimEnd().split('\n')).toHaveLength(1)
    expect(said).toContain(`${argv.at(-1)} and --html both name ${path}; expected two different files`)
    expect(existsSync(path)).toBe(false)
  })
})
