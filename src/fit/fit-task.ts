import { learnLesson } from '../loop/lesson.ts'
import type { Learnt, Lesson } from '../ports.ts'

/** What the threads of `fit-pool.ts` do. */

export const learn = (lesson: Lesson): Learnt => learnLesson(lesson, fit)

export function fit(input: unknown): unknown {
  return input
}
