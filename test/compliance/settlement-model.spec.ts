import { expect } from 'aegir/chai'
import { keccak256, toHex } from 'viem'
import { CodedError } from '../../src/domain/errors.ts'
import { position } from '../../src/domain/period.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { createMemoryEscrow } from '../../src/simulator/memory-settlement.ts'
import { startRig } from '../chain/rig.ts'
import type { Claim, Receipt, SignedReceipt } from '../../src/domain/receipt.ts'
import type { Hex, UnixSeconds } from '../../src/domain/units.ts'
import type { OwnerSettlement, Settlement } from '../../src/ports/settlement.ts'
import type { LocalSigner } from '../../src/signing/local-signer.ts'
import type { Rig } from '../chain/rig.ts'

const START = 1_800_000_000
const DAY = 86_400
const METER: Hex = `0x${'5e'.repeat(32)}`
const SEEDS = [1, 2, 3]
const MOVES = 60

/** A home whose owner key is its hot key too, in both worlds. */
interface Home {
  readonly signer: LocalSigner
  readonly model: { readonly owner: OwnerSettlement, readonly settlement: Settlement }
  readonly chain: { readonly owner: OwnerSettlement, readonly settlement: Settlement }
}

type Move = (world: 'model' | 'chain') => Promise<unknown>

/** The memory escrow and the contract, driven by the same random moves, must give the same answers and end up alike. */
describe('settlement model', () => {
  for (const seed of SEEDS) {
    it(`should do what the contract does, seed ${seed}`, async () => {
      const rig = await startRig(START)
      try {
        await compare(rig, randomFrom(seed))
      } finally {
        await rig.chain.stop()
      }
    })
  }
})

async function compare (rig: Rig, random: (below: number) => number): Promise<void> {
  const at = { chainId: rig.chain.chainId, escrow: rig.chain.escrow }
  let now = START + 100
  const escrow = createMemoryEscrow({ now: () => now, at })
  const homes = await Promise.all([0, 1, 2].map(async (index) => {
    const privateKey = keccak256(toHex(`model home ${index}`))
    const signer = createLocalSigner(privateKey, at)
    await rig.chain.fund(signer.address, { gas: 10n ** 18n, money: 3000n })
    escrow.mint(signer.address, 3000n)
    return {
      signer,
      model: { owner: escrow.owner(signer.address), settlement: escrow.settlement(signer.address) },
      chain: { owner: rig.owner(privateKey), settlement: rig.settlement(privateKey) }
    }
  }))
  for (const home of homes) {
    for (const world of ['model', 'chain'] as const) {
      await home[world].owner.deposit(2000n)
      await home[world].owner.setKey(home.signer.address, START + 120 * DAY + 550, 1000n)
    }
  }
  for (let step = 0; step < MOVES; step++) {
    // Time stays off every boundary, because the chain's clock runs on by itself for a few seconds.
    now += [0, 0, 0, 0, 0, 900, 900, 3600, DAY, 5 * DAY][random(10)] + 900
    await rig.chain.mine(now)
    const { name, move } = await draw(homes, now, random)
    expect(await outcome(move('chain')), `move ${step}, ${name}`).to.deep.equal(await outcome(move('model')))
    for (const home of homes) {
      expect(await stateOf(home, homes, 'chain'), `state after move ${step}, ${name}`).to.deep.equal(await stateOf(home, homes, 'model'))
    }
  }
}

async function draw (homes: readonly Home[], now: UnixSeconds, random: (below: number) => number): Promise<{ name: string, move: Move }> {
  const which = random(3)
  const home = homes[which]
  const other = homes[(which + 1 + random(2)) % 3]
  const slot = Math.floor(now / 900)
  const aReceipt = async (): Promise<SignedReceipt> => {
    const [buyer, seller] = random(20) === 0 ? [home, home] : [home, other]
    const { paid } = await home.model.settlement.tab(buyer.signer.address, seller.signer.address)
    const total = paid + BigInt(random(100)) * BigInt(random(15) === 0 ? -1 : 1)
    const receipt: Receipt = {
      buyer: buyer.signer.address,
      seller: seller.signer.address,
      through: position(slot - random(2) + (random(10) === 0 ? 1 : 0), random(3)),
      total: total < 0n ? 0n : total,
      cap: total < 1n ? 300n : total + BigInt(random(15) === 0 ? -1 : random(400)),
      expiry: slot + (random(6) === 0 ? random(20) : 13) * 96
    }
    return { receipt, buyerSignature: (random(15) === 0 ? other : buyer).signer.signReceipt(receipt), sellerSignature: (random(15) === 0 ? home : seller).signer.signReceipt(receipt) }
  }
  const aClaim = (): Claim => {
    const terms = {
      buyer: home.signer.address,
      seller: other.signer.address,
      slot: slot - (random(8) === 0 ? 0 : 1),
      seq: random(2),
      wh: random(1000),
      pricePerKwh: BigInt(random(300)),
      attester: other.signer.address,
      meter: METER,
      claimBy: now + 450 - (random(8) === 0 ? DAY : 0),
      ref: METER
    }
    const readingWh = random(1500)
    const attestation = (random(10) === 0 ? home : other).signer.signReading({ attester: terms.attester, seller: terms.seller, meter: METER, slot: terms.slot, wh: readingWh })
    return { terms, buyerSignature: (random(10) === 0 ? other : home).signer.signTrade(terms), readingWh, attestation }
  }
  const amount = BigInt(random(400))
  const moves: Array<{ name: string, move: Move }> = [
    { name: 'deposit', move: async (world) => home[world].owner.deposit(amount) },
    { name: 'withdraw', move: async (world) => home[world].owner.withdraw(amount) },
    keyMove(home, now + 450 + random(60) * DAY, BigInt(random(1000))),
    { name: 'release', move: async (world) => home[world].settlement.release(home.signer.address, [other.signer.address]) }
  ]
  const receipts = await Promise.all(Array.from({ length: 1 + random(3) }, aReceipt))
  const claims = Array.from({ length: 1 + random(2) }, aClaim)
  const settle = { name: 'settle', move: async (world: 'model' | 'chain') => home[world].settlement.settle(receipts) }
  const claim = { name: 'claim', move: async (world: 'model' | 'chain') => other[world].settlement.claim(claims) }
  return [...moves, settle, settle, settle, settle, settle, claim, claim, claim][random(12)]
}

function keyMove (home: Home, validUntil: UnixSeconds, limit: bigint): { name: string, move: Move } {
  return { name: 'setKey', move: async (world) => home[world].owner.setKey(home.signer.address, validUntil, limit) }
}

/** What a caller learns of a move: the receipts passed over, or the name of the refusal. */
async function outcome (move: Promise<unknown>): Promise<unknown> {
  return move.then(
    (done) => (done as { skipped?: unknown }).skipped ?? 'done',
    (error: unknown) => {
      if (error instanceof CodedError && error.code === 'CHAIN_REVERTED') {
        return error.details.error
      }
      throw error
    })
}

async function stateOf (home: Home, homes: readonly Home[], world: 'model' | 'chain'): Promise<unknown> {
  const { settlement } = home[world]
  const { address } = home.signer
  return Promise.all([
    settlement.account(address),
    settlement.key(address, address),
    ...homes.map(async (seller) => settlement.tab(address, seller.signer.address))
  ])
}

/** Whole numbers from 0 to below, the same for the same seed (mulberry32). */
function randomFrom (seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) % below
  }
}
