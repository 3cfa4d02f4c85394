import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { fileError, isFileError } from '../errors.ts'

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

function named<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw isFileError(error) ? fileError(error, path) : error
  }
}
