import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BedApi, createBedApi } from './bed-api.ts'
import { type CertificateAuthority, createAuthority } from './certificates.ts'
import { type ControlPlaneFiles, programArguments } from './control-plane-arguments.ts'
import { controlPlaneBinaries } from './control-plane-binaries.ts'
import { freePorts } from './free-port.ts'
import { type Identity, writeKubeconfig } from './kubeconfig.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

export interface ControlPlaneOptions {
  /** Sync period of the stock HPA controller; Kubernetes' own default is 15. */
  readonly hpaSyncSeconds?: number
  /** Further flags, e.g. "--max-requests-inflight=3". They win over the bed's own. */
  readonly apiServerFlags?: readonly string[]
  readonly controllerManagerFlags?: readonly string[]
}

export interface ControlPlane {
  /** "https://127.0.0.1:PORT". */
  readonly server: string
  /** Kubeconfig of an administrator. */
  readonly kubeconfig: string
  readonly caFile: string
  readonly authority: CertificateAuthority
  /** Everything of this bed: certificates, data, logs. Removed by `stop`, unless CRESCENDO_BED_KEEP is set. */
  readonly folder: string
  readonly logs: string
  /** Folder of the programs, kubectl among them. */
  readonly binaries: string
  /** The administrator's own client, for the bed and its tests. */
  readonly api: BedApi
  /** Runs kubectl as administrator; gives its standard output back, rejects with what it said. */
  kubectl(args: readonly string[], input?: string): Promise<string>
  /** A kubeconfig of a service account that exists, with a token that lives an hour (or `seconds`, at least 600). */
  serviceAccountKubeconfig(account: {
    readonly namespace: string
    readonly name: string
    readonly seconds?: number
  }): Promise<string>
  /** A kubeconfig of any user, by a client certificate: for RBAC tests. */
  userKubeconfig(user: string, groups?: readonly string[]): string
  stopApiServer(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again on the same port, with further flags if given, and waits until it is ready. */
  startApiServer(flags?: readonly string[]): Promise<void>
  restartApiServer(flags?: readonly string[]): Promise<void>
  /** Ends everything and removes the folder. */
  stop(): Promise<void>
}

interface Answer {
  readonly ca: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

/** True when the URL answers 200 within a second. */
function answers(url: string, tls: Answer): Promise<boolean> {
  return new Promise(done => {
    const agent = new Agent({ ...tls, keepAlive: false })
    const asked = get(url, { agent, timeout: 1_000 }, answer => {
      answer.resume()
      done(answer.statusCode === 200)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => done(false))
  })
}

interface Kubectl {
  readonly command: string
  readonly kubeconfig: string
}

function runKubectl({ command, kubeconfig }: Kubectl, args: readonly string[], input?: string): Promise<string> {
  return new Promise((done, fail) => {
    const options = { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, KUBECONFIG: kubeconfig } }
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) done(stdout)
      else fail(new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }))
    })
    // kubectl may end before it read everything; what it said then is the better message.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

function makeFiles(folder: string, ports: readonly number[]): ControlPlaneFiles & { readonly authority: CertificateAuthority } {
  const certificates = join(folder, 'certificates')
  mkdirSync(certificates)
  mkdirSync(join(folder, 'logs'))
  const authority = createAuthority(certificates)
  const server = `https://127.0.0.1:${ports[1]}`
  const kubeconfigOf = (name: string, subject: string) =>
    writeKubeconfig(
      join(folder, `${name}.kubeconfig`),
      { server, caFile: authority.caFile },
      { certificate: authority.issue({ name, subject }) },
    )
  return {
    authority,
    folder,
    server,
    ports: { etcd: ports[0]!, apiServer: ports[1]!, controllerManager: ports[2]!, scheduler: ports[3]! },
    kubeconfigs: {
      admin: kubeconfigOf('admin', '/O=system:masters/CN=bed-admin'),
      controllerManager: kubeconfigOf('controller-manager', '/CN=system:kube-controller-manager'),
      scheduler: kubeconfigOf('scheduler', '/CN=system:kube-scheduler'),
    },
  }
}

