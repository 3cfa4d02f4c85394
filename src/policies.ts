/** Module `policies` of the package: the policies that ship with Crescendo and one's own, checked, and what follows from them. */
import { CrescendoError } from './errors.ts'
import type { ControllerConfiguration, HorizontalPodAutoscaler, ScalingPolicy } from './resources/documents.ts'
import { checkResources, formatProblem, loadResources } from './resources/load.ts'
import { kebab, type Learnt, resolveSettings } from './resources/policy.ts'
import { defaultPolicies } from './resources/policy-file.ts'
import type { Settings } from './resources/settings.ts'
import { suggestion } from './resources/suggestion.ts'
import type { PolicyFact } from './show/facts.ts'

/** Policies that may be referred to, each with the place it came from. Later ones replace earlier ones of the same name. */
export interface PolicyLibrary {
  readonly policies: readonly { readonly document: ScalingPolicy; readonly origin: string }[]
  /** The weakest layer above what is built in; absent where no file held one. */
  readonly configuration?: ControllerConfiguration
}

const DEFAULTS = 'default policies'

/**
 * The policies that ship with Crescendo (tiers, behaviours, profiles of service types) and, where `path` names a YAML or JSON file, those
 * of that file on top. Throws CrescendoError with file, line and what was expected where a document is wrong.
 */
export async function loadPolicies(path?: string): Promise<PolicyLibrary> {
  const shipped = (await defaultPolicies()).map(document => ({ document, origin: DEFAULTS }))
  if (path === undefined) return { policies: shipped }
  const documents = (await loadResources(path)).map(({ document }) => document)
  const own = documents.filter(document => document.kind === 'ScalingPolicy')
  const configuration = documents.find(document => document.kind === 'ControllerConfiguration')
  if (own.length === 0 && configuration === undefined) {
    const found = [...new Set(documents.map(({ kind }) => kind))].join(', ')
    throw new CrescendoError('CRS_DOCUMENT_INVALID', `${path}: found ${found}, expected a ScalingPolicy`)
  }
  const names = new Set(own.map(({ metadata }) => metadata.name))
  const kept = shipped.filter(({ document }) => !names.has(document.metadata.name))
  const policies = [...kept, ...own.map(document => ({ document, origin: path }))]
  return { policies, ...(configuration !== undefined && { configuration }) }
}

/** Everything that is wrong with a file of policies or objects, one line each ("file:line:column: message"); empty where nothing is. */
export async function validatePolicies(path: string): Promise<readonly string[]> {
  return (await checkResources(path)).problems.map(formatProblem)
}

/**
 * The settings in force, every value with its origin: for an object with all that it refers to, or for a policy alone by its name
 * ("tier-enterprise" or "Enterprise"), or what holds where nobody says anything.
 */
export function resolvePolicy(
  library: PolicyLibrary,
  asked: { readonly object?: HorizontalPodAutoscaler; readonly policy?: string; readonly learnt?: Learnt } = {},
): Settings {
  const { configuration } = library
  const policies = library.policies.map(({ document }) => document)
  const common = {
    policies,
    ...(configuration !== undefined && { configuration }),
    ...(asked.learnt && { learnt: asked.learnt }),
  }
  if (asked.object !== undefined) return resolveSettings({ ...common, object: asked.object })
  if (asked.policy === undefined) return resolveSettings(common)
  return resolveSettings({ ...common, policy: findPolicy(library, asked.policy) })
}

/** The policy of that name, with or without its prefix; throws with the names that there are. */
export function findPolicy({ policies }: PolicyLibrary, name: string): ScalingPolicy {
  const wanted = kebab(name)
  const shortOf = (full: string) => full.replace(/^(?:tier|profile|behavior)-/, '')
  const documents = policies.map(({ document }) => document)
  const found =
    documents.find(({ metadata }) => metadata.name === name || metadata.name === wanted) ??
    documents.find(({ metadata }) => shortOf(metadata.name) === wanted)
  if (found !== undefined) return found
  const names = documents.map(({ metadata }) => metadata.name)
  const near = suggestion(wanted, [...names, ...names.map(shortOf)])
  throw new CrescendoError('CRS_USAGE', `found no policy ${name}, expected one of ${names.join(', ')}${near}`)
}

/** Those that a file brought, and not the ones that ship with Crescendo. */
export function ownPolicies({ policies }: PolicyLibrary): readonly ScalingPolicy[] {
  return policies.filter(({ origin }) => origin !== DEFAULTS).map(({ document }) => document)
}

/** Every policy with the settings that it results in, as the HTTP API tells them. */
export function policyFacts(library: PolicyLibrary): readonly PolicyFact[] {
  return library.policies.map(({ document, origin }) => {
    const {
      tier,
      profile,
      behaviorPreset,
      origins,
      warnings: _,
      ...effective
    } = resolvePolicy(library, {
      policy: document.metadata.name,
    })
    return {
      name: document.metadata.name,
      origin,
      extends: document.spec.extends ?? [],
      ...(tier !== undefined && { tier }),
      ...(profile !== undefined && { profile }),
      ...(behaviorPreset !== undefined && { behaviorPreset }),
      effective: { ...effective },
      origins,
    }
  })
}
