import { readSeries, requireSamples } from '../../observe/series-file.ts'
import { notActedOn } from '../../resources/not-acted-on.ts'
import type { LoadedPolicy } from '../../resources/policy-file.ts'
import { parseScaler } from '../../sim/rivals/contenders.ts'
import type { BacktestOptions } from '../commands/backtest.ts'
import { note, paint, printJson, printLine } from '../output.ts'
import { type RowFile, refuseSamePath, withRowFile } from '../row-file.ts'
import { DEFAULT_SCALERS, SCALER_NAMES } from '../scalers.ts'
import { type BandCollector, collectBand, pageOf } from './page.ts'
import { type Played, playScalers } from './play-scalers.ts'
import { progressLine } from './progress-line.ts'
import { policyFor, type Stage, settleWorld } from './settle-world.ts'
import { DECISIONS_HEADER, documentOf, reportLines, writeDecisions } from './told.ts'

/** Everything of one trace. */
export interface Replayed {
  readonly stage: Stage
  readonly played: readonly Played[]
  readonly band: BandCollector
}

/** Plays all traces, then tells: table or JSON, and the files that were asked for. */
export async function runBacktest(options: BacktestOptions): Promise<void> {
  for (const name of options.scalers ?? []) parseScaler(name, SCALER_NAMES)
  refuseSamePath({ '--decisions': options.decisions, '--html': options.html })
  const policy = await policyFor(options)
  const unplayed = notActedOn(policy.settings, 'Backtest')
  if (unplayed.length > 0) note(`the policy states what a back-test does not play: ${unplayed.join(', ')}`)
  const several = options.trace.length > 1
  const replayed = await withRowFile(options.decisions, rows =>
    withRowFile(options.html, async page => {
      rows?.write(`${DECISIONS_HEADER}${several ? ',trace' : ''}\n`)
      const all: Replayed[] = []
      for (const file of options.trace) all.push(await replay(file, options, { policy, rows, several }))
      page?.write(pageOf(all))
      return all
    }),
  )
  tell(replayed, options)
}

interface Output {
  readonly policy: LoadedPolicy
  readonly rows: RowFile | undefined
  readonly several: boolean
}

async function replay(file: string, options: BacktestOptions, { policy, rows, several }: Output): Promise<Replayed> {
  const series = await readSeries(file, { skipBadRows: options.skipBadRows === true })
  requireSamples(series, 2, 'a back-test')
  const stage = settleWorld(series, policy, options)
  warn(stage)
  const progress = progressLine(process.stderr)
  const band = collectBand(stage)
  const played = await playScalers(stage, options.scalers ?? DEFAULT_SCALERS, {
    onProgress: (scaler, done, total) => progress.show(`${series.file}: ${scaler} ${Math.floor((100 * done) / total)} %`),
    ...(options.html !== undefined && { onDecision: band.hear }),
  }).finally(progress.clear)
  if (rows) for (const one of played) writeDecisions(rows, one, several ? series.file : undefined)
  return { stage, played, band }
}

function warn({ series, capacitySource, scenario, settings }: Stage): void {
  if (series.skipped > 0) note(`${series.skipped} bad rows left out, the first: ${series.firstSkipped}`)
  for (const warning of settings.warnings) note(warning)
  if (capacitySource === 'flag' || capacitySource === 'policy') return
  const from = capacitySource === 'history' ? 'from the history' : 'from the whole trace, as there is no load in the history'
  const { capacityPerReplica } = scenario.target
  note(
    `${series.file}: no capacity was given; a replica is taken to serve ${capacityPerReplica}, ${from} (its 99th percentile is carried by 20)`,
  )
}

function tell(replayed: readonly Replayed[], options: BacktestOptions): void {
  if (options.json) {
    const runs = replayed.map(({ stage, played }) => documentOf(stage, played))
    printJson(runs.length === 1 ? runs[0] : { runs })
    return
  }
  replayed.forEach(({ stage, played }, index) => {
    if (index > 0) printLine('')
    for (const line of reportLines(stage, played, text => paint('bold', text))) printLine(line)
  })
  for (const [what, file] of [
    ['every decision', options.decisions],
    ['as a page', options.html],
  ]) {
    if (file !== undefined) printLine(`${what}: ${file}`)
  }
}
