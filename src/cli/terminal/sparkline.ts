const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/**
 * The last values as `width` bars from 0 to their maximum; each bar shows the highest value of its share, so that a peak
 * stays visible. A gap (`undefined`) is a space. Fewer values than `width` stand on the right.
 */
export function sparkline(values: readonly (number | undefined)[], width: number): string {
  const top = Math.max(0, ...values.map(value => value ?? 0))
  const share = Math.max(1, values.length / width)
  const bars = Array.from({ length: Math.min(width, values.length) }, (_, index) => {
    const own = values.slice(Math.floor(index * share), Math.floor((index + 1) * share)).filter(value => value !== undefined)
    return own.length === 0 ? ' ' : barOf(Math.max(...own), top)
  })
  return bars.join('').padStart(width)
}

function barOf(value: number, top: number): string {
  if (top === 0) return BARS[0]
  return BARS[Math.min(BARS.length - 1, Math.floor((value / top) * BARS.length))] ?? BARS[0]
}
