import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The programs of a control plane and kubectl, and the Go package that each is built from. */
const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  // Debian's own (1.20) is sixteen minor versions too old for this server.
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const

export type Program = keyof typeof PROGRAMS
const programs = Object.keys(PROGRAMS) as readonly Program[]
const moduleFolder = resolve(import.meta.dirname, '../control-plane')

export interface ControlPlaneBinaries {
  /** Holds all of them. */
  readonly folder: string
  readonly source: 'KUBEBUILDER_ASSETS' | 'cache' | 'build'
}

const tell = (line: string) => process.stderr.write(`control plane: ${line}\n`)
/** Which of the programs a folder has not. */
export const missingPrograms = (folder: string): readonly Program[] =>
  programs.filter(program => !existsSync(join(folder, program)))

interface Versions {
  readonly kubernetes: string
  readonly etcd: string
  readonly go: string
}

/** What go.mod asks for. */
function wantedVersions(goMod = readFileSync(join(moduleFolder, 'go.mod'), 'utf8')): Versions {
  const find = (pattern: RegExp, what: string) => {
    const version = pattern.exec(goMod)?.[1]
    if (version === undefined) throw new Error(`test/e2e/control-plane/go.mod names no version of ${what}`)
    return version
  }
  return {
    kubernetes: find(/^\s*k8s\.io\/kubernetes (v\S+)/m, 'k8s.io/kubernetes'),
    etcd: find(/^\s*go\.etcd\.io\/etcd\/server\/v3 (v\S+)/m, 'go.etcd.io/etcd/server/v3'),
    go: find(/^go (\S+)/m, 'Go'),
  }
}

/** The folder outside the repository where a build of these versions is kept. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { kubernetes, etcd, go } = wantedVersions()
  const cache = environment.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(
    cache,
    'crescendo',
    'control-plane',
    `kubernetes-${kubernetes}-etcd-${etcd}-go${go}-${process.platform}-${process.arch}`,
  )
}

/**
 * The control plane's programs: of `KUBEBUILDER_ASSETS` where that folder has all (an envtest bundle lacks the controller
 * manager and the scheduler; that is said), else of the cache, else built from their Go modules, which takes minutes.
 * Rejects with exactly what failed where they can be had in no way.
 */
export async function controlPlaneBinaries(environment: NodeJS.ProcessEnv = process.env): Promise<ControlPlaneBinaries> {
  const assets = environment.KUBEBUILDER_ASSETS
  if (assets) {
    const missing = missingPrograms(assets)
    if (missing.length === 0) return { folder: assets, source: 'KUBEBUILDER_ASSETS' }
    tell(`KUBEBUILDER_ASSETS=${assets} lacks ${missing.join(', ')}; looking in the cache instead`)
  }
  const folder = cacheFolder(environment)
  if (missingPrograms(folder).length === 0) return { folder, source: 'cache' }
  return withLock(`${folder}.lock`, async () => {
    if (missingPrograms(folder).length === 0) return { folder, source: 'cache' }
    await build(folder)
    return { folder, source: 'build' }
  })
}

const runs = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Whether this process holds the lock now. A lock whose holder is gone is taken away, for the next try. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const holder = holderOf(lock)
  if (holder > 0 && !runs(holder)) rmSync(lock, { force: true })
  return false
}

const holderOf = (lock: string) => (existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0)

/** One builder at a time, across processes. */
async function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(resolve(lock, '..'), { recursive: true })
  for (let waits = 0; !takeLock(lock); waits += 1) {
    if (waits % 15 === 14) tell(`process ${holderOf(lock)} is building it; waiting (${waits} s)`)
    await sleep(1_000)
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

/** Why Go cannot build this; absent where it can. */
function whyNoGo(wanted: string): string | undefined {
  const go = spawnSync('go', ['version'], { encoding: 'utf8', cwd: moduleFolder })
  if (go.error !== undefined)
    return `no \`go\` on PATH (${(go.error as NodeJS.ErrnoException).code}); Go ${wanted} or newer is needed`
  if (go.status !== 0) return `\`go version\` failed: ${go.stderr.trim()}`
  return undefined
}

async function build(folder: string): Promise<void> {
  const versions = wantedVersions()
  const problem = whyNoGo(versions.go)
  if (problem !== undefined) {
    throw new Error(
      `the control plane is neither in KUBEBUILDER_ASSETS nor in ${folder}, and cannot be built: ${problem}. Install Go, or point KUBEBUILDER_ASSETS to a folder with ${programs.join(', ')}.`,
    )
  }
  tell(
    `building Kubernetes ${versions.kubernetes} and etcd ${versions.etcd} from Go modules, once for this machine (4 to 10 minutes on 2 cores)`,
  )
  mkdirSync(resolve(folder, '..'), { recursive: true })
  const unfinished = mkdtempSync(`${folder}.unfinished-`)
  const leaveNothing = () => rmSync(unfinished, { recursive: true, force: true })
  process.once('exit', leaveNothing)
  try {
    for (const program of programs) await buildOne(program, unfinished, versions)
    for (const program of programs) tell(versionOf(join(unfinished, program)))
    rmSync(folder, { recursive: true, force: true })
    renameSync(unfinished, folder)
  } finally {
    leaveNothing()
    process.removeListener('exit', leaveNothing)
  }
}

/** Proof that what was built starts at all. */
function versionOf(path: string): string {
  const args = path.endsWith('kubectl') ? ['version', '--client'] : ['--version']
  return `${basename(path)}: ${execFileSync(path, args, { encoding: 'utf8' }).split('\n')[0]}`
}

async function buildOne(program: Program, to: string, { kubernetes }: Versions): Promise<void> {
  const begun = performance.now()
  const seconds = () => Math.round((performance.now() - begun) / 1000)
  const stamp = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].map(
    path => `-X ${path}.gitVersion=${kubernetes}`,
  )
  const args = [
    'build',
    '-v',
    '-p',
    '2',
    '-trimpath',
    '-ldflags',
    ['-s -w', ...stamp].join(' '),
    '-o',
    join(to, program),
    PROGRAMS[program],
  ]
  const child = spawn('go', args, {
    cwd: moduleFolder,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const endChild = () => child.kill('SIGKILL')
  process.once('exit', endChild)
  let [packages, said] = [0, '']
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    packages += text.split('\n').length - 1
    said = (said + text).slice(-4_000)
  })
  const progress = setInterval(() => tell(`${program}: ${packages} packages, ${seconds()} s`), 15_000)
  const end = await new Promise<string>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code, signal) => done(signal ?? `exit code ${code}`))
  }).finally(() => {
    clearInterval(progress)
    process.removeListener('exit', endChild)
  })
  if (end !== 'exit code 0') {
    const why = said.trimEnd().split('\n').slice(-8).join('\n')
    throw new Error(`go build of ${program} (${PROGRAMS[program]}, ${kubernetes}) failed (${end}):\n${why}`)
  }
  tell(`${program} is built, ${packages} packages in ${seconds()} s`)
}
