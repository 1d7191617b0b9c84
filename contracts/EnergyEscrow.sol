// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEnergyEscrow} from "./IEnergyEscrow.sol";

/// @title EnergyEscrow
/// @notice Every move of a tab is: checks in a fixed order, then the tab's new word, `_charge` for the buyer, `_credit` for the
/// seller. Documentation lives in IEnergyEscrow.
/// @dev Every entry of a mapping is one word, packed by hand, which a receipt reads and writes once. The same rules with
/// structs are test/contracts/reference/EnergyEscrowReference.sol; the tests hold the two equal.
contract EnergyEscrow is IEnergyEscrow, EIP712 {
    /// @dev A storage word. A struct, so that references to it can be passed around.
    struct Word {
        uint256 bits;
    }

    bytes32 private constant TRADE_TYPEHASH = keccak256(
        "Trade(address buyer,address seller,uint24 slot,uint16 seq,uint32 wh,uint96 pricePerKWh,address attester,bytes32 meter,uint40 claimBy,bytes32 ref)"
    );
    bytes32 private constant RECEIPT_TYPEHASH =
        keccak256("Receipt(address buyer,address seller,uint40 through,uint96 total,uint96 cap,uint24 expiry)");
    bytes32 private constant READING_TYPEHASH = keccak256("Reading(address attester,address seller,bytes32 meter,uint24 slot,uint32 wh)");
    uint256 private constant HALF_CURVE_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    uint256 public constant SLOT_SECONDS = 900;
    uint256 public constant MAX_LOCK = 14 days;
    uint256 public constant NOTICE = MAX_LOCK; // a key thus outlives every reservation it signed

    IERC20 public immutable token;

    // Fields of the words, low bits first:
    /// @dev balance 128, reserved 128: the sum of cap - paid over the owner's tabs as a buyer, never above balance.
    mapping(address owner => Word) private _accounts;
    /// @dev validUntil 40, day 24, limit 96, used 96.
    mapping(address owner => mapping(address signer => Word)) private _keys;
    /// @dev cap 96, paid 96, through 40, expiry 24.
    mapping(address buyer => mapping(address seller => Word)) private _tabs;
    /// @dev Claimed Wh of eight neighbouring slots, 32 bits each, by the hash of attester, meter and slot / 8.
    mapping(bytes32 slotGroup => Word) private _claimed;

    constructor(IERC20 token_) EIP712("EnergyEscrow", "1") {
        if (address(token_) == address(0)) revert ZeroInput();
        token = token_;
    }

    // ---------------------------------------------------------------- the owner's moves

    function deposit(address owner, uint256 amount) public {
        if (owner == address(0) || amount == 0) revert ZeroInput();
        uint256 before = token.balanceOf(address(this));
        SafeERC20.safeTransferFrom(token, msg.sender, address(this), amount);
        if (token.balanceOf(address(this)) < before + amount) revert ShortTransfer();
        _credit(_accounts[owner], amount);
        emit Deposited(owner, amount);
    }

    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        deposit(msg.sender, amount);
    }

    function withdraw(uint256 amount) external {
        if (amount == 0) revert ZeroInput();
        Word storage mine = _accounts[msg.sender];
        if (amount > _free(mine.bits)) revert Unfunded();
        mine.bits -= amount; // no borrow: free money is part of the balance
        emit Withdrawn(msg.sender, amount);
        SafeERC20.safeTransfer(token, msg.sender, amount);
    }

    function setSigner(address signer, uint40 validUntil, uint96 dailyLimit) external {
        if (signer == address(0)) revert ZeroInput(); // it is what a broken signature recovers to
        Word storage key = _keys[msg.sender][signer];
        uint256 old = key.bits;
        if (validUntil < uint40(old) && validUntil < block.timestamp + NOTICE) revert NoticeTooShort();
        key.bits = _packKey(validUntil, uint24(old >> 40), dailyLimit, old >> 160);
        emit SignerSet(msg.sender, signer, validUntil, dailyLimit);
    }

    // ---------------------------------------------------------------- the pair's moves

    function settle(Statement[] calldata statements) external returns (uint256 done) {
        bytes32 domain = _domainSeparatorV4();

        for (uint256 i = 0; i < statements.length; ++i) {
            (address buyer, Receipt[] calldata receipts) = (statements[i].buyer, statements[i].receipts);
            Word storage payer = _accounts[buyer];
            uint256 a = payer.bits; // written back once: no receipt of a statement pays its own buyer
            for (uint256 j = 0; j < receipts.length; ++j) {
                (uint256 left, bool settled, SkipReason why) = _settle(domain, buyer, receipts[j], a);
                a = left;
                if (settled) ++done;
                else emit Skipped(i, j, why);
            }
            payer.bits = a;
        }
    }

    /// @dev `a` is the word of the buyer's account, `t` that of the tab now, `next` that of the tab both parties signed.
    function _settle(bytes32 domain, address buyer, Receipt calldata r, uint256 a)
        private
        returns (uint256 left, bool settled, SkipReason why)
    {
        (address seller, uint256 next) = (r.seller, r.tab);
        Word storage tab_ = _tabs[buyer][seller];
        bytes32 digest = _receiptDigest(domain, buyer, seller, next);
        Word storage key = _keys[buyer][_recover(digest, r.byBuyer)];
        bool agreed = r.bySeller.r == 0 ? _speaksFor(seller, msg.sender) : _isLive(_keys[seller][_recover(digest, r.bySeller)].bits);
        (uint256 t, uint256 k) = (tab_.bits, key.bits);

        if (!_isLive(k)) return (a, false, SkipReason.BuyerSigner);
        if (!agreed) return (a, false, SkipReason.SellerSigner);
        if (buyer == seller) return (a, false, SkipReason.SelfTrade);
        if (_through(next) <= _through(t)) return (a, false, SkipReason.Stale);
        if (_slotStart(_through(next) >> 16) > block.timestamp) return (a, false, SkipReason.Future);
        if (_paid(next) < _paid(t) || _paid(next) > _cap(next)) return (a, false, SkipReason.Backwards);
        unchecked {
            // nothing wraps: times are far below 2^64, the amounts below 2^96, and every difference follows its comparison
            if (_end(next) > block.timestamp + MAX_LOCK) return (a, false, SkipReason.LockTooLong);
            if (_end(next) > uint40(k)) return (a, false, SkipReason.KeyTooShort);
            if (_cap(next) > _cap(t)) {
                uint256 today = block.timestamp / 1 days;
                uint256 used = uint24(k >> 40) == today ? k >> 160 : 0;
                uint256 asked = _cap(next) - _cap(t);
                // the limit may have been lowered today, below what was used
                uint256 rise = _min(asked, _min(_excess(uint96(k >> 64), used), _free(a)));
                next -= asked - rise; // from the ceiling, which has the lowest bits
                if (_paid(next) > _cap(next)) return (a, false, SkipReason.Unfunded);
                if (rise > 0) key.bits = _packKey(uint40(k), today, uint96(k >> 64), used + rise);
            }

            tab_.bits = next;
            _credit(_accounts[seller], _paid(next) - _paid(t));
        }
        emit Settled(buyer, seller, next);
        return (_charge(a, t, next), true, why);
    }

    function claim(Claim[] calldata claims) external {
        for (uint256 i = 0; i < claims.length; ++i) _claim(claims[i]);
    }

    function _claim(Claim calldata c) private {
        Trade calldata trade = c.trade;
        (address buyer, address seller, uint24 slot) = (trade.buyer, trade.seller, trade.slot);
        (Word storage tab_, Word storage payer) = (_tabs[buyer][seller], _accounts[buyer]);
        uint256 t = tab_.bits;
        uint40 position = (uint40(slot) << 16) | trade.seq;

        if (!_speaksFor(seller, msg.sender)) revert NotSeller();
        if (block.timestamp < _slotStart(uint256(slot) + 1)) revert TooEarly();
        if (block.timestamp > trade.claimBy || block.timestamp >= _end(t)) revert TooLate();
        if (position <= _through(t)) revert Stale();
        if (!_isLive(_keys[buyer][_recover(tradeDigest(trade), c.buyerSig)].bits)) revert BadSignature();
        bytes32 digest = readingDigest(trade.attester, trade.seller, trade.meter, trade.slot, c.reading);
        if (!SignatureChecker.isValidSignatureNowCalldata(trade.attester, digest, c.attestation)) revert BadSignature();

        uint256 wh = _take(_slotGroup(trade.attester, trade.meter, slot), slot, trade.wh, c.reading);
        uint256 amount = _min(wh * trade.pricePerKWh / 1000, _open(t));
        uint256 next = t + (amount << 96) + ((position - _through(t)) << 192);

        tab_.bits = next;
        payer.bits = _charge(payer.bits, t, next);
        _credit(_accounts[seller], amount);
        emit Claimed(buyer, seller, position, uint32(wh), uint96(amount));
    }

    function release(address buyer, address[] calldata sellers) external {
        Word storage payer = _accounts[buyer];
        for (uint256 i = 0; i < sellers.length; ++i) {
            Word storage tab_ = _tabs[buyer][sellers[i]];
            uint256 t = tab_.bits;
            if (block.timestamp < _end(t)) revert TooEarly();
            uint256 freed = _open(t);
            if (freed == 0) continue;
            tab_.bits = t - freed; // the ceiling falls to what was paid
            payer.bits = _charge(payer.bits, t, t - freed);
            emit Released(buyer, sellers[i], uint96(freed));
        }
    }

    // ---------------------------------------------------------------- money

    /// @dev A buyer's account after a tab of its went from `t` to `next`: what was paid leaves the balance, what is open is reserved.
    function _charge(uint256 a, uint256 t, uint256 next) private pure returns (uint256) {
        unchecked {
            return a - (_paid(next) - _paid(t)) - (_open(t) << 128) + (_open(next) << 128);
        }
    }

    function _credit(Word storage payee, uint256 amount) private {
        if (amount == 0) return;
        uint256 a = payee.bits;
        payee.bits = SafeCast.toUint128(uint128(a) + amount) | (a >> 128 << 128); // must not spill into the reservation
    }

    /// @dev Takes up to `wanted` Wh from what is left of a reading, and never more: no counter runs into the next.
    function _take(Word storage group, uint256 slot, uint256 wanted, uint256 reading) private returns (uint256 wh) {
        uint256 place = (slot & 7) << 5;
        wh = _min(wanted, _excess(reading, uint32(group.bits >> place)));
        group.bits += wh << place;
    }

    // ---------------------------------------------------------------- words

    function _cap(uint256 t) private pure returns (uint256) { return uint96(t); }

    function _paid(uint256 t) private pure returns (uint256) { return uint96(t >> 96); }

    function _through(uint256 t) private pure returns (uint256) { return uint40(t >> 192); }

    /// @dev The second a tab expires.
    function _end(uint256 t) private pure returns (uint256) { return _slotStart(t >> 232); }

    /// @dev What a tab still reserves.
    function _open(uint256 t) private pure returns (uint256) { unchecked { return _cap(t) - _paid(t); } }

    function _free(uint256 a) private pure returns (uint256) { unchecked { return uint128(a) - (a >> 128); } }

    function _packKey(uint256 validUntil, uint256 day, uint256 limit, uint256 used) private pure returns (uint256) {
        return validUntil | (day << 40) | (limit << 64) | (used << 160);
    }

    function _slotGroup(address attester, bytes32 meter, uint24 slot) private view returns (Word storage) {
        return _claimed[keccak256(abi.encode(attester, meter, slot >> 3))];
    }

    /// @dev Slots have 24 bits.
    function _slotStart(uint256 slot) private pure returns (uint256) { unchecked { return slot * SLOT_SECONDS; } }

    function _min(uint256 a, uint256 b) private pure returns (uint256) { return a < b ? a : b; }

    function _excess(uint256 a, uint256 b) private pure returns (uint256) { unchecked { return a > b ? a - b : 0; } }

    // ---------------------------------------------------------------- keys and signatures

    function _isLive(uint256 k) private view returns (bool) {
        return block.timestamp < uint40(k);
    }

    function _speaksFor(address owner, address caller) private view returns (bool) {
        return caller == owner || _isLive(_keys[owner][caller].bits);
    }

    /// @dev The zero address, which is never registered, for anything but a valid signature with a low s.
    function _recover(bytes32 digest, Sig calldata sig) private pure returns (address) {
        uint256 vs = uint256(sig.vs);
        uint256 s = (vs << 1) >> 1;
        if (s > HALF_CURVE_ORDER) return address(0);
        unchecked {
            return ecrecover(digest, uint8(27 + (vs >> 255)), sig.r, bytes32(s));
        }
    }

    function _receiptDigest(bytes32 domain, address buyer, address seller, uint256 t) private pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(RECEIPT_TYPEHASH, buyer, seller, _through(t), _paid(t), _cap(t), t >> 232))
        );
    }

    // ---------------------------------------------------------------- views

    function account(address owner) external view returns (uint128 balance, uint128 reserved) {
        uint256 a = _accounts[owner].bits;
        return (uint128(a), uint128(a >> 128));
    }

    function signerOf(address owner, address signer) external view returns (uint40 validUntil, uint24 day, uint96 limit, uint96 used) {
        uint256 k = _keys[owner][signer].bits;
        return (uint40(k), uint24(k >> 40), uint96(k >> 64), uint96(k >> 160));
    }

    function tab(address buyer, address seller) external view returns (uint96 cap, uint96 paid, uint40 through, uint24 expiry) {
        uint256 t = _tabs[buyer][seller].bits;
        return (uint96(t), uint96(t >> 96), uint40(t >> 192), uint24(t >> 232));
    }

    function claimedWh(address attester, bytes32 meter, uint24 slot) external view returns (uint256) {
        return uint32(_slotGroup(attester, meter, slot).bits >> ((slot & 7) << 5));
    }

    function tradeDigest(Trade calldata trade) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(TRADE_TYPEHASH, trade)));
    }

    function receiptDigest(address buyer, address seller, uint256 tab_) external view returns (bytes32) {
        return _receiptDigest(_domainSeparatorV4(), buyer, seller, tab_);
    }

    function readingDigest(address attester, address seller, bytes32 meter, uint24 slot, uint32 wh) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(READING_TYPEHASH, attester, seller, meter, slot, wh)));
    }
}
