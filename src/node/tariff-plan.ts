import { CodedError } from '../domain/errors.ts'
import { SLOT_SEC } from '../domain/period.ts'
import type { Config } from '../config/schema.ts'
import type { Tariff, TariffPlan } from '../domain/tariff.ts'
import type { PricePerKwh, UnixSeconds } from '../domain/units.ts'

const DAY_MINUTES = 1440
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Quarter hours whose tariff is remembered: two days around now. */
const MAX_KEPT_SLOTS = 384

type Prices = Partial<Tariff>

/** A time of the local week with prices of its own. */
interface Band extends Prices {
  /** Days on which it begins, Sunday is 0. */
  readonly days: ReadonlySet<number>
  readonly fromMinute: number
  /** Past midnight when it is not after `fromMinute`. */
  readonly toMinute: number
}

interface Row extends Prices {
  readonly from: UnixSeconds
  readonly to: UnixSeconds
}

interface LocalTime {
  readonly day: number
  readonly minute: number
}

/**
 * The tariff of each period: for every quarter hour the first row of the table that covers it, else the first band of the
 * local week, else the flat prices. A period that spans several gets the lowest retail and the highest feed-in price of them,
 * so that no trade in it can be worse than the supplier. Throws `CONFIG_INVALID`.
 */
export function tariffPlan ({ tariff, market }: Pick<Config, 'tariff' | 'market'>, money: (path: string, text: string) => PricePerKwh): TariffPlan {
  const flat: Tariff = { retail: money('tariff.retail', tariff.retail), feedIn: money('tariff.feedIn', tariff.feedIn) }
  const pricesOf = (path: string, { retail, feedIn }: { readonly retail?: string | number, readonly feedIn?: string | number }): Prices => ({
    ...retail == null ? {} : { retail: money(`${path}.retail`, String(retail)) },
    ...feedIn == null ? {} : { feedIn: money(`${path}.feedIn`, String(feedIn)) }
  })
  const rows = tariff.table.map((row, place): Row => {
    const path = `tariff.table[${place}]`
    return { from: instant(`${path}.from`, row.from), to: instant(`${path}.to`, row.to), ...pricesOf(path, row) }
  })
  const bands = tariff.bands.map((band, place): Band => ({
    days: daysOf(`tariff.bands[${place}].days`, band.days),
    fromMinute: minuteOf(band.from),
    toMinute: minuteOf(band.to),
    ...pricesOf(`tariff.bands[${place}]`, band)
  }))
  if (rows.length === 0 && bands.length === 0) {
    return () => flat
  }
  const local = localTime(tariff.timeZone ?? 'UTC')
  const ofSlot = (start: UnixSeconds): Tariff => ({
    ...flat,
    ...bands.length === 0 ? {} : bands.find((band) => isWithin(band, local(start))),
    ...rows.find(({ from, to }) => from <= start && start < to)
  })
  return remembered((start) => worstCase(start, market.periodSec, ofSlot))
}

/** The prices alone, whatever else the band or row they came from says. */
function worstCase (start: UnixSeconds, periodSec: number, ofSlot: (start: UnixSeconds) => Tariff): Tariff {
  let { retail, feedIn } = ofSlot(start)
  for (let slot = start + SLOT_SEC; slot < start + periodSec; slot += SLOT_SEC) {
    const other = ofSlot(slot)
    retail = other.retail < retail ? other.retail : retail
    feedIn = other.feedIn > feedIn ? other.feedIn : feedIn
  }
  return { retail, feedIn }
}

function remembered (plan: TariffPlan): TariffPlan {
  const known = new Map<UnixSeconds, Tariff>()
  return (periodStart) => {
    const tariff = known.get(periodStart) ?? plan(periodStart)
    if (!known.has(periodStart)) {
      known.set(periodStart, tariff)
      if (known.size > MAX_KEPT_SLOTS) {
        known.delete(known.keys().next().value ?? 0)
      }
    }
    return tariff
  }
}

/** Local day and minute of an instant. Days of 23 and 25 hours come out right because each instant is asked for by itself. */
function localTime (timeZone: string): (at: UnixSeconds) => LocalTime {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(new Date(at * 1000)).map(({ type, value }) => [type, value]))
    return { day: DAYS.indexOf(parts.weekday.toLowerCase()), minute: Number(parts.hour) * 60 + Number(parts.minute) }
  }
}

function isWithin ({ days, fromMinute, toMinute }: Band, { day, minute }: LocalTime): boolean {
  const yesterday = (day + 6) % 7
  return toMinute > fromMinute
    ? days.has(day) && minute >= fromMinute && minute < toMinute
    : (days.has(day) && minute >= fromMinute) || (days.has(yesterday) && minute < toMinute)
}

/** `mon-fri`, `sat,sun`, `fri-mon`; every day when nothing is said. */
function daysOf (path: string, text = 'mon-sun'): Set<number> {
  const days = new Set<number>()
  for (const part of text.toLowerCase().split(',')) {
    const [from, to = from] = part.trim().split('-').map((name) => DAYS.indexOf(name.trim()))
    if (from < 0 || to < 0) {
      throw new CodedError('CONFIG_INVALID', `${path} is "${text}": write days such as "mon-fri" or "sat,sun".`)
    }
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day)
      if (day === to) {
        break
      }
    }
  }
  return days
}

/** `24:00` is the end of the day. */
function minuteOf (time: string): number {
  const [hours, minutes] = time.split(':').map(Number)
  return Math.min(DAY_MINUTES, hours * 60 + minutes)
}

function instant (path: string, text: string): UnixSeconds {
  const at = Date.parse(text)
  if (Number.isNaN(at)) {
    throw new CodedError('CONFIG_INVALID', `${path} is "${text}": write an instant with its offset such as "2026-01-31T17:00:00+01:00".`)
  }
  return Math.floor(at / 1000)
}
