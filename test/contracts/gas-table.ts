import { energyEscrowAbi, energyEscrowBytecode, practiceTokenAbi } from '../../contracts/abi.ts'
import { DAY_SEC, EURO, SLOT_SEC, START_SEC, household, position, startEscrow, statements } from '../helpers/escrow-fixture.ts'
import { EscrowDesk } from './escrow-desk.ts'
import { measureCommunity } from './gas-community.ts'
import type { EscrowFixture, Household, Sig } from '../helpers/escrow-fixture.ts'
import type { Abi, Address, LocalAccount } from 'viem'

export interface GasRow {
  readonly what: string
  readonly gas: number
}

/** The most that operations may cost, in plain transfers of the token: another compiler or other gas rules move both sides. */
export const gasGoals: Readonly<Record<string, number>> = {
  deposit: 1.5,
  withdraw: 1.35,
  'open a tab alone': 2.3,
  'open a tab, each of 100': 1.25,
  'settle a receipt alone': 1.9,
  'settle a receipt, each of 100': 0.75,
  'a household-day: 5 receipts in a community batch of 50': 3.25,
  'a trade, 96 of them in a household-day': 0.034,
  'claim alone': 2.6,
  'claim, each of 10 consecutive slots': 0.85,
  'vouch, the sixth, which lets the home in': 6.5,
  'mint a certificate of a later day': 2.6,
  'retire a part of it': 1.15
}

/** Fifteen-minute trades of a household in a day. */
const TRADES_A_DAY = 96
const PARTNERS = 5
const people = Array.from({ length: 20 }, (_, index) => household(index))

/**
 * Measures every operation in its steady state (all words non-zero already), the yardstick first. `others` measures on the
 * same chain whatever it wants to compare.
 */
export async function measureGas (others: (chain: EscrowFixture) => Promise<GasRow[]> = async () => []): Promise<GasRow[]> {
  const { chain, stop } = await startEscrow()

  try {
    for (const who of people) {
      await chain.client.setBalance({ address: who.owner.address, value: 10n ** 20n })
      await chain.client.impersonateAccount({ address: who.owner.address })
      await chain.join(who, { money: 10_000n * EURO, dailyLimit: 900n * EURO })
    }
    const fresh = async <T> (measure: (chain: EscrowFixture) => Promise<T>): Promise<T> => {
      const id = await chain.client.snapshot()
      const result = await measure(chain)
      await chain.client.revert({ id })
      return result
    }
    return [
      { what: 'plain transfer of the token, between existing holders', gas: await fresh(measureTransfer) },
      ...await fresh(measureOwner),
      ...await fresh(measureTabs),
      ...await fresh(measureClaims),
      ...await fresh(measureReleases),
      ...await fresh(measureCommunity),
      ...await fresh(others)
    ]
  } finally {
    await stop()
  }
}

/** Gas of a transaction, which must not revert. */
export async function gasOf (chain: EscrowFixture, tx: { readonly from: LocalAccount, readonly to: Address, readonly abi: Abi, readonly functionName: string, readonly args: readonly unknown[], readonly value?: bigint }): Promise<number> {
  const hash = await chain.client.writeContract({
    address: tx.to, abi: tx.abi, functionName: tx.functionName, args: tx.args, account: tx.from.address, value: tx.value, gas: 25_000_000n
  })
  const { status, gasUsed } = await chain.client.waitForTransactionReceipt({ hash })

  if (status !== 'success') {
    throw new Error(`Measured nothing: ${tx.functionName} reverted. Simulate it to see why.`)
  }
  return Number(gasUsed)
}

async function escrowGas (chain: EscrowFixture, from: LocalAccount, functionName: string, args: readonly unknown[]): Promise<number> {
  return gasOf(chain, { from, to: chain.escrow, abi: energyEscrowAbi as Abi, functionName, args })
}

async function measureTransfer (chain: EscrowFixture): Promise<number> {
  const [from, to] = people
  await chain.mint(from, 100n * EURO)
  await chain.mint(to, EURO)
  return gasOf(chain, { from: from.owner, to: chain.token, abi: practiceTokenAbi as Abi, functionName: 'transfer', args: [to.owner.address, 12_345_678n] })
}

async function measureOwner (chain: EscrowFixture): Promise<GasRow[]> {
  const [{ owner }, other] = people
  await chain.mint(people[0], 100n * EURO)
  const hash = await chain.client.deployContract({ abi: energyEscrowAbi as Abi, bytecode: energyEscrowBytecode, args: [chain.token], account: owner.address })
  const { gasUsed } = await chain.client.waitForTransactionReceipt({ hash })

  return [
    { what: 'deposit', gas: await escrowGas(chain, owner, 'deposit', [owner.address, 12_345_678n]) },
    { what: 'withdraw', gas: await escrowGas(chain, owner, 'withdraw', [1_234_567n]) },
    { what: 'add a hot key', gas: await escrowGas(chain, owner, 'setSigner', [other.key.address, START_SEC + DAY_SEC, EURO]) },
    { what: 'deploy the escrow', gas: Number(gasUsed) }
  ]
}

