/** The buffers of all typed arrays anywhere in a plain value, each once: what a message moves instead of copying it. */
export function transferablesOf(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>()
  collect(value, found)
  return [...found]
}

function collect(value: unknown, found: Set<ArrayBuffer>): void {
  if (ArrayBuffer.isView(value)) {
    // Memory that threads share is passed as it is; an empty array has nothing to move.
    if (value.buffer instanceof ArrayBuffer && value.byteLength > 0) found.add(value.buffer)
    return
  }
  if (Array.isArray(value)) for (const one of value) collect(one, found)
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) collect(one, found)
}
