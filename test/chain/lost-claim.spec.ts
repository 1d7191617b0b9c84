import { expect } from 'aegir/chai'
import { generatePrivateKey } from 'viem/accounts'
import { position } from '../../src/domain/period.ts'
import { endTrades } from '../../src/node/end-trades.ts'
import { Ledger } from '../../src/node/ledger.ts'
import { settleTabs } from '../../src/node/settle-tabs.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { createMemoryStore } from '../../src/simulator/memory-store.ts'
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts'
import { step } from '../../src/trade/trade-machine.ts'
import { someRules, someTerms } from '../helpers/builders.ts'
import { aStoredReading, aStoredTrade } from '../helpers/records.ts'
import { silentLogger, testHome } from '../helpers/street.ts'
import { startRig } from './rig.ts'
import type { Rig } from './rig.ts'
import type { LocalSigner } from '../../src/signing/local-signer.ts'

const START = 1_800_000_000
const DAY = 86_400
const SLOT = START / 900 - 1
/** 400 Wh at 0.20. */
const OWED = 80_000n

describe('a claim that a reorganisation of a real chain takes away', () => {
  let rig: Rig

  beforeEach(async () => { rig = await startRig(START) })
  afterEach(async () => rig.chain.stop())

  /** A household whose owner's key is its hot key too. */
  async function aHousehold (): Promise<{ signer: LocalSigner, key: `0x${string}` }> {
    const key = generatePrivateKey()
    const signer = createLocalSigner(key, { chainId: rig.chain.chainId, escrow: rig.chain.escrow })
    await rig.chain.fund(signer.address, { gas: 10n ** 18n, money: 1_000_000n })
    await rig.owner(key).deposit(1_000_000n)
    await rig.owner(key).setKey(signer.address, START + 60 * DAY, 1_000_000n)
    return { signer, key }
  }

  it('should be noticed by the seller and sent again', async () => {
    const [{ signer: buyer }, { signer: seller, key }] = [await aHousehold(), await aHousehold()]
    const settlement = rig.settlement(key)
    const opening = { buyer: buyer.address, seller: seller.address, through: position(SLOT - 1, 0), total: 0n, cap: 500_000n, expiry: SLOT + 97 }
    await settlement.settle([{ receipt: opening, buyerSignature: buyer.signReceipt(opening), sellerSignature: seller.signReceipt(opening) }])

    const terms = someTerms({ buyer: buyer.address, seller: seller.address, slot: SLOT, wh: 400, pricePerKwh: 200_000n, attester: seller.address, claimBy: START + 2 * DAY })
    const trade = aStoredTrade(7, {
      role: 'seller', state: 'agreed', periodStart: SLOT * 900, partner: buyer.address, terms, buyerSignature: buyer.signTrade(terms), ownWh: 400
    })
    const [clock, store] = [createVirtualClock(START + 10), createMemoryStore()]
    const ledger = new Ledger(store, () => {})
    const chain = await settlement.tab(buyer.address, seller.address)
    const tab = { buyer: buyer.address, seller: seller.address, role: 'seller' as const, partnerKey: buyer.key, chain }
    await store.commit({ readings: [aStoredReading(SLOT * 900, { exportWh: 400 })] })
    await ledger.commit({ tabs: [tab], trades: [trade] })
    const context = {
      home: testHome(0, { owner: seller.address, claimAfterSec: 0 }), rules: someRules(), clock, store, ledger, settlement, attester: seller, logger: silentLogger(), emit: () => {}
    }
    const tabs = settleTabs(context, async (owed) => [...owed])
    const endings = endTrades(context, tabs)
    const paid = async (): Promise<bigint> => (await settlement.tab(buyer.address, seller.address)).paid

    const snapshot = await rig.client.snapshot()
    await endings.claim(tab)
    expect(await paid()).to.equal(OWED)
    await ledger.commit({ trades: [step(trade, { type: 'claimed', wh: 400, amount: OWED }, clock.now())] })
    await tabs.refresh(buyer.address, seller.address)
    expect(await tabs.resubmit()).to.deep.equal([])

    await rig.client.revert({ id: snapshot })
    await rig.chain.mine(START + 100)
    expect(await paid()).to.equal(0n)
    expect(await tabs.resubmit()).to.deep.equal([])
    await clock.advanceTo(START + 100)
    const lost = await tabs.resubmit()
    expect(lost.map(({ through }) => through)).to.deep.equal([position(SLOT - 1, 0)])
    await endings.claimAgain(lost[0].tab, lost[0].through)
    expect(await paid()).to.equal(OWED)
    expect(await tabs.resubmit()).to.deep.equal([])
  })
})
