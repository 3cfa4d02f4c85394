import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CrescendoError } from '../errors.ts'
import type { ControllerConfiguration, HorizontalPodAutoscaler, ScalingPolicy } from './documents.ts'
import { loadResources, type Resource } from './load.ts'
import { kebab, resolveSettings } from './policy.ts'
import type { Settings } from './settings.ts'
import { suggestion } from './suggestion.ts'

const DEFAULT_POLICIES = fileURLToPath(new URL('../../config/default-policies.yaml', import.meta.url))
const DEFAULT_CONFIGURATION = fileURLToPath(new URL('../../config/global-config.yaml', import.meta.url))

/** What `--policy` names: the settings in force, and the object they belong to where the file holds one. */
export interface LoadedPolicy {
  readonly settings: Settings
  readonly object?: HorizontalPodAutoscaler
}

/**
 * `--policy FILE|NAME`. A file holds one HorizontalPodAutoscaler, or one ScalingPolicy (or several of either, and `FILE#name`
 * says which); policies in the file may be referred to. A name is one of the default policies, with or without its
 * prefix: `tier-enterprise`, `Enterprise`, `ApiGateway`, `Aggressive`. Without either: what the configuration says.
 */
export async function loadPolicy(fileOrName?: string): Promise<LoadedPolicy> {
  const policies = await defaultPolicies()
  const configuration = await defaultConfiguration()
  if (fileOrName === undefined) return { settings: resolveSettings({ policies, configuration }) }
  const [path, wanted] = splitName(fileOrName)
  if (!existsSync(path) && !looksLikePath(path)) {
    return { settings: resolveSettings({ policies, configuration, policy: namedPolicy(fileOrName, policies) }) }
  }
  const documents = (await loadResources(path)).map(({ document }) => document)
  const own = documents.filter(document => document.kind === 'ScalingPolicy')
  const given = documents.find(document => document.kind === 'ControllerConfiguration') ?? configuration
  const base = { policies: [...policies, ...own], configuration: given }
  const objects = documents.filter(document => document.kind === 'HorizontalPodAutoscaler')
  const chosen = choose(path, objects.length > 0 ? [...objects, ...(wanted === undefined ? [] : own)] : own, wanted)
  if (chosen.kind === 'ScalingPolicy') return { settings: resolveSettings({ ...base, policy: chosen }) }
  return { settings: resolveSettings({ ...base, object: chosen }), object: chosen }
}

/** The policies that ship with Crescendo: tiers, behaviours, profiles. */
export async function defaultPolicies(): Promise<readonly ScalingPolicy[]> {
  const resources = await loadResources(DEFAULT_POLICIES)
  return resources.map(({ document }) => document).filter(document => document.kind === 'ScalingPolicy')
}

async function defaultConfiguration(): Promise<ControllerConfiguration> {
  const resources: readonly Resource[] = await loadResources(DEFAULT_CONFIGURATION)
  const found = resources.map(({ document }) => document).find(document => document.kind === 'ControllerConfiguration')
  if (found === undefined) throw invalid(`${DEFAULT_CONFIGURATION}: expected a ControllerConfiguration`)
  return found
}

/** "may.yaml#checkout" is the document named checkout of may.yaml; a path that holds a # itself still works. */
function splitName(given: string): readonly [path: string, name?: string] {
  const mark = given.lastIndexOf('#')
  return mark <= 0 || existsSync(given) ? [given] : [given.slice(0, mark), given.slice(mark + 1)]
}

function looksLikePath(given: string): boolean {
  return given === '-' || /[\\/]|\.(?:ya?ml|json)$/i.test(given)
}

function namedPolicy(name: string, policies: readonly ScalingPolicy[]): ScalingPolicy {
  const names = policies.map(({ metadata }) => metadata.name)
  const wanted = kebab(name)
  const found = policies.find(({ metadata }) => metadata.name === wanted || metadata.name.replace(/^[a-z]+-/, '') === wanted)
  if (found) return found
  const near = suggestion(wanted, [...names, ...names.map(known => known.replace(/^[a-z]+-/, ''))])
  throw new CrescendoError(
    'CRS_USAGE',
    `found no policy and no file ${name}, expected a file or one of ${names.join(', ')}${near}`,
  )
}

function choose<T extends ScalingPolicy | HorizontalPodAutoscaler>(path: string, candidates: readonly T[], wanted?: string): T {
  const names = candidates.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')
  const matching = wanted === undefined ? candidates : candidates.filter(({ metadata }) => metadata.name === wanted)
  const [first, second] = matching
  if (first === undefined) {
    throw invalid(`${path}: found ${names || 'neither'}, expected ${wanted ?? 'a HorizontalPodAutoscaler or a ScalingPolicy'}`)
  }
  if (second === undefined) return first
  throw invalid(`${path}: found ${names}, expected one; say which with ${path}#${first.metadata.name}`)
}

function invalid(message: string): CrescendoError {
  return new CrescendoError('CRS_DOCUMENT_INVALID', message)
}
