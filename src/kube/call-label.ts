import type { KubeCall } from './api.ts'

/** A call as metrics and messages know it: few values, no name of an object in it. */
export interface CallLabel {
  /** get, list, watch, create, update, patch, delete. */
  readonly verb: string
  /** Resource and subresource without names: "deployments/scale". Metrics APIs by their group only. */
  readonly resource: string
}

/** What a call does to what, as RBAC names it: "update" of "deployments/scale". */
export function labelOf(call: Pick<KubeCall, 'method' | 'path'>, isWatch = false): CallLabel {
  const { resource, isOne } = resourceOf(call.path)
  return { verb: isWatch ? 'watch' : verbOf(call.method, isOne), resource }
}

function verbOf(method: KubeCall['method'], isOne: boolean): string {
  if (method === 'GET') return isOne ? 'get' : 'list'
  return { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method]
}

function resourceOf(path: string): { readonly resource: string; readonly isOne: boolean } {
  const parts = path.split('/').filter(part => part !== '')
  if (parts[0] !== 'api' && parts[0] !== 'apis') return { resource: 'server', isOne: true }
  const group = parts[0] === 'apis' ? (parts[1] ?? '') : ''
  if (/^(?:custom|external)\.metrics\.k8s\.io$/.test(group)) return { resource: group, isOne: true }
  const afterVersion = parts.slice(parts[0] === 'apis' ? 3 : 2)
  if (afterVersion.length === 0) return { resource: 'discovery', isOne: true }
  const isNamespaced = afterVersion[0] === 'namespaces' && afterVersion.length > 2
  const [plural = '', name, subresource] = isNamespaced ? afterVersion.slice(2) : afterVersion
  return { resource: subresource === undefined ? plural : `${plural}/${subresource}`, isOne: name !== undefined }
}
