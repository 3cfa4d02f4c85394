import { pino } from 'pino'
import type { Log } from '../ports.ts'

/** A log whose detail can be turned up while it runs. */
export interface DetailLog extends Log {
  /** Only while detailed logging is on. */
  debug(event: string, facts?: object): void
  enableDetails(): void
}

/**
 * JSON lines on standard error: warnings, and everything once details are on. `given` replaces it: then its owner decides what becomes
 * of warnings and news, and details come as news.
 */
export function detailLog({ isDetailed, given }: { readonly isDetailed: boolean; readonly given?: Log }): DetailLog {
  if (given !== undefined) return over(given, isDetailed)
  const logger = pino({ name: 'crescendo', level: isDetailed ? 'debug' : 'warn' }, pino.destination({ fd: 2, sync: true }))
  const write =
    (level: 'debug' | 'info' | 'warn') =>
    (event: string, facts: object = {}) => {
      const { cause, ...rest } = facts as { readonly cause?: unknown }
      logger[level](cause === undefined ? rest : { ...rest, cause: messageOf(cause) }, event)
    }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    enableDetails() {
      logger.level = 'debug'
    },
  }
}

function over(given: Log, isDetailed: boolean): DetailLog {
  let tellsDetails = isDetailed
  return {
    debug: (event, facts) => {
      if (tellsDetails) given.info(event, facts)
    },
    info: (event, facts) => given.info(event, facts),
    warn: (event, facts) => given.warn(event, facts),
    enableDetails() {
      tellsDetails = true
    },
  }
}

/** The line of an error, without its stack: what was thrown far away may carry what nobody should log. */
const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))
