import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadPolicies, policyFacts, resolvePolicy, validatePolicies } from './policies.ts'

const scratch = mkdtempSync(join(tmpdir(), 'crescendo-policies-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const write = (name: string, text: string) => {
  const path = join(scratch, name)
  writeFileSync(path, text)
  return path
}
const HEAD = 'apiVersion: autoscaling.spotify.ai/v2\n'

describe('policies of the library', () => {
  test('those that ship are there without a file; one of the same name in a file takes the place of it', async () => {
    const shipped = await loadPolicies()
    expect(resolvePolicy(shipped, { policy: 'Enterprise' })).toMatchObject({ minReplicas: 3 })
    const path = write(
      'own.yaml',
      `${HEAD}kind: ScalingPolicy\nmetadata: { name: tier-enterprise }\nspec: { defaults: { minReplicas: 12 } }\n`,
    )
    const own = await loadPolicies(path)
    expect(own.policies).toHaveLength(shipped.policies.length)
    const settings = resolvePolicy(own, { policy: 'tier-enterprise' })
    expect([settings.minReplicas, settings.origins.minReplicas]).toEqual([12, 'policy tier-enterprise'])
    expect(policyFacts(own).find(({ name }) => name === 'tier-enterprise')).toMatchObject({
      origin: path,
      effective: { minReplicas: 12 },
    })
  })

  test('the configuration of a file is the weakest layer', async () => {
    const path = write('configuration.yaml', `${HEAD}kind: ControllerConfiguration\ncontroller: { periodSeconds: 30 }\n`)
    const settings = resolvePolicy(await loadPolicies(path))
    expect([settings.periodSeconds, settings.origins.periodSeconds]).toEqual([30, 'global configuration'])
  })

  test('a file without a policy, and a policy that nobody knows, are one line each', async () => {
    const source = `${HEAD}kind: MetricSource\nmetadata: { name: p }\nspec: { type: Prometheus, url: "http://p:9090" }\n`
    const path = write('source.yaml', source)
    await expect(loadPolicies(path)).rejects.toMatchObject({
      code: 'CRS_DOCUMENT_INVALID',
      message: `${path}: found MetricSource, expected a ScalingPolicy`,
    })
    const library = await loadPolicies()
    expect(() => resolvePolicy(library, { policy: 'tier-entreprise' })).toThrow('did you mean tier-enterprise')
  })

  test('what is wrong with a file comes as lines with their place; nothing wrong is no line', async () => {
    const wrong = write(
      'wrong.yaml',
      `${HEAD}kind: ScalingPolicy\nmetadata: { name: a }\nspec: { defaults: { minReplica: 1 } }\n`,
    )
    const [line] = await validatePolicies(wrong)
    expect(line).toMatch(/wrong\.yaml:4:\d+: .*minReplica/)
    const right = write(
      'right.yaml',
      `${HEAD}kind: ScalingPolicy\nmetadata: { name: a }\nspec: { defaults: { minReplicas: 1 } }\n`,
    )
    expect(await validatePolicies(right)).toEqual([])
  })
})
