import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { parseDocument } from 'yaml'
import { CrescendoError, fileError, isFileError } from '../errors.ts'

export interface KubeConfigChoice {
  /** --kubeconfig. */
  readonly kubeconfig?: string
  /** --context; absent = the file's own current-context. */
  readonly context?: string
  /** True: only the pod's own service account. False: never that. Absent: where one is mounted. */
  readonly inCluster?: boolean
  readonly env?: NodeJS.ProcessEnv
  /** Where the service account is mounted. */
  readonly serviceAccountFolder?: string
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The way to the API server, in this order: --kubeconfig, $KUBECONFIG, the pod's service account, ~/.kube/config. Throws
 * CRS_KUBECONFIG in one line that names the file and the remedy. Reads the files anew at each call.
 */
export async function loadKubeConfig(choice: KubeConfigChoice): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  const origin = fill(config, choice)
  if (choice.context !== undefined) config.setCurrentContext(choice.context)
  check(config, origin)
  return config
}

function fill(config: KubeConfig, choice: KubeConfigChoice): string {
  const env = choice.env ?? process.env
  if (choice.inCluster === true) return fillFromPod(config, choice, env)
  if (choice.kubeconfig !== undefined) return fillFromFiles(config, [choice.kubeconfig])
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter(file => file !== '')
  if (listed.length > 0) return fillFromFiles(config, present(listed))
  const token = join(choice.serviceAccountFolder ?? SERVICE_ACCOUNT_FOLDER, 'token')
  if (choice.inCluster !== false && env.KUBERNETES_SERVICE_HOST && existsSync(token)) return fillFromPod(config, choice, env)
  const own = join(env.HOME ?? homedir(), '.kube', 'config')
  if (existsSync(own)) return fillFromFiles(config, [own])
  throw refused(
    `no kubeconfig: ${own} is not there, KUBECONFIG is not set, and this is not a pod with a service account; pass --kubeconfig FILE`,
  )
}

/** As kubectl: files of a list that are missing count as empty, unless all are. */
function present(files: readonly string[]): readonly string[] {
  const found = files.filter(file => existsSync(file))
  return found.length > 0 ? found : files
}

/** The first file that names an entry wins, and so does the first current-context. */
function fillFromFiles(config: KubeConfig, files: readonly string[]): string {
  for (const file of files) merge(config, partOf(config, file))
  return files.join(delimiter)
}

function merge(config: KubeConfig, part: KubeConfig): void {
  for (const cluster of part.getClusters()) if (!config.getCluster(cluster.name)) config.addCluster(cluster)
  for (const user of part.getUsers()) if (!config.getUser(user.name)) config.addUser(user)
  for (const context of part.getContexts()) if (!config.getContextObject(context.name)) config.addContext(context)
  if (!config.getCurrentContext() && part.getCurrentContext()) config.setCurrentContext(part.getCurrentContext())
}

function partOf(config: KubeConfig, file: string): KubeConfig {
  const text = textOf(file)
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem !== undefined) {
    const line = problem.linePos?.[0].line ?? 1
    throw refused(`${file}:${line}: this is not YAML (${problem.code}); a kubeconfig is expected`)
  }
  const part = new (config.constructor as new () => KubeConfig)()
  try {
    part.loadFromString(text)
  } catch (cause) {
    const what =
      cause instanceof Error && /^\w+\[\d+\][\w.]* is missing$/.test(cause.message) ? cause.message : 'it is no kubeconfig'
    throw refused(`${file}: ${what}; compare it with the output of \`kubectl config view\``, cause)
  }
  part.makePathsAbsolute(dirname(file))
  followTokenFiles(part, { users: document.toJS()?.users, folder: dirname(file) })
  return part
}

