import { learnLesson } from '../loop/lesson.ts'
import type { Learnt, Lesson } from '../ports.ts'

/** What the threads of `fit-pool.ts` do: pure functions of the core, on what a message brought. */

export const learn = (lesson: Lesson): Learnt => learnLesson(lesson, fit)

/** One fit by itself. So far every model fits itself in `absorb`, so that nobody has an input for this. */
export function fit(): never {
  throw new Error('no model leaves its fits to a thread')
}
