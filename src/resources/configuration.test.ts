import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { configurationText, loadConfiguration, redacted } from './configuration.ts'
import { configurationSections, variableOf } from './configuration-keys.ts'
import { CONFIGURATION_DEFAULTS } from './configuration-schema.ts'
import { resolveSettings } from './policy.ts'
import { readSecret } from './secret.ts'

const folder = mkdtempSync(join(tmpdir(), 'crescendo-configuration-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SHIPPED = 'config/global-config.yaml'
const keys = configurationSections().flatMap(section => section.keys)

function fileOf(name: string, sections: string): string {
  const path = join(folder, name)
  writeFileSync(path, `apiVersion: autoscaling.spotify.ai/v2\nkind: ControllerConfiguration\n${sections}`)
  return path
}

describe('config/global-config.yaml', () => {
  test('holds the defaults and nothing else', async () => {
    const { document, origins, ...effective } = await loadConfiguration({ file: SHIPPED, env: {} })
    expect(effective).toEqual(CONFIGURATION_DEFAULTS)
    const { document: _, origins: __, ...bare } = await loadConfiguration({ env: {} })
    expect(effective).toEqual(bare)
    expect(document.controller?.periodSeconds).toBe(15)
    expect(origins['server.port']).toBe(SHIPPED)
  })

  test.each(keys.map(key => key.path))('%s is there, with a comment above it', path => {
    const lines = readFileSync(SHIPPED, 'utf8').split('\n')
    const names = path.split('.')
    let line = -1
    for (const name of names) {
      line = lines.findIndex((text, index) => index > line && new RegExp(`^(?:# ?)?\\s*(?:# {1,5})?${name}:`).test(text))
      expect(line, `${path}: ${name}`).toBeGreaterThan(0)
    }
    expect(lines[line - 1], path).toMatch(/^\s*#\s+\S/)
  })
})

describe('every key', () => {
  test.each(keys.map(key => [key.path, key] as const))(
    '%s has a sentence, a variable of its own, and a default or none on purpose',
    (path, key) => {
      expect(key.description).toMatch(/^[A-Z].{10,}\.$/)
      expect(keys.filter(({ variable }) => variable === key.variable)).toEqual([key])
      const without = [
        'controller.identity',
        'metrics.pushToken.env',
        'metrics.pushToken.file',
        'store.url.env',
        'store.url.file',
      ]
      expect(key.standard === undefined).toBe(without.includes(path) || path.startsWith('cost.budgets.'))
    },
  )

  test.each(keys.filter(key => key.standard !== undefined).map(key => [key.variable, key] as const))(
    '%s takes effect',
    async (variable, key) => {
      const other = otherThan(key)
      const env = { [variable]: Array.isArray(other) ? other.join(', ') : String(other) }
      // These three bound one another: the widest value goes with each other one.
      const room = { CRESCENDO_CONTROLLER_LEADER_ELECTION_LEASE_DURATION_SECONDS: '60', CRESCENDO_CONTROLLER_API_BURST: '1000' }
      const postgres = variable === 'CRESCENDO_STORE_TYPE' ? { CRESCENDO_STORE_URL_ENV: 'DATABASE_URL' } : {}
      const effective = await loadConfiguration({ env: { ...room, ...postgres, ...env } })
      const found = redacted(effective).find(({ path }) => path === key.path)
      expect(found).toMatchObject({ value: other, origin: variable })
      expect(found?.value).not.toEqual(key.standard)
    },
  )
})

function otherThan(key: (typeof keys)[number]): unknown {
  if (key.type === 'list') return ['audio', 'search']
  if (key.type === 'boolean') return key.standard !== true
  if (key.choices.length > 0) return key.choices.find(choice => choice !== key.standard)
  if (key.type === 'integer') return Number(key.standard) + 1
  if (key.path === 'cost.currency') return 'SEK'
  return key.path.startsWith('cost.') || key.path.startsWith('anomaly.') ? '7.5' : 'other'
}

describe('what is wrong is one line', () => {
  test.each([
    [
      'text for a number',
      { CRESCENDO_SERVER_PORT: 'http' },
      'environment variable CRESCENDO_SERVER_PORT: found "http", expected a number',
    ],
    [
      'out of range',
      { CRESCENDO_SERVER_PORT: '70000' },
      'environment variable CRESCENDO_SERVER_PORT: found 70000, expected at most 65535',
    ],
    [
      'no boolean',
      { CRESCENDO_CONTROLLER_DRY_RUN: 'yes' },
      'environment variable CRESCENDO_CONTROLLER_DRY_RUN: found "yes", expected boolean',
    ],
    [
      'a misspelt name',
      { CRESCENDO_SERVER_PROT: '1' },
      'environment variable CRESCENDO_SERVER_PROT: no key of the configuration has that name; did you mean CRESCENDO_SERVER_PORT?',
    ],
    [
      'a misspelt section',
      { CRESCENDO_SERVR_PORT: '1' },
      'environment variable CRESCENDO_SERVR_PORT: no key of the configuration has that name; did you mean CRESCENDO_SERVER_PORT?',
    ],
    [
      'nothing like any key of a section',
      { CRESCENDO_STORE_COLOUR_OF_THE_BOX: '1' },
      'environment variable CRESCENDO_STORE_COLOUR_OF_THE_BOX: no key of the configuration has that name; crescendo run --print-config lists the keys',
    ],
    [
      'a deadline that is no deadline',
      { CRESCENDO_CONTROLLER_LEADER_ELECTION_RENEW_DEADLINE_SECONDS: '15' },
      'environment variable CRESCENDO_CONTROLLER_LEADER_ELECTION_RENEW_DEADLINE_SECONDS: found 15, expected less than leaseDurationSeconds (15)',
    ],
    [
      'a server without an address',
      { CRESCENDO_STORE_TYPE: 'PostgreSql' },
      'environment: store.url: missing, expected { env: NAME } or { file: PATH }, which type PostgreSql needs',
    ],
    [
      'two places of one secret',
      { CRESCENDO_STORE_URL_ENV: 'A', CRESCENDO_STORE_URL_FILE: 'b' },
      'environment variable CRESCENDO_STORE_URL_ENV: found something else, expected either { env: NAME } or { file: PATH }; secrets are named here, never written down',
    ],
  ])('%s', async (_, env, line) => {
    await expect(loadConfiguration({ env })).rejects.toThrow(line)
  })

  test.each([
    ['a section that comes later', 'clouds: {}\n', ':3:1: clouds: unknown field'],
    ['an unknown key', 'server: { prt: 1 }\n', ':3:11: server.prt: unknown field; did you mean port?'],
    [
      'a secret written down',
      'metrics: { pushToken: hunter2 }\n',
      ':3:23: metrics.pushToken: found something else, expected an object',
    ],
    [
      'a burst below the rate',
      'controller: { apiBurst: 9 }\n',
      ':3:25: controller.apiBurst: found 9, expected at least apiQueriesPerSecond (50)',
    ],
    [
      'retrying too seldom',
      'controller: { leaderElection: { retryPeriodSeconds: 10 } }\n',
      ': found 10, expected less than renewDeadlineSeconds (10)',
    ],
  ])('%s in the file', async (name, sections, line) => {
    const file = fileOf(`${name.replaceAll(' ', '-')}.yaml`, sections)
    await expect(loadConfiguration({ file, env: {} })).rejects.toThrow(line)
  })

  test('a file that holds something else', async () => {
    await expect(loadConfiguration({ file: 'examples/api-gateway-hpa.yaml', env: {} })).rejects.toThrow(
      'examples/api-gateway-hpa.yaml: found HorizontalPodAutoscaler api-gateway-hpa, expected one ControllerConfiguration',
    )
  })
})

test('what Kubernetes puts into a pod for Services, what tests use, and named secrets are not taken for keys', async () => {
  const file = fileOf('named.yaml', 'metrics: { pushToken: { env: CRESCENDO_METRICS_TOKEN } }\nserver: { port: 9 }\n')
  const env = {
    CRESCENDO_SERVICE_HOST: '10.0.0.1',
    CRESCENDO_SERVICE_PORT: '8080',
    CRESCENDO_SERVICE_PORT_HTTP: '8080',
    CRESCENDO_PORT: 'tcp://10.0.0.1:8080',
    CRESCENDO_PORT_8080_TCP_ADDR: '10.0.0.1',
    CRESCENDO_SERVER_PORT: 'tcp://10.0.0.1:8080',
    CRESCENDO_METRICS_SERVICE_HOST: '10.0.0.1',
    CRESCENDO_BED_KEEP: '1',
    CRESCENDO_METRICS_TOKEN: 'hunter2',
    PATH: '/bin',
  }
  const effective = await loadConfiguration({ file, env })
  expect(effective.server.port).toBe(9)
  expect(effective.metrics.pushToken).toEqual({ env: 'CRESCENDO_METRICS_TOKEN' })
})

describe('secrets', () => {
  test('are read when they are asked for, and stand in no print', async () => {
    const file = join(folder, 'token')
    writeFileSync(file, 'canary-1\n')
    expect(await readSecret({ file }, {})).toBe('canary-1')
    writeFileSync(file, 'canary-2\n')
    expect(await readSecret({ file }, {})).toBe('canary-2')
    expect(await readSecret({ env: 'TOKEN' }, { TOKEN: 'canary-3' })).toBe('canary-3')
    const env = { CRESCENDO_METRICS_PUSH_TOKEN_ENV: 'TOKEN', TOKEN: 'canary-3', CRESCENDO_STORE_URL_FILE: file }
    const effective = await loadConfiguration({ env })
    expect(JSON.stringify([redacted(effective), configurationText(effective), effective])).not.toContain('canary')
    expect(redacted(effective)).toContainEqual(expect.objectContaining({ path: 'metrics.pushToken.env', value: 'TOKEN' }))
  })

  test('that are not there, empty or far too large are one line without their content', async () => {
    const large = join(folder, 'large')
    writeFileSync(large, 'x'.repeat(65_537))
    await expect(readSecret({ env: 'NONE' }, {})).rejects.toThrow('environment variable NONE: found nothing, expected the secret')
    await expect(readSecret({ env: 'BLANK' }, { BLANK: ' \n' })).rejects.toThrow('environment variable BLANK: found nothing')
    await expect(readSecret({ file: join(folder, 'none') }, {})).rejects.toThrow('no such file or folder')
    await expect(readSecret({ file: large }, {})).rejects.toThrow(/found 65537 bytes, expected a secret of at most 65536$/)
  })
})

test('--print-config is a configuration that says the same, with where each value came from', async () => {
  const file = fileOf('print.yaml', 'controller: { leaderElection: { leaseName: "yes: no" } }\n')
  const env = { CRESCENDO_CONTROLLER_NAMESPACES: 'audio,search', CRESCENDO_METRICS_PUSH_TOKEN_FILE: '/run/token' }
  const effective = await loadConfiguration({ file, env })
  const text = configurationText(effective)
  expect(text).toContain('\n  namespaces: [ audio, search ] # CRESCENDO_CONTROLLER_NAMESPACES\n')
  expect(text).toContain(`\n    leaseName: "yes: no" # ${file}\n`)
  expect(text).toContain('\n  port: 8080 # default\n')
  const { document: _, origins: __, ...values } = effective
  expect(parse(text)).toEqual({ apiVersion: 'autoscaling.spotify.ai/v2', kind: 'ControllerConfiguration', ...values })
})

test('the sections about decisions are a layer of the settings; the rest of the configuration is not', async () => {
  const env = {
    CRESCENDO_CONTROLLER_PERIOD_SECONDS: '30',
    CRESCENDO_CONTROLLER_WORKERS: '2',
    CRESCENDO_COST_COST_PER_REPLICA_HOUR: '2',
    CRESCENDO_COST_CURRENCY: 'SEK',
  }
  const { document } = await loadConfiguration({ env })
  const policy = {
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'ScalingPolicy',
    metadata: { name: 'p' },
    spec: { defaults: { budget: { perHour: 5 } } },
  } as const
  const settings = resolveSettings({ policies: [], configuration: document, policy })
  expect(settings).toMatchObject({
    periodSeconds: 30,
    budget: { currency: 'SEK', perHour: 5 },
    simulation: { costPerReplicaHour: 2 },
  })
  expect(Object.keys(settings.origins)).not.toContain('workers')
})

test('the name of a variable', () => {
  expect(variableOf('controller.leaderElection.leaseName')).toBe('CRESCENDO_CONTROLLER_LEADER_ELECTION_LEASE_NAME')
})
