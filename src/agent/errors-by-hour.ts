import type { UnixSeconds } from '../domain/units.ts'

/** Errors remembered for each hour of the day. */
const MAX_SAMPLES = 400

/** Fewer say nothing about quantiles. */
const MIN_SAMPLES = 20

export interface ErrorsByHour {
  add(periodStart: UnixSeconds, error: number): void
  /** The error that `share` of the remembered ones do not exceed; undefined while there are too few. */
  quantile(periodStart: UnixSeconds, share: number): number | undefined
}

interface Hour {
  samples: Int32Array
  count: number
  sorted?: Int32Array
}

/** Rolling quantiles of forecast errors for each hour of the day (UTC), in whole Wh. Grows with use, up to 400 samples an hour. */
export function errorsByHour (): ErrorsByHour {
  const hours = new Map<number, Hour>()
  const hourOf = (periodStart: UnixSeconds): number => Math.floor(periodStart / 3600) % 24
  return {
    add (periodStart, error) {
      const hour = hours.get(hourOf(periodStart)) ?? { samples: new Int32Array(MIN_SAMPLES), count: 0 }
      hours.set(hourOf(periodStart), hour)
      if (hour.count >= hour.samples.length && hour.samples.length < MAX_SAMPLES) {
        const larger = new Int32Array(Math.min(MAX_SAMPLES, 2 * hour.samples.length))
        larger.set(hour.samples)
        hour.samples = larger
      }
      hour.samples[hour.count % hour.samples.length] = Math.round(error)
      hour.count++
      hour.sorted = undefined
    },
    quantile (periodStart, share) {
      const hour = hours.get(hourOf(periodStart))
      if (hour == null || hour.count < MIN_SAMPLES) {
        return undefined
      }
      hour.sorted ??= hour.samples.slice(0, hour.count).sort()
      const place = Math.min(1, Math.max(0, share)) * (hour.sorted.length - 1)
      const below = hour.sorted[Math.floor(place)]
      return below + (hour.sorted[Math.ceil(place)] - below) * (place - Math.floor(place))
    }
  }
}
