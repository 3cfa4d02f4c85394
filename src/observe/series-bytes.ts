import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CrescendoError, fileError, isFileError } from '../errors.ts'

const CHUNK_BYTES = 1 << 18

/**
 * The bytes of a file, or of standard input for `-`, decompressed where the first two bytes are gzip's. Chunks are valid
 * until the next one is asked for. `file` is what messages call it.
 */
export async function* chunksOf(
  path: string,
  { file, signal }: { readonly file: string; readonly signal?: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const source = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES })
  try {
    const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer> // no encoding is set, so these are buffers
    let head = Buffer.alloc(0)
    while (head.length < 2) {
      const { done, value } = await chunks.next()
      if (done) break
      head = Buffer.concat([head, value])
    }
    const whole = prepend(head, chunks)
    for await (const chunk of head[0] === 0x1f && head[1] === 0x8b ? gunzip(whole) : whole) {
      signal?.throwIfAborted()
      yield chunk
    }
  } catch (error) {
    throw explain(error, file)
  } finally {
    source.destroy()
  }
}

async function* prepend(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

function gunzip(compressed: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  // The error of either stream surfaces on the last one, which is being read.
  return pipeline(Readable.from(compressed), createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined)
}

function explain(error: unknown, file: string): unknown {
  if (isFileError(error)) return fileError(error, file)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'Z_BUF_ERROR') {
    return new CrescendoError(
      'CRS_TRACE_MALFORMED',
      `${file}: found gzip data that ends too early, expected the whole file; copy it again`,
      {
        cause: error,
      },
    )
  }
  if (code.startsWith('Z_')) {
    return new CrescendoError(
      'CRS_TRACE_MALFORMED',
      `${file}: found damaged gzip data (${(error as Error).message}), expected a whole file`,
      {
        cause: error,
      },
    )
  }
  return error
}
