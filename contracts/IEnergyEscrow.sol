// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Tabs between households that trade energy
/// @notice A buyer owes a seller through one *tab*: a ceiling the buyer has reserved for that seller, the amount paid so
/// far, a watermark, and an expiry both know in advance. Trades stay off chain. One co-signed cumulative *receipt* opens,
/// tops up, pays, renews and closes a tab; a buyer who falls silent is charged by `claim`, a seller who falls silent
/// is answered by `release`.
///
/// Units:
/// - slot: Unix time / 900, rounded down. It begins at `slot * 900` and is over at `(slot + 1) * 900`.
/// - position: `slot << 16 | seq`, the order in which the trades of a pair are settled; `seq` tells trades of one slot apart.
/// - expiry: a slot; the tab is open while `block.timestamp < expiry * 900`.
/// - Wh: whole watt-hours. Amounts: base units of `token`. Prices: base units per kWh.
///   The price of a trade is `wh * pricePerKWh / 1000`, rounded down.
///
/// Parties are *owners*: they fund, withdraw and register keys, always as `msg.sender`, so they may be any kind of account.
/// *Hot keys* sign for an owner. They are plain secp256k1 keys, never contracts.
/// @dev EIP-712 domain: name "EnergyEscrow", version "1", readable through ERC-5267 `eip712Domain`.
/// There is no administrator, upgrade, pause or fee.
interface IEnergyEscrow {
    // ---------------------------------------------------------------- signed messages

    /// @notice What two households agreed, signed by a hot key of each. The chain sees it only when the buyer is silent.
    /// @dev Trade(address buyer,address seller,uint24 slot,uint16 seq,uint32 wh,uint96 pricePerKWh,address attester,bytes32 meter,uint40 claimBy,bytes32 ref)
    struct Trade {
        /// @dev Owner who pays.
        address buyer;
        /// @dev Owner who is paid.
        address seller;
        /// @dev Slot of delivery.
        uint24 slot;
        /// @dev Number of the trade within its pair and slot.
        uint16 seq;
        /// @dev Contracted energy, Wh.
        uint32 wh;
        /// @dev Base units of the token per kWh.
        uint96 pricePerKWh;
        /// @dev Account or ERC-1271 contract whose readings both parties accept.
        address attester;
        /// @dev Names the register (serial and direction) the attester reports on.
        bytes32 meter;
        /// @dev Last second at which the trade may be claimed, Unix time.
        uint40 claimBy;
        /// @dev Binds the offer the trade came from; the escrow does not read it.
        bytes32 ref;
    }

    /// @notice ERC-2098 compact signature; only the lower half of s is accepted.
    struct Sig {
        bytes32 r;
        /// @dev s, with the parity of y in the top bit.
        bytes32 vs;
    }

    /// @notice "Through this position the buyer owes the seller `total` since the tab began; the ceiling shall be `cap`
    /// until `expiry`." Newest wins: `through` is nonce and watermark in one.
    /// @dev Both sign Receipt(address buyer,address seller,uint40 through,uint96 total,uint96 cap,uint24 expiry). Its four
    /// numbers travel as the word the tab becomes, and its buyer stands in the Statement.
    struct Receipt {
        /// @dev Owner who is paid.
        address seller;
        /// @dev cap | total << 96 | through << 192 | expiry << 232, that is:
        /// - cap: lifetime total that may be paid before `expiry`, base units;
        /// - total: lifetime total owed, base units, which is what the tab has then paid;
        /// - through: position through which the pair is settled; trades at or below it can no longer be claimed;
        /// - expiry: slot at whose beginning the tab expires.
        uint256 tab;
        /// @dev Signature by a hot key of the buyer.
        Sig byBuyer;
        /// @dev Signature by a hot key of the seller; all zero when the seller, or a live hot key of it, sends the transaction.
        Sig bySeller;
    }

    /// @notice Receipts of one buyer.
    struct Statement {
        /// @dev Owner who pays.
        address buyer;
        Receipt[] receipts;
    }

