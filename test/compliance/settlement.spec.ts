import { privateKeyToAddress } from 'viem/accounts'
import { addressOf, publicKeyOf } from '../../src/signing/keys.ts'
import { createMemoryEscrow } from '../../src/simulator/memory-settlement.ts'
import { startRig } from '../chain/rig.ts'
import { testSettlement } from './settlement.ts'
import type { Account } from '../../src/domain/units.ts'

const START = 1_800_000_000
const ETHER = 10n ** 18n

testSettlement('memory', async (confirmations) => {
  let now = START
  const at = { chainId: 31337, escrow: '0x00000000000000000000000000000000000e5c40' } as const
  const escrow = createMemoryEscrow({ now: () => now, at, confirmations })
  return {
    at,
    settlement: async (hotKey) => escrow.settlement(addressOf(publicKeyOf(hotKey))),
    owner: async (ownerKey, wallet) => {
      const account = addressOf(publicKeyOf(ownerKey))
      escrow.mint(account, wallet)
      return escrow.owner(account)
    },
    now: async () => now,
    pass: async (seconds) => {
      now += seconds
      escrow.mine()
    },
    stop: async () => {}
  }
})

testSettlement('chain', async (confirmations) => {
  const rig = await startRig(START)
  return {
    at: { chainId: rig.chain.chainId, escrow: rig.chain.escrow },
    settlement: async (hotKey) => {
      await rig.chain.fund(privateKeyToAddress(hotKey).toLowerCase() as Account, { gas: ETHER, money: 0n })
      return rig.settlement(hotKey, { confirmations, deployBlock: undefined })
    },
    owner: async (ownerKey, wallet) => {
      await rig.chain.fund(privateKeyToAddress(ownerKey).toLowerCase() as Account, { gas: ETHER, money: wallet })
      return rig.owner(ownerKey)
    },
    now: rig.now,
    pass: async (seconds) => rig.chain.mine(await rig.now() + seconds),
    stop: rig.chain.stop
  }
})
