/** A lesson for the tests of the pool: does what its input says. */
export interface RoughLesson {
  readonly does: 'sums' | 'throws' | 'hangs' | 'dies' | 'eats'
  readonly values?: Float32Array
}

export interface RoughLearnt {
  readonly sum: number
  readonly thread: Float64Array
}

export function learn({ does, values = new Float32Array() }: RoughLesson): RoughLearnt {
  if (does === 'throws') throw new Error('the matrix has no inverse')
  if (does === 'dies') process.exit(3)
  if (does === 'hangs') for (;;);
  const eaten: unknown[] = []
  while (does === 'eats') eaten.push(Array.from({ length: 1000 }, (_, i) => ({ i })))
  return { sum: values.reduce((sum, value) => sum + value, 0), thread: new Float64Array([1]) }
}
