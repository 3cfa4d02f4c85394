import { type BuiltInMetric, firstOf, perPodMean, perPodQuantile, perPodRate } from './catalogue-queries.ts'

const PER_CONTAINER = 'namespace, pod, container'

/** GPUs by the series of NVIDIA's DCGM exporter, which carry the labels namespace, pod and container of the pod that holds the GPU. */
export const GPU_METRICS: readonly BuiltInMetric[] = [
  {
    name: 'nvidia.com/gpu',
    family: 'GPU',
    description:
      'GPUs in use, per container: each GPU counts for its utilisation, so that two GPUs at 85 % are 1.7. As a Resource metric it is compared with the requests of the pod.',
    kind: 'Resource',
    unit: 'GPUs',
    query: `sum by (${PER_CONTAINER}) (DCGM_FI_DEV_GPU_UTIL{$selector,pod!=""} / 100)`,
  },
  {
    name: 'gpu_utilization',
    family: 'GPU',
    description: 'Mean utilisation of the GPUs of a pod, 0 to 1.',
    kind: 'Ratio',
    unit: 'ratio',
    query: 'avg by (namespace, pod) (DCGM_FI_DEV_GPU_UTIL{$selector,pod!=""} / 100)',
  },
  {
    name: 'gpu_memory',
    family: 'GPU',
    description: 'Memory in use on the GPUs of a pod.',
    kind: 'Resource',
    unit: 'bytes',
    query: 'sum by (namespace, pod) (DCGM_FI_DEV_FB_USED{$selector,pod!=""} * 1048576)',
  },
]

const inferences = firstOf(perPodRate('inferences_total'), perPodRate('inference_duration_seconds_count'))

const MODEL_METRICS: readonly BuiltInMetric[] = [
  {
    name: 'inferences_per_minute',
    family: 'Models',
    description: 'Inferences done, per pod.',
    kind: 'Load',
    unit: 'inferences per minute',
    query: `(${inferences}) * 60`,
  },
  {
    name: 'inference_duration_seconds',
    family: 'Models',
    description: '99th percentile of the time that an inference took, per pod.',
    kind: 'Latency',
    unit: 'seconds',
    query: perPodQuantile('inference_duration_seconds', 0.99),
  },
  {
    name: 'inference_latency_ms',
    family: 'Models',
    description:
      '99th percentile of the time that an inference took, per pod; a gauge of this name, else the histogram in seconds.',
    kind: 'Latency',
    unit: 'milliseconds',
    query: firstOf(perPodMean('inference_latency_ms'), `${perPodQuantile('inference_duration_seconds', 0.99)} * 1000`),
    scrape: 'inference_latency_ms',
  },
  {
    name: 'model_accuracy',
    family: 'Models',
    description: 'Accuracy of the model in service, 0 to 1, per pod.',
    kind: 'Quality',
    unit: 'ratio',
    query: firstOf(perPodMean('model_accuracy'), perPodMean('model_accuracy_ratio')),
    scrape: 'model_accuracy',
  },
  {
    name: 'model_accuracy_ratio',
    family: 'Models',
    description: 'The same as model_accuracy, under the name of the Prometheus conventions.',
    kind: 'Quality',
    unit: 'ratio',
    query: firstOf(perPodMean('model_accuracy_ratio'), perPodMean('model_accuracy')),
    scrape: 'model_accuracy_ratio',
  },
  {
    name: 'model_staleness_seconds',
    family: 'Models',
    description: 'Age of the model in service, per pod.',
    kind: 'Quality',
    unit: 'seconds',
    query: firstOf(
      'max by (namespace, pod) (model_staleness_seconds{$selector})',
      'time() - max by (namespace, pod) (model_trained_timestamp_seconds{$selector})',
    ),
    scrape: 'model_staleness_seconds',
  },
]

const AUDIO_METRICS: readonly BuiltInMetric[] = [
  {
    name: 'audio_jobs_per_second',
    family: 'Audio',
    description: 'Audio jobs done, per pod.',
    kind: 'Load',
    unit: 'jobs per second',
    query: firstOf(perPodRate('audio_jobs_total'), perPodRate('audio_processing_seconds_count')),
    scrape: 'rate(audio_jobs_total)',
  },
  {
    name: 'audio_quality_score',
    family: 'Audio',
    description: 'Quality of the audio that was produced, 0 to 1, per pod.',
    kind: 'Quality',
    unit: 'ratio',
    query: perPodMean('audio_quality_score'),
    scrape: 'audio_quality_score',
  },
  {
    name: 'codec_efficiency',
    family: 'Audio',
    description: 'Size saved by the codec, 0 to 1, per pod.',
    kind: 'Quality',
    unit: 'ratio',
    query: firstOf(perPodMean('codec_efficiency'), perPodMean('codec_efficiency_ratio')),
    scrape: 'codec_efficiency',
  },
  {
    name: 'codec_efficiency_ratio',
    family: 'Audio',
    description: 'The same as codec_efficiency, under the name of the Prometheus conventions.',
    kind: 'Quality',
    unit: 'ratio',
    query: firstOf(perPodMean('codec_efficiency_ratio'), perPodMean('codec_efficiency')),
    scrape: 'codec_efficiency_ratio',
  },
  {
    name: 'audio_processing_latency_seconds',
    family: 'Audio',
    description: '99th percentile of the time that an audio job took, per pod.',
    kind: 'Latency',
    unit: 'seconds',
    query: firstOf(perPodQuantile('audio_processing_latency_seconds', 0.99), perPodQuantile('audio_processing_seconds', 0.99)),
  },
  {
    name: 'audio_processing_seconds',
    family: 'Audio',
    description: 'The same as audio_processing_latency_seconds, by the name of the histogram.',
    kind: 'Latency',
    unit: 'seconds',
    query: firstOf(perPodQuantile('audio_processing_seconds', 0.99), perPodQuantile('audio_processing_latency_seconds', 0.99)),
  },
]

const BUSINESS_METRICS: readonly BuiltInMetric[] = [
  {
    name: 'revenue_per_request',
    family: 'Business',
    description: 'Revenue booked per request served, per pod, in the currency of the counter.',
    kind: 'Business',
    unit: 'currency per request',
    query: `${perPodRate('revenue_total')} / (${perPodRate('http_requests_total')} > 0)`,
  },
  {
    name: 'customer_satisfaction',
    family: 'Business',
    description: 'Satisfaction of the customers of a pod, on the scale of the gauge.',
    kind: 'Business',
    unit: 'score',
    query: perPodMean('customer_satisfaction'),
    scrape: 'customer_satisfaction',
  },
]

/** What models, audio and business add. */
export const QUALITY_METRICS: readonly BuiltInMetric[] = [...MODEL_METRICS, ...AUDIO_METRICS, ...BUSINESS_METRICS]
