import { stringify } from 'yaml'
import { CrescendoError } from '../errors.ts'
import { type ConfigurationKey, configurationSections } from './configuration-keys.ts'
import { CONFIGURATION_DEFAULTS, controllerConfiguration, type SecretReference } from './configuration-schema.ts'
import type { ControllerConfiguration } from './documents.ts'
import { GROUP_VERSION } from './fields.ts'
import { loadResources } from './load.ts'
import { problemsOf } from './problems.ts'
import { suggestion } from './suggestion.ts'

/** The configuration in force: defaults, over them the file, over that the environment. Every key with a default has a value. */
export interface EffectiveConfiguration {
  readonly controller: {
    readonly periodSeconds: number
    readonly workers: number
    /** Empty: every namespace. */
    readonly namespaces: readonly string[]
    readonly dryRun: boolean
    readonly identity?: string
    readonly apiQueriesPerSecond: number
    readonly apiBurst: number
    readonly manualFloorSeconds: number
    readonly leaderElection: {
      readonly enabled: boolean
      readonly leaseName: string
      readonly leaseNamespace: string
      readonly leaseDurationSeconds: number
      readonly renewDeadlineSeconds: number
      readonly retryPeriodSeconds: number
    }
  }
  readonly metrics: {
    readonly timeoutSeconds: number
    readonly maxResponseBytes: number
    readonly staleSeconds: number
    readonly backfillSeconds: number
    readonly fallbackAfterSeconds: number
    /** Absent: nothing can be pushed. */
    readonly pushToken?: SecretReference
  }
  readonly store: {
    readonly type: 'Sqlite' | 'PostgreSql' | 'Memory'
    readonly path: string
    /** There where `type` is PostgreSql. */
    readonly url?: SecretReference
    readonly retentionDays: number
    readonly decisionsRetentionDays: number
  }
  readonly prediction: { readonly mode: 'Off' | 'Additive' | 'Slo'; readonly horizonSeconds: number }
  readonly anomaly: {
    readonly thresholdSigma: string | number
    readonly response: 'Hold' | 'Widen' | 'Ignore' | 'AlertOnly'
  }
  readonly cost: { readonly costPerReplicaHour: string | number; readonly currency: string }
  readonly server: { readonly host: string; readonly port: number; readonly allowedHosts: readonly string[] }
  readonly telemetry: { readonly logLevel: 'Debug' | 'Info' | 'Warn' | 'Error' }
  /** What file and environment say and nothing else: the layer that `resolveSettings` takes as `configuration`. */
  readonly document: ControllerConfiguration
  /** Path of a key ("server.port") to where its value came from: "default", the file, or the environment variable. */
  readonly origins: Readonly<Record<string, string>>
}

type Environment = Readonly<Record<string, string | undefined>>
type Plain = Record<string, unknown>

/**
 * Reads the configuration of `crescendo run`: `file` (which must hold exactly one ControllerConfiguration; none is all
 * defaults), and over it the variables CRESCENDO_SECTION_KEY of `env`. Throws one line for whatever is wrong with either.
 */
export async function loadConfiguration(options: {
  readonly file?: string
  readonly env: Environment
}): Promise<EffectiveConfiguration> {
  const { file, env } = options
  const given = file === undefined ? EMPTY : await onlyConfiguration(file)
  const keys = configurationSections().flatMap(section => section.keys)
  const overrides = overridesOf(env, { keys, named: variablesNamedIn(given) })
  const document = structuredClone(given) as Plain
  for (const { key, value } of overrides) put(document, key.path.split('.'), value)
  const checked = controllerConfiguration.safeParse(document)
  if (!checked.success) throw overrideError(document, { issues: checked.error.issues, overrides, file })
  const origins = originsOf(keys, { given, overrides, file })
  const { controller, metrics, store, prediction, anomaly, cost, server, telemetry } = over(
    CONFIGURATION_DEFAULTS,
    checked.data,
  ) as unknown as EffectiveConfiguration // the schema has checked each part
  return { controller, metrics, store, prediction, anomaly, cost, server, telemetry, document: checked.data, origins }
}

const EMPTY: ControllerConfiguration = { apiVersion: GROUP_VERSION, kind: 'ControllerConfiguration' }

async function onlyConfiguration(file: string): Promise<ControllerConfiguration> {
  const documents = (await loadResources(file)).map(({ document }) => document)
  const [first, second] = documents
  if (first?.kind === 'ControllerConfiguration' && second === undefined) return first
  const found = documents.map(({ kind, metadata }) => [kind, metadata?.name].filter(Boolean).join(' ')).join(', ')
  throw new CrescendoError('CRS_DOCUMENT_INVALID', `${file}: found ${found}, expected one ControllerConfiguration`)
}

interface Override {
  readonly key: ConfigurationKey
  readonly value: unknown
}

function overridesOf(
  env: Environment,
  { keys, named }: { readonly keys: readonly ConfigurationKey[]; readonly named: readonly string[] },
): readonly Override[] {
  const known = new Map(keys.map(key => [key.variable, key]))
  const overrides: Override[] = []
  for (const [name, text] of Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith('CRESCENDO_') || text === undefined || isOfService(name, { text, isKey: known.has(name) })) continue
    const key = known.get(name)
    if (key) overrides.push({ key, value: typedValue(key, text) })
    else if (!named.includes(name)) refuseUnknown(name, [...known.keys()])
  }
  return overrides
}

