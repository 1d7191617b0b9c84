import { energyCertificatesAbi, energyCertificatesBytecode, meterBookAbi, meterBookBytecode } from '../../contracts/abi.ts'
import { DAY_SEC, START_SEC, deploy, household } from '../helpers/escrow-fixture.ts'
import { gasOf } from './gas-table.ts'
import type { GasRow } from './gas-table.ts'
import type { EscrowFixture, Household } from '../helpers/escrow-fixture.ts'
import type { Abi, Address } from 'viem'

const UNTIL = START_SEC + 300 * DAY_SEC
const founders = Array.from({ length: 10 }, (_, index) => household(index))
const newcomer = household(10)
const METER = `0x${'7e'.repeat(32)}` as const

/** What the community's own contracts cost, with ten founding homes of which a majority decides. */
export async function measureCommunity (chain: EscrowFixture): Promise<GasRow[]> {
  return [...await measureBook(chain), ...await measureCertificates(chain)]
}

async function measureBook (chain: EscrowFixture): Promise<GasRow[]> {
  const args = [founders.map(({ owner }) => owner.address), 50n] as const
  const book = await deploy(chain.client, { abi: meterBookAbi, bytecode: meterBookBytecode, args })
  const move = async ({ owner }: Household, functionName: string, args: readonly unknown[]): Promise<number> =>
    gasOf(chain, { from: owner, to: book, abi: meterBookAbi as Abi, functionName, args })
  const join = async (who: Household): Promise<number> => {
    const hash = await chain.client.readContract({ address: book, abi: meterBookAbi, functionName: 'joinDigest', args: [who.owner.address, who.key.address, UNTIL, 0n] })
    return move(who, 'join', [who.key.address, UNTIL, await who.key.sign({ hash })])
  }
  const vote = async (functionName: 'vouch' | 'expel', args: readonly Address[]): Promise<number[]> => {
    const costs: number[] = []
    for (const voter of founders.slice(0, 6)) {
      costs.push(await move(voter, functionName, args))
    }
    return costs
  }
  const seated = await join(founders[0])
  const asked = await join(newcomer)
  const vouched = await vote('vouch', [newcomer.owner.address, newcomer.key.address])
  const expelled = await vote('expel', [newcomer.owner.address])

  return [
    { what: 'join a meter book as one of ten founders', gas: seated },
    { what: 'ask to enter it', gas: asked },
    { what: 'vouch, the first of six', gas: vouched[0] },
    { what: 'vouch, the sixth, which lets the home in', gas: vouched[5] },
    { what: 'vote out, the sixth of six', gas: expelled[5] }
  ]
}

async function measureCertificates (chain: EscrowFixture): Promise<GasRow[]> {
  const [home] = founders
  const book = await deploy(chain.client, { abi: energyCertificatesAbi, bytecode: energyCertificatesBytecode })
  const move = async (functionName: string, args: readonly unknown[]): Promise<number> =>
    gasOf(chain, { from: home.owner, to: book, abi: energyCertificatesAbi as Abi, functionName, args })
  const mint = async (day: number): Promise<number> => {
    const exported = { attester: home.key.address, meter: METER, day, wh: 9000n, capacityW: 10_000n, to: home.owner.address }
    const hash = await chain.client.readContract({ address: book, abi: energyCertificatesAbi, functionName: 'exportDigest', args: [exported] })
    return move('mint', [exported, await home.key.sign({ hash })])
  }
  const today = Math.floor(START_SEC / DAY_SEC)
  const first = await mint(today - 2)
  const next = await mint(today - 1)
  const id = await chain.client.readContract({ address: book, abi: energyCertificatesAbi, functionName: 'idOf', args: [home.key.address, METER, today - 1] })

  return [
    { what: 'mint the first certificate of a meter', gas: first },
    { what: 'mint a certificate of a later day', gas: next },
    { what: 'retire a part of it', gas: await move('retire', [id, 4000n]) }
  ]
}
