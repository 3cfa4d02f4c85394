import { namespaceObject } from '../bed/cluster-objects.ts'
import { type FaultProxy, startFaultProxy } from '../bed/fault-proxy.ts'
import { autoscaler, type Played, type Running, type Stage } from './stage.ts'

/** Follows the load within seconds, so that a test sees a step when it happens. */
export const QUICK = {
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 100, periodSeconds: 3 }] },
  scaleDown: { stabilizationWindowSeconds: 5, policies: [{ type: 'Percent', value: 100, periodSeconds: 3 }] },
}

const SHORT_LEASE = { leaseDurationSeconds: 6, renewDeadlineSeconds: 4, retryPeriodSeconds: 1 }

/** A namespace of one test's own, so that tests can run beside each other on one bed; controllers in it see nothing else. */
export interface Scene {
  readonly namespace: string
  /** A Deployment under load with our autoscaler on it. */
  scaled(name: string, options: { readonly replicas: number; readonly load: number; readonly spec?: object }): Promise<Played>
  /** A controller of this namespace alone, behind a proxy of its own unless another way to the API server is given. */
  controller(options?: {
    readonly configuration?: object
    readonly kubeconfig?: string
    readonly env?: Readonly<Record<string, string>>
    /** Shorter than upstream's times, where a test waits for one to run out again and again. */
    readonly isShortLease?: boolean
  }): Promise<Directed>
  status(name: string): Promise<Status>
}

export interface Directed extends Running {
  readonly proxy: FaultProxy
}

export interface Status {
  readonly lastDecision?: { readonly direction: string }
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly reason: string
    readonly message: string
  }[]
}

export async function openScene(stage: Stage, namespace: string): Promise<Scene> {
  await stage.apply(namespaceObject(namespace))
  return {
    namespace,
    async scaled(name, { replicas, load, spec = {} }) {
      const played = await stage.workload(name, replicas, { namespace })
      played.load(load)
      await stage.apply(autoscaler(name, { behavior: QUICK, ...spec }, namespace))
      return played
    },
    async controller({ configuration = {}, kubeconfig, env, isShortLease = false } = {}) {
      const proxy = await startFaultProxy(stage.plane, `${namespace}-${Math.random().toString(36).slice(2, 8)}`)
      const controller = { namespaces: [namespace], leaderElection: { leaseName: namespace, ...(isShortLease && SHORT_LEASE) } }
      const running = await stage.crescendo({
        configuration: { controller, ...configuration },
        kubeconfig: kubeconfig ?? proxy.kubeconfig,
        ...(env && { env }),
      })
      return Object.assign(running, { proxy })
    },
    async status(name) {
      const path = `/apis/autoscaling.spotify.ai/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}`
      const { status } = await stage.plane.api.call<{ readonly metadata: { readonly name: string }; readonly status?: Status }>(
        path,
      )
      return status ?? {}
    },
  }
}

/** The condition of that type, "" where there is none. */
export const conditionOf = ({ conditions = [] }: Status, type: string) =>
  conditions.find(one => one.type === type) ?? { type, status: '', reason: '', message: '' }
