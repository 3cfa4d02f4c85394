import type { Lessons } from '../core/rules.ts'
import type { Clock, DurableStore, Fits, Log } from '../ports.ts'
import type { ControllerTelemetry } from '../record/controller-telemetry.ts'
import type { Turn } from './agent.ts'
import { createFitting, type Fitting } from './fitting.ts'
import { createLending, type LendingOptions } from './lending.ts'

/** What an object learns between its ticks: fits in threads, and the day of another service. */
export interface Study {
  /** After a tick; returns at once. */
  after(turn: Turn, lessons: Lessons | undefined): void
  /** For a past that is being learnt; absent where fits are done inline. */
  readonly fitting?: Fitting
  forget(id: string): void
}

export interface StudyOptions {
  /** Absent: models fit themselves, inline. */
  readonly fits?: Fits
  readonly clock: Clock
  readonly log: Log
  readonly store: DurableStore
  readonly telemetry: Pick<ControllerTelemetry, 'fits' | 'fitSeconds'>
  readonly within: LendingOptions['within']
  readonly turns: LendingOptions['turns']
}

export function createStudy(options: StudyOptions): Study {
  const { fits, telemetry } = options
  const lending = createLending(options)
  const fitting =
    fits &&
    createFitting({
      ...options,
      fits,
      onFit(outcome, seconds) {
        telemetry.fits.add({ outcome })
        if (outcome === 'fitted') telemetry.fitSeconds.observe({}, seconds)
      },
    })
  return {
    after(turn, lessons) {
      if (lessons === undefined) return
      fitting?.begin(turn.object.id, lessons)
      lending.offer(turn, lessons)
    },
    ...(fitting && { fitting }),
    forget(id) {
      fitting?.forget(id)
      lending.forget(id)
    },
  }
}
