/** `123n`, and text that looks like it: such text carries one `~` more on disk than in memory. */
const LOOKS_LIKE_BIGINT = /^~*-?\d+n$/

/**
 * A record as JSON with bigints as `"123n"`. Reading it back gives the same record; fields that are undefined are left out.
 * Throws a TypeError for anything JSON would change silently: functions, class instances, NaN, holes in lists.
 */
export function encode (record: object): string {
  return JSON.stringify(record, function (this: Record<string, unknown>, key) {
    const value = this[key]
    if (value === undefined && !Array.isArray(this)) {
      return undefined
    }
    if (!isStorable(value)) {
      throw new TypeError(`the field "${key}" holds something that cannot be stored (${typeof value})`)
    }
    if (typeof value === 'string' && LOOKS_LIKE_BIGINT.test(value)) {
      return `~${value}`
    }
    return typeof value === 'bigint' ? `${value}n` : value
  })
}

/** Reads what `encode` wrote. Throws a SyntaxError when it is not JSON. */
export function decode<T> (text: string): T {
  return JSON.parse(text, (_key, value) => {
    if (typeof value !== 'string' || !LOOKS_LIKE_BIGINT.test(value)) {
      return value
    }
    return value.startsWith('~') ? value.slice(1) : BigInt(value.slice(0, -1))
  })
}

function isStorable (value: unknown): boolean {
  switch (typeof value) {
    case 'string': case 'boolean': case 'bigint': return true
    case 'number': return Number.isFinite(value)
    case 'object': return value === null || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
    default: return false
  }
}
