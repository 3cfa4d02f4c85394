import type { Log } from '../ports.ts'
import type { KubeClient, WatchEvent } from './api.ts'
import { type CallLabel, labelOf } from './call-label.ts'
import { KubeError } from './kube-error.ts'
import { type Entry, identityOf, listAll } from './list-pages.ts'
import { refusalInEvent } from './refusal.ts'
import { backoffMs, systemTiming, type Timing } from './timing.ts'

export interface ReflectorOptions<T> {
  readonly client: KubeClient
  /** Of the collection: "/apis/apps/v1/deployments". */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Keeps what is needed of an object; undefined = not one of ours. What it throws for is skipped and told. */
  readonly read: (raw: unknown) => T | undefined
  readonly onUnreadable?: (key: string, cause: unknown) => void
  readonly log: Log
  readonly timing?: Timing
  /**
   * A watch that says nothing for so long is taken for half open and begun anew from its place. Default 90,000. Bookmarks
   * come each minute where anything of the kind happens; a kind at rest costs one call in this time.
   */
  readonly silenceMs?: number
}

export interface Change<T> {
  readonly kind: 'added' | 'modified' | 'deleted'
  /** "namespace/name", or "name" where there are no namespaces. */
  readonly key: string
  /** As it is now; for `deleted` as it last was. */
  readonly object: T
  readonly before?: T
}

export interface ReflectorCounts {
  readonly lists: number
  readonly watches: number
  /** Lists anew because the server had forgotten our place (410). */
  readonly expired: number
  /** Watches that were begun anew because nothing came. */
  readonly silences: number
  readonly unreadable: number
}

/** A copy of all objects of a kind that follows the API server through everything that connections do. */
export interface Reflector<T> {
  /** Follows until the signal is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void>
  /** Whether the objects were listed once; also true where the kind is not installed. */
  hasSynced(): boolean
  synced(): Promise<void>
  /** False while the API server does not know the kind (404); it is asked again each minute. */
  isInstalled(): boolean
  list(): readonly T[]
  get(namespace: string | undefined, name: string): T | undefined
  /** Called after the copy has changed. What a listener throws is logged, nothing more. The result unsubscribes. */
  onChange(listener: (change: Change<T>) => void): () => void
  /** Milliseconds since the epoch of the last answer or event; undefined before the first. */
  lastContactMs(): number | undefined
  /** Why it does not follow now: the missing permission by name, or what went wrong. Absent while all is well. */
  trouble(): string | undefined
  counts(): ReflectorCounts
}

const UNREADABLE = Symbol('unreadable')
const SLOW_RETRY_MS = 60_000
const WATCH_SECONDS = 290
const DEFAULT_SILENCE_MS = 90_000

interface State<T> {
  readonly options: ReflectorOptions<T>
  readonly timing: Timing
  readonly entries: Map<string, Entry<T>>
  readonly listeners: Set<(change: Change<T>) => void>
  readonly counts: { lists: number; watches: number; expired: number; silences: number; unreadable: number }
  readonly markSynced: () => void
  hasSynced: boolean
  isInstalled: boolean
  /** Where the watch goes on; absent = list first. */
  resourceVersion: string | undefined
  /** Failures since the last event or the last watch that lasted. */
  failures: number
  /** The last paginated list lost its place half-way: the next is one piece. */
  isWholeList: boolean
  trouble: string | undefined
  lastContactMs: number | undefined
}

/** Lists in pages, then watches from there, with bookmarks, back-off, and a watchdog on silence. */
export function createReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const state: State<T> = {
    options,
    timing: options.timing ?? systemTiming,
    entries: new Map(),
    listeners: new Set(),
    counts: { lists: 0, watches: 0, expired: 0, silences: 0, unreadable: 0 },
    markSynced: resolve,
    hasSynced: false,
    isInstalled: true,
    resourceVersion: undefined,
    failures: 0,
    isWholeList: false,
    trouble: undefined,
    lastContactMs: undefined,
  }
  return {
    run: signal => run(state, signal),
    hasSynced: () => state.hasSynced,
    synced: () => promise,
    isInstalled: () => state.isInstalled,
    list: () => Array.from(state.entries.values(), entry => entry.object),
    get: (namespace, name) => state.entries.get(namespace === undefined ? name : `${namespace}/${name}`)?.object,
    onChange(listener) {
      state.listeners.add(listener)
      return () => state.listeners.delete(listener)
    },
    lastContactMs: () => state.lastContactMs,
    trouble: () => state.trouble,
    counts: () => ({ ...state.counts }),
  }
}

