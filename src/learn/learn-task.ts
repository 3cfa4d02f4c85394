import { learnLesson } from '../loop/lesson.ts'
import type { Learnt, Lesson } from '../ports.ts'

/** What the threads of `learn-pool.ts` do: a pure function of the core, on what a message brought. */
export const learn = (lesson: Lesson): Learnt => learnLesson(lesson)