/** The official client does not know `tokenFile` of a user; its own file provider, which reloads, does the same. */
function followTokenFiles(part: KubeConfig, { users, folder }: { readonly users: unknown; readonly folder: string }): void {
  if (!Array.isArray(users)) return
  for (const entry of users) {
    const tokenFile: unknown = entry?.user?.tokenFile
    const user = part.getUser(String(entry?.name))
    if (typeof tokenFile !== 'string' || user === null) continue
    const path = isAbsolute(tokenFile) ? tokenFile : join(folder, tokenFile)
    Object.assign(user, { authProvider: { name: 'tokenFile', config: { tokenFile: path } } })
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (!isFileError(error)) throw error
    throw refused(`${fileError(error, file).message}; pass --kubeconfig FILE or set KUBECONFIG`, error)
  }
}

function fillFromPod(config: KubeConfig, choice: KubeConfigChoice, env: NodeJS.ProcessEnv): string {
  const folder = choice.serviceAccountFolder ?? SERVICE_ACCOUNT_FOLDER
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (!host) {
    throw refused('KUBERNETES_SERVICE_HOST is not set, so this is not a pod of a cluster; pass --kubeconfig FILE instead')
  }
  for (const file of ['token', 'ca.crt']) {
    if (existsSync(join(folder, file))) continue
    throw refused(
      `${join(folder, file)} is not there; let the pod mount its service account (automountServiceAccountToken: true)`,
    )
  }
  config.loadFromOptions({
    clusters: [
      {
        name: 'in-cluster',
        server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
        caFile: join(folder, 'ca.crt'),
        skipTLSVerify: false,
      },
    ],
    users: [{ name: 'service-account', authProvider: { name: 'tokenFile', config: { tokenFile: join(folder, 'token') } } }],
    contexts: [{ name: 'in-cluster', cluster: 'in-cluster', user: 'service-account' }],
    currentContext: 'in-cluster',
  })
  return 'the service account of this pod'
}

function check(config: KubeConfig, origin: string): void {
  const wanted = config.getCurrentContext()
  const known = config.getContexts().map(({ name }) => name)
  const choices = known.length === 0 ? 'it has no contexts' : `its contexts: ${known.slice(0, 10).join(', ')}`
  if (!wanted) throw refused(`${origin}: no current-context is set; pass --context NAME (${choices})`)
  const context = config.getContextObject(wanted)
  if (!context) throw refused(`${origin}: the context "${wanted}" is not there; pass --context NAME (${choices})`)
  const cluster = config.getCluster(context.cluster)
  if (!cluster) throw refused(`${origin}: the context "${wanted}" names the cluster "${context.cluster}", which is not there`)
  if (!context.user) {
    config.addUser({ name: '(nobody)' })
    Object.assign(context, { user: '(nobody)' })
  }
  if (!config.getUser(context.user)) {
    throw refused(`${origin}: the context "${wanted}" names the user "${context.user}", which is not there`)
  }
  checkServer(cluster, origin)
}

function checkServer(cluster: NonNullable<ReturnType<KubeConfig['getCluster']>>, origin: string): void {
  const server = URL.canParse(cluster.server) ? new URL(cluster.server) : undefined
  const isLoopback = server !== undefined && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(server.hostname)
  if (server?.protocol !== 'https:' && !(server?.protocol === 'http:' && isLoopback)) {
    throw refused(`${origin}: the server of cluster "${cluster.name}" must be an https:// address (http:// only on this machine)`)
  }
  if (cluster.skipTLSVerify && server.protocol === 'https:') {
    throw refused(
      `${origin}: cluster "${cluster.name}" sets insecure-skip-tls-verify, and certificates are always verified here; give its certificate-authority instead`,
    )
  }
  if (cluster.proxyUrl && !/^https?:\/\//.test(cluster.proxyUrl)) {
    throw refused(`${origin}: the proxy-url of cluster "${cluster.name}" must begin with http:// or https://`)
  }
}

function refused(message: string, cause?: unknown): CrescendoError {
  return new CrescendoError('CRS_KUBECONFIG', message, { cause })
}
