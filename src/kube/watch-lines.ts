import { KubeError } from './kube-error.ts'

/**
 * Whole lines out of chunks that are cut anywhere, also within a character. A line beyond `maxBytes` is refused before it
 * is held in memory; a rest without its line end, too, as the end of it is lost.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let parts: Uint8Array[] = []
  let held = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      refuseBeyond(held + end - from, maxBytes)
      const line = Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8')
      parts = []
      held = 0
      from = end + 1
      if (line.trim() !== '') yield line
    }
    if (from < chunk.length) parts.push(chunk.subarray(from))
    held += chunk.length - from
    refuseBeyond(held, maxBytes)
  }
  if (held > 0) throw new KubeError('the watch broke off within an event', { status: 0, reason: 'Unreachable' })
}

function refuseBeyond(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return
  throw new KubeError(`an event of the watch is larger than ${maxBytes} bytes`, { status: 0, reason: 'TooLarge' })
}
