import { describe, expect, test } from 'vitest'
import type { Decision } from '../core/model.ts'
import type { Memory } from '../core/rules.ts'
import type { DurableStore, Outcome } from '../ports.ts'
import { settleOpenIntents } from './resume.ts'

const intent = (target: string, to: number) => ({ target, from: 3, to, at: 0 }) as Decision
const log = { info: () => undefined, warn: () => undefined }

async function settled(open: readonly Decision[], replicasOf: (id: string) => Promise<number | undefined>) {
  const outcomes: Record<string, Outcome> = {}
  const refused: string[] = []
  const store = {
    openIntents: async () => open,
    recall: async (): Promise<Memory> => ({ slots: {}, decided: { at: 0, from: 3, to: 7 } }),
    remember: async (id: string, { decided }: Memory) => void (decided?.refused && refused.push(id)),
    settle: async ({ target }: Decision, outcome: Outcome) => {
      outcomes[target] = outcome
    },
  } as unknown as DurableStore // the only calls that a resume makes
  await settleOpenIntents({ store, log, replicasOf })
  return { outcomes, refused }
}

describe('intents that a crash left open', () => {
  test('replicas as intended are a scale that happened, others one that did not', async () => {
    const { outcomes, refused } = await settled([intent('shop/done', 7), intent('shop/not', 7)], async id =>
      id === 'shop/done' ? 7 : 3,
    )
    expect(outcomes['shop/done']).toEqual({ kind: 'scaled' })
    expect(refused).toEqual(['shop/not'])
    expect(outcomes['shop/not']).toMatchObject({ kind: 'failed', why: expect.stringContaining('found 3 replicas') })
  })

  test('a target that is gone, or cannot be asked, settles them too', async () => {
    const gone = await settled([intent('shop/gone', 7)], async () => undefined)
    const silent = await settled([intent('shop/gone', 7)], () => Promise.reject(new Error('404')))
    for (const { outcomes } of [gone, silent])
      expect(outcomes['shop/gone']).toMatchObject({ kind: 'failed', why: expect.stringContaining('gone') })
  })

  test('a store that does not answer keeps nobody from deciding', async () => {
    const store = { openIntents: () => Promise.reject(new Error('down')) } as unknown as DurableStore // as above
    await expect(settleOpenIntents({ store, log, replicasOf: async () => 1 })).resolves.toBeUndefined()
  })
})
