import type { Learners, Learnt, Lesson } from '../ports.ts'
import { createTaskPool, type TaskPoolOptions, taskUrl } from './task-pool.ts'

export interface LearnPoolOptions extends TaskPoolOptions {
  /** The module whose export `learn` is run, as a file URL. Default: `learn-task.ts`. */
  readonly task?: URL
}

/** Pasts are learnt in threads of their own (`task-pool.ts`). */
export interface LearnPool extends Learners {
  readonly running: number
  readonly waiting: number
}

export function createLearnPool({ task, ...options }: LearnPoolOptions = {}): LearnPool {
  const pool = createTaskPool(task ?? taskUrl('learn-task', import.meta.url), options)
  return {
    threads: pool.threads,
    get running() {
      return pool.running
    },
    get waiting() {
      return pool.waiting
    },
    learn: lesson => pool.run<Lesson, Learnt>('learn', lesson),
    isClosed: pool.isClosed,
    close: pool.close,
  }
}
