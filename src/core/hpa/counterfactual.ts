import { hpaRules } from '../policy/hpa-rules.ts'
import { type Memory, type Proposer, recall } from '../rules.ts'
import { step } from '../step.ts'
import { type HpaSettings, stockSettings } from './settings.ts'

const NAME = 'hpa'

/**
 * What the stock HPA would decide here, from the same observation and the replicas as they are, believing every metric. It keeps
 * its own recommendations; the changes that its rate policies count are those that really happened.
 */
export function counterfactualHpa(settings: HpaSettings = stockSettings): Proposer {
  const rules = hpaRules(settings)
  return {
    name: NAME,
    propose: ({ target, situation, memory }) => {
      const own: Memory = { ...memory, slots: recall(memory, NAME, {}) }
      const { observation } = situation
      const { memory: next, decision } = step(rules, own, { target, situation: { observation, doubts: [] } })
      const said = [...decision.proposals, ...decision.abstentions].map(one => one.why)
      const cuts = decision.verdicts.filter(one => one.to !== one.from).map(one => `${one.by}: ${one.why}`)
      return { kind: 'proposes', replicas: decision.to, why: [...said, ...cuts].join('; '), memory: next.slots }
    },
  }
}
