import { CrescendoError } from '../errors.ts'

/** A kind as its address: "apps/v1 deployments". The core group is ''. */
export interface ApiResource {
  readonly group: string
  readonly version: string
  /** Plural, as in the path: "deployments". */
  readonly plural: string
}

/** The address of all objects of a kind, everywhere or in one namespace. */
export function collectionPath({ group, version, plural }: ApiResource, namespace?: string): string {
  const base = group === '' ? ['api', version] : ['apis', group, version]
  return joined([...base, ...(namespace === undefined ? [] : ['namespaces', namespace]), plural])
}

/** The address of one object, or of its subresource. */
export function objectPath(
  resource: ApiResource,
  at: { readonly namespace?: string | undefined; readonly name: string; readonly subresource?: string },
): string {
  const rest = at.subresource === undefined ? [at.name] : [at.name, at.subresource]
  return collectionPath(resource, at.namespace) + joined(rest)
}

/** "apps/v1" to its group and version; "v1" is the core group. */
export function groupVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/')
  return slash === -1
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

/** Escapes each segment. "." and ".." and nothing cannot be escaped, and no object is called so. */
function joined(segments: readonly string[]): string {
  return segments.map(segment => `/${escapedSegment(segment)}`).join('')
}

function escapedSegment(segment: string): string {
  if (segment === '' || segment === '.' || segment === '..') {
    throw new CrescendoError(
      'CRS_DOCUMENT_INVALID',
      `${JSON.stringify(segment)} cannot stand in an address of the API server: a name is expected`,
    )
  }
  return encodeURIComponent(segment)
}
