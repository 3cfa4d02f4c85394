import type { Instant } from '../core/model.ts'

/** Somebody who sets the replicas of a target. */
export interface Claim {
  readonly by: 'Crescendo' | 'HorizontalPodAutoscaler' | 'ScaledObject'
  /** "namespace/name" of the claiming object. */
  readonly id: string
  readonly uid: string
  readonly createdAt: Instant
  readonly target: TargetReference
}

export interface TargetReference {
  readonly namespace: string
  readonly apiVersion?: string | undefined
  readonly kind: string
  readonly name: string
}

/** Who claims which target, by target: asking costs what the rivals of one target cost, not what all objects do. */
export interface Claims {
  set(claim: Claim): void
  remove(by: Claim['by'], id: string): void
  /** Why this object of ours may not write; absent where nobody else claims its target, or it is the oldest of ours. */
  conflictOf(id: string): string | undefined
}

export function createClaims(): Claims {
  const byTarget = new Map<string, Map<string, Claim>>()
  const byClaimant = new Map<string, Claim>()
  const remove = (key: string) => {
    const before = byClaimant.get(key)
    if (before === undefined) return
    byClaimant.delete(key)
    const rivals = byTarget.get(targetKey(before.target))
    rivals?.delete(key)
    if (rivals?.size === 0) byTarget.delete(targetKey(before.target))
  }
  return {
    set(claim) {
      const key = claimKey(claim.by, claim.id)
      remove(key)
      byClaimant.set(key, claim)
      const target = targetKey(claim.target)
      byTarget.set(target, (byTarget.get(target) ?? new Map()).set(key, claim))
    },
    remove: (by, id) => remove(claimKey(by, id)),
    conflictOf(id) {
      const own = byClaimant.get(claimKey('Crescendo', id))
      if (own === undefined) return undefined
      const rivals = [...(byTarget.get(targetKey(own.target))?.values() ?? [])]
      const stronger = rivals.find(rival => rival.by !== 'Crescendo') ?? rivals.find(rival => isOlder(rival, own))
      return stronger && describe(own, stronger)
    },
  }
}

const claimKey = (by: Claim['by'], id: string) => `${by}/${id}`

/** By group, not version: apps/v1 and apps/v1beta1 name the same object. */
function targetKey({ namespace, apiVersion, kind, name }: TargetReference): string {
  const group = apiVersion?.includes('/') ? apiVersion.split('/', 1)[0] : ''
  return `${namespace}/${group}/${kind}/${name}`
}

/** Of two of ours the older one acts; of two made in the same second, the one with the smaller uid. */
function isOlder(rival: Claim, own: Claim): boolean {
  if (rival.id === own.id) return false
  return rival.createdAt < own.createdAt || (rival.createdAt === own.createdAt && rival.uid < own.uid)
}

function describe({ target }: Claim, { by, id }: Claim): string {
  const name = by === 'Crescendo' ? `the older Crescendo autoscaler ${id}` : `${by} ${id}`
  const remedy = by === 'Crescendo' ? 'delete one of the two' : `delete it (crescendo import takes it over first)`
  return `${name} scales ${target.kind} ${target.name} too; only recommending until there is one writer: ${remedy}`
}
