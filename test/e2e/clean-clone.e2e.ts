import { type ExecFileSyncOptionsWithStringEncoding, execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const checkout = resolve(import.meta.dirname, '../..')
const scratch = mkdtempSync(join(tmpdir(), 'crescendo-e2e-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Runs without the folders that npm put in front of PATH, so that the machine's own Node is the one that starts. */
const machinePath = (process.env.PATH ?? '')
  .split(':')
  .filter(folder => !folder.includes('node_modules') && !folder.includes('node-gyp-bin'))
  .join(':')
const environment = { ...process.env, PATH: machinePath, NO_COLOR: '1' }
const options = (cwd: string): ExecFileSyncOptionsWithStringEncoding => ({
  cwd,
  encoding: 'utf8',
  env: environment,
  stdio: ['ignore', 'pipe', 'pipe'],
})

/** What git would give a stranger: the tracked files as they are now, and nothing that was built or installed here. */
function cleanCopy(to: string): void {
  const tracked = execFileSync('git', ['ls-files', '-z'], options(checkout)).split('\0').filter(Boolean)
  for (const path of tracked) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    cpSync(join(checkout, path), join(to, path))
  }
}

function npx(cwd: string, ...args: readonly string[]): { exitCode: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('npx', [...args], options(cwd))
  return { exitCode: status, out: stdout, err: stderr }
}

const clone = join(scratch, 'clone')

beforeAll(() => {
  cleanCopy(clone)
  execFileSync('npm', ['ci'], options(clone))
})

describe('a clean clone, after npm ci and nothing else', () => {
  test('npx crescendo runs the checkout on the Node that npm ci brought, whatever the machine has', () => {
    const { exitCode, out, err } = npx(clone, 'crescendo', '--help')
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toContain('Usage: crescendo')
  })

  test('the demo runs to its end and its summary shows Crescendo beside the others', () => {
    const { exitCode, out, err } = npx(clone, 'crescendo', 'demo', '--once')
    expect({ exitCode, err: exitCode === 0 ? '' : err }).toEqual({ exitCode: 0, err: '' })
    for (const name of [/crescendo/i, /\bhpa\b/i]) expect(out).toMatch(name)
  })

  test('npm test passes without anything beside the clone, and ends with the closing line', () => {
    const { status, stdout } = spawnSync('npm', ['test'], options(clone))
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^\d+ passed, 0 failed(, \d+ skipped)?$/)
    expect(status).toBe(0)
  })

  test('bad usage is one line and exit code 2', () => {
    const { exitCode, out, err } = npx(clone, 'crescendo', 'demmo')
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    expect(err.trimEnd().split('\n')).toHaveLength(1)
  })
})

describe('the package as npm would publish it', () => {
  const home = join(scratch, 'user')

  beforeAll(() => {
    mkdirSync(home)
    execFileSync('npm', ['pack', '--pack-destination', scratch], options(clone))
    const archive = readdirSync(scratch).find(name => name.endsWith('.tgz')) ?? 'no archive'
    writeFileSync(join(home, 'package.json'), '{ "private": true }')
    execFileSync('npm', ['install', '--no-audit', '--no-fund', join(scratch, archive)], options(home))
  })

  test('runs from its compiled files, without the sources', () => {
    const entry = join(home, 'node_modules/crescendo-autoscaler/bin/crescendo.js')
    expect(readdirSync(join(home, 'node_modules/crescendo-autoscaler'))).not.toContain('src')
    const assets = globSync('src/**/*.{html,css,js}', { cwd: clone }).map(path => path.replace(/^src/, 'dist'))
    expect(assets.filter(path => !existsSync(join(home, 'node_modules/crescendo-autoscaler', path)))).toEqual([])
    expect(execFileSync(process.execPath, [entry, '--help'], options(home))).toContain('Usage: crescendo')
  })
})
