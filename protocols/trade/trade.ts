import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Terms {
  buyer: Uint8Array<ArrayBuffer>
  seller: Uint8Array<ArrayBuffer>
  slot: number
  seq: number
  wh: number
  pricePerKwh: bigint
  attester: Uint8Array<ArrayBuffer>
  meter: Uint8Array<ArrayBuffer>
  claimBy: number
  ref: Uint8Array<ArrayBuffer>
}

export namespace Terms {
  let _codec: Codec<Terms>

  export const codec = (): Codec<Terms> => {
    if (_codec == null) {
      _codec = message<Terms>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.buyer != null && obj.buyer.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.buyer)
        }

        if ((obj.seller != null && obj.seller.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.seller)
        }

        if ((obj.slot != null && obj.slot !== 0)) {
          w.uint32(24)
          w.uint32(obj.slot)
        }

        if ((obj.seq != null && obj.seq !== 0)) {
          w.uint32(32)
          w.uint32(obj.seq)
        }

        if ((obj.wh != null && obj.wh !== 0)) {
          w.uint32(40)
          w.uint32(obj.wh)
        }

        if ((obj.pricePerKwh != null && obj.pricePerKwh !== 0n)) {
          w.uint32(48)
          w.uint64(obj.pricePerKwh)
        }

        if ((obj.attester != null && obj.attester.byteLength > 0)) {
          w.uint32(58)
          w.bytes(obj.attester)
        }

        if ((obj.meter != null && obj.meter.byteLength > 0)) {
          w.uint32(66)
          w.bytes(obj.meter)
        }

        if ((obj.claimBy != null && obj.claimBy !== 0)) {
          w.uint32(72)
          w.uint64Number(obj.claimBy)
        }