async function run<T>(state: State<T>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const isList = state.resourceVersion === undefined
    try {
      await (isList ? relist(state, signal) : follow(state, signal))
    } catch (cause) {
      if (signal.aborted) return
      await state.timing.sleep(afterFailure(state, asKubeError(cause), isList), signal)
    }
  }
}

/** Settles what a failure means for the copy, and how long to wait before the next try. */
function afterFailure<T>(state: State<T>, error: KubeError, isList: boolean): number {
  const label = labelOf({ method: 'GET', path: state.options.path }, !isList)
  if (error.status > 0) state.lastContactMs = state.timing.wallMs()
  if (error.status === 404) return whileNotInstalled(state, label)
  const failures = state.failures
  state.failures += 1
  if (isForgotten(error, isList)) {
    state.counts.expired += 1
    state.isWholeList = isList
    state.resourceVersion = undefined
    // The first time at once: nothing is wrong but our age. Again without progress between: as after any failure.
    return failures === 0 ? 0 : backoffMs(failures - 1, state.timing.random(), error.retryAfterMs)
  }
  // Too large in one piece: in pages again.
  if (isList) state.isWholeList = false
  tellTrouble(state, error, label)
  if (error.status === 403) return SLOW_RETRY_MS
  return backoffMs(failures, state.timing.random(), error.retryAfterMs)
}

/** 410 in its two words; for a watch also a version that the server has not reached (504), as after a restored backup. */
function isForgotten(error: KubeError, isList: boolean): boolean {
  return error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone' || (!isList && error.status === 504)
}

function whileNotInstalled<T>(state: State<T>, label: CallLabel): number {
  if (state.isInstalled) state.options.log.info('kind not installed', { resource: label.resource })
  state.isInstalled = false
  state.trouble = undefined
  state.resourceVersion = undefined
  state.failures = 0
  replaceAll(state, new Map())
  return SLOW_RETRY_MS
}

function tellTrouble<T>(state: State<T>, error: KubeError, label: CallLabel): void {
  const trouble =
    error.status === 403
      ? `not allowed to ${label.verb} ${label.resource}: its role lacks the verb "${label.verb}" on "${label.resource}"`
      : error.message
  if (state.trouble !== trouble) state.options.log.warn('watching failed', { resource: label.resource, trouble })
  state.trouble = trouble
}

async function relist<T>(state: State<T>, signal: AbortSignal): Promise<void> {
  const { client, path, query } = state.options
  const entries = new Map<string, Entry<T>>()
  state.counts.lists += 1
  const resourceVersion = await listAll(client, {
    path,
    query: query ?? {},
    signal,
    isWhole: state.isWholeList,
    onItem: raw => keep(state, entries, raw),
    onPage: () => contacted(state),
  })
  state.isWholeList = false
  state.isInstalled = true
  state.trouble = undefined
  replaceAll(state, entries)
  state.resourceVersion = resourceVersion
}

/** Puts an object of a list into the new copy; one that has not changed stays the very same. */
function keep<T>(state: State<T>, entries: Map<string, Entry<T>>, raw: unknown): void {
  const { key, resourceVersion } = identityOf(raw)
  if (key === '') return
  const known = state.entries.get(key)
  if (known !== undefined && known.resourceVersion === resourceVersion) {
    entries.set(key, known)
    return
  }
  const object = readable(state, key, raw)
  // A version that cannot be read takes nothing away: the last that could stays.
  if (object !== UNREADABLE && object !== undefined) entries.set(key, { object, resourceVersion })
  else if (object === UNREADABLE && known !== undefined) entries.set(key, known)
}

function readable<T>(state: State<T>, key: string, raw: unknown): T | undefined | typeof UNREADABLE {
  try {
    return state.options.read(raw)
  } catch (cause) {
    state.counts.unreadable += 1
    guarded(state, key, () => state.options.onUnreadable?.(key, cause))
    return UNREADABLE
  }
}

