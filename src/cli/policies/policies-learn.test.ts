import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { seasonalLoad } from '../../core/forecast/seeded-load.ts'
import type { LearntScalars } from '../../core/policy/learnt-scalars.ts'
import type { LearntEntry } from '../../learn/revision.ts'
import { revisionFile, revisionKey } from '../../learn/revision-file.ts'
import { revisionLog } from '../../learn/revision-log.ts'
import { main } from '../main.ts'

const POLICY = 'examples/learning-policy.yaml'
const NAME = 'recommendations'
const DAY = 86_400_000
const START = Date.UTC(2026, 7, 3)
const printed = { out: '', err: '' }
let folder = ''
const at = (file: string) => join(folder, file)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policies-'))
  Object.assign(printed, { out: '', err: '' })
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    printed.out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    printed.err += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

/** `days` of load in rows of ten minutes. */
function trace(name: string, days: number, value?: (load: number, row: number) => number): string {
  const load = seasonalLoad({ seed: 9, ticks: days * 144, stepMs: 600_000, mean: 2000, swing: 0.5, noise: 0.02 })
  const rows = Array.from(load, (one, row) => `${START / 1000 + row * 600},${value?.(one, row) ?? one}`)
  writeFileSync(at(name), `timestamp,value\n${rows.join('\n')}\n`)
  return at(name)
}

/** What the command printed, and its exit code. */
async function crescendo(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  Object.assign(printed, { out: '', err: '' })
  const code = await main(['policies', ...args])
  return { code, ...printed }
}

const learn = (file: string, ...more: readonly string[]) =>
  crescendo('learn', '--policy', POLICY, '--trace', file, '--tick', '10m', '--candidates', '3', ...more)
const kept = () => ['--policy', POLICY, '--revisions', at('learnt.jsonl')]

/** A revision as `learn` would have kept it, learnt until `days` after the start. */
async function candidate(days: number, scalars: Partial<LearntScalars> = { deadband: 0.09 }, revision = 1): Promise<void> {
  const figure = { before: 100, after: 99, difference: { sum: -1, low: -2, high: -0.5 }, isBetter: true, isWithinLimit: true }
  const entry: LearntEntry = {
    kind: 'Learnt',
    revision,
    at: START + days * DAY,
    parent: revision - 1,
    scalars,
    changed: scalars,
    from: START,
    to: START + days * DAY,
    searchDays: 10,
    tried: 45,
    evidence: { days: 4, replicaHours: figure, badMinutes: figure, isAccepted: true, why: 'the cost is better' },
  }
  const file = at('learnt.jsonl')
  await revisionLog(revisionFile(file), await revisionKey(`${file}.key`, { create: true })).append(NAME, entry)
}

