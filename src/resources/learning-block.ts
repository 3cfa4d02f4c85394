import { z } from 'zod'
import { SCALAR_BOUNDS, type ScalarName, USUAL_SCALARS } from '../core/policy/learnt-scalars.ts'
import { object, quantityWithin } from './fields.ts'

const scalar = (name: Exclude<ScalarName, 'keptDays'>, what: string) => {
  const { least, most } = SCALAR_BOUNDS[name]
  return quantityWithin(least, most)
    .exactOptional()
    .describe(`${what}; ${least} to ${most}. Default: ${USUAL_SCALARS[name]}, or what was learnt.`)
}

const scalars = object({
  budgetShare: scalar('budgetShare', 'Share of the error budget that the nightly choice of parameters may plan with'),
  actionLimit: scalar('actionLimit', 'How often it may scale, relative to an HPA that meets the same budget'),
  orderAhead: scalar('orderAhead', 'Share that is ordered on top once anything is ordered'),
  deadband: scalar('deadband', 'No scale-down smaller than this share of the replicas'),
  holdScale: scalar('holdScale', 'How much longer than usual replicas are held before they leave'),
  keptDays: z
    .int()
    .min(SCALAR_BOUNDS.keptDays.least)
    .max(SCALAR_BOUNDS.keptDays.most)
    .exactOptional()
    .describe('Days of the past that count in the nightly choice; 3 to 14. Default: 14, or what was learnt.'),
})
  .exactOptional()
  .describe('Numbers that are learnt from the past of the service. What is written here is never replaced by what is learnt.')

export const learning = object({
  mode: z
    .enum(['Off', 'Shadow', 'Promote', 'RequireApproval'])
    .exactOptional()
    .describe(
      'What happens to learnt parameters: Off, Shadow (only compared), Promote (used when better) or RequireApproval. Default: Shadow.',
    ),
  scalars,
})
  .exactOptional()
  .describe('How parameters learnt from the past take effect. Default: mode Shadow.')
