import { createTestClient, http, publicActions, walletActions } from 'viem'
import { foundry } from 'viem/chains'
import { createMeterBookMoves, createMeterBookReader, foundMeterBook } from '../../src/chain/meter-book.ts'
import { joinDigest } from '../../src/signing/digests.ts'
import { addressOf, publicKeyOf, signDigest } from '../../src/signing/keys.ts'
import { startAnvil } from './anvil.ts'
import type { MeterBookMoves, MeterBookReader } from '../../src/chain/meter-book.ts'
import type { Account, Hex, UnixSeconds } from '../../src/domain/units.ts'
import type { HttpTransport, PublicActions, TestClient, WalletActions } from 'viem'

export const YEAR_SEC = 365 * 86_400
const CHAIN = 31337
const POLL_MS = 5

export type CommunityClient = TestClient<'anvil', HttpTransport, typeof foundry> & PublicActions<HttpTransport, typeof foundry> & WalletActions<typeof foundry>

/** A household by its number: an owner with gas, and a meter key. */
export interface TestHome {
  readonly owner: Account
  readonly ownerKey: Hex
  readonly meter: Account
  readonly meterKey: Hex
}

export interface TestCommunity {
  readonly url: string
  readonly chainId: number
  readonly book: Account
  readonly client: CommunityClient
  readonly reader: MeterBookReader
  home(number: number): TestHome
  moves(number: number): MeterBookMoves
  /** Asks to enter with the home's own meter key, or another home's. */
  join(number: number, options?: { meter?: number, until?: UnixSeconds }): Promise<void>
  now(): Promise<UnixSeconds>
  stop(): Promise<void>
}

function key (kind: number, number: number): Hex {
  return `0x${kind.toString(16)}${number.toString(16).padStart(63, '0')}`
}

export function testHome (number: number): TestHome {
  const [ownerKey, meterKey] = [key(1, number), key(2, number)]
  return { ownerKey, meterKey, owner: addressOf(publicKeyOf(ownerKey)), meter: addressOf(publicKeyOf(meterKey)) }
}

/** A chain of its own with a meter book that homes 0 to `founders` - 1 found, by majority. */
export async function startCommunity (founders: number): Promise<TestCommunity> {
  const anvil = await startAnvil()
  const client = createTestClient({ mode: 'anvil', chain: foundry, transport: http(anvil.url), cacheTime: 0, pollingInterval: POLL_MS }).extend(publicActions).extend(walletActions)
  for (let number = 0; number < 8; number++) {
    await client.setBalance({ address: testHome(number).owner, value: 10n ** 20n })
  }
  const common = { rpcUrl: anvil.url, chainId: CHAIN, pollMs: POLL_MS }
  const { book } = await foundMeterBook(
    { founders: Array.from({ length: founders }, (_, number) => testHome(number).owner), quorum: 50 },
    { ...common, privateKey: testHome(0).ownerKey }
  )
  const reader = createMeterBookReader({ ...common, book })
  const moves = (number: number): MeterBookMoves => createMeterBookMoves({ ...common, book, ownerPrivateKey: testHome(number).ownerKey })
  const now = async (): Promise<UnixSeconds> => Number((await client.getBlock()).timestamp)
  return {
    url: anvil.url,
    chainId: CHAIN,
    book,
    client,
    reader,
    home: testHome,
    moves,
    async join (number, { meter = number, until } = {}) {
      const { owner } = testHome(number)
      const device = testHome(meter)
      const { nonce } = await reader.standing(owner)
      const end = until ?? await now() + YEAR_SEC
      const digest = joinDigest({ home: owner, meter: device.meter, until: end, nonce }, { chainId: CHAIN, contract: book })
      await moves(number).join(device.meter, end, signDigest(digest, device.meterKey))
    },
    now,
    stop: anvil.stop
  }
}
