/** Specs that files and the API server must judge alike: `src/resources/crd.test.ts` asks the file schema, the e2e test a real server. */

export type CaseKind = 'HorizontalPodAutoscaler' | 'ScalingPolicy' | 'MetricSource'

export interface AcceptedCase {
  readonly name: string
  readonly kind: CaseKind
  readonly spec: unknown
}

export interface RefusedCase extends AcceptedCase {
  /** The field that the refusal must name. */
  readonly field: string
}

const GROUP_VERSION = 'autoscaling.spotify.ai/v2'

/** A whole document around a spec. */
export function documentOf({ kind, spec }: { readonly kind: CaseKind; readonly spec: unknown }, name = 'case') {
  const isNamespaced = kind === 'HorizontalPodAutoscaler'
  return { apiVersion: GROUP_VERSION, kind, metadata: { name, ...(isNamespaced && { namespace: 'default' }) }, spec }
}

const base = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }, maxReplicas: 10 }
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }
const queue = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '30' } } }
const day = { name: 'day', cron: '0 8 * * 1-5', durationSeconds: 60, minReplicas: 2 }
const holidays = { name: 'holidays', dates: ['2026-12-25', '2026-12-26'], durationSeconds: 86_400, expectedLoadFactor: '0.5' }
const gateway = { type: 'Prometheus', url: 'http://prometheus.monitoring:9090' }
const scrape = { type: 'OpenMetrics', scrape: { port: 'metrics' } }
const entry = { name: 'rps', query: 'sum by (pod) (rate(http_requests_total[1m]))', kind: 'Load' }

const hpa = (name: string, fields: object): AcceptedCase => ({
  name,
  kind: 'HorizontalPodAutoscaler',
  spec: { ...base, ...fields },
})
const policy = (name: string, spec: object): AcceptedCase => ({ name, kind: 'ScalingPolicy', spec })
const source = (name: string, spec: object): AcceptedCase => ({ name, kind: 'MetricSource', spec })
const metrics = (...of: readonly object[]) => ({ metrics: of })
const objectives = (...of: readonly object[]) => ({ objectives: of })
const pods = (target: object) => metrics({ type: 'Pods', pods: { metric: { name: 'rps' }, target } })

