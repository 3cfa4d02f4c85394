import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ServerProcessOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Both streams are appended here. */
  readonly logFile: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Runs it as this user; needs root. */
  readonly user?: { readonly uid: number; readonly gid: number }
}

/** A program of the bed that runs until it is stopped. It never outlives the test process, however that ends. */
export interface ServerProcess {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** True until the program ended. */
  running(): boolean
  /** Sends the signal and waits for the end; after `graceMs` (default 5,000) it is killed. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>
  /** Waits until `ready` is true; rejects with the end of the log when the program ends or `timeoutMs` pass. */
  until(ready: () => Promise<boolean>, timeoutMs: number): Promise<void>
}

const alive = new Set<ChildProcess>()
let armed = false

/** The kernel ends the children of a killed parent (`setpriv --pdeathsig`); this is for a parent that ends in its own time. */
function endWithParent(child: ChildProcess): void {
  alive.add(child)
  child.once('exit', () => alive.delete(child))
  if (armed) return
  armed = true
  process.once('exit', () => {
    for (const each of alive) each.kill('SIGKILL')
  })
}

const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync)

function commandLine(options: ServerProcessOptions): readonly string[] {
  const command = [options.command, ...options.args]
  const { user } = options
  if (setpriv === undefined) {
    if (user === undefined) return command
    throw new Error(`setpriv (package util-linux) is needed to run ${options.name} as another user`)
  }
  const as = user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
  return [setpriv, ...as, '--pdeathsig', 'KILL', '--', ...command]
}

/** The last lines of a log, for the message of a failure. */
function logTail(logFile: string, lines = 15): string {
  if (!existsSync(logFile)) return '(no log)'
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}

export function startServerProcess(options: ServerProcessOptions): ServerProcess {
  const log = openSync(options.logFile, 'a')
  const [command, ...args] = commandLine(options)
  const child = spawn(command!, args, {
    stdio: ['ignore', log, log],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  closeSync(log)
  endWithParent(child)
  let failure: Error | undefined
  child.once('error', error => {
    failure = error
  })
  const ended = new Promise<void>(done => {
    child.once('exit', () => done())
    child.once('error', () => done())
  })
  const running = () => failure === undefined && child.exitCode === null && child.signalCode === null

  async function until(ready: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    while (!(await ready())) {
      const problem = running() ? undefined : `${options.name} ended (${failure?.message ?? child.signalCode ?? child.exitCode})`
      const late = performance.now() > deadline ? `${options.name} was not ready after ${timeoutMs / 1000} s` : undefined
      const message = problem ?? late
      if (message !== undefined) throw new Error(`${message}; log ${options.logFile}:\n${logTail(options.logFile)}`)
      await sleep(50)
    }
  }

  async function stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 5_000): Promise<void> {
    if (!running()) return
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await ended
    clearTimeout(timer)
  }

  return { name: options.name, pid: child.pid ?? 0, logFile: options.logFile, running, stop, until }
}
