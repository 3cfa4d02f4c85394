import { CrescendoError } from '../errors.ts'
import type { Problem } from './document-text.ts'
import type { ScalingPolicy } from './documents.ts'
import type { Resource } from './load.ts'
import { resolveSettings } from './policy.ts'
import type { Settings } from './settings.ts'

/**
 * What only shows once layers lie over each other: a circle of `extends`, a budget in two currencies, a policy whose least is above its
 * most. `resources` may be those of several files, which refer to each other; `library` are the policies that come with the product.
 * What refers to a policy that neither has is warned of: it may be in the cluster.
 */
export function compositionProblems(
  resources: readonly Resource[],
  library: readonly ScalingPolicy[],
): readonly (Problem & { readonly resource: Resource })[] {
  const own = resources.flatMap(({ document }) => (document.kind === 'ScalingPolicy' ? [document] : []))
  const configuration = resources.map(({ document }) => document).find(document => document.kind === 'ControllerConfiguration')
  const names = new Set([...library, ...own].map(({ metadata }) => metadata.name))
  const policies = [...library, ...own]
  return resources.flatMap(resource => {
    const { document } = resource
    if (document.kind !== 'ScalingPolicy' && document.kind !== 'HorizontalPodAutoscaler') return []
    const base = { policies, ...(configuration && { configuration }) }
    const composed = tryTo(() =>
      resolveSettings(document.kind === 'ScalingPolicy' ? { ...base, policy: document } : { ...base, object: document }),
    )
    const found = 'problem' in composed ? [refusal(composed.problem, own, names)] : contradictions(resource, composed.settings)
    return found.map(one => ({ resource, file: resource.file, line: resource.line, column: 1, ...one }))
  })
}

type Found = Pick<Problem, 'severity' | 'message'>

function tryTo(resolve: () => Settings): { readonly settings: Settings } | { readonly problem: string } {
  try {
    return { settings: resolve() }
  } catch (error) {
    if (error instanceof CrescendoError) return { problem: error.message }
    throw error
  }
}

/** What is extended and is nowhere to be seen is no mistake yet. */
function refusal(problem: string, own: readonly ScalingPolicy[], names: ReadonlySet<string>): Found {
  const isMissing = own.some(({ spec }) => (spec.extends ?? []).some(name => !names.has(name) && problem.includes(` ${name}, `)))
  return isMissing
    ? { severity: 'warning', message: `${problem} among these files and the default policies` }
    : { severity: 'error', message: problem }
}

/** An object whose maxReplicas is below its tier's floor is told and cut; a policy that contradicts itself serves nobody. */
function contradictions({ document }: Resource, { name, origins, warnings, missingPolicy }: Settings): readonly Found[] {
  if (missingPolicy !== undefined) {
    const message = `${name}: policyRef ${missingPolicy} is not among these files and the default policies: it may be in the cluster`
    return [{ severity: 'warning', message }]
  }
  if (!origins.minReplicas?.startsWith('maxReplicas of ')) return []
  const message = warnings.find(warning => warning.startsWith('minReplicas ')) ?? 'minReplicas is above maxReplicas'
  if (document.kind === 'HorizontalPodAutoscaler') return [{ severity: 'warning', message: `${name}: ${message}` }]
  return [{ severity: 'error', message: `${name}: ${message.replace(/; \d+ holds$/, ', expected at most that')}` }]
}
