import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface DigestsQuestion {
  rules: Uint8Array<ArrayBuffer>
  from: number
  root: Uint8Array<ArrayBuffer>
  after: Uint8Array<ArrayBuffer>
}

export namespace DigestsQuestion {
  let _codec: Codec<DigestsQuestion>

  export const codec = (): Codec<DigestsQuestion> => {
    if (_codec == null) {
      _codec = message<DigestsQuestion>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.rules != null && obj.rules.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.rules)
        }

        if ((obj.from != null && obj.from !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.from)
        }

        if ((obj.root != null && obj.root.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.root)
        }

        if ((obj.after != null && obj.after.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.after)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          rules: uint8ArrayAlloc(0),
          from: 0,
          root: uint8ArrayAlloc(0),
          after: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.rules = reader.bytes()
              break
            }
            case 2: {
              obj.from = reader.uint64Number()
              break
            }
            case 3: {
              obj.root = reader.bytes()
              break
            }
            case 4: {
              obj.after = reader.bytes()
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
                field: `${prefix}.rules`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.from`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.root`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.after`,
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

  export interface DigestsQuestionRulesFieldEvent {
    field: '$.rules'
    value: Uint8Array<ArrayBuffer>
  }

  export interface DigestsQuestionFromFieldEvent {
    field: '$.from'
    value: number
  }

  export interface DigestsQuestionRootFieldEvent {
    field: '$.root'
    value: Uint8Array<ArrayBuffer>
  }

  export interface DigestsQuestionAfterFieldEvent {
    field: '$.after'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<DigestsQuestion>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DigestsQuestion.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DigestsQuestion>): DigestsQuestion {
    return decodeMessage(buf, DigestsQuestion.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DigestsQuestion>): Generator<DigestsQuestionRulesFieldEvent | DigestsQuestionFromFieldEvent | DigestsQuestionRootFieldEvent | DigestsQuestionAfterFieldEvent> {
    return streamMessage(buf, DigestsQuestion.codec(), opts)
  }
}

export interface DigestsAnswer {
  from: number
  isSame: number
  isMore: number
  digests: Uint8Array<ArrayBuffer>[]
}

export namespace DigestsAnswer {
  let _codec: Codec<DigestsAnswer>

  export const codec = (): Codec<DigestsAnswer> => {
    if (_codec == null) {
      _codec = message<DigestsAnswer>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.from != null && obj.from !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.from)
        }

        if ((obj.isSame != null && obj.isSame !== 0)) {
          w.uint32(16)
          w.uint32(obj.isSame)
        }

        if ((obj.isMore != null && obj.isMore !== 0)) {
          w.uint32(24)
          w.uint32(obj.isMore)
        }

        if (obj.digests != null && obj.digests.length > 0) {
          for (const value of obj.digests) {
            w.uint32(34)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          from: 0,
          isSame: 0,
          isMore: 0,
          digests: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.from = reader.uint64Number()
              break
            }
            case 2: {
              obj.isSame = reader.uint32()
              break
            }
            case 3: {
              obj.isMore = reader.uint32()
              break
            }
            case 4: {
              if (opts.limits?.digests != null && obj.digests.length === opts.limits.digests) {
                throw new MaxLengthError('Decode error - repeated field "digests" had too many elements')
              }

              if (obj.digests.length === 1024) {
                throw new MaxLengthError('Decode error - repeated field "digests" had too many elements')
              }

              obj.digests.push(reader.bytes())
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
          digests: 1024
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.from`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.isSame`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.isMore`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              if (opts.limits?.digests != null && obj.digests === opts.limits.digests) {
                throw new MaxLengthError('Streaming decode error - repeated field "digests" had too many elements')
              }

              if (obj.digests === 1024) {
                throw new MaxLengthError('Streaming decode error - repeated field "digests" had too many elements')
              }

              yield {
                field: `${prefix}.digests[]`,
                index: obj.digests,
                value: reader.bytes()
              }

              obj.digests++

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

  export interface DigestsAnswerFromFieldEvent {
    field: '$.from'
    value: number
  }

  export interface DigestsAnswerIsSameFieldEvent {
    field: '$.isSame'
    value: number
  }

  export interface DigestsAnswerIsMoreFieldEvent {
    field: '$.isMore'
    value: number
  }

  export interface DigestsAnswerDigestsFieldEvent {
    field: '$.digests[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<DigestsAnswer>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DigestsAnswer.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DigestsAnswer>): DigestsAnswer {
    return decodeMessage(buf, DigestsAnswer.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DigestsAnswer>): Generator<DigestsAnswerFromFieldEvent | DigestsAnswerIsSameFieldEvent | DigestsAnswerIsMoreFieldEvent | DigestsAnswerDigestsFieldEvent> {
    return streamMessage(buf, DigestsAnswer.codec(), opts)
  }
}

export interface OrderKey {
  signer: Uint8Array<ArrayBuffer>
  periodStart: number
  side: number
}

export namespace OrderKey {
  let _codec: Codec<OrderKey>

  export const codec = (): Codec<OrderKey> => {
    if (_codec == null) {
      _codec = message<OrderKey>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.signer != null && obj.signer.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.signer)
        }

        if ((obj.periodStart != null && obj.periodStart !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.periodStart)
        }

        if ((obj.side != null && obj.side !== 0)) {
          w.uint32(24)
          w.uint32(obj.side)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          signer: uint8ArrayAlloc(0),
          periodStart: 0,
          side: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.signer = reader.bytes()
              break
            }
            case 2: {
              obj.periodStart = reader.uint64Number()
              break
            }
            case 3: {
              obj.side = reader.uint32()
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
                field: `${prefix}.signer`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.periodStart`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.side`,
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

  export interface OrderKeySignerFieldEvent {
    field: '$.signer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface OrderKeyPeriodStartFieldEvent {
    field: '$.periodStart'
    value: number
  }

  export interface OrderKeySideFieldEvent {
    field: '$.side'
    value: number
  }

  export function encode (obj: Partial<OrderKey>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, OrderKey.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OrderKey>): OrderKey {
    return decodeMessage(buf, OrderKey.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OrderKey>): Generator<OrderKeySignerFieldEvent | OrderKeyPeriodStartFieldEvent | OrderKeySideFieldEvent> {
    return streamMessage(buf, OrderKey.codec(), opts)
  }
}

export interface OrdersQuestion {
  rules: Uint8Array<ArrayBuffer>
  signers: Uint8Array<ArrayBuffer>[]
  after?: OrderKey
}

export namespace OrdersQuestion {
  let _codec: Codec<OrdersQuestion>

  export const codec = (): Codec<OrdersQuestion> => {
    if (_codec == null) {
      _codec = message<OrdersQuestion>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.rules != null && obj.rules.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.rules)
        }

        if (obj.signers != null && obj.signers.length > 0) {
          for (const value of obj.signers) {
            w.uint32(18)
            w.bytes(value)
          }
        }

        if (obj.after != null) {
          w.uint32(26)
          OrderKey.codec().encode(obj.after, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          rules: uint8ArrayAlloc(0),
          signers: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.rules = reader.bytes()
              break
            }
            case 2: {
              if (opts.limits?.signers != null && obj.signers.length === opts.limits.signers) {
                throw new MaxLengthError('Decode error - repeated field "signers" had too many elements')
              }

              if (obj.signers.length === 256) {
                throw new MaxLengthError('Decode error - repeated field "signers" had too many elements')
              }

              obj.signers.push(reader.bytes())
              break
            }
            case 3: {
              obj.after = OrderKey.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.after
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
        const obj = {
          signers: 256
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.rules`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              if (opts.limits?.signers != null && obj.signers === opts.limits.signers) {
                throw new MaxLengthError('Streaming decode error - repeated field "signers" had too many elements')
              }

              if (obj.signers === 256) {
                throw new MaxLengthError('Streaming decode error - repeated field "signers" had too many elements')
              }

              yield {
                field: `${prefix}.signers[]`,
                index: obj.signers,
                value: reader.bytes()
              }

              obj.signers++

              break
            }
            case 3: {
              yield * OrderKey.codec().stream(reader, reader.uint32(), `${prefix}.after`, {
                limits: opts.limits?.after
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

  export interface OrdersQuestionRulesFieldEvent {
    field: '$.rules'
    value: Uint8Array<ArrayBuffer>
  }

  export interface OrdersQuestionSignersFieldEvent {
    field: '$.signers[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface OrdersQuestionAfterSignerFieldEvent {
    field: '$.after.signer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface OrdersQuestionAfterPeriodStartFieldEvent {
    field: '$.after.periodStart'
    value: number
  }

  export interface OrdersQuestionAfterSideFieldEvent {
    field: '$.after.side'
    value: number
  }

  export function encode (obj: Partial<OrdersQuestion>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, OrdersQuestion.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OrdersQuestion>): OrdersQuestion {
    return decodeMessage(buf, OrdersQuestion.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OrdersQuestion>): Generator<OrdersQuestionRulesFieldEvent | OrdersQuestionSignersFieldEvent | OrdersQuestionAfterSignerFieldEvent | OrdersQuestionAfterPeriodStartFieldEvent | OrdersQuestionAfterSideFieldEvent> {
    return streamMessage(buf, OrdersQuestion.codec(), opts)
  }
}

export interface OrdersAnswer {
  isMore: number
  orders: Uint8Array<ArrayBuffer>[]
}

export namespace OrdersAnswer {
  let _codec: Codec<OrdersAnswer>

  export const codec = (): Codec<OrdersAnswer> => {
    if (_codec == null) {
      _codec = message<OrdersAnswer>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.isMore != null && obj.isMore !== 0)) {
          w.uint32(8)
          w.uint32(obj.isMore)
        }

        if (obj.orders != null && obj.orders.length > 0) {
          for (const value of obj.orders) {
            w.uint32(18)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          isMore: 0,
          orders: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.isMore = reader.uint32()
              break
            }
            case 2: {
              if (opts.limits?.orders != null && obj.orders.length === opts.limits.orders) {
                throw new MaxLengthError('Decode error - repeated field "orders" had too many elements')
              }

              if (obj.orders.length === 256) {
                throw new MaxLengthError('Decode error - repeated field "orders" had too many elements')
              }

              obj.orders.push(reader.bytes())
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
          orders: 256
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.isMore`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              if (opts.limits?.orders != null && obj.orders === opts.limits.orders) {
                throw new MaxLengthError('Streaming decode error - repeated field "orders" had too many elements')
              }

              if (obj.orders === 256) {
                throw new MaxLengthError('Streaming decode error - repeated field "orders" had too many elements')
              }

              yield {
                field: `${prefix}.orders[]`,
                index: obj.orders,
                value: reader.bytes()
              }

              obj.orders++

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

  export interface OrdersAnswerIsMoreFieldEvent {
    field: '$.isMore'
    value: number
  }

  export interface OrdersAnswerOrdersFieldEvent {
    field: '$.orders[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<OrdersAnswer>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, OrdersAnswer.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OrdersAnswer>): OrdersAnswer {
    return decodeMessage(buf, OrdersAnswer.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OrdersAnswer>): Generator<OrdersAnswerIsMoreFieldEvent | OrdersAnswerOrdersFieldEvent> {
    return streamMessage(buf, OrdersAnswer.codec(), opts)
  }
}

export interface Refusal {
  code: number
}

export namespace Refusal {
  let _codec: Codec<Refusal>

  export const codec = (): Codec<Refusal> => {
    if (_codec == null) {
      _codec = message<Refusal>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code !== 0)) {
          w.uint32(8)
          w.uint32(obj.code)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.uint32()
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

  export interface RefusalCodeFieldEvent {
    field: '$.code'
    value: number
  }

  export function encode (obj: Partial<Refusal>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Refusal.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refusal>): Refusal {
    return decodeMessage(buf, Refusal.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refusal>): Generator<RefusalCodeFieldEvent> {
    return streamMessage(buf, Refusal.codec(), opts)
  }
}

export interface BookMessage {
  digestsQuestion?: DigestsQuestion
  digestsAnswer?: DigestsAnswer
  ordersQuestion?: OrdersQuestion
  ordersAnswer?: OrdersAnswer
  refusal?: Refusal
}

export namespace BookMessage {
  let _codec: Codec<BookMessage>

  export const codec = (): Codec<BookMessage> => {
    if (_codec == null) {
      _codec = message<BookMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.digestsQuestion != null) {
          w.uint32(10)
          DigestsQuestion.codec().encode(obj.digestsQuestion, w)
        }

        if (obj.digestsAnswer != null) {
          w.uint32(18)
          DigestsAnswer.codec().encode(obj.digestsAnswer, w)
        }

        if (obj.ordersQuestion != null) {
          w.uint32(26)
          OrdersQuestion.codec().encode(obj.ordersQuestion, w)
        }

        if (obj.ordersAnswer != null) {
          w.uint32(34)
          OrdersAnswer.codec().encode(obj.ordersAnswer, w)
        }

        if (obj.refusal != null) {
          w.uint32(50)
          Refusal.codec().encode(obj.refusal, w)
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
              obj.digestsQuestion = DigestsQuestion.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.digestsQuestion
              })
              break
            }
            case 2: {
              obj.digestsAnswer = DigestsAnswer.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.digestsAnswer
              })
              break
            }
            case 3: {
              obj.ordersQuestion = OrdersQuestion.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.ordersQuestion
              })
              break
            }
            case 4: {
              obj.ordersAnswer = OrdersAnswer.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.ordersAnswer
              })
              break
            }
            case 6: {
              obj.refusal = Refusal.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.refusal
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
              yield * DigestsQuestion.codec().stream(reader, reader.uint32(), `${prefix}.digestsQuestion`, {
                limits: opts.limits?.digestsQuestion
              })

              break
            }
            case 2: {
              yield * DigestsAnswer.codec().stream(reader, reader.uint32(), `${prefix}.digestsAnswer`, {
                limits: opts.limits?.digestsAnswer
              })

              break
            }
            case 3: {
              yield * OrdersQuestion.codec().stream(reader, reader.uint32(), `${prefix}.ordersQuestion`, {
                limits: opts.limits?.ordersQuestion
              })

              break
            }
            case 4: {
              yield * OrdersAnswer.codec().stream(reader, reader.uint32(), `${prefix}.ordersAnswer`, {
                limits: opts.limits?.ordersAnswer
              })

              break
            }
            case 6: {
              yield * Refusal.codec().stream(reader, reader.uint32(), `${prefix}.refusal`, {
                limits: opts.limits?.refusal
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

  export interface BookMessageDigestsQuestionRulesFieldEvent {
    field: '$.digestsQuestion.rules'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BookMessageDigestsQuestionFromFieldEvent {
    field: '$.digestsQuestion.from'
    value: number
  }

  export interface BookMessageDigestsQuestionRootFieldEvent {
    field: '$.digestsQuestion.root'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BookMessageDigestsQuestionAfterFieldEvent {
    field: '$.digestsQuestion.after'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BookMessageDigestsAnswerFromFieldEvent {
    field: '$.digestsAnswer.from'
    value: number
  }

  export interface BookMessageDigestsAnswerIsSameFieldEvent {
    field: '$.digestsAnswer.isSame'
    value: number
  }

  export interface BookMessageDigestsAnswerIsMoreFieldEvent {
    field: '$.digestsAnswer.isMore'
    value: number
  }

  export interface BookMessageDigestsAnswerDigestsFieldEvent {
    field: '$.digestsAnswer.digests[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface BookMessageOrdersQuestionRulesFieldEvent {
    field: '$.ordersQuestion.rules'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BookMessageOrdersQuestionSignersFieldEvent {
    field: '$.ordersQuestion.signers[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface BookMessageOrdersQuestionAfterSignerFieldEvent {
    field: '$.ordersQuestion.after.signer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BookMessageOrdersQuestionAfterPeriodStartFieldEvent {
    field: '$.ordersQuestion.after.periodStart'
    value: number
  }

  export interface BookMessageOrdersQuestionAfterSideFieldEvent {
    field: '$.ordersQuestion.after.side'
    value: number
  }

  export interface BookMessageOrdersAnswerIsMoreFieldEvent {
    field: '$.ordersAnswer.isMore'
    value: number
  }

  export interface BookMessageOrdersAnswerOrdersFieldEvent {
    field: '$.ordersAnswer.orders[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface BookMessageRefusalCodeFieldEvent {
    field: '$.refusal.code'
    value: number
  }

  export function encode (obj: Partial<BookMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BookMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BookMessage>): BookMessage {
    return decodeMessage(buf, BookMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BookMessage>): Generator<BookMessageDigestsQuestionRulesFieldEvent | BookMessageDigestsQuestionFromFieldEvent | BookMessageDigestsQuestionRootFieldEvent | BookMessageDigestsQuestionAfterFieldEvent | BookMessageDigestsAnswerFromFieldEvent | BookMessageDigestsAnswerIsSameFieldEvent | BookMessageDigestsAnswerIsMoreFieldEvent | BookMessageDigestsAnswerDigestsFieldEvent | BookMessageOrdersQuestionRulesFieldEvent | BookMessageOrdersQuestionSignersFieldEvent | BookMessageOrdersQuestionAfterSignerFieldEvent | BookMessageOrdersQuestionAfterPeriodStartFieldEvent | BookMessageOrdersQuestionAfterSideFieldEvent | BookMessageOrdersAnswerIsMoreFieldEvent | BookMessageOrdersAnswerOrdersFieldEvent | BookMessageRefusalCodeFieldEvent> {
    return streamMessage(buf, BookMessage.codec(), opts)
  }
}
