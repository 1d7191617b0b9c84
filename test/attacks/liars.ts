/** Homes with a key that the escrow knows, and no manners: they speak the trade protocol and leave when it suits them. */
import { TRADE_PROTOCOL_ID, MAX_CLAIM_SEC, MAX_TRADE_MESSAGE_BYTES } from '../../protocols/trade/constants.ts'
import { createOwnerSettlement } from '../../src/chain/owner.ts'
import { decodeTradeMessage, encodeTradeMessage } from '../../src/network/codec.ts'
import { answerOn, askOn } from '../../src/network/conversation.ts'
import { peerIdOf } from '../../src/network/peer-ids.ts'
import { exportMeterId, tradeRef } from '../../src/signing/digests.ts'
import { addressOf, publicKeyOf } from '../../src/signing/keys.ts'
import { attackerKey, attackerSigner } from './attackers.ts'
import type { Accept, Propose, TradeAnswer, TradeRequest } from '../../src/domain/trade-message.ts'
import type { TradeTerms } from '../../src/domain/trade.ts'
import type { Account, PublicKey } from '../../src/domain/units.ts'
import type { Libp2pNode } from '../../src/network/libp2p.ts'
import type { Street } from '../../src/practice/street.ts'

const DAY_SEC = 86_400
const GAS_WEI = 10n ** 20n

const PROTOCOL = {
  maxQuestionBytes: MAX_TRADE_MESSAGE_BYTES,
  maxAnswerBytes: MAX_TRADE_MESSAGE_BYTES,
  timeoutMs: 10_000,
  encode: encodeTradeMessage,
  decodeQuestion: (bytes: Uint8Array) => decodeTradeMessage(bytes) as TradeRequest,
  decodeAnswer: (bytes: Uint8Array) => decodeTradeMessage(bytes) as TradeAnswer
}

/** Registers the hot key of an attacker with the escrow; resolves with its owner. */
export async function registered (name: string, { chain, now }: Street): Promise<Account> {
  const ownerKey = attackerKey(`${name} owner`)
  const owner = addressOf(publicKeyOf(ownerKey))
  await chain.fund(owner, { gas: GAS_WEI, money: 0n })
  await createOwnerSettlement({ ...chain, pollMs: 50, ownerPrivateKey: ownerKey }).setKey(attackerSigner(name, chain).address, now() + 60 * DAY_SEC, 10n ** 9n)
  return owner
}

/** What came of one proposal, whose acceptance is never confirmed. */
export async function proposeAndVanish (node: Libp2pNode, seller: PublicKey, proposal: Propose): Promise<TradeAnswer> {
  const conversation = askOn(await node.dialProtocol(peerIdOf(seller), TRADE_PROTOCOL_ID), PROTOCOL)
  const answer = await conversation.ask(proposal)
  await conversation.close()
  return answer
}

/** A seller that opens tabs and accepts whatever is proposed, and breaks off at the confirmation; `repent` makes it disown them all. */
export async function acceptAndVanish (node: Libp2pNode, init: { name: string, owner: Account, orderIds: ReadonlyMap<string, number>, street: Street }): Promise<{ accepted(): number, repent(): void }> {
  const signer = attackerSigner(init.name, init.street.chain)
  let accepted = 0
  let isSorry = false

  const accept = ({ tradeId, orderId, buyer, wh, pricePerKwh }: Propose): Accept => {
    const slot = (init.orderIds.get(orderId) ?? 0) / 900
    const terms: TradeTerms = {
      buyer,
      seller: init.owner,
      slot,
      seq: ++accepted,
      wh,
      pricePerKwh,
      attester: signer.address,
      meter: exportMeterId({ attester: signer.address }),
      claimBy: slot * 900 + 900 + MAX_CLAIM_SEC,
      ref: tradeRef(orderId, tradeId)
    }
    return { kind: 'accept', tradeId, terms, signature: signer.signTrade(terms), validUntil: init.street.now() + 600 }
  }

  await node.handle(TRADE_PROTOCOL_ID, async (stream) => answerOn(stream, PROTOCOL, {
    maxQuestions: 64,
    async answer (request): Promise<TradeAnswer> {
      if (request.kind === 'receipt') {
        return { kind: 'receipt', receipt: request.receipt, signature: signer.signReceipt(request.receipt) }
      }
      if (request.kind === 'propose') {
        return accept(request)
      }
      if (request.kind === 'confirm' && isSorry) {
        return { kind: 'status', tradeId: request.tradeId, state: 'expired' }
      }
      throw new Error('gone')
    }
  }).catch(() => {}))
  return { accepted: () => accepted, repent () { isSorry = true } }
}
