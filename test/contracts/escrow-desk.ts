import { keccak256, parseSignature, toHex, zeroHash } from 'viem'
import { practiceTokenAbi } from '../../contracts/abi.ts'
import { DAY_SEC, EURO, START_SEC, namedKey, outcomes, position, slotOf, statements } from '../helpers/escrow-fixture.ts'
import type { EscrowFixture, Household, Receipt, Sig, Trade } from '../helpers/escrow-fixture.ts'
import type { Hex, LocalAccount } from 'viem'

type Events = Awaited<ReturnType<EscrowFixture['send']>>

/** Who signs and who submits; by default everybody as they should. `seller: null` leaves the seller's signatures out. */
export interface Hands {
  readonly buyer?: LocalAccount
  readonly seller?: LocalAccount | null
  readonly from?: LocalAccount
}

export interface Evidence {
  readonly trade: Trade
  readonly buyerSig: Sig
  readonly reading: number
  readonly attestation: Hex
}

export interface Permit {
  readonly amount: bigint
  readonly deadline: bigint
  readonly v: number
  readonly r: Hex
  readonly s: Hex
}

/** Where one buyer and one seller do their paperwork: good papers by default, so that a test names only what is special. */
export class EscrowDesk {
  /** The slot the clock of the fixture starts in. */
  readonly slot = slotOf(START_SEC)
  readonly meter = namedKey('meter')
  readonly chain: EscrowFixture
  readonly buyer: Household
  readonly seller: Household

  constructor (chain: EscrowFixture, buyer: Household, seller: Household) {
    this.chain = chain
    this.buyer = buyer
    this.seller = seller
  }

  receipt (special: Partial<Receipt>): Receipt {
    return {
      buyer: this.buyer.owner.address,
      seller: this.seller.owner.address,
      through: position(this.slot, 1),
      total: 0n,
      cap: 10n * EURO,
      expiry: this.slot + 4 * 96,
      ...special
    }
  }

  trade (special: Partial<Trade>): Trade {
    return {
      buyer: this.buyer.owner.address,
      seller: this.seller.owner.address,
      slot: this.slot,
      seq: 1,
      wh: 1000,
      pricePerKWh: EURO / 4n,
      attester: this.meter.address,
      meter: keccak256(toHex('serial 0042, export')),
      claimBy: START_SEC + 30 * DAY_SEC,
      ref: zeroHash,
      ...special
    }
  }

  async signed (receipts: readonly Receipt[], hands: Hands = {}): Promise<ReturnType<typeof statements>> {
    const sign = async (key: LocalAccount): Promise<Sig[]> =>
      Promise.all(receipts.map(async receipt => this.chain.signReceipt(receipt, key)))

    return statements(receipts, await sign(hands.buyer ?? this.buyer.key), hands.seller === null ? [] : await sign(hands.seller ?? this.seller.key))
  }

  async submit (receipts: readonly Receipt[], hands: Hands = {}): Promise<Events> {
    return this.chain.send(hands.from ?? this.seller.owner, 'settle', await this.signed(receipts, hands))
  }

  /** Settles one receipt; says what became of it. */
  async settle (special: Partial<Receipt>, hands: Hands = {}): Promise<string[]> {
    return outcomes(await this.submit([this.receipt(special)], hands))
  }

  /** The first receipt of a pair. */
  async open (special: Partial<Receipt>): Promise<void> {
    await this.submit([this.receipt({ through: position(this.slot), ...special })])
  }

  async evidence (trade: Trade, opts: { readonly buyer?: LocalAccount, readonly attester?: LocalAccount, readonly attestation?: Hex, readonly reading?: number } = {}): Promise<Evidence> {
    const reading = opts.reading ?? 100_000
    const message = { attester: trade.attester, seller: trade.seller, meter: trade.meter, slot: trade.slot, wh: reading }

    return {
      trade,
      buyerSig: await this.chain.signTrade(trade, opts.buyer ?? this.buyer.key),
      reading,
      attestation: opts.attestation ?? await this.chain.signReading(message, opts.attester ?? this.meter)
    }
  }

  async claim (trade: Trade, opts: Parameters<EscrowDesk['evidence']>[1] & { readonly from?: LocalAccount } = {}): Promise<Events> {
    return this.chain.send(opts.from ?? this.seller.owner, 'claim', [[await this.evidence(trade, opts)]])
  }

  /** The buyer's next permit for the escrow. */
  async permit (amount: bigint): Promise<Permit> {
    const { chain, buyer } = this
    const deadline = BigInt(START_SEC + DAY_SEC)
    const nonce = await chain.client.readContract({
      address: chain.token, abi: practiceTokenAbi, functionName: 'nonces', args: [buyer.owner.address]
    })
    const signature = await buyer.owner.signTypedData({
      domain: { name: 'Practice Euro', version: '1', chainId: chain.client.chain.id, verifyingContract: chain.token },
      types: {
        Permit: [
          { name: 'owner', type: 'address' }, { name: 'spender', type: 'address' }, { name: 'value', type: 'uint256' },
          { name: 'nonce', type: 'uint256' }, { name: 'deadline', type: 'uint256' }
        ]
      },
      primaryType: 'Permit',
      message: { owner: buyer.owner.address, spender: chain.escrow, value: amount, nonce, deadline }
    })
    const { r, s, yParity } = parseSignature(signature)
    return { amount, deadline, v: 27 + yParity, r, s }
  }

  async submitPermit ({ amount, deadline, v, r, s }: Permit): Promise<void> {
    const { client, token, escrow } = this.chain
    await client.waitForTransactionReceipt({
      hash: await client.writeContract({
        address: token,
        abi: practiceTokenAbi,
        functionName: 'permit',
        args: [this.buyer.owner.address, escrow, amount, deadline, v, r, s],
        account: this.seller.owner.address
      })
    })
  }

  async approve (amount: bigint): Promise<void> {
    const { client, token, escrow } = this.chain
    await client.waitForTransactionReceipt({
      hash: await client.writeContract({
        address: token, abi: practiceTokenAbi, functionName: 'approve', args: [escrow, amount], account: this.buyer.owner.address
      })
    })
  }
}