/** The copy becomes `next`; what vanished meanwhile is told as deleted. */
function replaceAll<T>(state: State<T>, next: ReadonlyMap<string, Entry<T>>): void {
  const before = new Map(state.entries)
  state.entries.clear()
  for (const [key, entry] of next) state.entries.set(key, entry)
  for (const [key, { object }] of before) if (!next.has(key)) tell(state, { kind: 'deleted', key, object })
  for (const [key, entry] of next) {
    const known = before.get(key)
    if (known === undefined) tell(state, { kind: 'added', key, object: entry.object })
    else if (known !== entry) tell(state, { kind: 'modified', key, object: entry.object, before: known.object })
  }
  if (state.hasSynced) return
  state.hasSynced = true
  state.markSynced()
}

function tell<T>(state: State<T>, change: Change<T>): void {
  for (const listener of [...state.listeners]) guarded(state, change.key, () => listener(change))
}

/** What others do when they are told is their trouble. */
function guarded<T>(state: State<T>, key: string, call: () => void): void {
  try {
    call()
  } catch (cause) {
    state.options.log.warn('listener failed', { key, cause })
  }
}

/** One watch, from where we are until the server ends it. Returns for a quiet end, throws for any other. */
async function follow<T>(state: State<T>, signal: AbortSignal): Promise<void> {
  const { client, path, query } = state.options
  const ending = new AbortController()
  const end = () => ending.abort()
  signal.addEventListener('abort', end, { once: true })
  state.counts.watches += 1
  const dog = watchdog(state, ending)
  const startedMs = state.timing.nowMs()
  let events = 0
  try {
    for await (const event of client.watch({ path, query: watchQuery(state, query) }, ending.signal)) {
      events += 1
      dog.heard()
      apply(state, event)
    }
  } catch (cause) {
    if (!dog.isSilent()) throw cause
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
  if (dog.isSilent()) {
    state.counts.silences += 1
    return
  }
  const isShort = events === 0 && state.timing.nowMs() - startedMs < 1000
  if (isShort && !signal.aborted) throw new KubeError('the watch ended as soon as it began', { status: 0, reason: 'Unreachable' })
  state.failures = 0
}

function watchQuery<T>(
  { timing, resourceVersion = '' }: State<T>,
  query?: Readonly<Record<string, string>>,
): Record<string, string> {
  const timeoutSeconds = Math.round(WATCH_SECONDS * (0.9 + 0.2 * timing.random()))
  return { ...query, resourceVersion, allowWatchBookmarks: 'true', timeoutSeconds: String(timeoutSeconds) }
}

/** Ends the watch when nothing was heard for the time of silence; one sleeper, however many events there are. */
function watchdog<T>({ options, timing }: State<T>, ending: AbortController) {
  const silenceMs = options.silenceMs ?? DEFAULT_SILENCE_MS
  let heardMs = timing.nowMs()
  let isSilent = false
  const sleepOn = async () => {
    for (;;) {
      const leftMs = heardMs + silenceMs - timing.nowMs()
      if (leftMs > 0) await timing.sleep(leftMs, ending.signal)
      if (ending.signal.aborted) return
      if (leftMs > 0) continue
      isSilent = true
      return ending.abort()
    }
  }
  void sleepOn()
  return {
    heard() {
      heardMs = timing.nowMs()
    },
    isSilent: () => isSilent,
  }
}

function apply<T>(state: State<T>, event: WatchEvent): void {
  if (event.type === 'ERROR') throw refusalInEvent(event.object, labelOf({ method: 'GET', path: state.options.path }, true))
  const { key, resourceVersion } = identityOf(event.object)
  contacted(state)
  state.trouble = undefined
  state.failures = 0
  if (resourceVersion !== undefined) state.resourceVersion = resourceVersion
  if (key === '' || event.type === 'BOOKMARK') return
  const known = state.entries.get(key)
  const object = event.type === 'DELETED' ? undefined : readable(state, key, event.object)
  if (object === UNREADABLE) return
  if (object !== undefined) {
    state.entries.set(key, { object, resourceVersion })
    tell(state, { kind: known ? 'modified' : 'added', key, object, ...(known && { before: known.object }) })
  } else if (known !== undefined) {
    state.entries.delete(key)
    tell(state, { kind: 'deleted', key, object: known.object })
  }
}

function contacted<T>(state: State<T>): void {
  state.lastContactMs = state.timing.wallMs()
}

function asKubeError(cause: unknown): KubeError {
  return cause instanceof KubeError
    ? cause
    : new KubeError('reading the answer failed', { status: 0, reason: 'Malformed', cause })
}
