import { energyEscrowAbi, practiceTokenAbi } from '../../contracts/abi.ts'
import { checkNetwork, createChainReader, createChainWriter } from './client.ts'
import { chainError } from './errors.ts'
import { checkContract, ESCROW_ABI, submitted } from './escrow.ts'
import type { Write } from './client.ts'
import type { Account, Hex, Money } from '../domain/units.ts'
import type { OwnerSettlement, Submitted } from '../ports/settlement.ts'

export interface OwnerSettlementInit {
  readonly rpcUrl: string
  readonly chainId: number
  readonly escrow: Account
  readonly pollMs: number
  readonly ownerPrivateKey: Hex
  readonly minedTimeoutMs?: number
}

/** The owner's moves, sent and paid for by the owner's key. The chain and the contract are checked before the first one. */
export function createOwnerSettlement (init: OwnerSettlementInit): OwnerSettlement {
  const reader = createChainReader(init)
  const writer = createChainWriter({ ...init, privateKey: init.ownerPrivateKey }, reader)
  let checked = false

  const move = async (call: Omit<Write, 'to' | 'abi'>): Promise<Submitted> => {
    await check()
    return submitted(await writer.write({ ...call, to: init.escrow, abi: ESCROW_ABI }))
  }
  const check = async (): Promise<void> => {
    if (!checked) {
      await checkNetwork(reader, init.chainId)
      await checkContract(reader, init.escrow)
      checked = true
    }
  }
  const approve = async (amount: Money): Promise<void> => {
    const address = await reader.readContract({ address: init.escrow, abi: energyEscrowAbi, functionName: 'token' })
    const token = { address, abi: practiceTokenAbi } as const
    const allowance = await reader.readContract({ ...token, functionName: 'allowance', args: [writer.address, init.escrow] })
    if (allowance < amount) {
      await writer.write({ to: address, abi: practiceTokenAbi, functionName: 'approve', args: [init.escrow, amount], doing: 'approve the deposit' })
    }
  }

  return {
    deposit: async (amount) => {
      await check()
      await approve(amount).catch((error) => { throw chainError(error, 'approve the deposit') })
      return move({ functionName: 'deposit', args: [writer.address, amount], doing: 'deposit' })
    },
    withdraw: async (amount) => move({ functionName: 'withdraw', args: [amount], doing: 'withdraw' }),
    setKey: async (key, validUntil, dailyLimit) => move({ functionName: 'setSigner', args: [key, validUntil, dailyLimit], doing: 'register the key' })
  }
}