    /// @notice A trade the buyer did not receipt, with the evidence of its delivery.
    struct Claim {
        Trade trade;
        /// @dev Signature over `trade` by a hot key of the buyer.
        Sig buyerSig;
        /// @dev Attested energy of the trade's meter in the trade's slot, Wh.
        uint32 reading;
        /// @dev The attester's signature over Reading(address attester,address seller,bytes32 meter,uint24 slot,uint32 wh).
        bytes attestation;
    }

    // ---------------------------------------------------------------- errors and skips

    /// @notice An amount is zero, or an address is the zero address.
    error ZeroInput();
    /// @notice The owner's free money (balance less reservations) does not cover the amount.
    error Unfunded();
    /// @notice A key's life was to be shortened to less than `NOTICE` from now.
    error NoticeTooShort();
    /// @notice Fewer tokens arrived than were to be deposited.
    error ShortTransfer();
    /// @notice The buyer's or the attester's signature on a claim does not hold.
    error BadSignature();
    /// @notice The trade's position is at or below the watermark of its tab.
    error Stale();
    /// @notice A claimed slot is not over yet, or a tab to release has not expired yet.
    error TooEarly();
    /// @notice The trade's `claimBy` has passed, or its tab has expired.
    error TooLate();
    /// @notice The caller is neither the seller's owner nor one of its live hot keys.
    error NotSeller();

    /// @notice Why `settle` left a receipt out, in the order of the checks.
    enum SkipReason {
        /// @dev Not signed by a live hot key of the buyer.
        BuyerSigner,
        /// @dev Not signed by a live hot key of the seller, nor sent by the seller.
        SellerSigner,
        /// @dev Buyer and seller are one owner.
        SelfTrade,
        /// @dev `through` does not lie above the watermark.
        Stale,
        /// @dev The slot of `through` has not begun.
        Future,
        /// @dev `total` is below what was paid, or above `cap`.
        Backwards,
        /// @dev `expiry` is more than `MAX_LOCK` away.
        LockTooLong,
        /// @dev The buyer's key dies before `expiry`.
        KeyTooShort,
        /// @dev `total` exceeds the ceiling that the key's daily limit and the buyer's free money allow.
        Unfunded
    }

    // ---------------------------------------------------------------- events

    /// @notice `amount` tokens arrived for `owner`.
    event Deposited(address indexed owner, uint256 amount);
    /// @notice `owner` took `amount` tokens out.
    event Withdrawn(address indexed owner, uint256 amount);
    /// @notice `signer` speaks for `owner` until `validUntil` and may raise ceilings by `limit` a day.
    event SignerSet(address indexed owner, address indexed signer, uint40 validUntil, uint96 limit);
    /// @notice A receipt took effect: this is the tab now, packed as in Receipt. Its cap is the ceiling really granted, which
    /// may be below the one signed.
    event Settled(address indexed buyer, address indexed seller, uint256 tab);
    /// @notice This receipt of this statement of the call, both counted from 0, changed nothing.
    event Skipped(uint256 statement, uint256 receipt, SkipReason why);
    /// @notice `wh` of a trade were paid with `amount`.
    event Claimed(address indexed buyer, address indexed seller, uint40 position, uint32 wh, uint96 amount);
    /// @notice `freed` returned from an expired tab to the buyer's free money.
    event Released(address indexed buyer, address indexed seller, uint96 freed);

    // ---------------------------------------------------------------- moves

    /// @notice Credits `amount` tokens, taken from the caller, to `owner`. Anyone may fund anyone.
    /// @dev Reverts with ZeroInput, or ShortTransfer when less than `amount` arrived (tokens that charge a fee).
    function deposit(address owner, uint256 amount) external;

    /// @notice Uses a permit to allow and deposit in one transaction, for the caller's own account.
    /// @dev A failing permit is ignored, so that someone who submitted it first cannot block the deposit: the transfer decides.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Sends `amount` of the caller's free money to the caller. There is no other recipient.
    /// @dev Reverts with ZeroInput or Unfunded.
    function withdraw(uint256 amount) external;

