import { createHash } from 'node:crypto'
import { CONFIGURATION_FILE, configurationText } from './configuration.ts'
import {
  DATABASE_KEY,
  HTTP_PORT,
  type Manifest,
  type ManifestOptions,
  metadataOf,
  NAME,
  POD_LABELS,
  STORE_FOLDER,
} from './manifest.ts'

const CONFIGURATION_FOLDER = '/etc/crescendo'

/** Any that is not root; the image needs no user of that number. */
const USER = 10001

/** Deployment, Service and PodDisruptionBudget: as many replicas as were asked for, one of which acts. */
export function workload(options: ManifestOptions): readonly Manifest[] {
  const metadata = metadataOf(NAME, options.namespace)
  return [
    {
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: {
          replicas: options.replicas,
          selector: { matchLabels: POD_LABELS },
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
          template: {
            metadata: { labels: metadata.labels, annotations: { 'autoscaling.spotify.ai/configuration': fingerprint(options) } },
            spec: podSpec(options),
          },
        },
      },
    },
    {
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: { selector: POD_LABELS, ports: [{ name: 'http', port: HTTP_PORT, targetPort: 'http', protocol: 'TCP' }] },
      },
    },
    {
      object: {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata,
        spec: { maxUnavailable: 1, selector: { matchLabels: POD_LABELS } },
      },
    },
  ]
}

/** A new configuration makes new pods: the running ones do not read it again. */
function fingerprint(options: ManifestOptions): string {
  return createHash('sha256').update(configurationText(options)).digest('hex').slice(0, 16)
}

function podSpec(options: ManifestOptions) {
  return {
    serviceAccountName: NAME,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 30,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map(topologyKey => ({
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: POD_LABELS },
    })),
    containers: [container(options)],
    volumes: [
      { name: 'configuration', configMap: { name: NAME } },
      { name: 'store', emptyDir: { sizeLimit: '2Gi' } },
      { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ],
  }
}

/** Without it V8 lets young garbage of a thousand objects lie in some 100 MB more; `npm run bench:cluster` measures with it. */
export const NODE_OPTIONS = '--max-semi-space-size=16'

function container({ image, databaseSecret }: ManifestOptions) {
  return {
    name: NAME,
    image,
    args: ['run', '--config', `${CONFIGURATION_FOLDER}/${CONFIGURATION_FILE}`],
    env: [
      { name: 'NODE_OPTIONS', value: NODE_OPTIONS },
      ...(databaseSecret === undefined
        ? []
        : [{ name: DATABASE_KEY, valueFrom: { secretKeyRef: { name: databaseSecret, key: 'url' } } }]),
    ],
    ports: [{ name: 'http', containerPort: HTTP_PORT, protocol: 'TCP' }],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    resources: { requests: { cpu: '200m', memory: '256Mi' }, limits: { memory: '768Mi' } },
    startupProbe: { ...probe('/livez'), periodSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...probe('/livez'), periodSeconds: 10, failureThreshold: 3 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5, failureThreshold: 2 },
    volumeMounts: [
      { name: 'configuration', mountPath: CONFIGURATION_FOLDER, readOnly: true },
      { name: 'store', mountPath: STORE_FOLDER },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  }
}

function probe(path: string) {
  return { httpGet: { path, port: 'http' }, timeoutSeconds: 3 }
}
