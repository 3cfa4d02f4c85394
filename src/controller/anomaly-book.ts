import type { Instant } from '../core/model.ts'
import {
  type AlarmBook,
  activeAlarms,
  emptyBook,
  type KeptEpisode,
  labelEpisodes,
  noteSightings,
} from '../core/screen/alarm-book.ts'
import type { Label } from '../core/screen/labels.ts'
import type { Sighting, UnusualKind } from '../core/screen/sighting.ts'
import type { Clock, DurableStore, Log } from '../ports.ts'

/** What was unusual about each object, as episodes; kept in the store, labels of users among them. */
export interface AnomalyBook {
  /** Takes in what a turn sighted; resolves with the episodes that have become alarms by it. */
  note(target: string, seen: { readonly at: Instant; readonly sightings: readonly Sighting[] }): Promise<readonly KeptEpisode[]>
  /** The newest hundred, oldest first. */
  episodes(target: string): Promise<readonly KeptEpisode[]>
  /** How many episodes began then and have the label now. Rejects where the store cannot keep it. */
  label(target: string, given: { readonly startAt: Instant; readonly kind?: UnusualKind; readonly label: Label }): Promise<number>
  /** Alarms that go on now. */
  active(target: string): readonly KeptEpisode[]
  forget(target: string): void
  /** Another process led meanwhile. */
  forgetAll(): void
}

interface Page {
  book: AlarmBook
  savedAt: Instant
}

const MODEL = 'anomalies'
const VERSION = 1
/** An episode that goes on is saved that often. */
const SAVE_MS = 300_000

type Options = { readonly store: Pick<DurableStore, 'saveModel' | 'loadModel'>; readonly clock: Clock; readonly log: Log }

export function createAnomalyBook({ store, clock, log }: Options): AnomalyBook {
  const opening = new Map<string, Promise<Page>>()
  const pages = new Map<string, Page>()
  const open = (target: string): Promise<Page> => {
    const under = opening.get(target) ?? read(target)
    opening.set(target, under)
    return under
  }
  const read = async (target: string): Promise<Page> => {
    const page = { book: await load(target, { store, log }), savedAt: clock.now() }
    pages.set(target, page)
    return page
  }
  const save = async (target: string, page: Page) => {
    page.savedAt = clock.now()
    await store.saveModel(target, { name: MODEL, version: VERSION, state: new TextEncoder().encode(JSON.stringify(page.book)) })
  }
  return {
    async note(target, seen) {
      if (seen.sightings.length === 0 && pages.has(target)) return []
      const page = await open(target)
      const before = page.book.episodes.length
      const { book, alarms } = noteSightings(page.book, seen)
      page.book = book
      const isNew = alarms.length > 0 || book.episodes.length !== before
      if (isNew || (seen.sightings.length > 0 && clock.now() - page.savedAt >= SAVE_MS))
        save(target, page).catch(cause => log.warn('anomalies not kept', { target, cause }))
      return alarms
    },
    episodes: async target => (await open(target)).book.episodes,
    async label(target, given) {
      const page = await open(target)
      const { book, labelled } = labelEpisodes(page.book, given)
      if (labelled === 0) return 0
      page.book = book
      await save(target, page)
      return labelled
    },
    active: target => activeAlarms(pages.get(target)?.book ?? emptyBook, clock.now()),
    forget(target) {
      pages.delete(target)
      opening.delete(target)
    },
    forgetAll() {
      pages.clear()
      opening.clear()
    },
  }
}

/** What cannot be read is begun anew: episodes are a courtesy, never a reason to decide otherwise. */
async function load(target: string, { store, log }: Pick<Options, 'store' | 'log'>): Promise<AlarmBook> {
  try {
    const kept = await store.loadModel(target, MODEL)
    if (kept === undefined || kept.version !== VERSION) return emptyBook
    return JSON.parse(new TextDecoder().decode(kept.state)) as AlarmBook // written by save of this very version
  } catch (cause) {
    log.warn('anomalies not read', { target, cause })
    return emptyBook
  }
}