    /// @notice Registers a hot key of the caller, or changes its life and its limit.
    /// @param signer Address of the key.
    /// @param validUntil Unix time from which the key is dead. May be shortened, but not below now + `NOTICE`, so that
    /// no signature can die before the reservation a seller relied on. To revoke: now + `NOTICE`, with limit 0.
    /// @param dailyLimit By how much the key may raise ceilings within one UTC day, base units. Takes effect at once.
    /// @dev Reverts with ZeroInput or NoticeTooShort.
    function setSigner(address signer, uint40 validUntil, uint96 dailyLimit) external;

    /// @notice Settles receipts in order. A receipt that fails a check is skipped with its reason and changes nothing.
    /// Anyone may submit receipts that both parties signed.
    /// @param statements Receipts by buyer; see SkipReason for the checks. One buyer may have several statements.
    /// @return done How many receipts took effect.
    /// @dev A rise of the ceiling is clipped to what is left of the buyer key's daily limit and of the buyer's free money.
    /// A receipt may also lower the ceiling. Makes no external call. Never reverts on what it can decode.
    function settle(Statement[] calldata statements) external returns (uint256 done);

    /// @notice Charges the tabs of silent buyers for attested deliveries, all or nothing. Only for the seller, oldest trade
    /// first: claiming a trade gives up the pair's older ones.
    /// @dev Pays the lesser of the contracted Wh and what is left of the reading, up to what is left of the tab's ceiling.
    /// Wh are counted per attester, meter and slot, so a reading cannot be claimed twice. A reading names the seller it is for,
    /// so nobody can use up the reading of another: a silent buyer could, with a trade between two accounts of its own.
    /// Reverts with NotSeller, TooEarly, TooLate, Stale or BadSignature.
    function claim(Claim[] calldata claims) external;

    /// @notice Returns what is left of the expired tabs between `buyer` and `sellers` to the buyer's free money. Anyone may call.
    /// @dev Reverts with TooEarly. Tabs with nothing left are passed over in silence.
    function release(address buyer, address[] calldata sellers) external;

    // ---------------------------------------------------------------- views

    /// @notice The one token this escrow holds.
    function token() external view returns (IERC20);
    /// @notice Length of a slot: 900 seconds.
    function SLOT_SECONDS() external view returns (uint256);
    /// @notice Longest time from a receipt's settlement to the expiry it sets: 14 days, in seconds.
    function MAX_LOCK() external view returns (uint256);
    /// @notice Shortest time between shortening a key's life and its end: 14 days, in seconds. Never below MAX_LOCK.
    function NOTICE() external view returns (uint256);

    /// @notice Money of `owner`: all of it, and the part reserved for its open tabs.
    function account(address owner) external view returns (uint128 balance, uint128 reserved);
    /// @notice Life and limit of a hot key; `used` is how far it raised ceilings on `day` (days since 1970, UTC).
    function signerOf(address owner, address signer) external view returns (uint40 validUntil, uint24 day, uint96 limit, uint96 used);
    /// @notice The tab of a pair. `cap`, `paid` and `through` count over its whole life and never start again.
    function tab(address buyer, address seller) external view returns (uint96 cap, uint96 paid, uint40 through, uint24 expiry);
    /// @notice Wh already claimed from the readings of a meter for a slot.
    function claimedWh(address attester, bytes32 meter, uint24 slot) external view returns (uint256);

    /// @notice The 32 bytes a hot key signs for a trade.
    function tradeDigest(Trade calldata trade) external view returns (bytes32);
    /// @notice The 32 bytes a hot key signs for a receipt, `tab` packed as in Receipt.
    function receiptDigest(address buyer, address seller, uint256 tab) external view returns (bytes32);
    /// @notice The 32 bytes an attester signs for a reading.
    function readingDigest(address attester, address seller, bytes32 meter, uint24 slot, uint32 wh) external view returns (bytes32);
}
