import { readFile, stat } from 'node:fs/promises'
import { CrescendoError, fileError, isFileError } from '../errors.ts'
import type { SecretReference } from './configuration-schema.ts'

/** No token, password or certificate is longer. */
const MAX_SECRET_BYTES = 65_536

/**
 * The secret that `reference` names, read now: so a changed file takes effect without a restart. White space around it is
 * left out. Throws where there is none; what was read never stands in a message.
 */
export async function readSecret(reference: SecretReference, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const { env: name, file } = reference
  const [place, text] =
    name !== undefined ? [`environment variable ${name}`, env[name]] : [`file ${file}`, await contentOf(file ?? '')]
  const secret = text?.trim() ?? ''
  if (secret === '')
    throw new CrescendoError('CRS_SECRET_MISSING', `${place}: found nothing, expected the secret that the configuration names`)
  return secret
}

async function contentOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > MAX_SECRET_BYTES) {
      throw new CrescendoError(
        'CRS_SECRET_MISSING',
        `file ${file}: found ${size} bytes, expected a secret of at most ${MAX_SECRET_BYTES}`,
      )
    }
    return await readFile(file, 'utf8')
  } catch (error) {
    throw isFileError(error) ? fileError(error, file) : error
  }
}
