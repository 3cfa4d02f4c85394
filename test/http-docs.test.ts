import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { controllerTelemetry } from '../src/record/controller-telemetry.ts'
import type { Facts } from '../src/show/facts.ts'
import { familiesOf } from '../src/show/families.ts'
import { openapi } from '../src/show/openapi.ts'
import { processFamilies } from '../src/show/process-families.ts'
import { routesOf } from '../src/show/routes.ts'
import { exampleFacts, exampleWorkload } from './example-facts.ts'

const page = readFileSync('docs/http.md', 'utf8')

const safeLoad = { perReplica: 65, by: 'written', written: 65, unreachable: [] } as const

/** Facts in which everything is known, so that no family is left out. */
const everything: Partial<Facts> = {
  workloads: () => [{ ...exampleWorkload, currentReplicas: 3, lastDecision: { ...exampleWorkload.lastDecision!, safeLoad } }],
  controller: () => ({
    isLeader: true,
    isDryRun: false,
    queueDepth: 0,
    watches: [{ resource: 'pods', ageSeconds: 1 }],
    sources: [{ name: 'prometheus', up: true, lastAnswerAt: 0, latencyMs: 1, calls: 1, failures: 0, circuit: 'closed' }],
    openIntents: 0,
    budgets: [
      {
        name: 'fleet',
        currency: 'USD',
        limits: { perHour: 40, enforcement: 'Cap' },
        orderedPerHour: 31,
        spentToday: 400,
        spentThisMonth: 9000,
      },
    ],
  }),
}

test('docs/http.md lists exactly the metric families that there are, each with its type and help', () => {
  const process = processFamilies()
  const { facts } = exampleFacts(everything)
  const families = [...familiesOf(facts, 0), ...controllerTelemetry().families(), ...process.families()]
  process.close()
  const rows = families.map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help.replaceAll('|', '\\|')} |`)
  const listed = page.split('\n').filter(line => line.startsWith('| `crescendo_'))
  expect(listed.toSorted()).toEqual(rows.toSorted())
})

test('docs/http.md names every route of openapi.json', () => {
  const { facts } = exampleFacts()
  const paths = Object.keys((openapi(routesOf(facts), '0') as { readonly paths: object }).paths)
  const short = (path: string) => path.replace('/api/v1/workloads/{namespace}/{name}/', '…/')
  for (const path of paths) expect(page).toMatch(new RegExp(`\`(?:GET|POST) ${short(path).replace(/[{}.]/g, '\\$&')}[\`?]`))
})
