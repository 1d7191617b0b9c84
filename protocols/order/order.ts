import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Knot {
  at: number
  price: bigint
}

export namespace Knot {
  let _codec: Codec<Knot>

  export const codec = (): Codec<Knot> => {
    if (_codec == null) {
      _codec = message<Knot>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.at != null && obj.at !== 0)) {
          w.uint32(8)
          w.uint32(obj.at)
        }

        if ((obj.price != null && obj.price !== 0n)) {
          w.uint32(16)
          w.uint64(obj.price)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          at: 0,
          price: 0n
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.at = reader.uint32()
              break
            }
            case 2: {
              obj.price = reader.uint64()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.at`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.price`,
                value: reader.uint64()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface KnotAtFieldEvent {
    field: '$.at'
    value: number
  }

  export interface KnotPriceFieldEvent {
    field: '$.price'
    value: bigint
  }

  export function encode (obj: Partial<Knot>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Knot.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Knot>): Knot {
    return decodeMessage(buf, Knot.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Knot>): Generator<KnotAtFieldEvent | KnotPriceFieldEvent> {
    return streamMessage(buf, Knot.codec(), opts)
  }
}

export interface SignedOrder {
  side: number
  rules: Uint8Array<ArrayBuffer>
  maker: Uint8Array<ArrayBuffer>
  signer: Uint8Array<ArrayBuffer>
  periodStart: number
  quantity: number
  minFill: number
  revision: number
  schedule: Knot[]
  signature: Uint8Array<ArrayBuffer>
  work: number
}

export namespace SignedOrder {
  let _codec: Codec<SignedOrder>

  export const codec = (): Codec<SignedOrder> => {
    if (_codec == null) {
      _codec = message<SignedOrder>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.side != null && obj.side !== 0)) {
          w.uint32(8)
          w.uint32(obj.side)
        }

        if ((obj.rules != null && obj.rules.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.rules)
        }

        if ((obj.maker != null && obj.maker.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.maker)
        }

        if ((obj.signer != null && obj.signer.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.signer)
        }

        if ((obj.periodStart != null && obj.periodStart !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.periodStart)
        }

        if ((obj.quantity != null && obj.quantity !== 0)) {
          w.uint32(48)
          w.uint32(obj.quantity)
        }

        if ((obj.minFill != null && obj.minFill !== 0)) {
          w.uint32(56)
          w.uint32(obj.minFill)
        }

        if ((obj.revision != null && obj.revision !== 0)) {
          w.uint32(64)
          w.uint32(obj.revision)
        }

        if (obj.schedule != null && obj.schedule.length > 0) {
          for (const value of obj.schedule) {
            w.uint32(74)
            Knot.codec().encode(value, w)
          }
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(82)
          w.bytes(obj.signature)
        }

        if ((obj.work != null && obj.work !== 0)) {
          w.uint32(88)
          w.uint32(obj.work)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          side: 0,
          rules: uint8ArrayAlloc(0),
          maker: uint8ArrayAlloc(0),
          signer: uint8ArrayAlloc(0),
          periodStart: 0,
          quantity: 0,
          minFill: 0,
          revision: 0,
          schedule: [],
          signature: uint8ArrayAlloc(0),
          work: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.side = reader.uint32()
              break
            }
            case 2: {
              obj.rules = reader.bytes()
              break
            }
            case 3: {
              obj.maker = reader.bytes()
              break
            }
            case 4: {
              obj.signer = reader.bytes()
              break
            }
            case 5: {
              obj.periodStart = reader.uint64Number()
              break
            }
            case 6: {
              obj.quantity = reader.uint32()
              break
            }
            case 7: {
              obj.minFill = reader.uint32()
              break
            }
            case 8: {
              obj.revision = reader.uint32()
              break
            }
            case 9: {
              if (opts.limits?.schedule != null && obj.schedule.length === opts.limits.schedule) {
                throw new MaxLengthError('Decode error - repeated field "schedule" had too many elements')
              }

              if (obj.schedule.length === 4) {
                throw new MaxLengthError('Decode error - repeated field "schedule" had too many elements')
              }

              obj.schedule.push(Knot.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.schedule$
              }))
              break
            }
            case 10: {
              obj.signature = reader.bytes()
              break
            }
            case 11: {
              obj.work = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          schedule: 4
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.side`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.rules`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.maker`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.signer`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.periodStart`,
                value: reader.uint64Number()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.quantity`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.minFill`,
                value: reader.uint32()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.revision`,
                value: reader.uint32()
              }
              break
            }
            case 9: {
              if (opts.limits?.schedule != null && obj.schedule === opts.limits.schedule) {
                throw new MaxLengthError('Streaming decode error - repeated field "schedule" had too many elements')
              }

              if (obj.schedule === 4) {
                throw new MaxLengthError('Streaming decode error - repeated field "schedule" had too many elements')
              }

              for (const evt of Knot.codec().stream(reader, reader.uint32(), `${prefix}.schedule[]`, {
                limits: opts.limits?.schedule$
              })) {
                yield {
                  ...evt,
                  index: obj.schedule
                }
              }

              obj.schedule++

              break
            }
            case 10: {
              yield {
                field: `${prefix}.signature`,
                value: reader.bytes()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.work`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface SignedOrderSideFieldEvent {
    field: '$.side'
    value: number
  }

  export interface SignedOrderRulesFieldEvent {
    field: '$.rules'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SignedOrderMakerFieldEvent {
    field: '$.maker'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SignedOrderSignerFieldEvent {
    field: '$.signer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SignedOrderPeriodStartFieldEvent {
    field: '$.periodStart'
    value: number
  }

  export interface SignedOrderQuantityFieldEvent {
    field: '$.quantity'
    value: number
  }

  export interface SignedOrderMinFillFieldEvent {
    field: '$.minFill'
    value: number
  }

  export interface SignedOrderRevisionFieldEvent {
    field: '$.revision'
    value: number
  }

  export interface SignedOrderScheduleAtFieldEvent {
    field: '$.schedule[].at'
    value: number
    index: number
  }

  export interface SignedOrderSchedulePriceFieldEvent {
    field: '$.schedule[].price'
    value: bigint
    index: number
  }

  export interface SignedOrderSignatureFieldEvent {
    field: '$.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SignedOrderWorkFieldEvent {
    field: '$.work'
    value: number
  }

  export function encode (obj: Partial<SignedOrder>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, SignedOrder.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedOrder>): SignedOrder {
    return decodeMessage(buf, SignedOrder.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedOrder>): Generator<SignedOrderSideFieldEvent | SignedOrderRulesFieldEvent | SignedOrderMakerFieldEvent | SignedOrderSignerFieldEvent | SignedOrderPeriodStartFieldEvent | SignedOrderQuantityFieldEvent | SignedOrderMinFillFieldEvent | SignedOrderRevisionFieldEvent | SignedOrderScheduleAtFieldEvent | SignedOrderSchedulePriceFieldEvent | SignedOrderSignatureFieldEvent | SignedOrderWorkFieldEvent> {
    return streamMessage(buf, SignedOrder.codec(), opts)
  }
}
