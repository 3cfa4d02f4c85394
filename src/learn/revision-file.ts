import { randomBytes } from 'node:crypto'
import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { CrescendoError, fileError, isFileError } from '../errors.ts'
import type { SealedEntries, SealedEntry } from './revision-log.ts'

/**
 * Sealed entries in a file, one JSON document a line (`docs/formats/revisions.md`). A file that is not there holds none. Who appends holds
 * the lock `path.lock`; others wait for it, for `patienceMs` at most.
 */
export function revisionFile(path: string, { patienceMs = 5_000 } = {}): SealedEntries {
  return {
    place: path,
    async read(service) {
      const text = wholeLines((await contentOf(path)) ?? '')
      const lines = text.split('\n').filter(line => line !== '')
      return lines.map((line, index) => parsed(line, `${path}:${index + 1}`)).filter(sealed => sealed.service === service)
    },
    async append(sealed) {
      const text = (await contentOf(path)) ?? ''
      const whole = wholeLines(text)
      if (whole !== text) await truncate(path, Buffer.byteLength(whole)).catch(refused)
      await appendFile(path, `${JSON.stringify(sealed)}\n`, { mode: 0o600 }).catch(refused)
    },
    async alone(work) {
      const lock = `${path}.lock`
      await take(lock, patienceMs)
      await work().finally(() => rm(lock, { force: true }))
    },
  }
}

const LOOK_AGAIN_MS = 20

/** Makes the lock file, which only one of many can. */
async function take(lock: string, patienceMs: number): Promise<void> {
  for (let waitedMs = 0; !(await isMade(lock)); waitedMs += LOOK_AGAIN_MS) {
    if (waitedMs >= patienceMs)
      throw new CrescendoError(
        'CRS_REVISION_CONFLICT',
        `${lock}: another command holds the revisions for ${patienceMs / 1000} s already; where none runs, one has died: remove this file`,
      )
    await wait(LOOK_AGAIN_MS)
  }
}

async function isMade(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, `${process.pid}\n`, { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    return refused(error)
  }
}

/** A last line without an end was never written to its end: nobody was told that it is kept. */
const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1)

const KEY_BYTES = 32

/**
 * The key that seals: the content of a file, without white space around it. With `create`, a file that is not there is made with 32 random
 * bytes in hexadecimal, readable by its owner alone.
 */
export async function revisionKey(path: string, { create }: { readonly create: boolean }): Promise<Uint8Array> {
  const found = (await contentOf(path))?.trim()
  if (found !== undefined && found !== '') return Buffer.from(found)
  if (found === '')
    throw new CrescendoError('CRS_SECRET_MISSING', `${path}: found an empty file, expected the key of the revisions`)
  if (!create)
    throw new CrescendoError(
      'CRS_SECRET_MISSING',
      `${path}: no such file, expected the key that sealed the revisions (--key-file)`,
    )
  const key = randomBytes(KEY_BYTES).toString('hex')
  await writeFile(path, `${key}\n`, { mode: 0o600, flag: 'wx' }).catch(refused)
  return Buffer.from(key)
}

/** `undefined` where no such file is. */
async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isFileError(error) && error.code === 'ENOENT') return undefined
    throw isFileError(error) ? fileError(error, path) : error
  }
}

function refused(error: unknown): never {
  throw isFileError(error) ? fileError(error) : error
}

function parsed(line: string, place: string): SealedEntry {
  try {
    const { service, entry, seal } = JSON.parse(line) as SealedEntry // whose content its seal vouches for
    if (typeof service === 'string' && typeof seal === 'string' && typeof entry === 'object' && entry !== null)
      return { service, entry, seal }
  } catch {
    // said below, as for every other line that is none
  }
  throw new CrescendoError('CRS_REVISION_SEAL', `${place}: found no sealed entry, expected {"service":…,"entry":…,"seal":…}`)
}
