/**
 * The metrics of autoscaling/v2beta1, which autoscaling/v1 carries as JSON in the annotation
 * autoscaling.alpha.kubernetes.io/metrics: one field a target (`targetAverageUtilization`) where v2 has an object. Nothing is
 * checked here: the result goes through the schema of v2.
 */
export function modernMetrics(metrics: unknown): unknown {
  return Array.isArray(metrics) ? metrics.map(modernMetric) : metrics
}

type Fields = Readonly<Record<string, unknown>>

function modernMetric(metric: unknown): unknown {
  if (!isFields(metric)) return metric
  const sources = Object.entries(metric).map(([key, source]) => [
    key,
    isFields(source) ? (SOURCES[key]?.(source) ?? source) : source,
  ])
  return Object.fromEntries(sources)
}

const SOURCES: Readonly<Record<string, (source: Fields) => Fields>> = {
  resource: resourceSource,
  containerResource: resourceSource,
  pods: ({ metricName, selector, targetAverageValue, ...rest }) => ({
    ...rest,
    metric: identifier(metricName, selector),
    target: { type: 'AverageValue', averageValue: targetAverageValue },
  }),
  object: ({ metricName, selector, target, targetValue, averageValue, ...rest }) => ({
    ...rest,
    describedObject: target,
    metric: identifier(metricName, selector),
    target: averageValue === undefined ? { type: 'Value', value: targetValue } : { type: 'AverageValue', averageValue },
  }),
  external: ({ metricName, metricSelector, targetValue, targetAverageValue, ...rest }) => ({
    ...rest,
    metric: identifier(metricName, metricSelector),
    target:
      targetAverageValue === undefined
        ? { type: 'Value', value: targetValue }
        : { type: 'AverageValue', averageValue: targetAverageValue },
  }),
}

function resourceSource({ targetAverageUtilization, targetAverageValue, ...rest }: Fields): Fields {
  const target =
    targetAverageUtilization === undefined
      ? { type: 'AverageValue', averageValue: targetAverageValue }
      : { type: 'Utilization', averageUtilization: targetAverageUtilization }
  return { ...rest, target }
}

function identifier(name: unknown, selector: unknown): Fields {
  return { name, ...(selector !== undefined && { selector }) }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
