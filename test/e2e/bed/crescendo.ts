import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'

const checkout = resolve(import.meta.dirname, '../../..')

export interface CrescendoOptions {
  readonly kubeconfig: string
  /** The global configuration, as an object; written beside the process's data. Absent: no --config. */
  readonly config?: object
  readonly env?: Readonly<Record<string, string>>
  /** Further arguments of `crescendo run`. */
  readonly args?: readonly string[]
}

/** One line of the log, as JSON; `text` holds a line that is none. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly text?: string }

/** `crescendo run` as a child process. */
export interface CrescendoProcess {
  readonly pid: number
  /** Its configuration, data and log; the working folder of the process. */
  readonly folder: string
  readonly logFile: string
  /** Every line so far. */
  readonly lines: readonly LogLine[]
  running(): boolean
  exitCode(): number | undefined
  /** Resident memory in bytes, from /proc. */
  residentBytes(): number
  /** The first line, past or future, for which `wanted` holds. */
  line(wanted: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again in the same folder, after `kill`. */
  restart(): Promise<void>
  /** Ends it and removes the folder, unless CRESCENDO_BED_KEEP is set. */
  remove(): Promise<void>
}

const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync)

/** Node without a wrapper in between, so that a signal reaches the controller itself; it dies with this process. */
function launch(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
  const command = [process.execPath, resolve(checkout, 'bin/crescendo.js'), ...args]
  const [program, ...rest] = setpriv === undefined ? command : [setpriv, '--pdeathsig', 'KILL', '--', ...command]
  return spawn(program!, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** From /proc, where pages are 4 KiB; 0 for a process that is gone. */
function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
  } catch {
    return 0
  }
}

const parsed = (text: string): LogLine => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as LogLine) : { text }
  } catch {
    return { text }
  }
}

/** Starts `crescendo run` on a cluster. It does not wait until it is ready: a test says what ready means. */
export function startCrescendo(options: CrescendoOptions): CrescendoProcess {
  const folder = mkdtempSync(join(tmpdir(), 'crescendo-run-'))
  const logFile = join(folder, 'crescendo.log')
  const args = ['run', '--kubeconfig', options.kubeconfig]
  if (options.config !== undefined) {
    writeFileSync(join(folder, 'config.yaml'), stringify(options.config))
    args.push('--config', join(folder, 'config.yaml'))
  }
  args.push(...(options.args ?? []))
  const lines: LogLine[] = []
  let child = begin()
  const endWithParent = () => child.kill('SIGKILL')
  process.once('exit', endWithParent)

  function begin(): ChildProcess {
    const started = launch(args, folder, { ...process.env, NO_COLOR: '1', ...options.env })
    const log = createWriteStream(logFile, { flags: 'a' })
    for (const stream of [started.stdout, started.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', text => {
        lines.push(parsed(text))
        log.write(`${text}\n`)
      })
    }
    return started
  }

  const running = () => child.exitCode === null && child.signalCode === null
  async function kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!running()) return
    const ended = new Promise(done => child.once('exit', done))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await ended
    clearTimeout(timer)
  }
  return {
    get pid() {
      return child.pid ?? 0
    },
    folder,
    logFile,
    lines,
    running,
    exitCode: () => child.exitCode ?? undefined,
    residentBytes: () => residentBytes(child.pid ?? 0),
    line: (wanted, timeoutMs = 30_000) => awaitLine({ lines, running, logFile }, wanted, timeoutMs),
    kill,
    restart: async () => {
      await kill('SIGKILL')
      child = begin()
    },
    remove: async () => {
      await kill('SIGKILL')
      process.removeListener('exit', endWithParent)
      if (!process.env.CRESCENDO_BED_KEEP) rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function awaitLine(
  { lines, running, logFile }: Pick<CrescendoProcess, 'lines' | 'running' | 'logFile'>,
  wanted: (line: LogLine) => boolean,
  timeoutMs: number,
): Promise<LogLine> {
  const deadline = performance.now() + timeoutMs
  for (let index = 0; ; ) {
    for (; index < lines.length; index += 1) if (wanted(lines[index]!)) return lines[index]!
    const why = running() ? undefined : 'crescendo run ended'
    const problem = why ?? (performance.now() > deadline ? `no such line within ${timeoutMs / 1000} s` : undefined)
    if (problem !== undefined) {
      const last = lines.slice(-15).map(line => line.text ?? JSON.stringify(line))
      throw new Error(`${problem}; log ${logFile}:\n${last.join('\n')}`)
    }
    await sleep(50)
  }
}
