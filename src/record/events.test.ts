import { describe, expect, test } from 'vitest'
import { createEventRecorder, type Told } from './events.ts'

const web = {
  apiVersion: 'autoscaling.spotify.ai/v2',
  kind: 'HorizontalPodAutoscaler',
  namespace: 'shop',
  name: 'web',
  uid: 'u1',
}
const scaled: Told = { type: 'Normal', reason: 'SuccessfulRescale', note: '3 → 7' }

function recording(post: (told: Told) => Promise<void> = async () => undefined, mostWaiting?: number) {
  const posted: string[] = []
  const outcomes: string[] = []
  const warnings: unknown[] = []
  let now = 0
  const recorder = createEventRecorder({
    clock: { now: () => now },
    log: { info: () => undefined, warn: (...told) => void warnings.push(told) },
    onOutcome: outcome => outcomes.push(outcome),
    ...(mostWaiting !== undefined && { mostWaiting }),
    async post(regarding, told) {
      await post(told)
      posted.push(`${regarding.name} ${told.reason}`)
    },
  })
  return {
    recorder,
    posted,
    outcomes,
    warnings,
    pass(ms: number) {
      now += ms
    },
  }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

describe('events', () => {
  test('a clock that is set back by an hour silences nobody', async () => {
    const { recorder, posted, pass } = recording()
    recorder.tell(web, scaled)
    pass(-3_600_000)
    recorder.tell(web, scaled)
    await settled()
    expect(posted).toHaveLength(2)
  })

  test('at most one for each object, reason and minute', async () => {
    const { recorder, posted, pass } = recording()
    for (let second = 0; second < 120; second++) {
      recorder.tell(web, scaled)
      recorder.tell(web, { ...scaled, type: 'Warning', reason: 'FailedRescale' })
      recorder.tell({ ...web, name: 'api', uid: 'u2' }, scaled)
      pass(1000)
    }
    await settled()
    expect(posted.toSorted()).toEqual([
      'api SuccessfulRescale',
      'api SuccessfulRescale',
      'web FailedRescale',
      'web FailedRescale',
      'web SuccessfulRescale',
      'web SuccessfulRescale',
    ])
  })

  test('a post that fails is logged and never thrown', async () => {
    const { recorder, outcomes, warnings } = recording(() => Promise.reject(new Error('no')))
    recorder.tell(web, scaled)
    await settled()
    expect(outcomes).toEqual(['failed'])
    expect(warnings).toHaveLength(1)
  })

  test('an API server that hangs does not pile them up', async () => {
    const { recorder, outcomes } = recording(() => new Promise(() => undefined), 2)
    for (let number = 0; number < 5; number++) recorder.tell({ ...web, uid: `u${number}` }, scaled)
    expect(outcomes).toEqual(['dropped', 'dropped', 'dropped'])
  })

  test('an object that is gone is forgotten', async () => {
    const { recorder, posted } = recording()
    recorder.tell(web, scaled)
    recorder.forget(web)
    recorder.tell(web, scaled)
    await settled()
    expect(posted).toHaveLength(2)
  })
})
