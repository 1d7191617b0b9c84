import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { decodeInvite, encodeInvite } from '../../src/config/invite.ts'
import { hasCode } from '../../src/domain/errors.ts'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { rulesDigest } from '../../src/signing/digests.ts'
import type { Invite } from '../../src/config/invite.ts'

const market = { ...DEFAULT_MARKET_RULES, area: 'Lindenstraße', chainId: 8453, escrow: `0x${'1e'.repeat(20)}`, periodSec: 3600 } as const
const INVITE: Invite = {
  market,
  digest: rulesDigest(market),
  rpc: 'https://chain.example/rpc',
  deployBlock: 12_345,
  bootstrap: ['/ip4/203.0.113.7/tcp/7690/p2p/16Uiu2HAmEcS4hWX8nU4wb5ZZ8DXo8HLUQ3ajWqUSaWwWZLbKjLpT']
}

function refusal (text: string): string {
  try {
    decodeInvite(text)
    return 'none'
  } catch (error) {
    return ['INVITE_FOREIGN', 'INVITE_DAMAGED', 'INVITE_VERSION'].find((code) => hasCode(error, code)) ?? String(error)
  }
}

describe('invites', () => {
  const text = encodeInvite(INVITE)

  it('should come back as they were, and be short', () => {
    const { digest, ...rest } = INVITE
    expect(decodeInvite(text)).to.deep.equal({ ...rest, digestStart: digest.slice(2, 10) })
    expect(text.length).to.be.below(400)
    expect(text).to.match(/^wattmesh-invite-1\.[A-Za-z0-9_-]+$/)
  })

  it('should not mind blanks and line breaks', () => {
    expect(decodeInvite(` ${text.slice(0, 60)}\r\n  ${text.slice(60)}\n`)).to.deep.equal(decodeInvite(text))
  })

  it('should do without what nobody recommends', () => {
    const bare = decodeInvite(encodeInvite({ market, digest: INVITE.digest, bootstrap: [] }))
    expect(bare).to.deep.include({ rpc: undefined, deployBlock: undefined, bootstrap: [] })
  })

  it('should be refused when anything of them is missing or wrong', () => {
    const start = 'wattmesh-invite-1.'.length
    for (let end = start; end < text.length; end++) {
      expect(refusal(text.slice(0, end)), `cut at ${end}`).to.equal('INVITE_DAMAGED')
    }
    fc.assert(fc.property(fc.integer({ min: start, max: text.length - 1 }), fc.constantFrom(...'abcXYZ019-_'), (at, letter) => {
      fc.pre(text[at] !== letter)
      const typed = text.slice(0, at) + letter + text.slice(at + 1)
      // the last letter of a base64 text may carry bits that mean nothing
      return refusal(typed) === 'INVITE_DAMAGED' || JSON.stringify(decodeInvite(typed)) === JSON.stringify(decodeInvite(text))
    }))
  })

  it('should be refused when the digest of their rules is missing, too short or not written as it should be', () => {
    for (const digest of ['0x', '0x1234567', '0x1234567G', '0xABCDEF01'] as const) {
      expect(refusal(encodeInvite({ ...INVITE, digest })), digest).to.equal('INVITE_DAMAGED')
    }
  })

  it('should be told from other texts and other versions', () => {
    for (const other of ['', 'hello', 'https://example.org', 'enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjz']) {
      expect(refusal(other)).to.equal('INVITE_FOREIGN')
    }
    expect(refusal('wattmesh-invite-2.abc')).to.equal('INVITE_VERSION')
    expect(refusal(encodeInvite({ ...INVITE, market: { ...market, delivery: 'contracted' as 'matched' } }))).to.equal('INVITE_VERSION')
    expect(refusal(encodeInvite({ ...INVITE, market: Object.assign({ newRule: 5 }, market) }))).to.equal('INVITE_VERSION')
  })
})
