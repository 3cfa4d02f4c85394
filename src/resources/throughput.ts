/** A promise of throughput: at least `min` of a metric. */
interface Promised {
  readonly type: string
  readonly metric?: string
  readonly min?: number
}

/**
 * Promises of throughput that all the replicas allowed could not keep, each as a sentence. Throughput is no floor of replicas: who has
 * little to do serves little. `capacityOf`: what one replica serves in the unit of a metric; absent where nobody said.
 */
export function throughputDoubts(
  objectives: readonly Promised[],
  { maxReplicas, capacityOf }: { readonly maxReplicas: number; readonly capacityOf: (metric: string) => number | undefined },
): readonly string[] {
  return objectives.flatMap(({ type, metric, min = 0 }) => {
    const capacity = type === 'Throughput' && metric !== undefined ? capacityOf(metric) : undefined
    if (capacity === undefined || maxReplicas * capacity >= min) return []
    return [
      `the Throughput of ${min} ${metric} is out of reach: ${maxReplicas} replicas serve ${maxReplicas * capacity}; raise maxReplicas to ${Math.ceil(min / capacity)}`,
    ]
  })
}
