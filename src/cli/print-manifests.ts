import { CrescendoError } from '../errors.ts'
import type { Destination, ManifestOptions } from '../manifests/manifest.ts'
import { manifests, PARTS } from '../manifests/parts.ts'
import { listOf, renderManifests } from '../manifests/render.ts'
import type { ManifestsCommandOptions } from './commands/manifests.ts'
import { printJson, printLine } from './output.ts'
import { packageVersion } from './package-version.ts'

const MAX_REPLICAS = 9

/** Prints the objects of an installation. Throws CRS_USAGE where an option is nothing that Kubernetes would take. */
export function printManifests(options: ManifestsCommandOptions): void {
  const only = PARTS.filter(part => options.only === undefined || options.only.includes(part))
  const made = manifests(manifestOptions(options), only)
  if (options.json) printJson(listOf(made))
  else printLine(renderManifests(made).trimEnd())
}

function manifestOptions(given: ManifestsCommandOptions): ManifestOptions {
  const { watchNamespace = [], secret = [], databaseSecret } = given
  return {
    namespace: nameOf('--namespace', given.namespace),
    image: imageOf(given.image),
    replicas: countOf(given.replicas ?? (given.dryRun ? '1' : '2')),
    watchNamespaces: unique(watchNamespace).map(name => nameOf('--watch-namespace', name)),
    secrets: unique(secret).map(name => nameOf('--secret', name)),
    ...(databaseSecret !== undefined && { databaseSecret: nameOf('--database-secret', databaseSecret) }),
    customMetrics: unique(given.customMetric).map(metric => metricOf('--custom-metric', metric)),
    externalMetrics: unique(given.externalMetric).map(metric => metricOf('--external-metric', metric)),
    scaledKinds: unique(given.scale).map(kindOf),
    egress: unique(given.egress).map(destinationOf),
    apiServers: unique(given.apiServer).map(cidrOf),
    monitoringNamespace: nameOf('--monitoring-namespace', given.monitoringNamespace),
    serviceMonitor: given.serviceMonitor ?? false,
    dryRun: given.dryRun ?? false,
  }
}

function unique(values: readonly string[] = []): readonly string[] {
  return [...new Set(values)]
}

/** A name of RFC 1123, as namespaces and Secrets have. */
function nameOf(option: string, value: string): string {
  if (/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/.test(value) && !(value.includes('.') && option.endsWith('namespace')))
    return value
  throw wrong(option, value, 'lower-case letters, digits and "-"')
}

function imageOf(image: string | undefined): string {
  if (image === undefined) return `crescendo:${packageVersion()}`
  if (/^[\w][\w./:@-]*$/.test(image)) return image
  throw wrong('--image', image, 'a container image such as registry.example.com/crescendo:0.1.0')
}

function countOf(text: string): number {
  if (/^[1-9]$/.test(text)) return Number(text)
  throw wrong('--replicas', text, `a whole number from 1 to ${MAX_REPLICAS}`)
}

/** Never a wildcard: `*` is no metric's name. */
function metricOf(option: string, metric: string): string {
  const pattern = option === '--custom-metric' ? /^(?:[a-z0-9.-]+\/)?[\w.:-]+$/ : /^[\w.:-]+$/
  if (pattern.test(metric)) return metric
  throw wrong(option, metric, 'the name of a metric; each one by itself')
}

function kindOf(kind: string): string {
  if (/^[a-z0-9]+(?:\.[a-z0-9-]+)+$/.test(kind)) return kind
  throw wrong('--scale', kind, 'the plural and the group of a kind, such as rollouts.argoproj.io')
}

function destinationOf(text: string): Destination {
  const [, namespace = '', port = ''] = /^([a-z0-9-]+):(\d{1,5})$/.exec(text) ?? []
  if (namespace !== '' && Number(port) >= 1 && Number(port) <= 65_535) return { namespace, port: Number(port) }
  throw wrong('--egress', text, 'a namespace and a port, such as monitoring:9090')
}

function cidrOf(text: string): string {
  const [, address = '', bits = ''] = /^([\da-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? []
  const url = URL.parse(`http://${address.includes(':') ? `[${address}]` : address}`)
  const isAddress = url !== null && (address.includes(':') || /^\d+(?:\.\d+){3}$/.test(address))
  if (isAddress && Number(bits) <= (address.includes(':') ? 128 : 32)) return text
  throw wrong('--api-server', text, 'an address range such as 10.0.0.1/32')
}

function wrong(option: string, found: string, expected: string): CrescendoError {
  return new CrescendoError('CRS_USAGE', `${option}: found ${JSON.stringify(found)}, expected ${expected}`)
}
