import { createRequire } from 'node:module'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { hasCode } from '../../src/domain/errors.ts'
import { chooseRecovery, javascript, RECOVERY_BACKENDS } from '../../src/signing/recovery.ts'
import type { Recovery, RecoveryBackend } from '../../src/signing/recovery.ts'

const N = secp256k1.Point.Fn.ORDER
const P = secp256k1.Point.Fp.ORDER

function bytes (number: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(number.toString(16).padStart(64, '0'), 'hex'))
}

const signature = (r: bigint, s: bigint): Uint8Array => Uint8Array.of(...bytes(r), ...bytes(s))
const digest = (number: bigint): Uint8Array => bytes(number)

const anyScalar = fc.bigInt(1n, N - 1n)
const any256 = fc.bigInt(0n, 2n ** 256n - 1n)
const anyRecid = fc.integer({ min: 0, max: 3 })

/** An x above the group order whose point exists: what a recid of 2 or 3 stands for. About 2^-128 of all signatures have one. */
function highX (): bigint {
  for (let x = N + 1n; x < P; x++) {
    try {
      secp256k1.Point.fromHex(`02${x.toString(16).padStart(64, '0')}`)
      return x
    } catch {
      // no point there: half of all x have none
    }
  }
  throw new Error('there is one')
}

describe('recovery of keys', () => {
  let backends: Recovery[]

  before(async function () {
    const loaded = await Promise.allSettled(RECOVERY_BACKENDS.map(async ({ load }) => load()))
    backends = loaded.flatMap((each) => each.status === 'fulfilled' ? [each.value] : [])
    if (loaded[0].status === 'rejected') {
      if (process.env.CI != null) {
        throw new Error('the optional package secp256k1 has no native code here: native recovery was not tested')
      }
      this.test?.parent?.tests.slice(0, 1).forEach((test) => { test.title += ' (without native code, which is missing here)' })
    }
  })

  /** What all backends say, and that they say the same. */
  function recover (hash: Uint8Array, compact: Uint8Array, recid: number): string | undefined {
    const [first, ...others] = backends.map((backend) => {
      const key = backend.recover(Uint8Array.from(hash), Uint8Array.from(compact), recid)
      return key == null ? undefined : Buffer.from(key).toString('hex')
    })
    expect(others, `digest ${Buffer.from(hash).toString('hex')}, signature ${Buffer.from(compact).toString('hex')}, recid ${recid}`).to.deep.equal(others.map(() => first))
    return first
  }

  it('should be the same by every backend: keys that signed', () => {
    fc.assert(fc.property(anyScalar, any256, (key, hash) => {
      const made = secp256k1.sign(digest(hash), bytes(key), { prehash: false, format: 'recovered' })
      expect(recover(digest(hash), made.subarray(1), made[0])).to.equal(secp256k1.Point.BASE.multiply(key).toHex(false))
    }), { numRuns: 60 })
  })

  it('should be the same for a high s, which the caller refuses', () => {
    fc.assert(fc.property(anyScalar, any256, (key, hash) => {
      const made = secp256k1.sign(digest(hash), bytes(key), { prehash: false, format: 'recovered' })
      const { r, s } = secp256k1.Signature.fromBytes(made.subarray(1))
      expect(recover(digest(hash), signature(r, N - s), made[0] ^ 1)).to.equal(secp256k1.Point.BASE.multiply(key).toHex(false))
    }), { numRuns: 40 })
  })

  it('should be the same at the edges: r and s of 0, around the group order and the field, and everything in between', () => {
    const edges = [0n, 1n, 2n, N / 2n, N / 2n + 1n, N - 1n, N, N + 1n, P - 1n, P, P - N, P - N - 1n, 2n ** 256n - 1n]
    const hashes = [0n, 1n, N - 1n, N, 2n ** 256n - 1n]
    for (const r of edges) {
      for (const s of edges) {
        for (const recid of [0, 1, 2, 3]) {
          const key = recover(digest(hashes[Number((r + s) % 5n)]), signature(r, s), recid)
          if (r === 0n || s === 0n || r >= N || s >= N) {
            expect(key).to.equal(undefined)
          }
        }
      }
    }
  })

  it('should be the same with an x above the group order (recid 2 and 3)', () => {
    const r = highX() - N
    let found = 0
    fc.assert(fc.property(anyScalar, any256, fc.constantFrom(2, 3), (s, hash, recid) => {
      found += Number(recover(digest(hash), signature(r, s), recid) != null)
    }), { numRuns: 20 })
    expect(found).to.equal(20)
    expect(recover(digest(1n), signature(P - N, 1n), 2)).to.equal(undefined)
  })

  it('should be the same for garbage', () => {
    fc.assert(fc.property(any256, any256, any256, anyRecid, (hash, r, s, recid) => { recover(digest(hash), signature(r, s), recid) }), { numRuns: 150 })
  })

  it('should be nothing where the key would be no point', () => {
    // s·R = z·G, so that the key is the point at infinity
    const point = secp256k1.Point.BASE.toAffine()
    expect(recover(digest(5n), signature(point.x, 5n), Number(point.y & 1n))).to.equal(undefined)
  })
})

describe('choice of a backend', () => {
  const works = (name: Recovery['name'], isSlow = false): RecoveryBackend => ({ name, isSlow, load: async () => ({ ...javascript, name }) })
  const fails = (name: Recovery['name']): RecoveryBackend => ({ name, isSlow: false, load: async () => { throw new Error('no binary for this machine') } })

  it('should be the first that works, in the order native, wasm, javascript', async () => {
    expect(RECOVERY_BACKENDS.map(({ name, isSlow }) => [name, isSlow])).to.deep.equal([['native', false], ['wasm', false], ['javascript', true]])
    const { recovery, passedOver } = await chooseRecovery({ allowSlow: false, backends: [fails('native'), works('wasm'), works('javascript', true)] })
    expect(recovery.name).to.equal('wasm')
    expect(passedOver).to.deep.equal([{ name: 'native', reason: 'no binary for this machine' }])
  })

  it('should not be a slow one unless that is allowed', async () => {
    const backends = [fails('native'), fails('wasm'), works('javascript', true)]
    const error: unknown = await chooseRecovery({ allowSlow: false, backends }).catch((error: unknown) => error)
    expect(hasCode(error, 'SIGNING_SLOW')).to.equal(true)
    expect((await chooseRecovery({ allowSlow: true, backends })).recovery.name).to.equal('javascript')
  })

  it('should pass over one that gives wrong answers', async () => {
    const wrong: RecoveryBackend = { name: 'native', isSlow: false, load: async () => ({ ...javascript, name: 'native', recover: () => new Uint8Array(65) }) }
    const { recovery, passedOver } = await chooseRecovery({ allowSlow: false, backends: [wrong, works('wasm')] })
    expect(recovery.name).to.equal('wasm')
    expect(passedOver[0].reason).to.equal('it gives wrong answers')
  })

  it('should never load the fallback of the native package', async () => {
    const require = createRequire(import.meta.url)
    await Promise.allSettled(RECOVERY_BACKENDS.map(async ({ load }) => load()))
    const loaded = Object.keys(require.cache)
    expect(loaded.filter((path) => /secp256k1\/(index|elliptic)\.js$/.test(path))).to.deep.equal([])
  })
})
