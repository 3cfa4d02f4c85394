import type { FleetSettings, SharedBudget } from '../core/fleet/fleet.ts'
import type { ControllerConfiguration } from './documents.ts'
import { amount } from './fields.ts'

type Budgets = NonNullable<NonNullable<ControllerConfiguration['cost']>['budgets']>

const DEFAULT_CURRENCY = 'USD'

/** The budgets that objects share (`cost.budgets`), in plain numbers; undefined where there is none. */
export function fleetSettingsFrom(cost: ControllerConfiguration['cost']): FleetSettings | undefined {
  const { fleet, ...tiers } = cost?.budgets ?? {}
  if (fleet === undefined && Object.keys(tiers).length === 0) return undefined
  return {
    currency: cost?.currency ?? DEFAULT_CURRENCY,
    ...(fleet && { fleet: plain(fleet) }),
    tiers: {
      ...(tiers.enterprise && { Enterprise: plain(tiers.enterprise) }),
      ...(tiers.premium && { Premium: plain(tiers.premium) }),
      ...(tiers.basic && { Basic: plain(tiers.basic) }),
    },
  }
}

function plain({ perHour, perDay, perMonth, enforcement = 'Cap' }: NonNullable<Budgets['fleet']>): SharedBudget {
  return {
    ...(perHour !== undefined && { perHour: amount(perHour) }),
    ...(perDay !== undefined && { perDay: amount(perDay) }),
    ...(perMonth !== undefined && { perMonth: amount(perMonth) }),
    enforcement,
  }
}