/** Everybody buys from the next five of a round of households. */
function round (chain: EscrowFixture, size: number): EscrowDesk[] {
  return people.slice(0, size).flatMap((buyer, index) =>
    Array.from({ length: PARTNERS }, (_, partner) => new EscrowDesk(chain, buyer, people[(index + partner + 1) % size])))
}

/** Settles the day's receipt of every desk in one transaction that nobody in particular sends. */
async function settleDay (chain: EscrowFixture, desks: readonly EscrowDesk[], day: number): Promise<number> {
  const receipts = desks.map((desk, index) => desk.receipt({
    through: position(desk.slot + day * 96, 1),
    total: BigInt(day) * 1_234_567n + BigInt(day === 0 ? 0 : index),
    cap: BigInt(day + 3) * 1_234_567n,
    expiry: desk.slot + (day + 4) * 96
  }))
  const sign = async (side: 'buyer' | 'seller'): Promise<Sig[]> =>
    Promise.all(receipts.map(async (receipt, index) => chain.signReceipt(receipt, desks[index][side].key)))

  const gas = await escrowGas(chain, people[0].owner, 'settle', statements(receipts, await sign('buyer'), await sign('seller')))
  const [, paid] = await chain.read('tab', [receipts[0].buyer, receipts[0].seller])
  if (paid !== receipts[0].total) {
    throw new Error('Measured nothing: the receipts were skipped.')
  }
  return gas
}

async function measureTabs (chain: EscrowFixture): Promise<GasRow[]> {
  const small = round(chain, 10)
  const large = round(chain, 20)
  const start = await chain.client.snapshot()
  const openAlone = await settleDay(chain, large.slice(0, 1), 0)
  await chain.client.revert({ id: start })
  const again = await chain.client.snapshot()
  await settleDay(chain, small, 0)
  await chain.warp(START_SEC + DAY_SEC)
  const community = await settleDay(chain, small, 1)
  await chain.client.revert({ id: again })

  const open = await settleDay(chain, large, 0)
  await chain.warp(START_SEC + DAY_SEC)
  const hundred = await settleDay(chain, large, 1)
  await chain.warp(START_SEC + 2 * DAY_SEC)
  const alone = await settleDay(chain, large.slice(0, 1), 2)

  return [
    { what: 'open a tab alone', gas: openAlone },
    { what: 'open a tab, each of 100', gas: open / large.length },
    { what: 'settle a receipt alone', gas: alone },
    { what: 'settle a receipt, each of 100', gas: hundred / large.length },
    { what: 'a household-day: 5 receipts in a community batch of 50', gas: community / 10 },
    { what: 'a trade, 96 of them in a household-day', gas: community / 10 / TRADES_A_DAY }
  ]
}

async function measureClaims (chain: EscrowFixture): Promise<GasRow[]> {
  const claimed = async (count: number): Promise<number> => {
    const id = await chain.client.snapshot()
    const desk = await openDesk(chain, people[0], people[1])
    await chain.warp((desk.slot + 10) * SLOT_SEC)
    // one claim before, so that the seller has been paid and the word of the first eight slots is in use
    await desk.claim(desk.trade({ seq: 0 }))
    const claims = await Promise.all(Array.from({ length: count }, async (_, index) => desk.evidence(desk.trade({ slot: desk.slot + index, seq: 1 }))))
    const gas = await escrowGas(chain, people[1].owner, 'claim', [claims])
    await chain.client.revert({ id })
    return gas
  }
  return [
    { what: 'claim alone', gas: await claimed(1) },
    { what: 'claim, each of 10 consecutive slots', gas: await claimed(10) / 10 }
  ]
}

async function measureReleases (chain: EscrowFixture): Promise<GasRow[]> {
  const sellers = people.slice(1, 10)
  for (const seller of sellers) {
    await openDesk(chain, people[0], seller)
  }
  await chain.warp(START_SEC + 14 * DAY_SEC)
  const gas = async (who: readonly Household[]): Promise<number> =>
    escrowGas(chain, people[9].owner, 'release', [people[0].owner.address, who.map(({ owner }) => owner.address)])

  return [
    { what: 'release a tab alone', gas: await gas(sellers.slice(0, 1)) },
    { what: 'release a tab, each of 8', gas: await gas(sellers.slice(1)) / 8 }
  ]
}

async function openDesk (chain: EscrowFixture, buyer: Household, seller: Household): Promise<EscrowDesk> {
  const desk = new EscrowDesk(chain, buyer, seller)
  await desk.open({ through: position(desk.slot - 1), total: 1n, cap: 50n * EURO })
  return desk
}
