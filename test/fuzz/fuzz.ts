import { randomFrom } from './mutations.ts'
import type { FuzzTarget } from './targets.ts'

export interface FuzzResult {
  readonly inputs: number
  readonly accepted: number
  readonly slowestMs: number
}

/** Every door is narrower than this; what is longer costs time and finds nothing. */
const MAX_INPUT_BYTES = 65_535

/** What a decoder did wrong, with the input that made it. */
export class FuzzFailure extends Error {
  constructor (target: string, input: Buffer, cause: unknown) {
    super(`${target}: ${String(cause)}\n  input (base64): ${input.toString('base64')}`, { cause })
    this.name = 'FuzzFailure'
  }
}

/** Feeds a decoder with `inputs` spoilt inputs; every seed must be accepted first. Throws `FuzzFailure` at the first defect. */
export function fuzz (target: FuzzTarget, inputs: number, seed: number): FuzzResult {
  const random = randomFrom(seed)
  const mend = target.mend ?? ((input) => input)
  let accepted = 0
  let slowestMs = 0

  const feed = (input: Buffer): boolean => {
    const start = performance.now()
    try {
      return target.accepts(input)
    } catch (error) {
      throw new FuzzFailure(target.name, input, error)
    } finally {
      slowestMs = Math.max(slowestMs, performance.now() - start)
    }
  }

  for (const each of target.seeds) {
    if (!feed(mend(each))) {
      throw new FuzzFailure(target.name, each, 'a valid input was refused')
    }
  }
  for (let count = 0; count < inputs; count++) {
    let input = target.seeds[random(target.seeds.length)]
    for (let rounds = 1 + random(4); rounds > 0; rounds--) {
      input = target.spoil(input, random).subarray(0, MAX_INPUT_BYTES)
    }
    // some inputs also meet the door as they are
    accepted += feed(random(8) === 0 ? input : mend(input)) ? 1 : 0
  }
  return { inputs, accepted, slowestMs }
}
