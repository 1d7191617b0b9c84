import { expect } from 'aegir/chai'
import { concat, encodeAbiParameters, getAddress, hashTypedData, keccak256, toHex } from 'viem'
import { exportMeterId, orderId, readingDigest, receiptDigest, rulesDigest, tradeDigest, tradeRef } from '../../src/signing/digests.ts'
import { anOrder, aReceipt, SETTLEMENT, someRules, someTerms } from '../helpers/builders.ts'
import { hexOf } from '../helpers/records.ts'

const { chainId, escrow } = SETTLEMENT
const wattmesh = { name: 'wattmesh', version: '1', chainId, verifyingContract: escrow }
const energyEscrow = { name: 'EnergyEscrow', version: '1', chainId, verifyingContract: escrow }

/** `uint8 side, bytes32 rules` as the fields of a typed-data struct. */
function fields (text: string): Array<{ type: string, name: string }> {
  return text.split(', ').map((field) => ({ type: field.split(' ')[0], name: field.split(' ')[1] }))
}

describe('digests', () => {
  it('should be the typed data of an order', () => {
    const types = {
      Order: fields('uint8 side, bytes32 rules, address maker, address signer, uint40 periodStart, uint32 quantity, uint32 minFill, uint32 revision, Knot[] schedule'),
      Knot: fields('uint32 at, uint96 price')
    }
    for (const [side, code] of [['offer', 0], ['bid', 1]] as const) {
      const order = anOrder({ side })
      expect(orderId(order, SETTLEMENT)).to.equal(hashTypedData({ domain: wattmesh, types, primaryType: 'Order', message: { ...order, side: code } }))
    }
  })

  it('should be the typed data of a trade, a receipt and a reading', () => {
    const terms = someTerms()
    const trade = { Trade: fields('address buyer, address seller, uint24 slot, uint16 seq, uint32 wh, uint96 pricePerKWh, address attester, bytes32 meter, uint40 claimBy, bytes32 ref') }
    expect(tradeDigest(terms, SETTLEMENT)).to.equal(hashTypedData({
      domain: energyEscrow, types: trade, primaryType: 'Trade', message: { ...terms, pricePerKWh: terms.pricePerKwh }
    }))
    const receipt = { Receipt: fields('address buyer, address seller, uint40 through, uint96 total, uint96 cap, uint24 expiry') }
    expect(receiptDigest(aReceipt(), SETTLEMENT)).to.equal(hashTypedData({
      domain: energyEscrow, types: receipt, primaryType: 'Receipt', message: { ...aReceipt() }
    }))
    const attestation = { attester: hexOf(20, 1), seller: hexOf(20, 3), meter: hexOf(32, 2), slot: 2_000_000, wh: 731 }
    const reading = { Reading: fields('address attester, address seller, bytes32 meter, uint24 slot, uint32 wh') }
    expect(readingDigest(attestation, SETTLEMENT)).to.equal(hashTypedData({
      domain: energyEscrow, types: reading, primaryType: 'Reading', message: attestation
    }))
  })

  it('should hash the market rules field by field', () => {
    const rules = someRules({ area: 'Sonnenweg', flatSec: 77 })
    const type = 'MarketRules(string area,uint64 chainId,address escrow,uint32 periodSec,uint32 windowSec,uint32 gateClosureSec,uint32 flatSec,' +
      'uint32 minTradeWh,uint32 confirmSec,uint32 clockToleranceSec,string mechanism,string delivery)'
    const values = [
      keccak256(toHex(type)), keccak256(toHex(rules.area)), toHex(rules.chainId, { size: 32 }), concat([hexOf(12, 0), rules.escrow]),
      ...[rules.periodSec, rules.windowSec, rules.gateClosureSec, rules.flatSec, rules.minTradeWh, rules.confirmSec, rules.clockToleranceSec].map((number) => toHex(number, { size: 32 })),
      keccak256(toHex(rules.mechanism)), keccak256(toHex(rules.delivery))
    ]
    expect(rulesDigest(rules)).to.equal(keccak256(encodeAbiParameters(values.map(() => ({ type: 'bytes32' })), values)))
  })

  it('should hash a meter book behind the other rules, and nothing where there is none', () => {
    const rules = someRules()
    const type = 'MarketRules(string area,uint64 chainId,address escrow,uint32 periodSec,uint32 windowSec,uint32 gateClosureSec,uint32 flatSec,' +
      'uint32 minTradeWh,uint32 confirmSec,uint32 clockToleranceSec,string mechanism,string delivery,address meterBook)'
    const values = [
      keccak256(toHex(type)), keccak256(toHex(rules.area)), toHex(rules.chainId, { size: 32 }), concat([hexOf(12, 0), rules.escrow]),
      ...[rules.periodSec, rules.windowSec, rules.gateClosureSec, rules.flatSec, rules.minTradeWh, rules.confirmSec, rules.clockToleranceSec].map((number) => toHex(number, { size: 32 })),
      keccak256(toHex(rules.mechanism)), keccak256(toHex(rules.delivery)), concat([hexOf(12, 0), hexOf(20, 9)])
    ]
    expect(rulesDigest({ ...rules, meterBook: hexOf(20, 9) })).to.equal(keccak256(encodeAbiParameters(values.map(() => ({ type: 'bytes32' })), values)))
    expect(rulesDigest({ ...rules, meterBook: undefined })).to.equal(rulesDigest(rules))
  })

  it('should change with every field of an order', () => {
    const changes = [
      {}, { side: 'bid' }, { rules: hexOf(32, 1) }, { maker: hexOf(20, 1) }, { signer: hexOf(20, 1) }, { periodStart: 900 }, { quantity: 1 }, { minFill: 1 },
      { revision: 2 }, { schedule: [] }, { schedule: [{ at: 0, price: 0n }] }, { schedule: [{ at: 1, price: 0n }] }, { schedule: [{ at: 0, price: 1n }] }
    ] as const
    const ids = changes.map((change) => orderId(anOrder(change), SETTLEMENT))
    expect(new Set(ids).size).to.equal(changes.length)
    expect(orderId(anOrder(), { ...SETTLEMENT, chainId: 1 })).to.not.equal(ids[0])
    expect(orderId(anOrder(), { ...SETTLEMENT, escrow: hexOf(20, 1) })).to.not.equal(ids[0])
  })

  it('should not depend on how an address is written', () => {
    const maker = anOrder().maker
    expect(orderId(anOrder({ maker: getAddress(maker) }), SETTLEMENT)).to.equal(orderId(anOrder(), SETTLEMENT))
  })

  it('should bind a trade to its order, and a meter to its key', () => {
    expect(tradeRef(hexOf(32, 1), hexOf(32, 2))).to.equal(keccak256(`0x${'01'.repeat(32)}${'02'.repeat(32)}`))
    expect(exportMeterId({ attester: hexOf(20, 1) })).to.equal(keccak256(concat([toHex('wattmesh export'), hexOf(20, 1)])))
    expect(exportMeterId({ serial: 'E0012-ä', attester: hexOf(20, 1) })).to.equal(keccak256(toHex('wattmesh exportE0012-ä')))
  })
})