/** What Kubernetes puts into every pod for a Service named crescendo or crescendo-…; only the port's value tells it from ours. */
function isOfService(name: string, { text, isKey }: { readonly text: string; readonly isKey: boolean }): boolean {
  if (/^(?:tcp|udp|sctp):\/\//.test(text)) return true
  return !isKey && /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/.test(name)
}

/** A variable of one of our sections is meant for us, and so is one that is nearly a key; any other is somebody else's. */
function refuseUnknown(name: string, known: readonly string[]): void {
  const short = (variable: string) => variable.slice('CRESCENDO_'.length)
  const near = suggestion(short(name), known.map(short))
  const isOurs = Object.keys(CONFIGURATION_DEFAULTS).some(section => short(name).startsWith(`${section.toUpperCase()}_`))
  if (near === '' && !isOurs) return
  const hint = near === '' ? '; crescendo run --print-config lists the keys' : near.replace('mean ', 'mean CRESCENDO_')
  throw new CrescendoError(
    'CRS_DOCUMENT_INVALID',
    `environment variable ${name}: no key of the configuration has that name${hint}`,
  )
}

/** Text as the key's type; where it is none, as it is, so that the schema refuses it by name. */
function typedValue(key: ConfigurationKey, text: string): unknown {
  if (key.type === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : text
  if (key.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (key.type !== 'list') return text
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

/** Variables that the file names as secrets: they may begin with CRESCENDO_ without being keys. */
function variablesNamedIn({ metrics, store }: ControllerConfiguration): readonly string[] {
  return [metrics?.pushToken?.env, store?.url?.env].filter(name => name !== undefined)
}

function put(into: Plain, [first = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) into[first] = value
  else {
    const inner = isPlain(into[first]) ? into[first] : {}
    into[first] = inner
    put(inner, rest, value)
  }
}

interface Wrong {
  readonly issues: Parameters<typeof problemsOf>[2]
  readonly overrides: readonly Override[]
  readonly file: string | undefined
}

/** The file was checked before, so what is wrong now came with the environment. */
function overrideError(document: Plain, { issues, overrides, file }: Wrong): CrescendoError {
  const nowhere = () => ({ line: 1, column: 1 })
  const [problem] = problemsOf(file ?? '', { value: document, at: nowhere, atKey: nowhere }, issues)
  const message = problem?.message ?? 'configuration: not valid'
  const path = message.slice(0, message.indexOf(':'))
  const override = overrides.find(({ key }) => key.path === path) ?? overrides.find(({ key }) => key.path.startsWith(`${path}.`))
  const where = override ? `environment variable ${override.key.variable}` : `${file ?? 'environment'}: ${path}`
  return new CrescendoError('CRS_DOCUMENT_INVALID', `${where}${message.slice(path.length)}`)
}

function originsOf(
  keys: readonly ConfigurationKey[],
  {
    given,
    overrides,
    file,
  }: { readonly given: object; readonly overrides: readonly Override[]; readonly file: string | undefined },
): Record<string, string> {
  const origins: Record<string, string> = {}
  for (const { path, variable } of keys) {
    const isOverridden = overrides.some(({ key }) => key.path === path)
    const isInFile = at(given, path) !== undefined
    origins[path] = isOverridden ? variable : isInFile ? (file ?? 'file') : 'default'
  }
  return origins
}

function at(value: object, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (isPlain(inner) ? inner[key] : undefined), value)
}

function over(below: unknown, above: unknown): unknown {
  if (above === undefined) return below
  if (!isPlain(below) || !isPlain(above)) return above
  const keys = [...new Set([...Object.keys(below), ...Object.keys(above)])]
  return Object.fromEntries(keys.map(key => [key, over(below[key], above[key])]))
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One line of `redacted`: a key with its value as text and where that came from. */
export interface ConfiguredValue {
  readonly path: string
  readonly value: unknown
  readonly origin: string
  readonly variable: string
  readonly description: string
}

/** Every key with a value, for `crescendo run --print-config`. Secrets appear as what names them; they are never read here. */
export function redacted(configuration: EffectiveConfiguration): readonly ConfiguredValue[] {
  return configurationSections().flatMap(({ keys }) =>
    keys.flatMap(({ path, variable, description }) => {
      const value = at(configuration, path)
      return value === undefined ? [] : [{ path, value, origin: configuration.origins[path] ?? 'default', variable, description }]
    }),
  )
}

/** What `crescendo run --print-config` prints: a configuration file with, behind each key, where its value came from. */
export function configurationText(configuration: EffectiveConfiguration): string {
  const lines = [`apiVersion: ${GROUP_VERSION}`, 'kind: ControllerConfiguration']
  let open: readonly string[] = []
  for (const { path, value, origin } of redacted(configuration)) {
    const names = path.split('.')
    const parents = names.slice(0, -1)
    const shared = parents.findIndex((name, index) => open[index] !== name)
    const from = shared === -1 ? parents.length : shared
    for (let depth = from; depth < parents.length; depth++) lines.push(`${'  '.repeat(depth)}${parents[depth]}:`)
    open = parents
    const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()
    lines.push(`${'  '.repeat(parents.length)}${names.at(-1)}: ${text} # ${origin}`)
  }
  return `${lines.join('\n')}\n`
}
