import type { LearntScalars } from '../core/policy/learnt-scalars.ts'
import { CrescendoError } from '../errors.ts'
import { withinBounds } from './bounds.ts'
import type { ControllerConfiguration, HorizontalPodAutoscaler, ScalingPolicy } from './documents.ts'
import { fleetSettingsFrom } from './fleet-settings.ts'
import { type Layer, type Layered, mergeLayers, withoutPaths } from './layers.ts'
import { BUILT_IN, type Settings, settingsFrom } from './settings.ts'
import { suggestion } from './suggestion.ts'

export interface PolicyInput {
  /** Every policy that may be referred to: the default library, and those of the user. Later ones replace earlier ones. */
  readonly policies: readonly ScalingPolicy[]
  readonly configuration?: ControllerConfiguration
  /** Resolve this object, its `policyRef` included … */
  readonly object?: HorizontalPodAutoscaler
  /** … or a policy alone. */
  readonly policy?: ScalingPolicy
  /** The revision that was learnt of it and is in force. */
  readonly learnt?: Learnt
}

/** What a revision holds, and its number. */
export interface Learnt {
  readonly revision: number
  readonly scalars: Partial<LearntScalars>
}

/**
 * The settings in force. From weak to strong: built-in, global configuration, tier, profile, behaviour preset, `extends` in
 * order, policy, learnt revision, explicit fields of the object; then the bounds of the policies cut. Each value carries its origin.
 * A learnt value gives way to whatever a person wrote, also in a weaker layer.
 */
export function resolveSettings(input: PolicyInput): Settings {
  const library = new Map(input.policies.map(policy => [policy.metadata.name, policy]))
  const warnings: string[] = []
  const policy = input.policy ?? referredPolicy(input.object, library, warnings)
  const chain = policy ? linearise(policy, library, []) : []
  const explicit = input.object ? unlocked(input.object, chain, warnings) : undefined
  const own = [...chain.map(layerOf), ...(explicit ? [explicit] : [])]
  const selected = selectedLayers(own, library)
  const layers = [
    { origin: 'built-in', values: BUILT_IN },
    ...learntLayer(input.learnt),
    ...configured(input.configuration),
    ...selected,
    ...own,
  ]
  const { merged, origins } = mergeLayers(layers)
  refuseTwoCurrencies(layers, origins)
  refuseForeign(merged, { origins, configuration: input.configuration })
  const cut = withinBounds(merged, chain, origins)
  return settingsFrom(input.object?.metadata.name ?? policy?.metadata.name ?? 'built-in', cut.values, {
    origins,
    warnings: [...warnings, ...cut.warnings],
    ...missingPolicy(input, policy),
    currency: input.configuration?.cost?.currency,
  })
}

function referredPolicy(
  object: HorizontalPodAutoscaler | undefined,
  library: Library,
  warnings: string[],
): ScalingPolicy | undefined {
  const name = object?.spec.policyRef?.name
  if (name === undefined) return undefined
  const policy = library.get(name)
  if (policy === undefined)
    warnings.push(`policyRef ${name} is not known${suggestion(name, [...library.keys()])}; it is left out`)
  return policy
}

function missingPolicy({ object }: PolicyInput, found: ScalingPolicy | undefined) {
  const name = object?.spec.policyRef?.name
  return name === undefined || found !== undefined ? {} : { missingPolicy: name }
}

/** The amounts of a budget may come from several layers; nobody converts between them. */
function refuseTwoCurrencies(layers: readonly Layer[], origins: Readonly<Record<string, string>>): void {
  const amounts = Object.entries(origins).filter(([path]) => /^budget\.per[A-Z]/.test(path))
  const told = amounts.map(([path, origin]) => {
    const { values } = layers.findLast(layer => layer.origin === origin) ?? {}
    return { path, origin, currency: values?.budget?.currency }
  })
  const [first, ...others] = told.filter(({ currency }) => currency !== undefined)
  const other = others.find(({ currency }) => currency !== first?.currency)
  if (first === undefined || other === undefined) return
  const tell = ({ path, origin, currency }: typeof other) => `${path} is in ${currency} (${origin})`
  throw invalid(`${tell(first)} and ${tell(other)}, expected one currency`)
}

