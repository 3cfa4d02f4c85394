import { describe, expect, test } from 'vitest'
import { readAutoscaler, readForeign, readPod, readScaled } from './objects.ts'

const metadata = { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' }

describe('objects of the cluster', () => {
  test('a Deployment of a list has its scale: replicas as they are defaulted, selector as text', () => {
    const raw = {
      metadata,
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }] },
      },
      status: { replicas: 4, readyReplicas: 2 },
    }
    expect(readScaled('apps/v1', 'Deployment')(raw)).toMatchObject({
      kind: 'Deployment',
      replicas: { spec: 3, status: 4, ready: 2 },
      selector: 'app=web,tier in (a,b)',
      isDeleted: false,
    })
    expect(readScaled('apps/v1', 'StatefulSet')({ metadata }).replicas).toEqual({ spec: 1, status: 0, ready: 0 })
  })

  test('a pod keeps what a decision needs of it', () => {
    const pod = readPod({
      metadata: { ...metadata, labels: { app: 'web' }, deletionTimestamp: '2026-01-01T00:10:00Z' },
      spec: {
        containers: [{ name: 'main', resources: { requests: { cpu: '250m', memory: '1Gi', 'nvidia.com/gpu': '1' } } }],
        initContainers: [
          { name: 'proxy', restartPolicy: 'Always', resources: { requests: { cpu: '50m' } } },
          { name: 'once', resources: { requests: { cpu: '9' } } },
        ],
      },
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        startTime: '2026-01-01T00:00:01Z',
        conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:31Z' }],
      },
    })
    expect(pod).toMatchObject({
      phase: 'Running',
      deleted: true,
      address: '10.0.0.1',
      ready: { status: 'True', since: pod.createdAt + 31_000 },
      startedAt: pod.createdAt + 1000,
    })
    expect(pod.containers).toEqual([
      { name: 'main', requests: { cpu: 250, memory: 1_073_741_824_000, 'nvidia.com/gpu': 1000 } },
      { name: 'proxy', requests: { cpu: 50 }, restartableInit: true },
    ])
  })

  test('a start is cold where a node or an image was waited for, as far as the pod still tells', () => {
    const at = (seconds: number) => new Date(Date.parse(metadata.creationTimestamp) + seconds * 1000).toISOString()
    const started = ({ scheduled, running, restarts = 0 }: { scheduled: number; running?: number; restarts?: number }) =>
      readPod({
        metadata,
        status: {
          conditions: [
            { type: 'PodScheduled', status: 'True', lastTransitionTime: at(scheduled) },
            { type: 'Initialized', status: 'True', lastTransitionTime: at(scheduled + 1) },
          ],
          containerStatuses: [
            { restartCount: restarts, state: running === undefined ? {} : { running: { startedAt: at(running) } } },
          ],
        },
      }).waitedFor
    expect(started({ scheduled: 1, running: 4 })).toBeUndefined()
    expect(started({ scheduled: 95, running: 98 })).toBe('node')
    expect(started({ scheduled: 1, running: 40 })).toBe('image')
    expect(started({ scheduled: 1 })).toBeUndefined()
    expect(started({ scheduled: 1, running: 4000, restarts: 1 })).toBeUndefined()
    const unplaced = { conditions: [{ type: 'PodScheduled', status: 'False', lastTransitionTime: at(0) }] }
    expect(readPod({ metadata, status: unplaced }).waitedFor).toBeUndefined()
  })

  test('a pod that says nothing yet is Unknown, not ready and without requests', () => {
    expect(readPod({ metadata })).toMatchObject({ phase: 'Unknown', containers: [], deleted: false, labels: {} })
    expect(readPod({ metadata }).ready).toBeUndefined()
  })

  test('an object of ours that its schema refuses is kept with the reason', () => {
    const spec = { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 9, maxReplicas: 3 }
    const raw = {
      apiVersion: 'autoscaling.spotify.ai/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec,
      status: { desiredReplicas: 3, summary: {} },
    }
    expect(readAutoscaler(raw)).toMatchObject({ id: 'shop/web', checked: { problem: expect.stringContaining('minReplicas') } })
    const heavy = { ...metadata, managedFields: [{ manager: 'kubectl' }] }
    const good = readAutoscaler({ ...raw, metadata: heavy, spec: { ...spec, minReplicas: 1 } })
    expect(JSON.stringify(good)).not.toContain('kubectl')
    expect(good).toMatchObject({ status: { desiredReplicas: 3 }, checked: { document: { spec: { maxReplicas: 3 } } } })
  })

  test('a ScaledObject without a kind means a Deployment; one without a target claims nothing', () => {
    expect(readForeign({ metadata, spec: { scaleTargetRef: { name: 'web' } } })?.target).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'web',
    })
    expect(readForeign({ metadata, spec: {} })).toBeUndefined()
  })
})
