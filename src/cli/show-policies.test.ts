import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listPolicies, showPolicy } from './show-policies.ts'

const CHECKOUT = 'examples/checkout-policy.yaml'
const printed: { out: string; err: string } = { out: '', err: '' }

beforeEach(() => {
  Object.assign(printed, { out: '', err: '' })
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    printed.out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    printed.err += String(text)
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

describe('policies list', () => {
  test('names what ships, and what a file brings', async () => {
    await listPolicies({ file: CHECKOUT })
    expect(printed.out).toMatch(/^tier-enterprise +default policies$/m)
    expect(printed.out).toMatch(/^checkout +examples\/checkout-policy\.yaml +tier-premium, behavior-balanced$/m)
    printed.out = ''
    await listPolicies({ json: true })
    const { policies } = JSON.parse(printed.out)
    expect(policies).toContainEqual({ name: 'tier-basic', origin: 'default policies', extends: [] })
  })
})

describe('policies show', () => {
  test('tells every value with its origin, a line for each item of a list, and what nobody acts on', async () => {
    await showPolicy('checkout', { file: CHECKOUT })
    expect(printed.out).toMatch(/^minReplicas +policy checkout +6$/m)
    expect(printed.out).toMatch(/^maxReplicas +bounds of policy checkout +300$/m)
    expect(printed.out).toMatch(
      /^behavior\.scaleUp\.policies +policy behavior-balanced +type Percent, value 100, periodSeconds 15$/m,
    )
    expect(printed.out).toMatch(/^ +type Pods, value 4, periodSeconds 15$/m)
    expect(printed.out).toContain('A controller does not act yet on: ')
    expect(printed.err).toBe('crescendo: maxReplicas 500 is outside the bounds of policy checkout; 300 holds\n')
  })

  test('finds a policy without its prefix, and tells it as JSON', async () => {
    await showPolicy('enterprise', { json: true })
    const { name, values } = JSON.parse(printed.out)
    expect(name).toBe('tier-enterprise')
    expect(values).toContainEqual({ field: 'minReplicas', value: 3, origin: 'policy tier-enterprise' })
    expect(values).toContainEqual({ field: 'prediction.mode', value: 'Additive', origin: 'built-in' })
  })

  test('tells an object with all that it refers to', async () => {
    await showPolicy('checkout', { file: CHECKOUT, object: true })
    expect(printed.out).toMatch(/^minReplicas +policy checkout +6$/m)
    expect(printed.out).toMatch(/^maxReplicas +object checkout +200$/m)
    expect(printed.out).toMatch(/^schedules +object checkout +name business-hours, cron 0 8 \* \* 1-5, /m)
  })

  test('says what there is where the name is wrong', async () => {
    await expect(showPolicy('enterprize', {})).rejects.toThrow(
      /^found no policy enterprize, expected one of .*did you mean enterprise\?$/,
    )
    await expect(showPolicy('chekout', { file: CHECKOUT, object: true })).rejects.toThrow(
      `${CHECKOUT}: found no object chekout, expected one of checkout; did you mean checkout?`,
    )
    await expect(showPolicy('a', { object: true })).rejects.toThrow('--object needs --file with the object in it')
    await expect(showPolicy('a', { file: 'examples/scheduled-policy.yaml', object: true })).rejects.toThrow(
      'it holds no HorizontalPodAutoscaler',
    )
  })
})