export const ACCEPTED: readonly AcceptedCase[] = [
  hpa('the least that upstream accepts', {}),
  hpa('no metrics at all, as an empty list', { metrics: [] }),
  hpa('fields that are null', {
    minReplicas: null,
    behavior: null,
    prediction: { capacityPerReplica: null },
    modeExpiresAt: null,
  }),
  hpa('min equal to max', { minReplicas: 10 }),
  hpa('zero replicas with something to wake up on', { minReplicas: 0, metrics: [cpu, queue] }),
  hpa('the same metric twice', metrics(cpu, cpu)),
  hpa('quantities as whole numbers', pods({ type: 'AverageValue', averageValue: 5000 })),
  hpa('quantities in every spelling', {
    metrics: [
      '1',
      '+2',
      '0.5',
      '.5',
      '5.',
      '100m',
      '7u',
      '9n',
      '1k',
      '2M',
      '3G',
      '4T',
      '1P',
      '1E',
      '1Ki',
      '2Mi',
      '3Gi',
      '1Ti',
      '1e3',
      '1E-3',
    ].map(averageValue => ({ type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue } } })),
  }),
  hpa('a type that the field does not agree with, as upstream accepts', pods({ type: 'Utilization', averageValue: '5' })),
  hpa('both values of an Object metric', {
    metrics: [
      {
        type: 'Object',
        object: {
          describedObject: { kind: 'Ingress', name: 'main', apiVersion: 'networking.k8s.io/v1' },
          metric: {
            name: 'rps',
            selector: {
              matchLabels: { a: 'b' },
              matchExpressions: [
                { key: 'c', operator: 'In', values: ['d', 'e'] },
                { key: 'f', operator: 'Exists' },
              ],
            },
          },
          target: { type: 'Value', value: '10k', averageValue: '1' },
        },
      },
    ],
  }),
  hpa('a resource of one container', {
    metrics: [
      {
        type: 'ContainerResource',
        containerResource: { name: 'memory', container: 'app', target: { type: 'AverageValue', averageValue: '1Gi' } },
      },
    ],
  }),
  hpa('behaviour as upstream has it', {
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Max',
        tolerance: 0,
        policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }],
      },
      scaleDown: { stabilizationWindowSeconds: 3600, selectPolicy: 'Disabled', tolerance: '50m' },
    },
  }),
  hpa('an empty behaviour', { behavior: {} }),
  hpa('every block', {
    mode: 'ScaleOutOnly',
    modeExpiresAt: '2026-12-05T06:00:00+01:00',
    periodSeconds: 3,
    policyRef: { name: 'checkout' },
    tier: 'Enterprise',
    profile: 'MlInference',
    behaviorPreset: 'Conservative',
    ...objectives(
      { type: 'Latency', metric: { name: 'request_duration_seconds' }, percentile: '99.9', threshold: '25m' },
      { type: 'Latency', metric: { name: 'inference_latency_ms' }, percentile: 95, threshold: 100 },
      { type: 'ErrorRatio', threshold: '0.0001' },
      { type: 'Availability', threshold: '0.9999' },
      { type: 'Availability', threshold: 1 },
      { type: 'Availability', threshold: '999m' },
      { type: 'Throughput', metric: { name: 'rps' }, min: '10' },
      { type: 'Utilization', resource: 'cpu', percent: 70 },
      { type: 'Guard', metric: { name: 'quality' }, min: '0' },
    ),
    prediction: { mode: 'Slo', horizonSeconds: 60, drivers: [{ metric: 'rps' }], capacityPerReplica: '480', startupSeconds: 0 },
    anomaly: { thresholdSigma: '2.5', response: 'Widen' },
    schedules: [
      { ...holidays, timeZone: 'Europe/Stockholm' },
      { ...day, name: 'workdays', exceptDates: ['2026-12-25'] },
      { ...day, timeZone: 'Europe/Stockholm' },
      { name: 'drop', start: '2026-12-04T23:45:00Z', durationSeconds: 7200, expectedLoadFactor: '6' },
    ],
    budget: { currency: 'SEK', perHour: '40', perDay: 700, enforcement: 'Warn' },
    emergency: { maxReplicas: 500, maxDurationSeconds: 1800 },
    protection: { envelope: 'Observe', surgeBudgetPerDay: 0 },
    learning: { mode: 'RequireApproval' },
    spot: { maxShare: '0.6' },
    simulation: { nodeStartupSeconds: 0, metricsDelaySeconds: 15, costPerReplicaHour: '0.1', warmupPercent: 50 },
  }),
  policy('an empty policy', {}),
  policy('a whole policy', {
    extends: ['tier-premium'],
    defaults: { minReplicas: 2, maxReplicas: 9, priority: 60, prediction: { mode: 'Off' } },
    bounds: { minReplicas: { min: 1, max: 5 }, emergencyMaxReplicas: { max: 400 }, locked: ['budget', 'mode'] },
  }),
  source('the least of a Prometheus', gateway),
  source('a whole Prometheus', {
    ...gateway,
    url: 'https://prometheus.example:9090/tenant/a?x=1',
    authentication: { secretRef: { name: 'token', key: 'token' } },
    tls: { caSecretRef: { name: 'ca' }, serverName: 'prometheus.internal' },
    tenancy: { label: 'namespace' },
    allowedNamespaces: ['audio', 'search'],
    timeoutSeconds: 5,
    maxResponseBytes: 1_048_576,
    priority: 10,
    catalogue: [{ ...entry, unit: 'requests/s', podLabel: 'pod', namespaceLabel: 'ns', scope: 'Pods', description: 'Requests.' }],
  }),
  source('an object of its own', { ...gateway, catalogue: [{ ...entry, scope: 'Object', objectLabel: 'ingress' }] }),
  source('a scrape of the pods by name', scrape),
  source('a scrape of the pods by number', {
    type: 'OpenMetrics',
    scrape: { port: 9090, path: '/m', scheme: 'https' },
    catalogue: [entry],
  }),
]

const no = (field: string, of: AcceptedCase): RefusedCase => ({ ...of, field })

