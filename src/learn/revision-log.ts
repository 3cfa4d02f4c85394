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
  /** Does the work while nobody else appends. Throws where another does not get done with its own. */
  alone(work: () => Promise<void>): Promise<void>
}

/** The revisions of services, each service a chain of its own: an entry that was changed, taken out or moved breaks all seals behind it. */
export interface RevisionLog {
  /** Throws where a seal does not fit, or a number was given twice. */
  entries(service: string): Promise<readonly RevisionEntry[]>
  /** `known`: the entries that this one builds on; throws where others have been added to them. */
  append(service: string, entry: RevisionEntry, known?: readonly RevisionEntry[]): Promise<void>
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
    const entries = sealed.map(({ entry }) => entry)
    refuseTwins(entries, `${kept.place}: ${service}`)
    return { entries, before }
  }
  return {
    entries: async service => (await checked(service)).entries,
    append: (service, entry, known) =>
      kept.alone(async () => {
        const { entries, before } = await checked(service)
        if (known !== undefined && known.length !== entries.length)
          throw new CrescendoError(
            'CRS_REVISION_CONFLICT',
            `${kept.place}: the revisions of ${service} have changed since this command read them, so nothing was written: run it again`,
          )
        refuseTwins([...entries, entry], `${kept.place}: ${service}`)
        await kept.append({ service, entry, seal: sealOf({ before, service, entry }, key) })
      }),
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

function refuseTwins(entries: readonly RevisionEntry[], place: string): void {
  const numbers = entries.flatMap(({ kind, revision }) => (kind === 'Learnt' ? [revision] : []))
  const twin = numbers.find((number, index) => numbers.indexOf(number) < index)
  if (twin === undefined) return
  throw new CrescendoError(
    'CRS_REVISION_CONFLICT',
    `${place}: found revision ${twin} twice, expected every number once; nothing of it is used: begin a new file`,
  )
}

function tampered(found: string): CrescendoError {
  return new CrescendoError(
    'CRS_REVISION_SEAL',
    `${found}: it was changed after it was written, or written with another key; nothing of it is used`,
  )
}
