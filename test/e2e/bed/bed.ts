import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts'
import { type Exporter, startExporter } from './exporter.ts'
import { type FakeKubelet, type FakeKubeletOptions, startFakeKubelet } from './fake-kubelet.ts'
import { type LoadModel, startLoad } from './load.ts'
import { type MetricsServer, type MetricsServerOptions, startMetricsServer } from './metrics-server.ts'
import { type Prometheus, type PrometheusOptions, startPrometheus } from './prometheus.ts'

export interface BedOptions {
  readonly controlPlane?: ControlPlaneOptions
  readonly kubelet?: FakeKubeletOptions
  readonly metrics?: MetricsServerOptions
  /** `false`: no Prometheus. */
  readonly prometheus?: Omit<PrometheusOptions, 'targets'> | false
}

/** A whole small cluster: control plane, nodes, load, metrics APIs, Prometheus. One per test file. */
export interface Bed {
  readonly plane: ControlPlane
  readonly kubelet: FakeKubelet
  readonly load: LoadModel
  readonly metrics: MetricsServer
  readonly exporter: Exporter
  /** Rejects its calls where the bed was started without one. */
  readonly prometheus: Prometheus
  /** Applies objects as administrator. */
  apply(...objects: readonly object[]): Promise<void>
  stop(): Promise<void>
}

/** Starts everything, in about five seconds where the programs are built; what started is ended when a later part fails. */
export async function startBed(options: BedOptions = {}): Promise<Bed> {
  const ends: (() => Promise<void> | void)[] = []
  const stop = async () => {
    for (const end of ends.toReversed()) await end()
  }
  const kept = <T>(part: T, end: () => Promise<void> | void): T => {
    ends.push(end)
    return part
  }
  try {
    const plane = await startControlPlane(options.controlPlane)
    kept(plane, plane.stop)
    const kubelet = await startFakeKubelet(plane.api, options.kubelet)
    kept(kubelet, kubelet.stop)
    const load = startLoad(kubelet.pods)
    kept(load, load.stop)
    const exporter = await startExporter(load)
    kept(exporter, exporter.stop)
    const [metrics, prometheus] = await Promise.all([
      startMetricsServer(plane, load, options.metrics).then(server => kept(server, server.stop)),
      options.prometheus === false
        ? noPrometheus
        : startPrometheus({ ...options.prometheus, targets: [exporter.address] }).then(server => kept(server, server.remove)),
    ])
    const apply = async (...objects: readonly object[]) => {
      const list = { apiVersion: 'v1', kind: 'List', items: objects }
      await plane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(list))
    }
    return { plane, kubelet, load, metrics, exporter, prometheus, apply, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const refuse = async (): Promise<never> => {
  throw new Error('this bed was started without Prometheus')
}
const noPrometheus: Prometheus = {
  url: 'http://127.0.0.1:1',
  logFile: '',
  query: refuse,
  stop: refuse,
  start: refuse,
  remove: refuse,
}
