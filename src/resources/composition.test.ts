import { describe, expect, test } from 'vitest'
import { compositionProblems } from './composition.ts'
import { checkText } from './load.ts'
import { defaultPolicies } from './policy-file.ts'

const policy = (name: string, spec: string) =>
  `apiVersion: autoscaling.spotify.ai/v2\nkind: ScalingPolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`
const object = (spec: string) =>
  `apiVersion: autoscaling.spotify.ai/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: web }\nspec: { scaleTargetRef: { kind: Deployment, name: web }, ${spec} }\n`

async function problems(...documents: readonly string[]) {
  const { resources, problems: own } = checkText('a.yaml', documents.join('---\n'))
  expect(own.filter(({ severity }) => severity === 'error')).toEqual([])
  return compositionProblems(resources, await defaultPolicies()).map(({ line, severity, message }) => ({
    line,
    severity,
    message,
  }))
}

describe('documents that are sound alone and not together', () => {
  test('what composes is no problem', async () => {
    expect(
      await problems(policy('a', '{ extends: [tier-enterprise] }'), object('maxReplicas: 9, policyRef: { name: a }')),
    ).toEqual([])
  })

  test('a circle is refused in each of its policies, with the way round', async () => {
    expect(await problems(policy('a', '{ extends: [b] }'), policy('b', '{ extends: [a] }'))).toEqual([
      { line: 1, severity: 'error', message: 'policy a: extends itself by way of a -> b -> a, expected no circle' },
      { line: 6, severity: 'error', message: 'policy b: extends itself by way of b -> a -> b, expected no circle' },
    ])
  })

  test('a budget in two currencies is refused; one that replaces both amounts is not mixed', async () => {
    const dollars = policy('b', '{ defaults: { budget: { currency: USD, perDay: "50" } } }')
    const [first, second] = await problems(
      dollars,
      policy('a', '{ extends: [b], defaults: { budget: { currency: EUR, perHour: "10" } } }'),
    )
    expect(first?.message).toBe(
      'budget.perDay is in USD (policy b) and budget.perHour is in EUR (policy a), expected one currency',
    )
    expect(second).toBeUndefined()
    expect(
      await problems(
        dollars,
        policy('a', '{ extends: [b], defaults: { budget: { currency: EUR, perHour: "10", perDay: "40" } } }'),
      ),
    ).toEqual([])
  })

  test('a policy whose least ends up above its most is refused; an object below the floor of its tier is told what holds', async () => {
    expect(await problems(policy('a', '{ extends: [tier-enterprise], defaults: { maxReplicas: 2 } }'))).toEqual([
      {
        line: 1,
        severity: 'error',
        message: 'a: minReplicas 3 (policy tier-enterprise) is above maxReplicas 2, expected at most that',
      },
    ])
    expect(await problems(object('tier: Enterprise, maxReplicas: 2'))).toEqual([
      { line: 1, severity: 'warning', message: 'web: minReplicas 3 (tier Enterprise) is above maxReplicas 2; 2 holds' },
    ])
  })

  test('a policyRef to what is nowhere to be seen is told', async () => {
    expect(await problems(object('maxReplicas: 9, policyRef: { name: house }'))).toEqual([
      {
        line: 1,
        severity: 'warning',
        message: 'web: policyRef house is not among these files and the default policies: it may be in the cluster',
      },
    ])
  })

  test('what is extended and is nowhere to be seen may be in the cluster', async () => {
    const [only] = await problems(policy('a', '{ extends: [house] }'))
    expect(only).toMatchObject({ severity: 'warning', message: expect.stringContaining('extends house, which is not there') })
  })
})
