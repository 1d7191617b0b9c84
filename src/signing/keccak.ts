/**
 * Keccak-256 for the hot path. JavaScript has no 64-bit rotation, so the permutation is written once as WebAssembly: the
 * few instructions below are put together from the definition (FIPS 202, section 3.2) when the program starts, five to
 * ten times as fast as the best JavaScript. A test holds it against viem's.
 */

/** Bytes that one permutation takes in, for a digest of 256 bits. */
const RATE = 136
const ROUNDS = 24
const DIGEST_BYTES = 32

/** Where things lie in the memory of the module: the digest, the round constants, then what is to be hashed. */
const CONSTANTS_AT = DIGEST_BYTES
const INPUT_AT = 256

/** A page of memory, less a block for padding. Longer input is refused. */
const MAX_INPUT_BYTES = 60_000

type Code = readonly number[]

// one byte each, as the WebAssembly specification names them
const I32 = 0x7f
const I64 = 0x7e
const I64_LOAD = 0x29
const I64_STORE = 0x37
const I32_CONST = 0x41
const I64_CONST = 0x42
const I32_NE = 0x47
const I32_ADD = 0x6a
const I32_SUB = 0x6b
const I64_AND = 0x83
const I64_XOR = 0x85
const I64_ROTL = 0x89
const LOOP = 0x03
const BR_IF = 0x0d
const END = 0x0b
const VOID = 0x40

/** Locals of the function: two arguments, a counter, then the lanes of the state and what a round needs. */
const POINTER = 0
const BLOCKS = 1
const ROUND = 2
const A = 3
const B = A + 25
const C = B + 25
const D = C + 5

function unsigned (value: number): number[] {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...unsigned(value >>> 7)]
}

/** Small numbers only: one more byte keeps the sign bit clear. */
function signed (value: number): number[] {
  return value < 0x40 ? [value] : [value & 0x7f | 0x80, ...signed(value >>> 7)]
}

const get = (local: number): Code => [0x20, local]
const set = (local: number): Code => [0x21, local]
const xor = (...values: readonly Code[]): Code => values.flatMap((value, index) => index === 0 ? value : [...value, I64_XOR])
const rotated = (value: Code, by: number): Code => by === 0 ? value : [...value, I64_CONST, ...signed(by), I64_ROTL]
const number = (value: number): Code => [I32_CONST, ...signed(value)]
const load = (address: Code, offset: number): Code => [...address, I64_LOAD, 3, ...unsigned(offset)]
const store = (offset: number, value: Code): Code => [...number(0), ...value, I64_STORE, 3, ...unsigned(offset)]
const step = (local: number, by: number): Code => [...get(local), ...number(Math.abs(by)), by < 0 ? I32_SUB : I32_ADD, ...set(local)]
const until = (local: number, end: number, body: Code): Code => [LOOP, VOID, ...body, ...get(local), ...number(end), I32_NE, BR_IF, 0, END]
const each = (count: number, code: (index: number) => Code): Code => Array.from({ length: count }, (_, index) => code(index)).flat()

/** How far each lane is turned, and where it goes: rho and pi. */
function turns (): number[] {
  const offsets = new Array<number>(25).fill(0)
  for (let x = 1, y = 0, turn = 0, t = 1; t <= 24; t++) {
    turn += t
    offsets[x + 5 * y] = turn % 64
    ;[x, y] = [y, (2 * x + 3 * y) % 5]
  }
  return offsets
}

/** Round constants as bytes, least significant first, from the shift register of the definition. */
function constants (): number[] {
  let register = 1
  return Array.from({ length: ROUNDS }, () => {
    const bytes = new Array<number>(8).fill(0)
    for (let j = 0, bit = 1; j <= 6; j++, bit *= 2) {
      if ((register & 1) === 1) {
        bytes[bit - 1 >> 3] |= 1 << (bit - 1 & 7)
      }
      register = register << 1 ^ (register >> 7) * 0x171
    }
    return bytes
  }).flat()
}

function round (): Code {
  const offsets = turns()
  return [
    ...each(5, (x) => [...xor(...[0, 5, 10, 15, 20].map((y) => get(A + x + y))), ...set(C + x)]),
    ...each(5, (x) => [...xor(get(C + (x + 4) % 5), rotated(get(C + (x + 1) % 5), 1)), ...set(D + x)]),
    ...each(25, (lane) => {
      const x = lane % 5
      const y = (lane - x) / 5
      const mixed = xor(get(A + lane), get(D + x))
      return [...rotated(mixed, offsets[lane]), ...set(B + y + 5 * ((2 * x + 3 * y) % 5))]
    }),
    ...each(25, (lane) => {
      const row = lane - lane % 5
      const next = xor(get(B + row + (lane + 1) % 5), [I64_CONST, 0x7f])
      return [...xor(get(B + lane), [...next, ...get(B + row + (lane + 2) % 5), I64_AND]), ...set(A + lane)]
    }),
    ...xor(get(A), load(get(ROUND), CONSTANTS_AT)), ...set(A),
    ...step(ROUND, 8)
  ]
}

/** `(pointer, blocks)`: hashes so many padded blocks and leaves the digest at address 0. */
function program (): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content]
  const named = (name: string, kind: number): Code => [name.length, ...[...name].map((letter) => letter.charCodeAt(0)), kind, 0]
  const body = [
    // a counter, and 60 lanes that begin at zero
    2, 1, I32, 60, I64,
    ...until(BLOCKS, 0, [
      ...each(RATE / 8, (lane) => [...xor(get(A + lane), load(get(POINTER), 8 * lane)), ...set(A + lane)]),
      ...number(0), ...set(ROUND),
      ...until(ROUND, 8 * ROUNDS, round()),
      ...step(POINTER, RATE),
      ...step(BLOCKS, -1)
    ]),
    ...each(DIGEST_BYTES / 8, (lane) => store(8 * lane, get(A + lane))),
    END
  ]
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...named('memory', 2), ...named('absorb', 0)]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
    ...section(11, [1, 0, ...number(CONSTANTS_AT), END, ...unsigned(8 * ROUNDS), ...constants()])
  ])
}

const { memory, absorb } = new WebAssembly.Instance(new WebAssembly.Module(program())).exports as unknown as {
  memory: WebAssembly.Memory
  absorb(pointer: number, blocks: number): void
}
const bytes = new Uint8Array(memory.buffer)

/** What is to be hashed is written here and then named to `hashInput`; it stays until something else is written. */
export const input = new Uint8Array(memory.buffer, INPUT_AT, MAX_INPUT_BYTES)

const digest = new Uint8Array(memory.buffer, 0, DIGEST_BYTES)

/** Bytes of `input` below this belong to the digest of orders, whose words stay in place between two of them. */
const SCRATCH_AT = 1024

/** Hashes bytes from anywhere, those before `start` left out; as for `hashInput`, the digest stays until the next one. */
export function keccak (data: Uint8Array, start = 0): Uint8Array {
  input.set(data, SCRATCH_AT)
  return hashInput(SCRATCH_AT + start, data.length - start)
}

/** Hashes `length` bytes of `input` from `start`; up to one block behind them is written over. */
export function hashInput (start: number, length: number): Uint8Array {
  if (start + length > MAX_INPUT_BYTES) {
    throw new RangeError(`No more than ${MAX_INPUT_BYTES} bytes can be hashed at once.`)
  }
  const from = INPUT_AT + start
  const blocks = (length - length % RATE) / RATE + 1
  const end = from + blocks * RATE
  bytes.fill(0, from + length, end)
  bytes[from + length] = 0x01
  bytes[end - 1] |= 0x80
  absorb(from, blocks)
  return digest
}
