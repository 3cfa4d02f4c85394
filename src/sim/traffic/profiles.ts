/**
 * Generated traffic, by the four service types. The figures are rounded from recorded traces of public services (which are not shipped):
 * first and second harmonic of the median day in the logarithm of hourly means, weekend to weekday ratio of medians, robust
 * standard deviation (1.4826 x MAD) of hourly residuals (`slowNoise`) and of minute to minute changes (`fastNoise`). Bursts are so frequent
 * and large that the 99.9 % quantile of the jump from the last minute's mean to the load 75 s later lies where the recorded services of that
 * kind have it (web 24 to 47 %, streams 15 to 31 %, models 14 to 22 %, ingress 12 to 20 %). Level, trend, clients and capacities are chosen, not fitted.
 */
export interface TrafficProfile {
  /** What the load counts. */
  readonly unit: string
  /** Load at the middle of a weekday. */
  readonly level: number
  /** Amplitudes of the day's two harmonics in the logarithm, and the hours (UTC) of their peaks. */
  readonly dayAmplitude: number
  readonly peakHour: number
  readonly halfDayAmplitude: number
  readonly halfDayPeakHour: number
  readonly weekendFactor: number
  /** 0.02 grows 2 % a week. */
  readonly trendPerWeek: number
  /** Standard deviation, in the logarithm, of noise that lasts about an hour. */
  readonly slowNoise: number
  /** The same of noise that lasts a minute. */
  readonly fastNoise: number
  /** Unforeseeable bursts a day; each multiplies the load by up to `burstFactor` and dies away within minutes. */
  readonly burstsPerDay: number
  readonly burstFactor: number
  /** Distinct clients for each unit of load. */
  readonly clientsPerLoad: number
  readonly capacityPerReplica: number
  readonly startupSeconds: number
}

export type ProfileName = 'api-gateway' | 'audio-processor' | 'ml-inference' | 'analytics'

export const PROFILES: Readonly<Record<ProfileName, TrafficProfile>> = {
  // day, weekend and noise between a public web site of 1998 and a database of 2020s cloud monitoring
  'api-gateway': {
    unit: 'requests/s',
    level: 40_000,
    dayAmplitude: 0.46,
    peakHour: 16.9,
    halfDayAmplitude: 0.1,
    halfDayPeakHour: 8,
    weekendFactor: 0.7,
    trendPerWeek: 0.02,
    slowNoise: 0.11,
    fastNoise: 0.02,
    burstsPerDay: 2,
    burstFactor: 1.4,
    clientsPerLoad: 0.8,
    capacityPerReplica: 2500,
    startupSeconds: 45,
  },
  // noise of a public message stream; an evening day, busier at weekends (chosen)
  'audio-processor': {
    unit: 'streams',
    level: 220,
    dayAmplitude: 0.5,
    peakHour: 19.5,
    halfDayAmplitude: 0.15,
    halfDayPeakHour: 7.5,
    weekendFactor: 1.1,
    trendPerWeek: 0.01,
    slowNoise: 0.09,
    fastNoise: 0.03,
    burstsPerDay: 2,
    burstFactor: 1.4,
    clientsPerLoad: 1,
    capacityPerReplica: 12,
    startupSeconds: 90,
  },
  // a public log of language-model serving
  'ml-inference': {
    unit: 'inferences/s',
    level: 350,
    dayAmplitude: 0.22,
    peakHour: 16.3,
    halfDayAmplitude: 0.21,
    halfDayPeakHour: 9.3,
    weekendFactor: 0.98,
    trendPerWeek: 0.05,
    slowNoise: 0.15,
    fastNoise: 0.03,
    burstsPerDay: 1,
    burstFactor: 1.25,
    clientsPerLoad: 2,
    capacityPerReplica: 18,
    startupSeconds: 150,
  },
  // data ingress of a public cloud monitoring set
  analytics: {
    unit: 'requests/s',
    level: 10_000,
    dayAmplitude: 0.18,
    peakHour: 12.7,
    halfDayAmplitude: 0.05,
    halfDayPeakHour: 3.7,
    weekendFactor: 0.72,
    trendPerWeek: 0,
    slowNoise: 0.12,
    fastNoise: 0.024,
    burstsPerDay: 1,
    burstFactor: 1.3,
    clientsPerLoad: 0.3,
    capacityPerReplica: 800,
    startupSeconds: 60,
  },
}
