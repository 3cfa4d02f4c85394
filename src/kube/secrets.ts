import { CrescendoError } from '../errors.ts'
import type { KubeClient } from './api.ts'
import { objectPath } from './paths.ts'

const SECRETS = { group: '', version: 'v1', plural: 'secrets' }

/** One key of one Secret, by name; `undefined` where the Secret lacks the key. Its value goes nowhere but to the caller. */
export async function getSecretValue(
  client: KubeClient,
  { namespace, name, key }: { readonly namespace: string; readonly name: string; readonly key: string },
): Promise<string | undefined> {
  const { data } = await client.request<{ readonly data?: Readonly<Record<string, string>> }>({
    method: 'GET',
    path: objectPath(SECRETS, { namespace, name }),
  })
  const encoded = data?.[key]
  if (encoded === undefined) return undefined
  const value = Buffer.from(encoded, 'base64').toString('utf8').trim()
  if (value === '') throw new CrescendoError('CRS_DOCUMENT_INVALID', `the key ${key} of the Secret ${namespace}/${name} is empty`)
  return value
}
