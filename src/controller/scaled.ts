import type { Observation } from '../core/model.ts'
import type { WatchedPod } from './objects.ts'

/** The scaled object as one tick sees it. */
export interface Target {
  readonly namespace: string
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly replicas: Observation['replicas']
  readonly selector: string
  readonly pods: readonly WatchedPod[]
}
