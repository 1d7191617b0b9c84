import { createTestClient, http, publicActions } from 'viem'
import { foundry } from 'viem/chains'
import { createEscrowSettlement } from '../../src/chain/escrow.ts'
import { createOwnerSettlement } from '../../src/chain/owner.ts'
import { startPracticeChain } from '../../src/chain/practice-chain.ts'
import type { EscrowSettlementInit } from '../../src/chain/escrow.ts'
import type { PracticeChain } from '../../src/chain/practice-chain.ts'
import type { Hex, UnixSeconds } from '../../src/domain/units.ts'
import type { OwnerSettlement, Settlement } from '../../src/ports/settlement.ts'
import type { HttpTransport, PublicActions, TestClient } from 'viem'

export const POLL_MS = 5

export type LocalClient = TestClient<'anvil', HttpTransport, typeof foundry> & PublicActions<HttpTransport, typeof foundry>

export function clientOf (chain: PracticeChain): LocalClient {
  return createTestClient({ mode: 'anvil', chain: foundry, transport: http(chain.rpcUrl), cacheTime: 0 }).extend(publicActions)
}

/** A practice chain that mines whatever it is sent, and the means to meddle with it. */
export interface Rig {
  readonly chain: PracticeChain
  readonly client: LocalClient
  settlement(privateKey: Hex, changes?: Partial<EscrowSettlementInit>): Settlement
  owner(ownerPrivateKey: Hex): OwnerSettlement
  /** Time of the newest block. */
  now(): Promise<UnixSeconds>
}

export async function startRig (timestamp: UnixSeconds): Promise<Rig> {
  const chain = await startPracticeChain({ timestamp })
  const client = clientOf(chain)
  await client.setAutomine(true)
  const { rpcUrl, chainId, escrow, deployBlock } = chain
  return {
    chain,
    client,
    settlement: (privateKey, changes) =>
      createEscrowSettlement({ rpcUrl, chainId, escrow, deployBlock, confirmations: 1, pollMs: POLL_MS, privateKey, ...changes }),
    owner: (ownerPrivateKey) => createOwnerSettlement({ rpcUrl, chainId, escrow, pollMs: POLL_MS, ownerPrivateKey }),
    now: async () => Number((await client.getBlock()).timestamp)
  }
}
