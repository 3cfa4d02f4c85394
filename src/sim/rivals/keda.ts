import { reactive } from '../../core/decide/reactive.ts'
import type { Instant, MetricAnswer } from '../../core/model.ts'
import { hpaRules } from '../../core/policy/hpa-rules.ts'
import { type Proposer, type Rules, recall } from '../../core/rules.ts'

interface Poll {
  readonly at: Instant
  readonly answers: readonly MetricAnswer[]
}

const POLLING_MS = 30_000

/**
 * KEDA with its defaults between one and many replicas: an HPA with the upstream limits, on an external metric of which every
 * pod gets an average share (ceil(total / target), 10 % tolerance), polled every 30 s: in between, the HPA is told the last answer.
 */
export function keda(): Rules {
  const inner = reactive()
  const proposer: Proposer = {
    name: 'keda',
    propose(context) {
      const { observation } = context.situation
      const last = recall<Poll | undefined>(context.memory, 'keda', undefined)
      const isDue = last === undefined || context.now - last.at >= POLLING_MS
      const poll = isDue ? { at: context.now, answers: observation.answers } : last
      const situation = { ...context.situation, observation: { ...observation, answers: poll.answers } }
      return { ...inner.propose({ ...context, situation }), memory: poll }
    },
  }
  return { ...hpaRules(), name: 'keda', proposers: [proposer] }
}
