/** Ways to spoil a valid input so that it still reaches deep into a decoder. Everything follows from the random source. */

/** In [0, bound). */
export type Random = (bound: number) => number
export type Mutation = (input: Buffer, random: Random) => Buffer

/** Xorshift (Marsaglia 2003): the same seed, the same inputs. */
export function randomFrom (seed: number): Random {
  let state = seed | 1
  return (bound) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
}

const ODD_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x1b, 0x0a, 0x2f, 0x21]

/** Bits, bytes, stretches. */
export const spoilBytes: Mutation = (input, random) => {
  const at = random(input.length + 1)
  const length = random(9)
  const odd = Buffer.from(Array.from({ length: 1 + length }, () => random(2) === 0 ? ODD_BYTES[random(ODD_BYTES.length)] : random(256)))
  switch (random(7)) {
    case 0: return input.subarray(0, at)
    case 1: return Buffer.concat([input.subarray(0, at), odd, input.subarray(at)])
    case 2: return Buffer.concat([input.subarray(0, at), input.subarray(at + length)])
    case 3: return Buffer.concat([input.subarray(0, at), odd, input.subarray(at + odd.length)])
    case 4: return Buffer.concat([input, input.subarray(at)])
    case 5: return Buffer.concat([input.subarray(0, at), input.subarray(random(input.length + 1)), input.subarray(at)])
    default: return flipBit(input, random)
  }
}

function flipBit (input: Buffer, random: Random): Buffer {
  const output = Buffer.from(input)
  if (output.length > 0) {
    output[random(output.length)] ^= 1 << random(8)
  }
  return output
}

interface Field {
  readonly number: bigint
  readonly type: number
  readonly content: Buffer
}

const ODD_NUMBERS = [0n, 1n, 2n, 127n, 128n, 0xffffn, 0x10000n, 0x80000000n, 0xffffffffn, 0x100000000n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]

/** Fields of a Protocol Buffers message, and of the messages in it: dropped, doubled, swapped, renumbered, made odd. */
export const spoilProtobuf: Mutation = (input, random) => {
  const fields = readFields(input)
  if (fields == null || fields.length === 0) {
    return spoilBytes(input, random)
  }
  const at = random(fields.length)
  const field = fields[at]
  switch (random(8)) {
    case 0: return writeFields(fields.toSpliced(at, 1))
    case 1: return writeFields(fields.toSpliced(at, 0, field))
    case 2: return writeFields(fields.toSpliced(at, 1).toSpliced(random(fields.length), 0, field))
    case 3: return writeFields(fields.with(at, { ...field, number: BigInt(random(40)) }))
    case 4: return writeFields(fields.with(at, { ...field, type: random(8) }))
    case 5: return writeFields([...fields, ...Array.from({ length: random(200) }, () => field)])
    case 6: return Buffer.concat([writeFields(fields.slice(0, at)), longWay(field), writeFields(fields.slice(at + 1))])
    default: return writeFields(fields.with(at, { ...field, content: spoilContent(field, random) }))
  }
}

function spoilContent ({ type, content }: Field, random: Random): Buffer {
  if (type === 0) {
    return varint(ODD_NUMBERS[random(ODD_NUMBERS.length)])
  }
  return random(2) === 0 ? spoilBytes(content, random) : spoilProtobuf(content, random)
}

/** The field with its number written longer than needed. */
function longWay (field: Field): Buffer {
  const [tag] = [varint(field.number << 3n | BigInt(field.type))]
  tag[tag.length - 1] |= 0x80
  return Buffer.concat([tag, Buffer.from([0]), field.type === 2 ? varint(BigInt(field.content.length)) : Buffer.alloc(0), field.content])
}

function readFields (input: Buffer): Field[] | undefined {
  const fields: Field[] = []
  let at = 0
  while (at < input.length) {
    const tag = readVarint(input, at)
    if (tag == null) {
      return undefined
    }
    const type = Number(tag.value & 7n)
    const length = type === 2 ? readVarint(input, tag.end) : undefined
    const start = length?.end ?? tag.end
    const end = type === 2 ? start + Number(length?.value ?? Infinity) : readVarint(input, start)?.end
    if ((type !== 0 && type !== 2) || end == null || end > input.length) {
      return undefined
    }
    fields.push({ number: tag.value >> 3n, type, content: input.subarray(start, end) })
    at = end
  }
  return fields
}

function readVarint (input: Buffer, at: number): { value: bigint, end: number } | undefined {
  let value = 0n
  for (let end = at; end < input.length && end < at + 10; end++) {
    value |= BigInt(input[end] & 0x7f) << BigInt(7 * (end - at))
    if (input[end] < 0x80) {
      return { value, end: end + 1 }
    }
  }
  return undefined
}

function writeFields (fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(({ number, type, content }) => [
    varint(number << 3n | BigInt(type)), type === 2 ? varint(BigInt(content.length)) : Buffer.alloc(0), content
  ]))
}

function varint (value: bigint): Buffer {
  const bytes = []
  for (let rest = value; bytes.length === 0 || rest > 0n; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
  }
  return Buffer.from(bytes)
}

const ODD_TEXTS = ['', '0', '-1', '1e999', 'NaN', 'null', '0x', '"', '{', '[', '\0', '\ufeff', '9'.repeat(400), '(', '*', ',', ';', ':', '\n', '\r\n', '&a', '*a', '!!js/function', '../..']

/** Lines and words of a text: dropped, doubled, swapped, replaced by odd ones. */
export const spoilText: Mutation = (input, random) => {
  const parts = input.toString('latin1').split(random(2) === 0 ? /(?<=\n)/ : /(?<=[\s,:(*])/)
  const at = random(parts.length)
  const odd = ODD_TEXTS[random(ODD_TEXTS.length)]
  switch (random(6)) {
    case 0: return text(parts.toSpliced(at, 1))
    case 1: return text(parts.toSpliced(at, 0, parts[random(parts.length)]))
    case 2: return text(parts.with(at, odd))
    case 3: return text(parts.toSpliced(at, 0, odd))
    case 4: return text(parts.toSpliced(at, 1, ...Array.from({ length: random(100) }, () => parts[at])))
    default: return spoilBytes(input, random)
  }
}

function text (parts: readonly string[]): Buffer {
  return Buffer.from(parts.join(''), 'latin1')
}
