/**
 * Who signed a digest: one interface and three programs that can tell, in a fixed order. The native one is loaded by its
 * bindings and never by its index, which falls back to slow JavaScript without a word. The node chooses one at its start,
 * says which, and hands it to whoever recovers keys.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { CodedError, explain } from '../domain/errors.ts'

export interface Recovery {
  readonly name: 'native' | 'wasm' | 'javascript'
  /** For people: the package behind it. */
  readonly title: string
  /**
   * The uncompressed public key, 65 bytes that stay until the next call; undefined when there is none. `signature` is r and
   * s, 64 bytes, s high or low; `recid` is 0 to 3, and from 2 on the point's x lies above the group order.
   */
  recover(digest: Uint8Array, signature: Uint8Array, recid: number): Uint8Array | undefined
}

/** A way to recover keys that has yet to show that it works on this machine. */
export interface RecoveryBackend {
  readonly name: Recovery['name']
  /** A home cannot keep up with a busy market on it: used only where the owner allows it. */
  readonly isSlow: boolean
  load(): Promise<Recovery>
}

export interface ChosenRecovery {
  readonly recovery: Recovery
  /** Why each backend before it was passed over. */
  readonly passedOver: ReadonlyArray<{ readonly name: string, readonly reason: string }>
}

/** The part of `secp256k1/bindings.js` that is used; the package has no types. */
interface Bindings {
  ecdsaRecover(signature: Uint8Array, recid: number, digest: Uint8Array, compressed: boolean, output: Uint8Array): Uint8Array
}

/** About 1000 keys per second and core. Always there; good enough for the few messages of trades, and for tools. */
export const javascript: Recovery = {
  name: 'javascript',
  title: '@noble/curves',
  recover (digest, signature, recid) {
    try {
      const bytes = new Uint8Array(65)
      bytes[0] = recid
      bytes.set(signature, 1)
      return secp256k1.Signature.fromBytes(bytes, 'recovered').recoverPublicKey(digest).toBytes(false)
    } catch {
      return undefined
    }
  }
}

/** In the order in which they are tried. */
export const RECOVERY_BACKENDS: readonly RecoveryBackend[] = [
  { name: 'native', isSlow: false, load: loadNative },
  { name: 'wasm', isSlow: false, load: loadWasm },
  { name: 'javascript', isSlow: true, load: async () => javascript }
]

/** About 23000 keys per second and core. Throws where there is no prebuilt or compiled addon. */
async function loadNative (): Promise<Recovery> {
  // @ts-expect-error the package has no types
  const { default: bindings } = await import('secp256k1/bindings.js') as { default: Bindings }
  const output = new Uint8Array(65)
  return {
    name: 'native',
    title: 'secp256k1',
    recover (digest, signature, recid) {
      try {
        return bindings.ecdsaRecover(signature, recid, digest, false, output)
      } catch {
        return undefined
      }
    }
  }
}

/** About 9600 keys per second and core, on every machine. */
async function loadWasm (): Promise<Recovery> {
  const { instantiateSecp256k1 } = await import('@bitauth/libauth')
  const wasm = await instantiateSecp256k1()
  return {
    name: 'wasm',
    title: '@bitauth/libauth',
    recover (digest, signature, recid) {
      const key = wasm.recoverPublicKeyUncompressed(signature, recid as 0 | 1 | 2 | 3, digest)
      return typeof key === 'string' ? undefined : key
    }
  }
}

/** The first backend that loads and proves itself. Throws `SIGNING_SLOW` when only slow ones do and `allowSlow` is false. */
export async function chooseRecovery ({ allowSlow, backends = RECOVERY_BACKENDS }: { allowSlow: boolean, backends?: readonly RecoveryBackend[] }): Promise<ChosenRecovery> {
  const passedOver: Array<{ name: string, reason: string }> = []
  for (const { name, isSlow, load } of backends) {
    if (isSlow && !allowSlow) {
      passedOver.push({ name, reason: 'it is slow and signing.allowSlow is off' })
      continue
    }
    try {
      const recovery = await load()
      assertWorks(recovery)
      return { recovery, passedOver }
    } catch (error) {
      passedOver.push({ name, reason: explain(error) })
    }
  }
  throw new CodedError('SIGNING_SLOW', 'No fast way to check signatures works on this machine: install the optional package secp256k1, or set signing.allowSlow to true and accept that a busy market may be too much for this home.', { details: { passedOver } })
}

/** The digest is 32 zeros and 1 at the end, and the private key is 1, so that the key is the generator of the curve. */
function assertWorks ({ recover }: Recovery): void {
  const digest = new Uint8Array(32)
  digest[31] = 1
  const signature = secp256k1.sign(digest, digest, { prehash: false, format: 'recovered' })
  const key = recover(digest, signature.subarray(1), signature[0])
  const right = secp256k1.Point.BASE.toBytes(false)
  if (key?.length !== right.length || key.some((byte, index) => byte !== right[index])) {
    throw new TypeError('it gives wrong answers')
  }
}
