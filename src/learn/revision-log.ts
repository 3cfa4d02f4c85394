import { createHmac, timingSafeEqual } from 'node:crypto'
import { scalarProblems } from '../core/policy/learnt-scalars.ts'
import { CrescendoError } from '../errors.ts'
import type { RevisionEntry } from './revision.ts'

/** An entry and its seal: the HMAC-SHA256 over the seal before it, the service and the entry as it is written. */
export interface SealedEntry {
  readonly service: string
  readonly entry: RevisionEntry
  readonly seal: string
}

/** Where sealed entries are kept, in the order in which they were written. Nothing is ever changed or taken out. */
export interface SealedEntries {
  /** What messages call it. */
  readonly place: string
  read(service: string): Promise<readonly SealedEntry[]>
  append(sealed: SealedEntry): Promise<void>
}

/** The revisions of services, each service a chain of its own: an entry that was changed, taken out or moved breaks all seals behind it. */
export interface RevisionLog {
  /** Throws where a seal does not fit. */
  entries(service: string): Promise<readonly RevisionEntry[]>
  append(service: string, entry: RevisionEntry): Promise<void>
}

export function revisionLog(kept: SealedEntries, key: Uint8Array): RevisionLog {
  const checked = async (service: string) => {
    const sealed = await kept.read(service)
    let before = ''
    for (const [index, { entry, seal }] of sealed.entries()) {
      const isSame = sameSeal(seal, sealOf({ before, service, entry }, key))
      if (!isSame) throw tampered(`${kept.place}: entry ${index + 1} of ${service} does not carry the seal of its content`)
      if (entry.kind === 'Learnt') refuseWild(entry.scalars, `${kept.place}: revision ${entry.revision} of ${service}`)
      before = seal
    }
    return { entries: sealed.map(({ entry }) => entry), before }
  }
  return {
    entries: async service => (await checked(service)).entries,
    async append(service, entry) {
      const { before } = await checked(service)
      await kept.append({ service, entry, seal: sealOf({ before, service, entry }, key) })
    },
  }
}

interface Signed {
  readonly before: string
  readonly service: string
  readonly entry: RevisionEntry
}

function sealOf({ before, service, entry }: Signed, key: Uint8Array): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([before, service, entry]))
    .digest('hex')
}

function sameSeal(found: unknown, expected: string): boolean {
  if (typeof found !== 'string' || found.length !== expected.length) return false
  return timingSafeEqual(Buffer.from(found), Buffer.from(expected))
}

function refuseWild(scalars: object, place: string): void {
  const [problem] = scalarProblems(scalars)
  if (problem !== undefined) throw tampered(`${place}: ${problem}`)
}

function tampered(found: string): CrescendoError {
  return new CrescendoError(
    'CRS_REVISION_SEAL',
    `${found}: it was changed after it was written, or written with another key; nothing of it is used`,
  )
}
