import { checkNetwork, createChainReader } from './client.ts'
import { isThisRelease } from './deploy.ts'
import { chainError } from './errors.ts'
import { checkContract, createReads } from './escrow.ts'
import type { Reads } from './escrow.ts'
import type { Account, Money, UnixSeconds } from '../domain/units.ts'

/** A chain and an escrow on it, looked at once, without a key and without a transaction. */
export interface ChainInspection extends Pick<Reads, 'token' | 'account' | 'key'> {
  readonly head: { readonly number: bigint, readonly time: UnixSeconds }
  /** Whether the contract has the code of this release; undefined where the service cannot tell. */
  isThisRelease(): Promise<boolean | undefined>
  /** What an account has of the chain's own coin, and what so much gas costs now, both in its smallest unit. */
  gasMoney(account: Account, gas: bigint): Promise<{ readonly has: Money, readonly costs: Money }>
}

export interface InspectInit {
  readonly rpcUrl: string
  readonly chainId: number
  readonly escrow: Account
  readonly confirmations: number
}

/** Throws `CHAIN_UNREACHABLE`, `CHAIN_WRONG_NETWORK` and `CHAIN_NO_CONTRACT`; the reads throw as those of a settlement. */
export async function inspectChain (init: InspectInit): Promise<ChainInspection> {
  const reader = createChainReader({ ...init, pollMs: 1000 })
  await checkNetwork(reader, init.chainId)
  const { number, timestamp } = await reader.getBlock().catch((error) => { throw chainError(error, 'read the newest block') })
  await checkContract(reader, init.escrow)
  const { token, account, key } = createReads(reader, init)
  return {
    head: { number, time: Number(timestamp) },
    token,
    account,
    key,
    isThisRelease: async () => isThisRelease(reader, { escrow: init.escrow, token: (await token()).address }).catch(() => undefined),
    gasMoney: async (address, gas) => {
      const [has, price] = await Promise.all([reader.getBalance({ address }), reader.getGasPrice()]).catch((error) => { throw chainError(error, 'read a balance') })
      return { has, costs: price * gas }
    }
  }
}
