import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { documentOf, expectAgreement } from '../recomputed.ts'

const checkout = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'agreement-'))
afterAll(() => rmSync(folder, { recursive: true }))

const recorded = '../shared/data/web_requests/wc98_may.csv'

test.skipIf(!existsSync(join(checkout, recorded)))(
  'on a recorded month the figures of all default scalers follow from the decisions file (needs ../shared/data, which a clone does not have)',
  async () => {
    const csv = join(folder, 'may.csv')
    const argv = ['bin/crescendo.js', 'backtest', '--trace', recorded, '--json', '--decisions', csv]
    const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: checkout })
    const document = documentOf(stdout)
    expect(document.scalers.map(({ name }) => name)).toEqual(['crescendo', 'hpa', 'keda', 'oracle'])
    expectAgreement(readFileSync(csv, 'utf8'), document)
    expect(document.scalers.some(({ sloViolationMinutes }) => Number(sloViolationMinutes) > 0)).toBe(true)
    expect(document.scalers.find(({ name }) => name === 'oracle')?.sloViolationMinutes).toBe(0)
  },
  120_000,
)