/**
 * A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager with the stock HPA controller, kube-scheduler.
 * There are no nodes (see the fake kubelet). It starts in seconds where the programs are built, and ends with this process.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { folder: binaries } = await controlPlaneBinaries()
  const folder = mkdtempSync(join(tmpdir(), 'crescendo-bed-'))
  const files = makeFiles(folder, await freePorts(4))
  const running = new Map<string, ServerProcess>()
  const stopAll = async () => {
    for (const name of ['kube-controller-manager', 'kube-scheduler', 'kube-apiserver', 'etcd'])
      await running.get(name)?.stop('SIGKILL')
  }
  try {
    return await assemble({ options, binaries, files, running, stopAll })
  } catch (error) {
    await stopAll()
    const kept = join(tmpdir(), `crescendo-bed-failed-${process.pid}`)
    cpSync(join(folder, 'logs'), kept, { recursive: true })
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`the control plane did not start (logs kept in ${kept}): ${(error as Error).message}`, { cause: error })
  }
}

interface Parts {
  readonly options: ControlPlaneOptions
  readonly binaries: string
  readonly files: ReturnType<typeof makeFiles>
  readonly running: Map<string, ServerProcess>
  readonly stopAll: () => Promise<void>
}

type Starter = (name: string, args: readonly string[], ready: () => Promise<boolean>) => Promise<void>

function starter({ binaries, files, running }: Parts): Starter {
  return async (name, args, ready) => {
    const logFile = join(files.folder, 'logs', `${name}.log`)
    const started = startServerProcess({ name, command: join(binaries, name), args, logFile, cwd: files.folder })
    running.set(name, started)
    await started.until(ready, 60_000)
  }
}

async function assemble(parts: Parts): Promise<ControlPlane> {
  const { files, running, stopAll } = parts
  const { authority, folder, server } = files
  const start = starter(parts)
  const args = programArguments(files, parts.options)
  const admin = authority.issue({ name: 'admin', subject: '' })
  const tls = { ca: readFileSync(authority.caFile), cert: readFileSync(admin.certFile), key: readFileSync(admin.keyFile) }
  const startApiServer = (flags: readonly string[] = []) =>
    start('kube-apiserver', [...args.apiServer, ...flags], () => answers(`${server}/readyz`, tls))
  const stopApiServer = async (signal: NodeJS.Signals = 'SIGKILL') => running.get('kube-apiserver')?.stop(signal, 10_000)
  const healthy = (port: number) => () => answers(`https://127.0.0.1:${port}/healthz`, tls)

  await start('etcd', args.etcd, async () =>
    fetch(`http://127.0.0.1:${files.ports.etcd}/health`).then(
      answer => answer.ok,
      () => false,
    ),
  )
  await startApiServer()
  await Promise.all([
    start('kube-controller-manager', args.controllerManager, healthy(files.ports.controllerManager)),
    start('kube-scheduler', args.scheduler, healthy(files.ports.scheduler)),
  ])
  const api = createBedApi(server, authority.caFile, admin)
  return {
    server,
    kubeconfig: files.kubeconfigs.admin,
    caFile: authority.caFile,
    authority,
    folder,
    logs: join(folder, 'logs'),
    api,
    kubectl: (kubectlArguments, input) =>
      runKubectl({ command: join(parts.binaries, 'kubectl'), kubeconfig: files.kubeconfigs.admin }, kubectlArguments, input),
    binaries: parts.binaries,
    ...identities(files, api),
    startApiServer,
    stopApiServer,
    restartApiServer: async flags => {
      await stopApiServer()
      await startApiServer(flags)
    },
    stop: async () => {
      api.close()
      await stopAll()
      if (!process.env.CRESCENDO_BED_KEEP) rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface TokenRequest {
  readonly status: { readonly token: string }
}

function identities(
  { authority, folder, server }: Parts['files'],
  api: BedApi,
): Pick<ControlPlane, 'serviceAccountKubeconfig' | 'userKubeconfig'> {
  const write = (name: string, identity: Identity) =>
    writeKubeconfig(
      join(folder, `${name.replaceAll(/[^\w.-]/g, '-')}.kubeconfig`),
      { server, caFile: authority.caFile },
      identity,
    )
  return {
    serviceAccountKubeconfig: async ({ namespace, name, seconds = 3_600 }) => {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: seconds } }
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
      const { status } = await api.call<TokenRequest>(path, { method: 'POST', body })
      return write(`${namespace}-${name}`, { token: status.token })
    },
    userKubeconfig: (user, groups = []) => {
      const name = `user-${user.replaceAll(/[^\w.-]/g, '-')}`
      const subject = [...groups.map(group => `/O=${group}`), `/CN=${user}`].join('')
      return write(name, { certificate: authority.issue({ name, subject }) })
    },
  }
}
