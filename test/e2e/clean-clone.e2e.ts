import { type ExecFileSyncOptionsWithStringEncoding, execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

interface Finished {
  /** Absent when it was ended because its time was over. */
  readonly exitCode: number | undefined
  readonly out: string
  readonly err: string
}

/** Runs one command to its end, with everything that it starts; after two minutes all of it is ended. */
async function run(command: string, ...args: readonly string[]): Promise<Finished> {
  const child = spawn(command, args, { cwd: clone, env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const limit = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 280_000)
  const exitCode = await new Promise<number | undefined>((done, fail) => {
    child.once('error', fail)
    child.once('close', code => done(code ?? undefined))
  })
  clearTimeout(limit)
  return { exitCode, out, err }
}

const clone = join(scratch, 'clone')

beforeAll(() => {
  cleanCopy(clone)
  execFileSync('npm', ['ci'], options(clone))
})

describe('a clean clone, after npm ci and nothing else', () => {
  test('npx crescendo runs the checkout on the Node that npm ci brought, whatever the machine has', async () => {
    const { exitCode, out, err } = await run('npx', 'crescendo', '--help')
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toContain('Usage: crescendo')
  })

  test('the demo runs to its end and its summary shows Crescendo beside the others', async () => {
    const { exitCode, out, err } = await run('npx', 'crescendo', 'demo', '--once')
    expect({ exitCode, err: exitCode === 0 ? '' : err }).toEqual({ exitCode: 0, err: '' })
    for (const name of [/crescendo/i, /\bhpa\b/i]) expect(out).toMatch(name)
  })

  test('npm test passes without anything beside the clone, and ends with the closing line', async () => {
    const { exitCode, out } = await run('npm', 'test')
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^\d+ passed, 0 failed(, \d+ skipped)?$/)
    expect(exitCode).toBe(0)
  })

  test('bad usage is one line and exit code 2', async () => {
    const { exitCode, out, err } = await run('npx', 'crescendo', 'demmo')
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

  test("the library's quick start runs in an empty project, and its types are there", () => {
    cpSync(join(clone, 'examples/quick-start.ts'), join(home, 'quick-start.ts'))
    writeFileSync(
      join(home, 'package.json'),
      JSON.stringify({ ...JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')), type: 'module' }),
    )
    const out = execFileSync(process.execPath, ['quick-start.ts'], options(home))
    expect(out).toMatch(/^api-gateway: at least 3 replicas \(policy tier-enterprise\)\n/)
    expect(out).toMatch(/^analytics: load [\d.]+, needs \d+ replicas, has \d+$/m)
    writeFileSync(
      join(home, 'wrong.ts'),
      "import { AutoscalingSystemManager } from 'crescendo-autoscaler'\nimport { loadPolicies } from 'crescendo-autoscaler/policies'\nimport { forecastSeries } from 'crescendo-autoscaler/metrics'\nimport { step } from 'crescendo-autoscaler/core/step'\nexport const wrong: number = new AutoscalingSystemManager({ debug: true })\nexport const there = [loadPolicies, forecastSeries, step]\n",
    )
    const compiler = join(clone, 'node_modules/typescript/bin/tsc')
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      '',
      'wrong.ts',
    ]
    const checked = spawnSync(process.execPath, [compiler, ...flags], options(home))
    expect(checked.stdout.trim().split('\n')).toEqual([expect.stringMatching(/^wrong\.ts\(5,14\): error TS2322/)])
  })
})
