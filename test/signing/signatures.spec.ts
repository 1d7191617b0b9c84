import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { compactSignatureToSignature, parseCompactSignature, recoverAddress, serializeSignature } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { readingDigest } from '../../src/signing/digests.ts'
import { addressOf, publicKeyOf, recoverKey, signDigest } from '../../src/signing/keys.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { isReceiptSignedBy, isTradeSignedBy, verifyOrder } from '../../src/signing/verify.ts'
import { anOrder, aReceipt, SETTLEMENT, someTerms } from '../helpers/builders.ts'
import { hexOf } from '../helpers/records.ts'
import type { Hex } from '../../src/domain/units.ts'

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const PRIVATE_KEY = hexOf(32, 0x11)
const signer = createLocalSigner(PRIVATE_KEY, SETTLEMENT)
const stranger = createLocalSigner(hexOf(32, 0x22), SETTLEMENT)

const anyKey = fc.bigInt(1n, CURVE_ORDER - 1n).map((key): Hex => `0x${key.toString(16).padStart(64, '0')}`)
const anyDigest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`)

describe('signatures', () => {
  it('should give back the key that made them', () => {
    fc.assert(fc.property(anyKey, anyDigest, (key, digest) => {
      const signature = signDigest(digest, key)
      expect(signature).to.have.lengthOf(130)
      expect(recoverKey(digest, signature)).to.equal(publicKeyOf(key))
      expect(signDigest(digest, key)).to.equal(signature)
    }), { numRuns: 25 })
  })

  it('should be those every Ethereum tool makes', async () => {
    const account = privateKeyToAccount(PRIVATE_KEY)
    expect(addressOf(publicKeyOf(PRIVATE_KEY))).to.equal(account.address.toLowerCase())
    for (let number = 1; number <= 8; number++) {
      const digest = hexOf(32, number)
      const full = serializeSignature(compactSignatureToSignature(parseCompactSignature(signDigest(digest, PRIVATE_KEY))))
      expect(full).to.equal(await account.sign({ hash: digest }))
      expect(await recoverAddress({ hash: digest, signature: full })).to.equal(account.address)
    }
  })

  it('should be refused with a high s', () => {
    const digest = hexOf(32, 7)
    const signature = signDigest(digest, PRIVATE_KEY)
    const r = signature.slice(0, 66)
    const s = BigInt(`0x${signature.slice(66)}`) & (2n ** 255n - 1n)
    const highest = (2n ** 255n - 1n).toString(16)
    expect(recoverKey(digest, `${r}${highest}` as Hex)).to.be.undefined()
    const twin = (CURVE_ORDER - s).toString(16).padStart(64, '0')
    expect(recoverKey(digest, `${r}${twin}` as Hex)).to.not.equal(signer.key)
  })

  it('should be refused when they are none', () => {
    const digest = hexOf(32, 7)
    const signature = signDigest(digest, PRIVATE_KEY)
    const refused: Hex[] = ['0x', hexOf(63, 1), hexOf(65, 1), hexOf(64, 0), `0x${'ff'.repeat(32)}${signature.slice(66)}`, `${signature.slice(0, 66)}${'00'.repeat(32)}` as Hex]
    expect(refused.map((one) => recoverKey(digest, one))).to.deep.equal(refused.map(() => undefined))
  })

  it('should verify an order and name its key', () => {
    const order = anOrder({ signer: signer.address })
    const signed = { order, signature: signer.signOrder(order) }
    const verified = verifyOrder(signed, SETTLEMENT)
    expect(verified).to.include({ key: signer.key, signature: signed.signature })
    expect(verified?.order).to.equal(order)
  })

  it('should not verify an order that was changed, or signed by another, or for another market', () => {
    const order = anOrder({ signer: signer.address })
    const signature = signer.signOrder(order)
    expect(verifyOrder({ order: { ...order, quantity: 1201 }, signature }, SETTLEMENT)).to.be.undefined()
    expect(verifyOrder({ order, signature: stranger.signOrder(order) }, SETTLEMENT)).to.be.undefined()
    expect(verifyOrder({ order: { ...order, signer: stranger.address }, signature }, SETTLEMENT)).to.be.undefined()
    expect(verifyOrder({ order, signature }, { ...SETTLEMENT, chainId: 1 })).to.be.undefined()
    expect(verifyOrder({ order, signature: '0x' }, SETTLEMENT)).to.be.undefined()
  })

  it('should verify trades, receipts and readings by their key', () => {
    const terms = someTerms()
    const trade = { signature: signer.signTrade(terms), at: SETTLEMENT }
    expect(isTradeSignedBy(signer.key, terms, trade)).to.be.true()
    expect(isTradeSignedBy(stranger.key, terms, trade)).to.be.false()
    expect(isTradeSignedBy(signer.key, { ...terms, wh: 481 }, trade)).to.be.false()
    const receipt = { signature: signer.signReceipt(aReceipt()), at: SETTLEMENT }
    expect(isReceiptSignedBy(signer.key, aReceipt(), receipt)).to.be.true()
    expect(isReceiptSignedBy(stranger.key, aReceipt(), receipt)).to.be.false()
    expect(isReceiptSignedBy(signer.key, aReceipt({ total: 1n }), receipt)).to.be.false()
    const reading = { attester: signer.address, seller: hexOf(20, 3), meter: hexOf(32, 2), slot: 7, wh: 731 }
    expect(recoverKey(readingDigest(reading, SETTLEMENT), signer.signReading(reading))).to.equal(signer.key)
  })
})
