import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { CrescendoError, fileError, isFileError } from '../errors.ts'

/** A file that is written row by row without being held in memory. */
export interface RowFile {
  write(rows: string): void
  /** Puts the complete file in its place. */
  finish(): void
  /** Leaves nothing behind that is not complete; a file that is in its place stays. */
  discard(): void
}

const BUFFER_CHARACTERS = 65_536

/** Written beside its place and moved there when complete, so that a failure never leaves half a file. */
export function openRowFile(path: string): RowFile {
  const isSpecial = statSync(path, { throwIfNoEntry: false })?.isFile() === false // a pipe or a device cannot be moved onto
  const target = isSpecial ? path : `${path}.partial`
  const descriptor = named(path, () => openSync(target, 'w'))
  let [buffer, isOpen] = ['', true]
  const close = () => {
    if (isOpen) closeSync(descriptor)
    isOpen = false
  }
  const flush = () => {
    for (let bytes = Buffer.from(buffer); bytes.length > 0; )
      bytes = bytes.subarray(named(path, () => writeSync(descriptor, bytes)))
    buffer = ''
  }
  return {
    write(rows) {
      buffer += rows
      if (buffer.length > BUFFER_CHARACTERS) flush()
    },
    finish() {
      flush()
      close()
      if (!isSpecial) named(path, () => renameSync(target, path))
    },
    discard() {
      close()
      if (!isSpecial) rmSync(target, { force: true })
    },
  }
}

/** Opens the file where there is a path, puts it in its place when `work` is done, and leaves nothing behind when it fails. */
export async function withRowFile<T>(path: string | undefined, work: (file: RowFile | undefined) => Promise<T>): Promise<T> {
  if (path === undefined) return await work(undefined)
  const file = openRowFile(path)
  try {
    const result = await work(file)
    file.finish()
    return result
  } catch (error) {
    file.discard()
    throw error
  }
}

/**
 * Throws where two options ("--html": its path, absent where not given) name the same file to write, however the path is
 * spelt. Devices and pipes may be shared: nothing is lost in /dev/null.
 */
export function refuseSamePath(paths: Readonly<Record<string, string | undefined>>): void {
  const taken = new Map<string, string>()
  for (const [option, path] of Object.entries(paths)) {
    if (path === undefined || statSync(path, { throwIfNoEntry: false })?.isFile() === false) continue
    const place = placeOf(path)
    const other = taken.get(place)
    if (other !== undefined) {
      throw new CrescendoError('CRS_USAGE', `${other} and ${option} both name ${path}; expected two different files`)
    }
    taken.set(place, option)
  }
}

/** The folder without its links: the file itself is replaced, not followed. */
function placeOf(path: string): string {
  const whole = resolve(path)
  try {
    return join(realpathSync(dirname(whole)), basename(whole))
  } catch {
    return whole // no such folder: opening it tells
  }
}

function named<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw isFileError(error) ? fileError(error, path) : error
  }
}