/** A budget beside those that objects share is in their currency: in another one it could not be compared with theirs. */
function refuseForeign(
  { budget }: Layered,
  given: Pick<Settings, 'origins'> & { readonly configuration: ControllerConfiguration | undefined },
): void {
  const shared = fleetSettingsFrom(given.configuration?.cost)
  if (shared === undefined || budget?.currency === undefined || budget.currency === shared.currency) return
  const where = `budget.currency is ${budget.currency} (${given.origins['budget.currency']})`
  throw invalid(`${where} and cost.budgets of the configuration are in ${shared.currency}, expected one currency`)
}

type Library = ReadonlyMap<string, ScalingPolicy>

/** What the policy extends, before the policy itself: each extended policy brings its own first. */
function linearise(policy: ScalingPolicy, library: Library, above: readonly string[]): readonly ScalingPolicy[] {
  const { name } = policy.metadata
  if (above.includes(name))
    throw invalid(`policy ${name}: extends itself by way of ${[...above, name].join(' -> ')}, expected no circle`)
  const extended = (policy.spec.extends ?? []).flatMap(wanted => {
    const found = library.get(wanted)
    if (found === undefined) {
      throw invalid(`policy ${name}: extends ${wanted}, which is not there${suggestion(wanted, [...library.keys()])}`)
    }
    return linearise(found, library, [...above, name])
  })
  return [...extended, policy]
}

function layerOf({ metadata, spec }: ScalingPolicy): Layer {
  return { origin: `policy ${metadata.name}`, values: spec.defaults ?? {} }
}

/** The object's own fields as a layer, less those that a policy locks. */
function unlocked({ metadata, spec }: HorizontalPodAutoscaler, chain: readonly ScalingPolicy[], warnings: string[]): Layer {
  const { policyRef: _, scaleTargetRef: __, metrics: ___, ...fields } = spec
  const locked = chain.flatMap(policy => policy.spec.bounds?.locked ?? [])
  const { values, dropped } = withoutPaths(fields, locked)
  warnings.push(...dropped.map(path => `${path} of ${metadata.name} is locked by its policy; the policy's value holds`))
  return { origin: `object ${metadata.name}`, values }
}

/**
 * It may stand below all that people wrote: where nobody wrote a scalar it holds, and where somebody did that one does, which is what its
 * place between policy and object and "never replaces what a person wrote" come to.
 */
function learntLayer(learnt: Learnt | undefined): readonly Layer[] {
  return learnt === undefined
    ? []
    : [{ origin: `learnt revision ${learnt.revision}`, values: { learning: { scalars: learnt.scalars } } }]
}

function configured(configuration: ControllerConfiguration | undefined): readonly Layer[] {
  if (configuration === undefined) return []
  const { controller, prediction, anomaly, cost } = configuration
  const { periodSeconds } = controller ?? {}
  const { costPerReplicaHour } = cost ?? {}
  const values: Layered = {
    ...(periodSeconds !== undefined && { periodSeconds }),
    ...(prediction && { prediction }),
    ...(anomaly && { anomaly }),
    ...(costPerReplicaHour !== undefined && { simulation: { costPerReplicaHour } }),
  }
  return [{ origin: 'global configuration', values }]
}

/** The tier's, profile's and preset's policies. A tier may choose a profile's preset, and any stronger layer all three. */
function selectedLayers(own: readonly Layer[], library: Library): readonly Layer[] {
  const chosen: Layer[] = []
  for (const [field, prefix] of SELECTORS) {
    const name = [...chosen, ...own].map(({ values }) => values[field]).findLast(value => value !== undefined)
    if (name === undefined) continue
    const policyName = `${prefix}-${kebab(name)}`
    const policy = library.get(policyName)
    if (policy === undefined)
      throw invalid(`${field} ${name}: the policy ${policyName} is not there; it belongs to the default policies`)
    chosen.push({ origin: `${prefix} ${name}`, values: policy.spec.defaults ?? {} })
  }
  return chosen
}

const SELECTORS = [
  ['tier', 'tier'],
  ['profile', 'profile'],
  ['behaviorPreset', 'behavior'],
] as const

/** "MlInference" is "ml-inference". */
export function kebab(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()
}

function invalid(message: string): CrescendoError {
  return new CrescendoError('CRS_DOCUMENT_INVALID', message)
}
