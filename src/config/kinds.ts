import { Type } from 'typebox'
import type { Account } from '../domain/units.ts'
import type { TArray, TBoolean, TEnum, TInteger, TNumber, TObject, TOptional, TRecord, TString, TUnknown, TUnsafe } from 'typebox'

/** What every field says about itself besides its type. */
export interface FieldNotes {
  /** One or two sentences for the owner of the home. */
  readonly description: string
  /** Fields without a default must be set, unless they are optional. */
  readonly default?: unknown
  readonly unit?: string
  /** Option of `wattmesh start`. */
  readonly flag?: `--${string}`
  /** Shown in a new file when there is no default. */
  readonly example?: unknown
}

/** Notes as they stand in the schema; `expected` completes "must be …". */
export interface FieldOptions extends FieldNotes {
  readonly expected: string
  /** Set for texts that are compared in lower case. */
  readonly isLowerCase?: boolean
  /** Set for what cannot be written in one line of the environment. */
  readonly isFileOnly?: boolean
}

const decimalPattern = /^\d{1,18}(\.\d{1,18})?$/
const multiaddrPattern = /^(\/[^/\s]+)+$/

export function text (notes: FieldNotes & { pattern?: RegExp, expected?: string }): TString {
  const { pattern = /^[^\p{Cc}]{1,64}$/u, expected = 'a text of 1 to 64 characters' } = notes
  return Type.String(options({ ...notes, pattern, expected }))
}

/** A name from one of the node's lists; the room that owns the list checks it. */
export function listedName (notes: FieldNotes): TString {
  return text({ ...notes, pattern: /^[a-z0-9-]{1,32}$/, expected: 'a name of 1 to 32 lower-case letters, digits and dashes' })
}

/** An amount of the market's token. Stays text: how many digits it may have is known once the token is. */
export function decimal (notes: FieldNotes): TString {
  return text({ ...notes, pattern: decimalPattern, expected: 'a decimal number of tokens such as "0.30"' })
}

export function account (notes: FieldNotes): TUnsafe<Account> {
  const pattern = /^0x[0-9a-f]{40}$/
  return Type.Unsafe<Account>(Type.String(options({ ...notes, pattern, expected: 'an address: 0x and 40 hexadecimal digits', isLowerCase: true })))
}

export function whole (minimum: number, maximum: number, notes: FieldNotes): TInteger {
  const expected = maximum === Number.MAX_SAFE_INTEGER ? `a whole number, at least ${minimum}` : `a whole number from ${minimum} to ${maximum}`
  return Type.Integer(options({ ...notes, minimum, maximum, expected }))
}

export function number (minimum: number, maximum: number, notes: FieldNotes): TNumber {
  return Type.Number(options({ ...notes, minimum, maximum, expected: `a number from ${minimum} to ${maximum}` }))
}

export function yesOrNo (notes: FieldNotes): TBoolean {
  return Type.Boolean(options({ ...notes, expected: 'true or false' }))
}

export function choice<const T extends string> (choices: readonly [T, ...T[]], notes: FieldNotes): TEnum<[T, ...T[]]> {
  const expected = choices.length === 1 ? `"${choices[0]}"` : `one of ${choices.join(', ')}`
  return Type.Enum(choices, options({ ...notes, expected }))
}

export function multiaddrs (notes: FieldNotes): TArray<TString> {
  return Type.Array(Type.String({ pattern: multiaddrPattern }), options({ ...notes, maxItems: 64, expected: 'a list of multiaddrs such as /ip4/192.168.1.20/tcp/4001' }))
}

/** Addresses of owners. */
export function accounts (notes: FieldNotes): TArray<TString> {
  return Type.Array(Type.String({ pattern: /^0x[0-9a-fA-F]{40}$/ }), options({ ...notes, maxItems: 256, expected: 'a list of addresses, each 0x and 40 hexadecimal digits' }))
}

/** A price in a list, as text or as a number of the file. */
type TPrice = TOptional<TUnsafe<string | number>>

function listedPrice (): TPrice {
  return Type.Optional(Type.Unsafe<string | number>(Type.Union([Type.String({ pattern: decimalPattern }), Type.Number({ minimum: 0 })])))
}

const clockPattern = /^([01]\d|2[0-3]):(00|15|30|45)$|^24:00$/

/** Times of the local week with prices of their own. */
export function tariffBands (notes: FieldNotes): TArray<TObject<{ days: TOptional<TString>, from: TString, to: TString, retail: TPrice, feedIn: TPrice }>> {
  const band = Type.Object({
    days: Type.Optional(Type.String({ maxLength: 64 })),
    from: Type.String({ pattern: clockPattern }),
    to: Type.String({ pattern: clockPattern }),
    retail: listedPrice(),
    feedIn: listedPrice()
  }, { additionalProperties: false })
  return Type.Array(band, options({ ...notes, maxItems: 64, isFileOnly: true, expected: 'a list of bands such as {days: "mon-fri", from: "17:00", to: "21:00", retail: "0.40"}, with quarter hours from "00:00" to "24:00"' }))
}

/** Stretches of time with prices of their own. */
export function tariffTable (notes: FieldNotes): TArray<TObject<{ from: TString, to: TString, retail: TPrice, feedIn: TPrice }>> {
  const row = Type.Object({
    from: Type.String({ maxLength: 40 }),
    to: Type.String({ maxLength: 40 }),
    retail: listedPrice(),
    feedIn: listedPrice()
  }, { additionalProperties: false })
  return Type.Array(row, options({ ...notes, maxItems: 20_000, isFileOnly: true, expected: 'a list of rows such as {from: "2026-01-31T17:00:00+01:00", to: "2026-01-31T18:00:00+01:00", retail: "0.41"}' }))
}

/** Handed on as it is to the room that knows what belongs in it. */
export function free (notes: FieldNotes): TRecord<'^.*$', TUnknown> {
  return Type.Record(Type.String(), Type.Unknown(), options({ ...notes, expected: 'a group of settings' }))
}

/** Lets the compiler check the notes and hands them to TypeBox, which keeps what it does not know. */
function options<T extends FieldOptions> (notes: T): T {
  return notes
}