describe('policies learn', () => {
  test('says what came of it, as JSON too, and what is kept', async () => {
    const { code, out } = await learn(trace('two-weeks.csv', 14), '--json', '--revisions', at('learnt.jsonl'))
    const lesson = JSON.parse(out)
    expect(lesson).toMatchObject({ service: NAME, fidelity: 'NotChecked', searchDays: 10, from: START, to: START + 14 * DAY })
    expect(lesson.tried).toBeLessThanOrEqual(3)
    expect(code).toBe(lesson.outcome === 'Accepted' ? 0 : 1)
    expect(lesson.changed).not.toHaveProperty('keptDays')
    const history = JSON.parse((await crescendo('history', ...kept(), '--json')).out)
    expect(history.revisions).toHaveLength(lesson.outcome === 'Accepted' ? 1 : 0)
  }, 90_000)

  test('is off where the simulator does not tell what was recorded', async () => {
    writeFileSync(at('replicas.csv'), `timestamp,value\n${START / 1000},90\n${(START + 14 * DAY) / 1000},90\n`)
    const { code, out } = await learn(trace('two-weeks.csv', 14), '--recorded-replicas', at('replicas.csv'))
    expect(code).toBe(1)
    expect(out).toMatch(/^simulated replica-hours are -\d+\.\d % off the recorded, expected within 5 %/)
    expect(out).toContain(`${NAME}: nothing was learnt\n`)
  }, 90_000)

  test('refuses what is too short, and a policy that wants none, in one line', async () => {
    expect(await learn(trace('short.csv', 9))).toMatchObject({
      code: 2,
      err: `crescendo: ${at('short.csv')}: found 9 whole days, expected at least 14 for learning\n`,
    })
    writeFileSync(at('off.yaml'), readFileSync(POLICY, 'utf8').replace('mode: RequireApproval', 'mode: "Off"'))
    const off = await crescendo('learn', '--policy', at('off.yaml'), '--trace', at('short.csv'))
    expect(off).toMatchObject({
      code: 2,
      err: `crescendo: ${NAME}: learning.mode is Off, expected Shadow, Promote or RequireApproval\n`,
    })
    writeFileSync(at('still.yaml'), readFileSync(POLICY, 'utf8').replace('mode: Slo', 'mode: "Off"'))
    const still = await crescendo('learn', '--policy', at('still.yaml'), '--trace', at('short.csv'))
    expect(still.err).toContain('prediction.mode is Off, expected Additive or Slo')
    expect((await crescendo('history', '--policy', POLICY)).err).toContain('--revisions FILE is missing')
    expect((await crescendo('promote', ...kept())).err).toContain('learnt.jsonl.key: no such file')
  }, 90_000)
})

