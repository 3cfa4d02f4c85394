import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { shareOut, type Tier } from '../src/core/fleet/share-out.ts'
import { loadConfiguration } from '../src/resources/configuration.ts'
import { amount } from '../src/resources/fields.ts'
import { fleetSettingsFrom } from '../src/resources/fleet-settings.ts'

test('the worked evening of docs/budgets.md is what the shared budgets of the example give', async () => {
  const { document } = await loadConfiguration({ file: 'examples/fleet-budgets.yaml', env: {} })
  const { fleet, tiers } = fleetSettingsFrom(document.cost)!
  const caps = [
    { name: 'fleet', costPerHour: fleet!.perHour! },
    { name: 'basic', tier: 'Basic' as const, costPerHour: tiers!.Basic!.perHour! },
  ]
  const costPerReplicaHour = amount(document.cost!.costPerReplicaHour!)
  const rows = [...readFileSync('docs/budgets.md', 'utf8').matchAll(/^\| (\w+) \| (\w+) \((\w+)\) \|([\d| ]+)\|$/gm)].map(
    ([, when = '', id = '', tier = '', figures = '']) => {
      const [priority = 0, minReplicas = 0, needed = 0, wanted = 0, gets] = figures.split('|').map(Number)
      return {
        when,
        gets,
        member: { id, tier: tier as Tier, priority, minReplicas, needed, wanted, kept: 0, costPerReplicaHour },
      }
    },
  )
  const times = [...new Set(rows.map(({ when }) => when))]
  expect(times).toEqual(['afternoon', 'evening', 'night'])
  for (const time of times) {
    const now = rows.filter(({ when }) => when === time)
    const shares = shareOut(
      now.map(({ member }) => member),
      caps,
    )
    for (const { member, gets } of now) expect(shares.get(member.id)?.replicas, `${time} ${member.id}`).toBe(gets)
  }
})