        if ((obj.ref != null && obj.ref.byteLength > 0)) {
          w.uint32(82)
          w.bytes(obj.ref)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          buyer: uint8ArrayAlloc(0),
          seller: uint8ArrayAlloc(0),
          slot: 0,
          seq: 0,
          wh: 0,
          pricePerKwh: 0n,
          attester: uint8ArrayAlloc(0),
          meter: uint8ArrayAlloc(0),
          claimBy: 0,
          ref: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.buyer = reader.bytes()
              break
            }
            case 2: {
              obj.seller = reader.bytes()
              break
            }
            case 3: {
              obj.slot = reader.uint32()
              break
            }
            case 4: {
              obj.seq = reader.uint32()
              break
            }
            case 5: {
              obj.wh = reader.uint32()
              break
            }
            case 6: {
              obj.pricePerKwh = reader.uint64()
              break
            }
            case 7: {
              obj.attester = reader.bytes()
              break
            }
            case 8: {
              obj.meter = reader.bytes()
              break
            }
            case 9: {
              obj.claimBy = reader.uint64Number()
              break
            }
            case 10: {
              obj.ref = reader.bytes()
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
                field: `${prefix}.buyer`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.seller`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.slot`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.seq`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.wh`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.pricePerKwh`,
                value: reader.uint64()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.attester`,
                value: reader.bytes()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.meter`,
                value: reader.bytes()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.claimBy`,
                value: reader.uint64Number()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.ref`,
                value: reader.bytes()
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

  export interface TermsBuyerFieldEvent {
    field: '$.buyer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TermsSellerFieldEvent {
    field: '$.seller'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TermsSlotFieldEvent {
    field: '$.slot'
    value: number
  }

  export interface TermsSeqFieldEvent {
    field: '$.seq'
    value: number
  }

  export interface TermsWhFieldEvent {
    field: '$.wh'
    value: number
  }

  export interface TermsPricePerKwhFieldEvent {
    field: '$.pricePerKwh'
    value: bigint
  }

  export interface TermsAttesterFieldEvent {
    field: '$.attester'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TermsMeterFieldEvent {
    field: '$.meter'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TermsClaimByFieldEvent {
    field: '$.claimBy'
    value: number
  }

  export interface TermsRefFieldEvent {
    field: '$.ref'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Terms>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Terms.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Terms>): Terms {
    return decodeMessage(buf, Terms.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Terms>): Generator<TermsBuyerFieldEvent | TermsSellerFieldEvent | TermsSlotFieldEvent | TermsSeqFieldEvent | TermsWhFieldEvent | TermsPricePerKwhFieldEvent | TermsAttesterFieldEvent | TermsMeterFieldEvent | TermsClaimByFieldEvent | TermsRefFieldEvent> {
    return streamMessage(buf, Terms.codec(), opts)
  }
}

export interface Propose {
  tradeId: Uint8Array<ArrayBuffer>
  orderId: Uint8Array<ArrayBuffer>
  buyer: Uint8Array<ArrayBuffer>
  wh: number
  pricePerKwh: bigint
}

export namespace Propose {
  let _codec: Codec<Propose>

  export const codec = (): Codec<Propose> => {
    if (_codec == null) {
      _codec = message<Propose>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.tradeId != null && obj.tradeId.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.tradeId)
        }

        if ((obj.orderId != null && obj.orderId.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.orderId)
        }

        if ((obj.buyer != null && obj.buyer.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.buyer)
        }

        if ((obj.wh != null && obj.wh !== 0)) {
          w.uint32(32)
          w.uint32(obj.wh)
        }

        if ((obj.pricePerKwh != null && obj.pricePerKwh !== 0n)) {
          w.uint32(40)
          w.uint64(obj.pricePerKwh)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          tradeId: uint8ArrayAlloc(0),
          orderId: uint8ArrayAlloc(0),
          buyer: uint8ArrayAlloc(0),
          wh: 0,
          pricePerKwh: 0n
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.tradeId = reader.bytes()
              break
            }
            case 2: {
              obj.orderId = reader.bytes()
              break
            }
            case 3: {
              obj.buyer = reader.bytes()
              break
            }
            case 4: {
              obj.wh = reader.uint32()
              break
            }
            case 5: {
              obj.pricePerKwh = reader.uint64()
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
                field: `${prefix}.tradeId`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.orderId`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.buyer`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.wh`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.pricePerKwh`,
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

  export interface ProposeTradeIdFieldEvent {
    field: '$.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ProposeOrderIdFieldEvent {
    field: '$.orderId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ProposeBuyerFieldEvent {
    field: '$.buyer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ProposeWhFieldEvent {
    field: '$.wh'
    value: number
  }

  export interface ProposePricePerKwhFieldEvent {
    field: '$.pricePerKwh'
    value: bigint
  }

  export function encode (obj: Partial<Propose>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Propose.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Propose>): Propose {
    return decodeMessage(buf, Propose.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Propose>): Generator<ProposeTradeIdFieldEvent | ProposeOrderIdFieldEvent | ProposeBuyerFieldEvent | ProposeWhFieldEvent | ProposePricePerKwhFieldEvent> {
    return streamMessage(buf, Propose.codec(), opts)
  }
}

export interface Accept {
  tradeId: Uint8Array<ArrayBuffer>
  terms?: Terms
  signature: Uint8Array<ArrayBuffer>
  validUntil: number
}

export namespace Accept {
  let _codec: Codec<Accept>

  export const codec = (): Codec<Accept> => {
    if (_codec == null) {
      _codec = message<Accept>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.tradeId != null && obj.tradeId.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.tradeId)
        }

        if (obj.terms != null) {
          w.uint32(18)
          Terms.codec().encode(obj.terms, w)
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.signature)
        }

        if ((obj.validUntil != null && obj.validUntil !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.validUntil)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          tradeId: uint8ArrayAlloc(0),
          signature: uint8ArrayAlloc(0),
          validUntil: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.tradeId = reader.bytes()
              break
            }
            case 2: {
              obj.terms = Terms.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.terms
              })
              break
            }
            case 3: {
              obj.signature = reader.bytes()
              break
            }
            case 4: {
              obj.validUntil = reader.uint64Number()
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
                field: `${prefix}.tradeId`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield * Terms.codec().stream(reader, reader.uint32(), `${prefix}.terms`, {
                limits: opts.limits?.terms
              })

              break
            }
            case 3: {
              yield {
                field: `${prefix}.signature`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.validUntil`,
                value: reader.uint64Number()
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

  export interface AcceptTradeIdFieldEvent {
    field: '$.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AcceptTermsBuyerFieldEvent {
    field: '$.terms.buyer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AcceptTermsSellerFieldEvent {
    field: '$.terms.seller'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AcceptTermsSlotFieldEvent {
    field: '$.terms.slot'
    value: number
  }

  export interface AcceptTermsSeqFieldEvent {
    field: '$.terms.seq'
    value: number
  }

  export interface AcceptTermsWhFieldEvent {
    field: '$.terms.wh'
    value: number
  }

  export interface AcceptTermsPricePerKwhFieldEvent {
    field: '$.terms.pricePerKwh'
    value: bigint
  }

  export interface AcceptTermsAttesterFieldEvent {
    field: '$.terms.attester'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AcceptTermsMeterFieldEvent {
    field: '$.terms.meter'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AcceptTermsClaimByFieldEvent {
    field: '$.terms.claimBy'
    value: number
  }

  export interface AcceptTermsRefFieldEvent {
    field: '$.terms.ref'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AcceptSignatureFieldEvent {
    field: '$.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AcceptValidUntilFieldEvent {
    field: '$.validUntil'
    value: number
  }

  export function encode (obj: Partial<Accept>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Accept.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accept>): Accept {
    return decodeMessage(buf, Accept.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accept>): Generator<AcceptTradeIdFieldEvent | AcceptTermsBuyerFieldEvent | AcceptTermsSellerFieldEvent | AcceptTermsSlotFieldEvent | AcceptTermsSeqFieldEvent | AcceptTermsWhFieldEvent | AcceptTermsPricePerKwhFieldEvent | AcceptTermsAttesterFieldEvent | AcceptTermsMeterFieldEvent | AcceptTermsClaimByFieldEvent | AcceptTermsRefFieldEvent | AcceptSignatureFieldEvent | AcceptValidUntilFieldEvent> {
    return streamMessage(buf, Accept.codec(), opts)
  }
}

export interface Decline {
  code: number
  remaining: number
}

export namespace Decline {
  let _codec: Codec<Decline>

  export const codec = (): Codec<Decline> => {
    if (_codec == null) {
      _codec = message<Decline>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code !== 0)) {
          w.uint32(8)
          w.uint32(obj.code)
        }

        if ((obj.remaining != null && obj.remaining !== 0)) {
          w.uint32(16)
          w.uint32(obj.remaining)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: 0,
          remaining: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.uint32()
              break
            }
            case 2: {
              obj.remaining = reader.uint32()
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
                field: `${prefix}.code`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.remaining`,
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

  export interface DeclineCodeFieldEvent {
    field: '$.code'
    value: number
  }

  export interface DeclineRemainingFieldEvent {
    field: '$.remaining'
    value: number
  }

  export function encode (obj: Partial<Decline>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Decline.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Decline>): Decline {
    return decodeMessage(buf, Decline.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Decline>): Generator<DeclineCodeFieldEvent | DeclineRemainingFieldEvent> {
    return streamMessage(buf, Decline.codec(), opts)
  }
}

export interface Confirm {
  tradeId: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
}

export namespace Confirm {
  let _codec: Codec<Confirm>

  export const codec = (): Codec<Confirm> => {
    if (_codec == null) {
      _codec = message<Confirm>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.tradeId != null && obj.tradeId.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.tradeId)
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.signature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          tradeId: uint8ArrayAlloc(0),
          signature: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.tradeId = reader.bytes()
              break
            }
            case 2: {
              obj.signature = reader.bytes()
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
                field: `${prefix}.tradeId`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.signature`,
                value: reader.bytes()
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

  export interface ConfirmTradeIdFieldEvent {
    field: '$.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ConfirmSignatureFieldEvent {
    field: '$.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Confirm>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Confirm.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Confirm>): Confirm {
    return decodeMessage(buf, Confirm.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Confirm>): Generator<ConfirmTradeIdFieldEvent | ConfirmSignatureFieldEvent> {
    return streamMessage(buf, Confirm.codec(), opts)
  }
}

export interface StatusQuery {
  tradeId: Uint8Array<ArrayBuffer>
}

export namespace StatusQuery {
  let _codec: Codec<StatusQuery>

  export const codec = (): Codec<StatusQuery> => {
    if (_codec == null) {
      _codec = message<StatusQuery>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.tradeId != null && obj.tradeId.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.tradeId)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          tradeId: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.tradeId = reader.bytes()
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
                field: `${prefix}.tradeId`,
                value: reader.bytes()
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

  export interface StatusQueryTradeIdFieldEvent {
    field: '$.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<StatusQuery>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StatusQuery.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatusQuery>): StatusQuery {
    return decodeMessage(buf, StatusQuery.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatusQuery>): Generator<StatusQueryTradeIdFieldEvent> {
    return streamMessage(buf, StatusQuery.codec(), opts)
  }
}

export interface Status {
  tradeId: Uint8Array<ArrayBuffer>
  state: number
}

export namespace Status {
  let _codec: Codec<Status>

  export const codec = (): Codec<Status> => {
    if (_codec == null) {
      _codec = message<Status>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.tradeId != null && obj.tradeId.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.tradeId)
        }

        if ((obj.state != null && obj.state !== 0)) {
          w.uint32(16)
          w.uint32(obj.state)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          tradeId: uint8ArrayAlloc(0),
          state: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.tradeId = reader.bytes()
              break
            }
            case 2: {
              obj.state = reader.uint32()
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
                field: `${prefix}.tradeId`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.state`,
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

  export interface StatusTradeIdFieldEvent {
    field: '$.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StatusStateFieldEvent {
    field: '$.state'
    value: number
  }

  export function encode (obj: Partial<Status>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Status.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Status>): Status {
    return decodeMessage(buf, Status.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Status>): Generator<StatusTradeIdFieldEvent | StatusStateFieldEvent> {
    return streamMessage(buf, Status.codec(), opts)
  }
}

export interface Part {
  tradeId: Uint8Array<ArrayBuffer>
  wh: number
}

export namespace Part {
  let _codec: Codec<Part>

  export const codec = (): Codec<Part> => {
    if (_codec == null) {
      _codec = message<Part>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.tradeId != null && obj.tradeId.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.tradeId)
        }

        if ((obj.wh != null && obj.wh !== 0)) {
          w.uint32(16)
          w.uint32(obj.wh)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          tradeId: uint8ArrayAlloc(0),
          wh: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.tradeId = reader.bytes()
              break
            }
            case 2: {
              obj.wh = reader.uint32()
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
                field: `${prefix}.tradeId`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.wh`,
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

  export interface PartTradeIdFieldEvent {
    field: '$.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface PartWhFieldEvent {
    field: '$.wh'
    value: number
  }

  export function encode (obj: Partial<Part>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Part.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Part>): Part {
    return decodeMessage(buf, Part.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Part>): Generator<PartTradeIdFieldEvent | PartWhFieldEvent> {
    return streamMessage(buf, Part.codec(), opts)
  }
}

export interface Delivery {
  slot: number
  parts: Part[]
}

export namespace Delivery {
  let _codec: Codec<Delivery>

  export const codec = (): Codec<Delivery> => {
    if (_codec == null) {
      _codec = message<Delivery>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.slot != null && obj.slot !== 0)) {
          w.uint32(8)
          w.uint32(obj.slot)
        }

        if (obj.parts != null && obj.parts.length > 0) {
          for (const value of obj.parts) {
            w.uint32(18)
            Part.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          slot: 0,
          parts: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.slot = reader.uint32()
              break
            }
            case 2: {
              if (opts.limits?.parts != null && obj.parts.length === opts.limits.parts) {
                throw new MaxLengthError('Decode error - repeated field "parts" had too many elements')
              }

              if (obj.parts.length === 64) {
                throw new MaxLengthError('Decode error - repeated field "parts" had too many elements')
              }

              obj.parts.push(Part.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.parts$
              }))
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
          parts: 64
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.slot`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              if (opts.limits?.parts != null && obj.parts === opts.limits.parts) {
                throw new MaxLengthError('Streaming decode error - repeated field "parts" had too many elements')
              }

              if (obj.parts === 64) {
                throw new MaxLengthError('Streaming decode error - repeated field "parts" had too many elements')
              }

              for (const evt of Part.codec().stream(reader, reader.uint32(), `${prefix}.parts[]`, {
                limits: opts.limits?.parts$
              })) {
                yield {
                  ...evt,
                  index: obj.parts
                }
              }

              obj.parts++

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

  export interface DeliverySlotFieldEvent {
    field: '$.slot'
    value: number
  }

  export interface DeliveryPartsTradeIdFieldEvent {
    field: '$.parts[].tradeId'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface DeliveryPartsWhFieldEvent {
    field: '$.parts[].wh'
    value: number
    index: number
  }

  export function encode (obj: Partial<Delivery>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Delivery.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Delivery>): Delivery {
    return decodeMessage(buf, Delivery.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Delivery>): Generator<DeliverySlotFieldEvent | DeliveryPartsTradeIdFieldEvent | DeliveryPartsWhFieldEvent> {
    return streamMessage(buf, Delivery.codec(), opts)
  }
}

export interface ReceiptMessage {
  buyer: Uint8Array<ArrayBuffer>
  seller: Uint8Array<ArrayBuffer>
  through: number
  total: Uint8Array<ArrayBuffer>
  cap: Uint8Array<ArrayBuffer>
  expiry: number
  signature: Uint8Array<ArrayBuffer>
}

export namespace ReceiptMessage {
  let _codec: Codec<ReceiptMessage>

  export const codec = (): Codec<ReceiptMessage> => {
    if (_codec == null) {
      _codec = message<ReceiptMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.buyer != null && obj.buyer.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.buyer)
        }

        if ((obj.seller != null && obj.seller.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.seller)
        }

        if ((obj.through != null && obj.through !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.through)
        }

        if ((obj.total != null && obj.total.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.total)
        }

        if ((obj.cap != null && obj.cap.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.cap)
        }

        if ((obj.expiry != null && obj.expiry !== 0)) {
          w.uint32(48)
          w.uint32(obj.expiry)
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(58)
          w.bytes(obj.signature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          buyer: uint8ArrayAlloc(0),
          seller: uint8ArrayAlloc(0),
          through: 0,
          total: uint8ArrayAlloc(0),
          cap: uint8ArrayAlloc(0),
          expiry: 0,
          signature: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.buyer = reader.bytes()
              break
            }
            case 2: {
              obj.seller = reader.bytes()
              break
            }
            case 3: {
              obj.through = reader.uint64Number()
              break
            }
            case 4: {
              obj.total = reader.bytes()
              break
            }
            case 5: {
              obj.cap = reader.bytes()
              break
            }
            case 6: {
              obj.expiry = reader.uint32()
              break
            }
            case 7: {
              obj.signature = reader.bytes()
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
                field: `${prefix}.buyer`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.seller`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.through`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.total`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.cap`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.expiry`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.signature`,
                value: reader.bytes()
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

  export interface ReceiptMessageBuyerFieldEvent {
    field: '$.buyer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptMessageSellerFieldEvent {
    field: '$.seller'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptMessageThroughFieldEvent {
    field: '$.through'
    value: number
  }

  export interface ReceiptMessageTotalFieldEvent {
    field: '$.total'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptMessageCapFieldEvent {
    field: '$.cap'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptMessageExpiryFieldEvent {
    field: '$.expiry'
    value: number
  }

  export interface ReceiptMessageSignatureFieldEvent {
    field: '$.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<ReceiptMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ReceiptMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReceiptMessage>): ReceiptMessage {
    return decodeMessage(buf, ReceiptMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReceiptMessage>): Generator<ReceiptMessageBuyerFieldEvent | ReceiptMessageSellerFieldEvent | ReceiptMessageThroughFieldEvent | ReceiptMessageTotalFieldEvent | ReceiptMessageCapFieldEvent | ReceiptMessageExpiryFieldEvent | ReceiptMessageSignatureFieldEvent> {
    return streamMessage(buf, ReceiptMessage.codec(), opts)
  }
}

export interface Submit {
  receipt?: ReceiptMessage
  sellerSignature: Uint8Array<ArrayBuffer>
}

export namespace Submit {
  let _codec: Codec<Submit>

  export const codec = (): Codec<Submit> => {
    if (_codec == null) {
      _codec = message<Submit>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.receipt != null) {
          w.uint32(10)
          ReceiptMessage.codec().encode(obj.receipt, w)
        }

        if ((obj.sellerSignature != null && obj.sellerSignature.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.sellerSignature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          sellerSignature: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.receipt = ReceiptMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.receipt
              })
              break
            }
            case 2: {
              obj.sellerSignature = reader.bytes()
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
              yield * ReceiptMessage.codec().stream(reader, reader.uint32(), `${prefix}.receipt`, {
                limits: opts.limits?.receipt
              })

              break
            }
            case 2: {
              yield {
                field: `${prefix}.sellerSignature`,
                value: reader.bytes()
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

  export interface SubmitReceiptBuyerFieldEvent {
    field: '$.receipt.buyer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SubmitReceiptSellerFieldEvent {
    field: '$.receipt.seller'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SubmitReceiptThroughFieldEvent {
    field: '$.receipt.through'
    value: number
  }

  export interface SubmitReceiptTotalFieldEvent {
    field: '$.receipt.total'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SubmitReceiptCapFieldEvent {
    field: '$.receipt.cap'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SubmitReceiptExpiryFieldEvent {
    field: '$.receipt.expiry'
    value: number
  }

  export interface SubmitReceiptSignatureFieldEvent {
    field: '$.receipt.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SubmitSellerSignatureFieldEvent {
    field: '$.sellerSignature'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Submit>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Submit.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Submit>): Submit {
    return decodeMessage(buf, Submit.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Submit>): Generator<SubmitReceiptBuyerFieldEvent | SubmitReceiptSellerFieldEvent | SubmitReceiptThroughFieldEvent | SubmitReceiptTotalFieldEvent | SubmitReceiptCapFieldEvent | SubmitReceiptExpiryFieldEvent | SubmitReceiptSignatureFieldEvent | SubmitSellerSignatureFieldEvent> {
    return streamMessage(buf, Submit.codec(), opts)
  }
}

export interface Queued {
  by: number
}

export namespace Queued {
  let _codec: Codec<Queued>

  export const codec = (): Codec<Queued> => {
    if (_codec == null) {
      _codec = message<Queued>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.by != null && obj.by !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.by)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          by: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.by = reader.uint64Number()
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
                field: `${prefix}.by`,
                value: reader.uint64Number()
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

  export interface QueuedByFieldEvent {
    field: '$.by'
    value: number
  }

  export function encode (obj: Partial<Queued>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Queued.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Queued>): Queued {
    return decodeMessage(buf, Queued.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Queued>): Generator<QueuedByFieldEvent> {
    return streamMessage(buf, Queued.codec(), opts)
  }
}

export interface TradeMessage {
  propose?: Propose
  accept?: Accept
  confirm?: Confirm
  decline?: Decline
  statusQuery?: StatusQuery
  status?: Status
  delivery?: Delivery
  receipt?: ReceiptMessage
  submit?: Submit
  queued?: Queued
}

export namespace TradeMessage {
  let _codec: Codec<TradeMessage>

  export const codec = (): Codec<TradeMessage> => {
    if (_codec == null) {
      _codec = message<TradeMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.propose != null) {
          w.uint32(10)
          Propose.codec().encode(obj.propose, w)
        }

        if (obj.accept != null) {
          w.uint32(18)
          Accept.codec().encode(obj.accept, w)
        }

        if (obj.confirm != null) {
          w.uint32(26)
          Confirm.codec().encode(obj.confirm, w)
        }

        if (obj.decline != null) {
          w.uint32(34)
          Decline.codec().encode(obj.decline, w)
        }

        if (obj.statusQuery != null) {
          w.uint32(42)
          StatusQuery.codec().encode(obj.statusQuery, w)
        }

        if (obj.status != null) {
          w.uint32(50)
          Status.codec().encode(obj.status, w)
        }

        if (obj.delivery != null) {
          w.uint32(58)
          Delivery.codec().encode(obj.delivery, w)
        }

        if (obj.receipt != null) {
          w.uint32(66)
          ReceiptMessage.codec().encode(obj.receipt, w)
        }

        if (obj.submit != null) {
          w.uint32(74)
          Submit.codec().encode(obj.submit, w)
        }

        if (obj.queued != null) {
          w.uint32(82)
          Queued.codec().encode(obj.queued, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.propose = Propose.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.propose
              })
              break
            }
            case 2: {
              obj.accept = Accept.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.accept
              })
              break
            }
            case 3: {
              obj.confirm = Confirm.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.confirm
              })
              break
            }
            case 4: {
              obj.decline = Decline.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.decline
              })
              break
            }
            case 5: {
              obj.statusQuery = StatusQuery.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.statusQuery
              })
              break
            }
            case 6: {
              obj.status = Status.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.status
              })
              break
            }
            case 7: {
              obj.delivery = Delivery.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.delivery
              })
              break
            }
            case 8: {
              obj.receipt = ReceiptMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.receipt
              })
              break
            }
            case 9: {
              obj.submit = Submit.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.submit
              })
              break
            }
            case 10: {
              obj.queued = Queued.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.queued
              })
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
              yield * Propose.codec().stream(reader, reader.uint32(), `${prefix}.propose`, {
                limits: opts.limits?.propose
              })

              break
            }
            case 2: {
              yield * Accept.codec().stream(reader, reader.uint32(), `${prefix}.accept`, {
                limits: opts.limits?.accept
              })

              break
            }
            case 3: {
              yield * Confirm.codec().stream(reader, reader.uint32(), `${prefix}.confirm`, {
                limits: opts.limits?.confirm
              })

              break
            }
            case 4: {
              yield * Decline.codec().stream(reader, reader.uint32(), `${prefix}.decline`, {
                limits: opts.limits?.decline
              })

              break
            }
            case 5: {
              yield * StatusQuery.codec().stream(reader, reader.uint32(), `${prefix}.statusQuery`, {
                limits: opts.limits?.statusQuery
              })

              break
            }
            case 6: {
              yield * Status.codec().stream(reader, reader.uint32(), `${prefix}.status`, {
                limits: opts.limits?.status
              })

              break
            }
            case 7: {
              yield * Delivery.codec().stream(reader, reader.uint32(), `${prefix}.delivery`, {
                limits: opts.limits?.delivery
              })

              break
            }
            case 8: {
              yield * ReceiptMessage.codec().stream(reader, reader.uint32(), `${prefix}.receipt`, {
                limits: opts.limits?.receipt
              })

              break
            }
            case 9: {
              yield * Submit.codec().stream(reader, reader.uint32(), `${prefix}.submit`, {
                limits: opts.limits?.submit
              })

              break
            }
            case 10: {
              yield * Queued.codec().stream(reader, reader.uint32(), `${prefix}.queued`, {
                limits: opts.limits?.queued
              })

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

  export interface TradeMessageProposeTradeIdFieldEvent {
    field: '$.propose.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageProposeOrderIdFieldEvent {
    field: '$.propose.orderId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageProposeBuyerFieldEvent {
    field: '$.propose.buyer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageProposeWhFieldEvent {
    field: '$.propose.wh'
    value: number
  }

  export interface TradeMessageProposePricePerKwhFieldEvent {
    field: '$.propose.pricePerKwh'
    value: bigint
  }

  export interface TradeMessageAcceptTradeIdFieldEvent {
    field: '$.accept.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageAcceptTermsBuyerFieldEvent {
    field: '$.accept.terms.buyer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageAcceptTermsSellerFieldEvent {
    field: '$.accept.terms.seller'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageAcceptTermsSlotFieldEvent {
    field: '$.accept.terms.slot'
    value: number
  }

  export interface TradeMessageAcceptTermsSeqFieldEvent {
    field: '$.accept.terms.seq'
    value: number
  }

  export interface TradeMessageAcceptTermsWhFieldEvent {
    field: '$.accept.terms.wh'
    value: number
  }

  export interface TradeMessageAcceptTermsPricePerKwhFieldEvent {
    field: '$.accept.terms.pricePerKwh'
    value: bigint
  }

  export interface TradeMessageAcceptTermsAttesterFieldEvent {
    field: '$.accept.terms.attester'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageAcceptTermsMeterFieldEvent {
    field: '$.accept.terms.meter'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageAcceptTermsClaimByFieldEvent {
    field: '$.accept.terms.claimBy'
    value: number
  }

  export interface TradeMessageAcceptTermsRefFieldEvent {
    field: '$.accept.terms.ref'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageAcceptSignatureFieldEvent {
    field: '$.accept.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageAcceptValidUntilFieldEvent {
    field: '$.accept.validUntil'
    value: number
  }

  export interface TradeMessageConfirmTradeIdFieldEvent {
    field: '$.confirm.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageConfirmSignatureFieldEvent {
    field: '$.confirm.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageDeclineCodeFieldEvent {
    field: '$.decline.code'
    value: number
  }

  export interface TradeMessageDeclineRemainingFieldEvent {
    field: '$.decline.remaining'
    value: number
  }

  export interface TradeMessageStatusQueryTradeIdFieldEvent {
    field: '$.statusQuery.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageStatusTradeIdFieldEvent {
    field: '$.status.tradeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageStatusStateFieldEvent {
    field: '$.status.state'
    value: number
  }

  export interface TradeMessageDeliverySlotFieldEvent {
    field: '$.delivery.slot'
    value: number
  }

  export interface TradeMessageDeliveryPartsTradeIdFieldEvent {
    field: '$.delivery.parts[].tradeId'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface TradeMessageDeliveryPartsWhFieldEvent {
    field: '$.delivery.parts[].wh'
    value: number
    index: number
  }

  export interface TradeMessageReceiptBuyerFieldEvent {
    field: '$.receipt.buyer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageReceiptSellerFieldEvent {
    field: '$.receipt.seller'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageReceiptThroughFieldEvent {
    field: '$.receipt.through'
    value: number
  }

  export interface TradeMessageReceiptTotalFieldEvent {
    field: '$.receipt.total'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageReceiptCapFieldEvent {
    field: '$.receipt.cap'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageReceiptExpiryFieldEvent {
    field: '$.receipt.expiry'
    value: number
  }

  export interface TradeMessageReceiptSignatureFieldEvent {
    field: '$.receipt.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageSubmitReceiptBuyerFieldEvent {
    field: '$.submit.receipt.buyer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageSubmitReceiptSellerFieldEvent {
    field: '$.submit.receipt.seller'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageSubmitReceiptThroughFieldEvent {
    field: '$.submit.receipt.through'
    value: number
  }

  export interface TradeMessageSubmitReceiptTotalFieldEvent {
    field: '$.submit.receipt.total'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageSubmitReceiptCapFieldEvent {
    field: '$.submit.receipt.cap'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageSubmitReceiptExpiryFieldEvent {
    field: '$.submit.receipt.expiry'
    value: number
  }

  export interface TradeMessageSubmitReceiptSignatureFieldEvent {
    field: '$.submit.receipt.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageSubmitSellerSignatureFieldEvent {
    field: '$.submit.sellerSignature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TradeMessageQueuedByFieldEvent {
    field: '$.queued.by'
    value: number
  }

  export function encode (obj: Partial<TradeMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, TradeMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TradeMessage>): TradeMessage {
    return decodeMessage(buf, TradeMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TradeMessage>): Generator<TradeMessageProposeTradeIdFieldEvent | TradeMessageProposeOrderIdFieldEvent | TradeMessageProposeBuyerFieldEvent | TradeMessageProposeWhFieldEvent | TradeMessageProposePricePerKwhFieldEvent | TradeMessageAcceptTradeIdFieldEvent | TradeMessageAcceptTermsBuyerFieldEvent | TradeMessageAcceptTermsSellerFieldEvent | TradeMessageAcceptTermsSlotFieldEvent | TradeMessageAcceptTermsSeqFieldEvent | TradeMessageAcceptTermsWhFieldEvent | TradeMessageAcceptTermsPricePerKwhFieldEvent | TradeMessageAcceptTermsAttesterFieldEvent | TradeMessageAcceptTermsMeterFieldEvent | TradeMessageAcceptTermsClaimByFieldEvent | TradeMessageAcceptTermsRefFieldEvent | TradeMessageAcceptSignatureFieldEvent | TradeMessageAcceptValidUntilFieldEvent | TradeMessageConfirmTradeIdFieldEvent | TradeMessageConfirmSignatureFieldEvent | TradeMessageDeclineCodeFieldEvent | TradeMessageDeclineRemainingFieldEvent | TradeMessageStatusQueryTradeIdFieldEvent | TradeMessageStatusTradeIdFieldEvent | TradeMessageStatusStateFieldEvent | TradeMessageDeliverySlotFieldEvent | TradeMessageDeliveryPartsTradeIdFieldEvent | TradeMessageDeliveryPartsWhFieldEvent | TradeMessageReceiptBuyerFieldEvent | TradeMessageReceiptSellerFieldEvent | TradeMessageReceiptThroughFieldEvent | TradeMessageReceiptTotalFieldEvent | TradeMessageReceiptCapFieldEvent | TradeMessageReceiptExpiryFieldEvent | TradeMessageReceiptSignatureFieldEvent | TradeMessageSubmitReceiptBuyerFieldEvent | TradeMessageSubmitReceiptSellerFieldEvent | TradeMessageSubmitReceiptThroughFieldEvent | TradeMessageSubmitReceiptTotalFieldEvent | TradeMessageSubmitReceiptCapFieldEvent | TradeMessageSubmitReceiptExpiryFieldEvent | TradeMessageSubmitReceiptSignatureFieldEvent | TradeMessageSubmitSellerSignatureFieldEvent | TradeMessageQueuedByFieldEvent> {
    return streamMessage(buf, TradeMessage.codec(), opts)
  }
}