export const REFUSED: readonly RefusedCase[] = [
  no('minReplicas', hpa('min above max', { minReplicas: 11 })),
  no('minReplicas', hpa('zero replicas with nothing to wake up on', { minReplicas: 0, metrics: [cpu] })),
  no('minReplicas', hpa('zero replicas without metrics', { minReplicas: 0 })),
  no('minReplicas', hpa('fewer than none', { minReplicas: -1 })),
  no('minReplicas', hpa('a fraction of a replica', { minReplicas: 1.5 })),
  no('minReplicas', hpa('text for a number', { minReplicas: 'NaN' })),
  no('maxReplicas', hpa('no replica at all', { maxReplicas: 0 })),
  no('maxReplicas', hpa('negative replicas', { maxReplicas: -5 })),
  no('maxReplicas', hpa('more than 32 bits', { maxReplicas: 2_147_483_648 })),
  no('maxReplicas', hpa('a billion replicas', { maxReplicas: 1e9 })),
  no('maxReplicas', { name: 'no maximum', kind: 'HorizontalPodAutoscaler', spec: { scaleTargetRef: base.scaleTargetRef } }),
  no('scaleTargetRef', { name: 'no target', kind: 'HorizontalPodAutoscaler', spec: { maxReplicas: 3 } }),
  no(
    'averageUtilization',
    hpa(
      'a target of 0 percent',
      metrics({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0 } } }),
    ),
  ),
  no('target', hpa('no target', metrics({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }))),
  no(
    'target',
    hpa(
      'two targets',
      metrics({
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 5, averageValue: '5' } },
      }),
    ),
  ),
  no('target', hpa('the wrong target', pods({ type: 'Value', value: '5' }))),
  no('averageValue', hpa('a target of nothing', pods({ type: 'AverageValue', averageValue: '0' }))),
  no('averageValue', hpa('a target of nothing as a number', pods({ type: 'AverageValue', averageValue: 0 }))),
  no('averageValue', hpa('a negative target', pods({ type: 'AverageValue', averageValue: '-1' }))),
  no('averageValue', hpa('a target that is no quantity', pods({ type: 'AverageValue', averageValue: '5 apples' }))),
  no('averageValue', hpa('a fraction without quotes', pods({ type: 'AverageValue', averageValue: 0.5 }))),
  no('averageValue', hpa('a quantity of endless digits', pods({ type: 'AverageValue', averageValue: '1'.repeat(65) }))),
  no('type', hpa('an unknown metric type', metrics({ ...cpu, type: 'Resources' }))),
  no('pods', hpa('a metric of another type', metrics({ ...cpu, type: 'Pods' }))),
  no('tolerance', hpa('a negative tolerance', { behavior: { scaleUp: { tolerance: '-1' } } })),
  no('policies', hpa('no policy in the list', { behavior: { scaleUp: { policies: [] } } })),
  no(
    'stabilizationWindowSeconds',
    hpa('a window of more than an hour', { behavior: { scaleDown: { stabilizationWindowSeconds: 3601 } } }),
  ),
  no('mode', hpa('an unknown mode', { mode: 'auto' })),
  no('modeExpiresAt', hpa('a time that is none', { modeExpiresAt: 'tomorrow' })),
  no('periodSeconds', hpa('a period too short', { periodSeconds: 2 })),
  no('colour', hpa('an unknown field', { colour: 'red' })),
  no('policyref', hpa('a field in the wrong case', { policyref: { name: 'a' } })),
  no('threshold', hpa('a promise of more than everything', objectives({ type: 'Availability', threshold: '1.5' }))),
  no('threshold', hpa('a promise of nothing', objectives({ type: 'ErrorRatio', threshold: '0' }))),
  no(
    'percentile',
    hpa('a percentile of 100', objectives({ type: 'Latency', metric: { name: 'm' }, percentile: '100', threshold: '1' })),
  ),
  no(
    'percentile',
    hpa('a latency without its percentile', objectives({ type: 'Latency', metric: { name: 'm' }, threshold: '1' })),
  ),
  no('min', hpa('a throughput of nothing', objectives({ type: 'Throughput', metric: { name: 'm' }, min: '0' }))),
  no(
    'resource',
    hpa('a field of another objective', objectives({ type: 'Guard', metric: { name: 'm' }, min: '1', resource: 'cpu' })),
  ),
  no('metric', hpa('one driver twice', { prediction: { drivers: [{ metric: 'a' }, { metric: 'a' }] } })),
  no('capacityPerReplica', hpa('a replica that serves nothing', { prediction: { capacityPerReplica: 0 } })),
  no('schedules', hpa('cron and start', { schedules: [{ ...day, start: '2026-12-04T23:45:00Z' }] })),
  no('schedules', hpa('neither cron nor start', { schedules: [{ name: 'a', durationSeconds: 60, minReplicas: 2 }] })),
  no(
    'timeZone',
    hpa('a time zone without cron', {
      schedules: [{ name: 'a', start: '2026-12-04T23:45:00Z', timeZone: 'UTC', durationSeconds: 60, minReplicas: 2 }],
    }),
  ),
  no('schedules', hpa('a schedule that changes nothing', { schedules: [{ name: 'a', cron: '0 8 * * *', durationSeconds: 60 }] })),
  no('minReplicas', hpa('a schedule with min above max', { schedules: [{ ...day, minReplicas: 3, maxReplicas: 2 }] })),
  no('cron', hpa('a time as cron', { schedules: [{ ...day, cron: '2026-12-04T23:45:00Z' }] })),
  no('cron', hpa('cron with seconds', { schedules: [{ ...day, cron: '0 0 8 * * 1' }] })),
  no('schedules', hpa('cron and dates', { schedules: [{ ...day, dates: ['2026-12-25'] }] })),
  no('exceptDates', hpa('exceptions from dates', { schedules: [{ ...holidays, exceptDates: ['2026-12-25'] }] })),
  no('dates', hpa('a date that does not exist', { schedules: [{ ...holidays, dates: ['2026-02-31'] }] })),
  no('dates', hpa('no dates at all', { schedules: [{ ...holidays, dates: [] }] })),
  no('schedules', hpa('two schedules of one name', { schedules: [day, day] })),
  no('budget', hpa('a budget of nothing', { budget: { currency: 'USD' } })),
  no('currency', hpa('a currency that is none', { budget: { currency: 'usd', perHour: '1' } })),
  no('maxReplicas', hpa('an emergency beyond the ceiling', { emergency: { maxReplicas: 501 } })),
  no('maxShare', hpa('more than all replicas', { spot: { maxShare: '1.1' } })),
  no('maxShare', hpa('sixty times all replicas', { spot: { maxShare: 60 } })),
  no('minReplicas', policy('defaults with min above max', { defaults: { minReplicas: 5, maxReplicas: 4 } })),
  no('min', policy('bounds the wrong way round', { bounds: { maxReplicas: { min: 9, max: 3 } } })),
  no('budget', policy('defaults of an empty budget', { defaults: { budget: {} } })),
  no('url', source('a Prometheus without an address', { type: 'Prometheus' })),
  no('url', source('a password in an address', { ...gateway, url: 'http://me:canary@prometheus' })),
  no('url', source('a file for an address', { ...gateway, url: 'file:///etc/passwd' })),
  no('url', source('an address of nothing', { ...gateway, url: 'http://' })),
  no('scrape', source('pods without a port', { type: 'OpenMetrics' })),
  no('url', source('an address for pods', { ...scrape, url: 'http://a' })),
  no('port', source('a port beyond the last', { type: 'OpenMetrics', scrape: { port: 65_536 } })),
  no('path', source('a path without its slash', { type: 'OpenMetrics', scrape: { port: 1, path: 'metrics' } })),
  no('catalogue', source('two metrics of one name', { ...gateway, catalogue: [entry, entry] })),
  no('objectLabel', source('an object without its label', { ...gateway, catalogue: [{ ...entry, scope: 'Object' }] })),
  no('objectLabel', source('a label without an object', { ...gateway, catalogue: [{ ...entry, objectLabel: 'ingress' }] })),
  no('timeoutSeconds', source('an answer that may take an hour', { ...gateway, timeoutSeconds: 3600 })),
]