describe('the life of a revision', () => {
  test('needs a person where the simulator was held against nothing, whatever the policy says; history tells it', async () => {
    await candidate(6)
    const log = revisionLog(revisionFile(at('learnt.jsonl')), await revisionKey(`${at('learnt.jsonl')}.key`, { create: false }))
    await log.append(NAME, { kind: 'Moved', revision: 1, at: START + 9 * DAY, to: 'Shadow', why: 'it held' })
    writeFileSync(at('promote.yaml'), readFileSync(POLICY, 'utf8').replace('mode: RequireApproval', 'mode: Promote'))
    const mine = ['--policy', at('promote.yaml'), '--revisions', at('learnt.jsonl')]
    expect((await crescendo('history', ...mine)).out).toContain('fidelity not checked: no --recorded-replicas')
    expect(await crescendo('promote', ...mine)).toMatchObject({
      code: 1,
      err: 'crescendo: revision 1 is shadow, and its fidelity was not checked: --approve-as NAME, or learn anew with --recorded-replicas\n',
    })
    expect((await crescendo('promote', ...mine, '--approve-as', 'Mona')).out).toContain('revision 1 is promoted')
  })

  test('ends in a line that a policy obeys as it is printed, and one to take out again', async () => {
    await candidate(6, { keptDays: 12, deadband: 0.09 })
    const log = revisionLog(revisionFile(at('learnt.jsonl')), await revisionKey(`${at('learnt.jsonl')}.key`, { create: false }))
    await log.append(NAME, { kind: 'Moved', revision: 1, at: START + 9 * DAY, to: 'Shadow', why: 'it held' })
    const { out } = await crescendo('promote', ...kept(), '--approve-as', 'Mona')
    const line = /write into its policy: (.*)\n$/.exec(out)?.[1]
    expect(line).toBe('learning: { scalars: { keptDays: 12, deadband: "0.09" } }')
    const text = readFileSync(POLICY, 'utf8')
    writeFileSync(at('written.yaml'), `${text.slice(0, text.indexOf('    learning:'))}    ${line}\n`)
    const show = await crescendo('show', NAME, '--file', at('written.yaml'))
    expect(show.err).toBe('')
    expect(show.out).toMatch(/^learning\.scalars\.keptDays +policy recommendations +12$/m)
    expect((await crescendo('rollback', ...kept())).out).toContain(
      `a controller reads no revisions; take out of its policy: ${line}\n`,
    )
  })

  test('from the shadow by a person into force, where show names it, and back again', async () => {
    await candidate(6)
    const newer = trace('newer.csv', 10)
    expect((await crescendo('promote', ...kept())).err).toContain('revision 1 is candidate, expected shadow')
    const shadow = await crescendo('shadow', ...kept(), '--trace', newer, '--tick', '10m', '--json')
    expect(JSON.parse(shadow.out)).toMatchObject({ service: NAME, revision: 1, state: 'Shadow', evidence: { days: 4 } })
    expect(shadow.code).toBe(0)

    const alone = await crescendo('promote', ...kept())
    expect(alone).toMatchObject({ code: 1, err: expect.stringContaining("needs a person's approval: --approve-as NAME") })
    expect((await crescendo('history', ...kept())).out).toContain('revision 1: awaiting approval\n')
    const promoted = await crescendo('promote', ...kept(), '--approve-as', 'Mona')
    expect(promoted).toMatchObject({
      code: 0,
      out: `${NAME}: revision 1 is promoted: a person approved it\nin force is revision 1\na controller reads no revisions; write into its policy: learning: { scalars: { deadband: "0.09" } }\n`,
    })

    const show = await crescendo('show', NAME, '--file', POLICY, '--revisions', at('learnt.jsonl'))
    expect(show.out).toMatch(/^learning\.scalars\.deadband +learnt revision 1 +0\.09$/m)
    expect(show.out).toMatch(/^learning\.scalars\.keptDays +policy recommendations +14$/m)

    const stays = await crescendo('rollback', ...kept(), '--trace', newer, '--tick', '10m')
    expect(stays.out).toMatch(/^recommendations: revision 1 (?:stays: nothing on|is rolled back: )/)
    const history = await crescendo('history', ...kept())
    expect(history.out).toContain('promoted, approved by Mona: a person approved it\n')
    await candidate(8, {}, 2) // learnt meanwhile: the rollback is of what is in force
    if (stays.out.includes('stays')) await crescendo('rollback', ...kept(), '--why', 'too many pages at night')
    const last = await crescendo('history', ...kept())
    expect(last.out).toMatch(
      /revision 1: rolled back\n(?:.*\n)*revision 2: candidate\n(?:.*\n)*in force is the policy as written\n$/,
    )
    expect((await crescendo('rollback', ...kept())).out).toContain('revision 2 is rolled back')
    expect((await crescendo('rollback', ...kept())).err).toContain(
      'found no revision to move of recommendations; there are: 1, 2',
    )
  }, 120_000)

  test('ends in the shadow where it does worse, and needs days that it was not learnt from', async () => {
    await candidate(6, { budgetShare: 0.2, actionLimit: 0.75, orderAhead: 0.15, deadband: 0.2, holdScale: 3 })
    const short = await crescendo('shadow', ...kept(), '--trace', trace('short.csv', 7), '--tick', '10m')
    expect(short).toMatchObject({ code: 2, err: expect.stringContaining('found 1 whole days that are newer than') })
    const { code, out } = await crescendo('shadow', ...kept(), '--trace', trace('newer.csv', 10), '--tick', '10m')
    expect(code).toBe(1)
    expect(out).toMatch(/^recommendations: revision 1 is rolled back: on new load .* came out more than 2 % worse$/m)
  }, 120_000)

  test('a revision that somebody touched is not used, by any command', async () => {
    await candidate(6)
    writeFileSync(at('learnt.jsonl'), readFileSync(at('learnt.jsonl'), 'utf8').replace('0.09', '0.08'))
    for (const command of ['history', 'promote', 'rollback']) {
      const { code, err } = await crescendo(command, ...kept())
      expect(code).toBe(2)
      expect(err).toContain(`entry 1 of ${NAME} does not carry the seal of its content`)
    }
    const show = await crescendo('show', NAME, '--file', POLICY, '--revisions', at('learnt.jsonl'))
    expect(show.err).toContain('does not carry the seal')
  })
})
