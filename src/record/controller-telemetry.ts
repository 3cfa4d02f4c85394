import { type Counter, createTelemetry, type Histogram, type Telemetry } from './telemetry.ts'

/** The labels that every family about one object has. */
export const OBJECT_LABELS = ['namespace', 'autoscaler', 'target_kind', 'target'] as const
export type ObjectLabel = (typeof OBJECT_LABELS)[number]

/** What the controller counts while it works; what it knows at any time is told by `ControllerFact` instead. */
export interface ControllerTelemetry extends Pick<Telemetry, 'families' | 'forget'> {
  /** One for each decision: "up", "down" or "none". */
  readonly decisions: Counter<ObjectLabel | 'direction'>
  /** Writes to /scale: "scaled", "held" or "failed". */
  readonly scales: Counter<ObjectLabel | 'outcome'>
  /** Episodes that became alarms, by kind. */
  readonly anomalies: Counter<ObjectLabel | 'kind'>
  /** One turn of one object, from the first read to the last write; result "ok" or "failed". */
  readonly reconcileSeconds: Histogram<'result'>
  /** From the time of the newest sample until /scale was written. */
  readonly sampleToScaleSeconds: Histogram<never>
  /** Turns that were due while the one before still ran. */
  readonly skippedTicks: Counter<never>
  /** Requests to the API server; code "0" where there was no answer. */
  readonly apiRequests: Counter<'verb' | 'code'>
  readonly apiRequestSeconds: Histogram<'verb'>
  readonly events: Counter<'outcome'>
  readonly statusWrites: Counter<'outcome'>
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
const LAG_SECONDS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120] as const

export function controllerTelemetry(telemetry: Telemetry = createTelemetry()): ControllerTelemetry {
  const { counter, histogram, families, forget } = telemetry
  return {
    families,
    forget,
    decisions: counter({
      name: 'crescendo_decisions',
      help: 'Decisions by direction: up, down or none.',
      labels: [...OBJECT_LABELS, 'direction'],
    }),
    scales: counter({
      name: 'crescendo_scales',
      help: 'Decisions that were to change replicas, by what became of them: scaled, held or failed.',
      labels: [...OBJECT_LABELS, 'outcome'],
    }),
    anomalies: counter({
      name: 'crescendo_anomalies',
      help: 'Anomalies that became alarms, by kind.',
      labels: [...OBJECT_LABELS, 'kind'],
    }),
    reconcileSeconds: histogram({
      name: 'crescendo_reconcile_seconds',
      help: 'Time of one turn of one object.',
      labels: ['result'],
      bounds: SECONDS,
    }),
    sampleToScaleSeconds: histogram({
      name: 'crescendo_sample_to_scale_seconds',
      help: 'From the time of the newest sample until the new replica count was written.',
      labels: [],
      bounds: LAG_SECONDS,
    }),
    ...plumbing(telemetry),
  }
}

function plumbing({ counter, histogram }: Telemetry) {
  return {
    skippedTicks: counter({
      name: 'crescendo_skipped_ticks',
      help: 'Turns that were due while the one before still ran.',
      labels: [],
    }),
    apiRequests: counter({
      name: 'crescendo_api_requests',
      help: 'Requests to the API server by verb and status code; code 0 is no answer.',
      labels: ['verb', 'code'],
    }),
    apiRequestSeconds: histogram({
      name: 'crescendo_api_request_seconds',
      help: 'Time of requests to the API server, watches left out.',
      labels: ['verb'],
      bounds: SECONDS,
    }),
    events: counter({ name: 'crescendo_events', help: 'Kubernetes events by outcome.', labels: ['outcome'] }),
    statusWrites: counter({ name: 'crescendo_status_writes', help: 'Writes of a status by outcome.', labels: ['outcome'] }),
  } as const
}
