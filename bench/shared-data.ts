/** The series that a bench runs on, where there are any; else one line that says where they stand, and the exit code for bad input. */
export function thatAreThere<T>(series: readonly T[]): readonly T[] {
  if (series.length > 0) return series
  process.stderr.write('bench: no series; the shared data stand in ../shared/data, beside the repository\n')
  return process.exit(2)
}
