import { pino } from 'pino'
import type { Log } from '../../ports.ts'

const LEVELS = { Debug: 'debug', Info: 'info', Warn: 'warn', Error: 'error' } as const

/** Structured logs, one JSON object a line on standard error; what was asked for goes to standard output. */
export function createLog(level: keyof typeof LEVELS): Log & { flush(): void } {
  const logger = pino(
    {
      level: LEVELS[level],
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { cause: describeCause },
    },
    pino.destination({ dest: 2, sync: false }),
  )
  return {
    info: (event, facts = {}) => logger.info(facts, event),
    warn: (event, facts = {}) => logger.warn(facts, event),
    flush: () => logger.flush(),
  }
}

/** The sentence of an error and of what caused it; stacks are for --debug, and objects may hold what is nobody's business. */
function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const before = cause.cause === undefined ? '' : `; caused by: ${describeCause(cause.cause)}`
  return `${cause.message}${before}`
}
