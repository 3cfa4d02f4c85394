import { createPushBuffer } from '../../observe/push.ts'
import { listen } from '../../show/listen.ts'
import { createServer } from '../../show/server.ts'
import type { DemoOptions } from '../commands/demo.ts'
import { note, paint, printJson, printLine } from '../output.ts'
import { packageVersion } from '../package-version.ts'
import { openScreen } from '../terminal/screen.ts'
import { cut } from '../terminal/text.ts'
import { demoServices } from './cast.ts'
import { type LivePaints, type LiveState, liveFrame, plainLine } from './live-view.ts'
import { nextCommands, type WhereNow } from './next-commands.ts'
import { play } from './play.ts'
import { scoreboardLines } from './scoreboard.ts'
import { serviceOfTrace, TICK_MS } from './service.ts'
import { createStage, type Stage } from './stage.ts'
import { type StageFacts, stageFacts } from './stage-facts.ts'
import { type Story, storyOf } from './story.ts'
import { summaryOf } from './summary.ts'

const PAINTS: LivePaints = {
  dim: text => paint('dim', text),
  good: text => paint('green', text),
  strong: text => paint('bold', text),
  bad: text => paint(['red', 'bold'], text),
  load: text => paint('blue', text),
}

export async function runDemo(options: DemoOptions): Promise<void> {
  const services =
    options.trace === undefined ? demoServices(options.seed) : [await serviceOfTrace(options.trace, options.skipBadRows)]
  const stage = await createStage(services, options.seed)
  if (options.once) await runOnce(stage, options)
  else await runLive(stage, options)
}

/** To the end at full speed; no clock in the result, so the same seed prints the same bytes. */
async function runOnce(stage: Stage, { json = false, seed, trace }: DemoOptions): Promise<void> {
  const quiet = new AbortController()
  if (!json) note(`playing ${stage.parts.map(part => part.service.name).join(', ')} to the end`)
  await stage.learn(quiet.signal)
  while (stage.played() < stage.ticks) await stage.step()
  if (json) printJson(summaryOf(stage, { seed, trace }))
  else printEnd(stage, { trace })
}

function printEnd(stage: Stage, where: WhereNow): void {
  for (const line of scoreboardLines(stage, PAINTS)) printLine(line)
  printLine('')
  printLine(PAINTS.dim('next'))
  for (const command of nextCommands(where)) printLine(`  ${command}`)
}

/** Serves, plays and shows until Ctrl-C; then gives the terminal back and ends with 0. */
async function runLive(stage: Stage, options: DemoOptions): Promise<void> {
  const facts = stageFacts(stage, packageVersion())
  // Pushed metrics are checked and kept as they are for a real cluster; the demo's services are measured otherwise.
  const app = createServer(facts, { push: { buffer: createPushBuffer({ clock: { now: () => Date.now() } }) } })
  const address = await listen(app, { port: options.port })
  if (options.port !== 0 && !address.endsWith(`:${options.port}`)) note(`port ${options.port} is taken`)
  const stop = stopSignal() // before anybody is told that Ctrl-C stops
  printLine(`Crescendo demo: ${address}  (Ctrl-C stops)`)
  const { loadPolicies, policyFacts } = await import('../../policies.ts') // not before the address is there: it reads documents
  facts.tellPolicies(policyFacts(await loadPolicies()))
  const story = storyOf(stage)
  try {
    await show({ stage, facts, story, address, options, signal: stop.signal })
    if (!stop.signal.aborted) await stop.pressed
  } finally {
    await app.close()
    stop.dispose()
  }
}

interface Show {
  readonly stage: Stage
  readonly facts: StageFacts
  readonly story: Story
  readonly address: string
  readonly options: DemoOptions
  readonly signal: AbortSignal
}

async function show(one: Show): Promise<void> {
  const { stage, facts, story, options, signal } = one
  const view = process.stdout.isTTY ? liveView(one) : plainView(one)
  const ticker = setInterval(view.frame, 250) // during learning, and as a heartbeat of the clock
  try {
    await stage.learn(signal)
    facts.learned()
    let caption: string | undefined
    await play(stage, {
      speed: options.speed,
      signal,
      onFrame: view.frame,
      onTurns(turns) {
        facts.keep(turns)
        story.hear(turns)
        view.tick()
        if (story.caption() === caption) return
        caption = story.caption()
        if (caption !== undefined)
          facts.tell({ event: 'caption', data: { time: new Date(stage.now()).toISOString(), text: caption } })
      },
    })
  } finally {
    clearInterval(ticker)
    view.close()
  }
  if (stage.played() === 0) return
  const serving = signal.aborted ? {} : { serving: { address: one.address, workload: stage.parts[0]!.service.name } }
  printEnd(stage, { trace: options.trace, ...serving })
  if (!signal.aborted) printLine(`\nStill serving at ${one.address}  (Ctrl-C stops)`)
}

interface View {
  readonly frame: () => void
  readonly tick: () => void
  readonly close: () => void
}

function stateOf({ stage, story, address, options }: Show): LiveState {
  const speed = options.speed >= 1e6 ? 'full speed' : `${options.speed}×`
  return { stage, address, speed, caption: story.caption(), latest: story.latest() }
}

function liveView(one: Show): View {
  const frame = () => screen.draw(liveFrame(stateOf(one), screen.columns(), PAINTS))
  const screen = openScreen(process.stdout, () => frame())
  frame()
  return { frame, tick() {}, close: screen.close }
}

const PLAIN_TICKS = (15 * 60_000) / TICK_MS

/** Without a terminal: a line a simulated quarter of an hour. */
function plainView(one: Show): View {
  const { stage } = one
  note(`learning the history of ${stage.parts.map(part => part.service.name).join(', ')}`)
  return {
    frame() {},
    tick() {
      if (stage.played() % PLAIN_TICKS === 0) printLine(cut(plainLine(stateOf(one)), 400))
    },
    close() {},
  }
}

/** The first Ctrl-C (or SIGTERM) asks to stop; a second one does not wait for us. */
function stopSignal() {
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = () => {
    if (controller.signal.aborted) process.exit(0)
    controller.abort()
    resolve()
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  const dispose = () => process.off('SIGINT', stop).off('SIGTERM', stop)
  return { signal: controller.signal, pressed: promise, dispose }
}
