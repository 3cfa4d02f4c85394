import { CrescendoError } from '../../errors.ts'
import { replicaHoursByDay } from '../../learn/fidelity.ts'
import { daysOf, LEAST_DAYS, type Lesson, learnScalars, MOST_DAYS } from '../../learn/learn-scalars.ts'
import { threadedReplays } from '../../learn/past-replays.ts'
import type { Past } from '../../learn/replay-past.ts'
import { inForce, type LearntEntry } from '../../learn/revision.ts'
import { readSeries } from '../../observe/series-file.ts'
import { progressLine } from '../backtest/progress-line.ts'
import type { LearnOptions } from '../commands/policies.ts'
import { note, printJson, printLine } from '../output.ts'
import { type Known, knownOf, learningWorld } from './learning-world.ts'
import { changeLines, evidenceLines, fidelityLine } from './told.ts'

const DAY_MS = 86_400_000

/** Learns on a trace, tells what came of it, and keeps a better policy as a candidate. Exit code 1 where nothing is better, or the simulator is not believed. */
export async function learnPolicy(options: LearnOptions): Promise<void> {
  const known = await knownOf(options, { create: true })
  if (known.settings.learning.mode === 'Off')
    throw new CrescendoError('CRS_USAGE', `${known.service}: learning.mode is Off, expected Shadow, Promote or RequireApproval`)
  const world = await learningWorld(options, known)
  const past = lastDays(world.past, options.trace)
  const recorded = options.recordedReplicas === undefined ? undefined : await recordedIn(options.recordedReplicas, past)
  const line = progressLine(process.stderr)
  const replays = threadedReplays()
  const lesson = await learnScalars(past, {
    replays,
    badMinutesPerDay: known.settings.violationMinutesPerDay,
    seed: options.seed,
    candidates: options.candidates,
    fixed: world.fixed,
    ...(recorded && { recorded }),
    onProgress: (what, done, total) => line.show(`${what}: ${done} of ${total}`),
  }).finally(replays.close)
  line.clear()
  const entry = lesson.outcome === 'Accepted' ? await keep(lesson, known) : undefined
  tell(lesson, { known, entry, options })
  if (lesson.outcome !== 'Accepted') process.exitCode = 1
}

/** The last four weeks of whole days. Throws where there are less than two. */
function lastDays(past: Past, file: string): Past {
  const { load } = past.scenario
  const days = daysOf(past)
  if (days < LEAST_DAYS)
    throw new CrescendoError(
      'CRS_TRACE_TOO_SHORT',
      `${file}: found ${days} whole days, expected at least ${LEAST_DAYS} for learning`,
    )
  const perDay = DAY_MS / load.tickMs
  const [from, to] = [Math.round(Math.max(0, days - MOST_DAYS) * perDay), Math.round(days * perDay)]
  const cut = {
    ...load,
    startMs: load.startMs + from * load.tickMs,
    value: load.value.slice(from, to),
    ...(load.missing && { missing: load.missing.slice(from, to) }),
  }
  return { ...past, scenario: { ...past.scenario, load: cut } }
}

async function recordedIn(file: string, past: Past) {
  const { samples } = await readSeries(file)
  return replicaHoursByDay(samples, { startMs: past.scenario.load.startMs, days: daysOf(past) })
}

/** Learning takes minutes: what somebody else has written meanwhile is no ground to stand on. */
async function keep(
  { changed, heldOut, fidelity, from, to, searchDays, tried }: Lesson,
  { log, service, entries, revisions }: Known,
) {
  if (log === undefined || heldOut === undefined) return undefined
  const parent = inForce(revisions)
  const entry: LearntEntry = {
    kind: 'Learnt',
    revision: (revisions.at(-1)?.revision ?? 0) + 1,
    at: Date.now(),
    parent: parent?.revision ?? 0,
    scalars: { ...parent?.scalars, ...changed },
    changed,
    from,
    to,
    searchDays,
    tried,
    evidence: { ...heldOut, fidelity },
  }
  await log.append(service, entry, entries)
  return entry
}

interface Told {
  readonly known: Known
  readonly entry: LearntEntry | undefined
  readonly options: LearnOptions
}

function tell(lesson: Lesson, { known: { service }, entry, options }: Told): void {
  if (options.json) printJson({ service, ...lesson, ...(entry && { revision: entry.revision }) })
  else for (const line of linesOf(lesson, service)) printLine(line)
  if (lesson.outcome === 'Accepted' && entry === undefined) note('it is not kept: no --revisions FILE was given')
  if (entry && !options.json) printLine(`kept as revision ${entry.revision}, a candidate: next is policies shadow, on newer load`)
}

function linesOf(lesson: Lesson, service: string): readonly string[] {
  const { outcome, tried, searchDays, why, changed, heldOut, fidelity } = lesson
  const faithful = fidelityLine(fidelity)
  if (outcome === 'Unfaithful') return [faithful, `${service}: nothing was learnt`]
  const policies = `${tried} ${tried === 1 ? 'policy' : 'policies'} tried on ${searchDays} days`
  return [
    faithful,
    `${service}: ${policies}: ${OUTCOMES[outcome]}, ${why}`,
    ...changeLines(changed).map(line => `  ${line}`),
    ...(heldOut === undefined ? [] : evidenceLines(heldOut).map(line => `  ${line}`)),
  ]
}

const OUTCOMES = { Accepted: 'a better one was found', Refused: 'the best is refused', NothingBetter: 'none is better' } as const
