import type { Claim, Claims } from './claims.ts'
import type { Autoscaler, Foreign } from './objects.ts'
import type { PodIndex } from './pod-index.ts'
import { referenceOf } from './targets.ts'
import type { Watches } from './watches.ts'

export interface Followers {
  readonly pods: PodIndex
  readonly claims: Claims
  readonly onAutoscaler: (id: string) => void
  readonly onGone: (object: Autoscaler) => void
  readonly onPolicies: () => void
}

/** Keeps the indexes in step with what is watched, and tells who has to act on a change. */
export function follow(watches: Watches, { pods, claims, onAutoscaler, onGone, onPolicies }: Followers): void {
  watches.pods.onChange(({ kind, object }) => {
    if (kind === 'deleted') pods.remove(object.namespace, object.name)
    else pods.set(object)
  })
  followForeign(watches.hpas, claims, 'HorizontalPodAutoscaler')
  followForeign(watches.scaledObjects, claims, 'ScaledObject')
  watches.autoscalers.onChange(({ kind, object, before }) => {
    if (kind === 'deleted') {
      claims.remove('Crescendo', object.id)
      return onGone(object)
    }
    // The same name with another uid is another object: it was deleted and made anew between two events.
    if (before !== undefined && before.uid !== object.uid) onGone(before)
    claim(claims, object)
    if (before?.generation !== object.generation || before.uid !== object.uid) onAutoscaler(object.id)
  })
  watches.policies.onChange(onPolicies)
}

function claim(claims: Claims, object: Autoscaler): void {
  const { id, uid, createdAt, namespace } = object
  if ('problem' in object.checked) claims.remove('Crescendo', id)
  else claims.set({ by: 'Crescendo', id, uid, createdAt, target: { namespace, ...referenceOf(object) } })
}

function followForeign(watched: Watches['hpas'], claims: Claims, by: Exclude<Claim['by'], 'Crescendo'>): void {
  watched.onChange(({ kind, object }) => {
    const id = idOf(object)
    if (kind === 'deleted') claims.remove(by, id)
    else
      claims.set({
        by,
        id,
        uid: object.uid,
        createdAt: object.createdAt,
        target: { namespace: object.namespace, ...object.target },
      })
  })
}

const idOf = ({ namespace, name }: Foreign) => `${namespace}/${name}`
