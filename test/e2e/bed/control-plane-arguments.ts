import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type CertificateAuthority, createServiceAccountKeys } from './certificates.ts'

export interface ControlPlaneFiles {
  readonly folder: string
  readonly server: string
  readonly authority: CertificateAuthority
  readonly ports: {
    readonly etcd: number
    readonly apiServer: number
    readonly controllerManager: number
    readonly scheduler: number
  }
  readonly kubeconfigs: { readonly admin: string; readonly controllerManager: string; readonly scheduler: string }
}

export interface ProgramArguments {
  readonly etcd: readonly string[]
  readonly apiServer: readonly string[]
  readonly controllerManager: readonly string[]
  readonly scheduler: readonly string[]
}

interface Wishes {
  readonly hpaSyncSeconds?: number
  readonly apiServerFlags?: readonly string[]
  readonly controllerManagerFlags?: readonly string[]
}

/** The controllers that a workload, its pods and its HPA need; the rest (volumes, jobs, clouds) would only cost time here. */
const CONTROLLERS = [
  'clusterrole-aggregation-controller',
  'deployment-controller',
  'disruption-controller',
  'endpointslice-controller',
  'garbage-collector-controller',
  'horizontal-pod-autoscaler-controller',
  'namespace-controller',
  'node-lifecycle-controller',
  'pod-garbage-collector-controller',
  'replicaset-controller',
  'resourcequota-controller',
  'root-ca-certificate-publisher-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'statefulset-controller',
]

/** Flags of the four programs, everything on loopback. Writes the files that they need into the bed's folder. */
export function programArguments(files: ControlPlaneFiles, wishes: Wishes): ProgramArguments {
  const serviceAccountKeys = createServiceAccountKeys(files.authority.folder)
  return {
    etcd: etcdArguments(files),
    apiServer: [...apiServerArguments(files, serviceAccountKeys), ...(wishes.apiServerFlags ?? [])],
    controllerManager: [
      ...controllerManagerArguments(files, serviceAccountKeys.privateKeyFile),
      `--horizontal-pod-autoscaler-sync-period=${wishes.hpaSyncSeconds ?? 15}s`,
      ...(wishes.controllerManagerFlags ?? []),
    ],
    scheduler: schedulerArguments(files),
  }
}

const etcdArguments = ({ folder, ports }: ControlPlaneFiles) => [
  '--name=bed',
  `--data-dir=${join(folder, 'etcd')}`,
  `--listen-client-urls=http://127.0.0.1:${ports.etcd}`,
  `--advertise-client-urls=http://127.0.0.1:${ports.etcd}`,
  '--listen-peer-urls=http://127.0.0.1:0',
  // A bed that loses power starts anew.
  '--unsafe-no-fsync',
  '--log-level=warn',
]

function apiServerArguments(
  { authority, ports }: ControlPlaneFiles,
  keys: { readonly privateKeyFile: string; readonly publicKeyFile: string },
): readonly string[] {
  const names = ['IP:127.0.0.1', 'DNS:localhost', 'DNS:kubernetes', 'DNS:kubernetes.default', 'DNS:kubernetes.default.svc']
  const serving = authority.issue({ name: 'kube-apiserver', subject: '/CN=kube-apiserver', names })
  const frontProxy = authority.issue({ name: 'front-proxy', subject: '/CN=front-proxy-client' })
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.apiServer}`,
    // There is no endpoint to reach from a cluster network, and loopback addresses are refused as one.
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${serving.certFile}`,
    `--tls-private-key-file=${serving.keyFile}`,
    `--client-ca-file=${authority.caFile}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${keys.publicKeyFile}`,
    `--service-account-signing-key-file=${keys.privateKeyFile}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    '--anonymous-auth=false',
    `--requestheader-client-ca-file=${authority.caFile}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${frontProxy.certFile}`,
    `--proxy-client-key-file=${frontProxy.keyFile}`,
    '--profiling=false',
  ]
}

/** One certificate for the health doors of controller manager and scheduler, which would otherwise sign their own. */
function servingFlags(authority: CertificateAuthority): readonly string[] {
  const names = ['IP:127.0.0.1', 'DNS:localhost']
  const { certFile, keyFile } = authority.issue({ name: 'component', subject: '/CN=component', names })
  return [`--tls-cert-file=${certFile}`, `--tls-private-key-file=${keyFile}`]
}

const controllerManagerArguments = ({ authority, kubeconfigs, ports }: ControlPlaneFiles, privateKeyFile: string) => [
  `--kubeconfig=${kubeconfigs.controllerManager}`,
  `--authentication-kubeconfig=${kubeconfigs.controllerManager}`,
  `--authorization-kubeconfig=${kubeconfigs.controllerManager}`,
  `--client-ca-file=${authority.caFile}`,
  `--requestheader-client-ca-file=${authority.caFile}`,
  `--root-ca-file=${authority.caFile}`,
  `--service-account-private-key-file=${privateKeyFile}`,
  '--use-service-account-credentials=true',
  '--leader-elect=false',
  '--bind-address=127.0.0.1',
  `--secure-port=${ports.controllerManager}`,
  ...servingFlags(authority),
  `--controllers=${CONTROLLERS.join(',')}`,
  // The defaults (20 a second) would make a step of twenty pods a test of the client's own limiter.
  '--kube-api-qps=400',
  '--kube-api-burst=800',
  '--concurrent-replicaset-syncs=10',
  '--profiling=false',
]

function schedulerArguments({ authority, folder, kubeconfigs, ports }: ControlPlaneFiles): readonly string[] {
  const configFile = join(folder, 'scheduler.yaml')
  const configuration = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig: kubeconfigs.scheduler, qps: 400, burst: 800 },
    leaderElection: { leaderElect: false },
  }
  writeFileSync(configFile, stringify(configuration))
  return [
    `--config=${configFile}`,
    `--authentication-kubeconfig=${kubeconfigs.scheduler}`,
    `--authorization-kubeconfig=${kubeconfigs.scheduler}`,
    `--client-ca-file=${authority.caFile}`,
    `--requestheader-client-ca-file=${authority.caFile}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.scheduler}`,
    ...servingFlags(authority),
  ]
}
