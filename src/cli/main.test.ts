import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'crescendo-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** The real binary in a process of its own: streams and exit codes are the contract. */
function crescendo(args: readonly string[], { input = '', environment = {} } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/crescendo.js', ...args], {
    input,
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, ...environment },
  })
  return { status, stdout, stderr }
}

const good = fileOf(
  'good.yaml',
  'apiVersion: autoscaling.spotify.ai/v2\nkind: ScalingPolicy\nmetadata: { name: mine }\nspec: {}\n',
)
const bad = fileOf(
  'bad.yaml',
  'apiVersion: autoscaling.spotify.ai/v2\nkind: ScalingPolicy\nmetadata: { name: mine }\nspec: { default: {} }\n',
)

describe('usage', () => {
  test('--version and --help answer on standard output; no command at all is a question for help', () => {
    expect(crescendo(['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
    const help = crescendo(['--help'])
    expect(help).toMatchObject({ status: 0, stderr: '' })
    expect(help.stdout).toContain('validate')
    expect(crescendo([]).stdout).toBe(help.stdout)
  })

  test.each([
    [['validat', 'a.yaml'], "unknown command 'validat' (Did you mean validate?)"],
    [['nonsense'], "unknown command 'nonsense' (crescendo --help lists what there is)"],
    [['validate', '--jsn', 'a.yaml'], "unknown option '--jsn' (Did you mean --json?)"],
    [['validate'], "missing required argument 'files' (crescendo --help lists what there is)"],
    [['validate', join(folder, 'none.yaml')], `${join(folder, 'none.yaml')}: no such file or folder`],
    [['validate', folder], `${folder}: it is a folder, a file is needed`],
    [['anomalies', join(folder, 'none.csv')], `${join(folder, 'none.csv')}: no such file or folder`],
  ])('%j is one line and exit code 2', (args, line) => {
    expect(crescendo(args)).toEqual({ status: 2, stdout: '', stderr: `crescendo: ${line}\n` })
  })

  test('--debug adds where it happened, and only then', () => {
    const { status, stderr } = crescendo(['--debug', 'anomalies', join(folder, 'none.csv')])
    expect(status).toBe(2)
    expect(stderr).toMatch(/\n {4}at /)
  })

  test('a reader that goes away ends the writer without a word', () => {
    const binary = `"${process.execPath}" bin/crescendo.js`
    const files = Array.from({ length: 3000 }, () => 'config/global-config.yaml').join(' ')
    const { stdout, stderr } = spawnSync('sh', ['-c', `${binary} validate --json ${files} | head -n 1`], { encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: '{\n', stderr: '' })
  }, 60_000) // 3000 files, on a busy machine
})

describe('crescendo validate', () => {
  test('says ok with what the file holds, exit code 0', () => {
    expect(crescendo(['validate', good])).toEqual({ status: 0, stdout: `${good}: ok (ScalingPolicy mine)\n`, stderr: '' })
  })

  test('says every problem with its place on standard output, exit code 2', () => {
    const { status, stdout, stderr } = crescendo(['validate', bad, good])
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' })
    expect(stdout).toBe(`${bad}:4:9: spec.default: unknown field; did you mean defaults?\n${good}: ok (ScalingPolicy mine)\n`)
  })

  test('--json is one document with the same', () => {
    const { status, stdout } = crescendo(['validate', '--json', good, bad])
    expect(status).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      valid: false,
      files: [
        { file: good, valid: true, documents: [{ kind: 'ScalingPolicy', name: 'mine', line: 1 }], problems: [] },
        {
          file: bad,
          valid: false,
          documents: [],
          problems: [{ line: 4, column: 9, severity: 'error', message: 'spec.default: unknown field; did you mean defaults?' }],
        },
      ],
    })
  })

  test('tells when schedules are on next, and which never are again', () => {
    const schedules = `    schedules:
      - { name: sale, start: "2020-11-27T05:00:00Z", durationSeconds: 60, minReplicas: 3 }
      - { name: leap, cron: "0 0 29 2 *", durationSeconds: 3600, minReplicas: 3 }\n`
    const file = join(folder, 'scheduled.yaml')
    writeFileSync(
      file,
      `apiVersion: autoscaling.spotify.ai/v2\nkind: ScalingPolicy\nmetadata: { name: s }\nspec:\n  defaults:\n${schedules}`,
    )
    const { stdout } = crescendo(['validate', file])
    expect(stdout).toContain('\n  sale: is over, and never on again\n')
    expect(stdout).toMatch(/\n {2}leap: next 20\d\d-02-29T00:00:00Z to 20\d\d-02-29T01:00:00Z/)
    const { files } = JSON.parse(crescendo(['validate', '--json', file]).stdout)
    expect(files[0].documents[0].schedules[0]).toEqual({ name: 'sale', next: [] })
  })

  test('reads standard input as -', () => {
    const input = 'kind: Nonsense\n'
    expect(crescendo(['validate', '-'], { input }).stdout).toMatch(/^standard input:1:7: kind: found "Nonsense"/)
  })

  test('a file that is not there does not keep the others from being checked', () => {
    const missing = join(folder, 'none.yaml')
    expect(crescendo(['validate', missing, good])).toEqual({
      status: 2,
      stdout: `${good}: ok (ScalingPolicy mine)\n`,
      stderr: `crescendo: ${missing}: no such file or folder\n`,
    })
  })

  test('colours only where they are asked for', () => {
    expect(crescendo(['validate', good]).stdout).not.toContain('\u001B')
    expect(crescendo(['validate', good], { environment: { FORCE_COLOR: '1' } }).stdout).toContain('\u001B')
  })
})
