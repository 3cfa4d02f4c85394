import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

export interface PostgresServer {
  /** With user and password, of a database that exists. */
  readonly url: string
  readonly logFile: string
  /** SIGKILL to the server, as a crash does. */
  kill(): Promise<void>
  /** Starts it again on the same port and data. */
  start(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** Where Debian keeps the programs of PostgreSQL; the newest version that is installed. */
export function postgresPrograms(): string | undefined {
  const found = globSync('/usr/lib/postgresql/*/bin/postgres').toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const newest = found.at(-1)
  return newest === undefined ? undefined : dirname(newest)
}

/** The server refuses to run as root: there it runs as `nobody`. */
const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined

function asUser(command: string, args: readonly string[]): void {
  const as = user === undefined ? [] : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--']
  const [program, ...rest] = [...as, command, ...args]
  execFileSync(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' })
}

const answers = (port: number) =>
  new Promise<boolean>(done => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })

/** A real PostgreSQL on loopback, with data of its own in a temporary folder, a password, and the settings of production. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = postgresPrograms()
  if (programs === undefined) throw new Error('no PostgreSQL under /usr/lib/postgresql; on Debian: apt-get install postgresql')
  const folder = mkdtempSync(join(tmpdir(), 'crescendo-postgres-'))
  const [password, passwordFile, data] = [randomBytes(12).toString('hex'), join(folder, 'password'), join(folder, 'data')]
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (user !== undefined) for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid)
  asUser(join(programs, 'initdb'), [
    '-D',
    data,
    '-U',
    'crescendo',
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-E',
    'UTF8',
    '--no-sync',
  ])
  const port = await freePort()
  const logFile = join(folder, 'log')
  let server: ServerProcess | undefined

  async function start(): Promise<void> {
    const args = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-k', folder]
    for (let attempt = 0; ; attempt++) {
      server = startServerProcess({
        name: 'postgres',
        command: join(programs!, 'postgres'),
        args,
        logFile,
        cwd: '/',
        ...(user && { user }),
      })
      try {
        return await server.until(() => answers(port), 20_000)
      } catch (cause) {
        // The children of a killed server hold its memory for a moment, and a new one refuses to start until they are gone.
        if (attempt === 20) throw cause
        await sleep(250)
      }
    }
  }

  await start()
  return {
    url: `postgres://crescendo:${password}@127.0.0.1:${port}/postgres`,
    logFile,
    start,
    kill: async () => server?.stop('SIGKILL'),
    stop: async () => {
      await server?.stop('SIGINT', 10_000)
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true })
    },
  }
}
