/** Clients that are remembered; the one that came first is forgotten first. */
const MAX_CLIENTS = 1000

/** Whether a client may ask now: a bucket for each that fills steadily, and a request takes one drop. */
export function rateLimit(perSecond: number): (client: string) => boolean {
  const buckets = new Map<string, { drops: number; at: number }>()
  return client => {
    const now = performance.now()
    const bucket = buckets.get(client) ?? { drops: perSecond, at: now }
    bucket.drops = Math.min(perSecond, bucket.drops + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    if (!buckets.has(client) && buckets.size >= MAX_CLIENTS) buckets.delete(buckets.keys().next().value ?? '')
    buckets.set(client, bucket)
    if (bucket.drops < 1) return false
    bucket.drops--
    return true
  }
}
