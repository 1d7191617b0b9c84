// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEnergyEscrow} from "../../../contracts/IEnergyEscrow.sol";

/// @title The escrow as an executable specification
/// @notice Says with plain structs and checked arithmetic what `contracts/EnergyEscrow.sol` does with packed words. The tests
/// hold the two equal; only the packed one is ever deployed.
/// @dev Every move is: checks in a fixed order, then `_shift`, the one place where money changes hands.
contract EnergyEscrowReference is IEnergyEscrow, EIP712 {
    using SafeCast for uint256;

    /// @dev What a receipt says, its numbers side by side.
    struct Terms {
        address buyer;
        address seller;
        uint40 through;
        uint96 total;
        uint96 cap;
        uint24 expiry;
    }

    struct Account {
        uint128 balance;
        uint128 reserved; // the sum of cap - paid over the owner's tabs as a buyer
    }

    struct Signer {
        uint40 validUntil;
        uint24 day;
        uint96 limit;
        uint96 used;
    }

    struct Tab {
        uint96 cap;
        uint96 paid;
        uint40 through;
        uint24 expiry;
    }

    bytes32 private constant TRADE_TYPEHASH = keccak256(
        "Trade(address buyer,address seller,uint24 slot,uint16 seq,uint32 wh,uint96 pricePerKWh,address attester,bytes32 meter,uint40 claimBy,bytes32 ref)"
    );
    bytes32 private constant RECEIPT_TYPEHASH =
        keccak256("Receipt(address buyer,address seller,uint40 through,uint96 total,uint96 cap,uint24 expiry)");
    bytes32 private constant READING_TYPEHASH = keccak256("Reading(address attester,address seller,bytes32 meter,uint24 slot,uint32 wh)");

    /// @inheritdoc IEnergyEscrow
    uint256 public constant SLOT_SECONDS = 900;
    /// @inheritdoc IEnergyEscrow
    uint256 public constant MAX_LOCK = 14 days;
    /// @inheritdoc IEnergyEscrow
    uint256 public constant NOTICE = MAX_LOCK; // a key thus outlives every reservation it signed

    /// @inheritdoc IEnergyEscrow
    IERC20 public immutable token;
    /// @inheritdoc IEnergyEscrow
    mapping(address owner => Account) public account;
    /// @inheritdoc IEnergyEscrow
    mapping(address owner => mapping(address signer => Signer)) public signerOf;
    /// @inheritdoc IEnergyEscrow
    mapping(address buyer => mapping(address seller => Tab)) public tab;
    /// @dev Claimed Wh by attester, meter and slot; eight neighbouring slots share a word.
    mapping(address attester => mapping(bytes32 meter => mapping(uint256 slotGroup => uint32[8]))) private _claimed;

    constructor(IERC20 token_) EIP712("EnergyEscrow", "1") {
        if (address(token_) == address(0)) revert ZeroInput();
        token = token_;
    }

    // ---------------------------------------------------------------- the owner's moves

    /// @inheritdoc IEnergyEscrow
    function deposit(address owner, uint256 amount) public {
        if (owner == address(0) || amount == 0) revert ZeroInput();
        uint256 before = token.balanceOf(address(this));
        SafeERC20.safeTransferFrom(token, msg.sender, address(this), amount);
        if (token.balanceOf(address(this)) < before + amount) revert ShortTransfer();
        account[owner].balance = (account[owner].balance + amount).toUint128();
        emit Deposited(owner, amount);
    }

    /// @inheritdoc IEnergyEscrow
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        deposit(msg.sender, amount);
    }

    /// @inheritdoc IEnergyEscrow
    function withdraw(uint256 amount) external {
        if (amount == 0) revert ZeroInput();
        if (amount > _free(msg.sender)) revert Unfunded();
        account[msg.sender].balance -= amount.toUint128();
        emit Withdrawn(msg.sender, amount);
        SafeERC20.safeTransfer(token, msg.sender, amount);
    }

    /// @inheritdoc IEnergyEscrow
    function setSigner(address signer, uint40 validUntil, uint96 dailyLimit) external {
        if (signer == address(0)) revert ZeroInput(); // it is what a broken signature recovers to
        Signer storage key = signerOf[msg.sender][signer];
        if (validUntil < key.validUntil && validUntil < block.timestamp + NOTICE) revert NoticeTooShort();
        key.validUntil = validUntil;
        key.limit = dailyLimit;
        emit SignerSet(msg.sender, signer, validUntil, dailyLimit);
    }

    // ---------------------------------------------------------------- the pair's moves

    /// @inheritdoc IEnergyEscrow
    function settle(Statement[] calldata statements) external returns (uint256 done) {
        for (uint256 i = 0; i < statements.length; ++i) {
            for (uint256 j = 0; j < statements[i].receipts.length; ++j) {
                Receipt calldata receipt = statements[i].receipts[j];
                Terms memory r = _unpack(statements[i].buyer, receipt.seller, receipt.tab);
                bytes32 digest = _digest(r);
                bool sentBySeller = receipt.bySeller.r == 0;
                bool agreed = sentBySeller ? _speaksFor(r.seller, msg.sender) : _isLive(r.seller, _recover(digest, receipt.bySeller));
                (bool settled, SkipReason why) = _settle(r, _recover(digest, receipt.byBuyer), agreed);
                if (settled) ++done;
                else emit Skipped(i, j, why);
            }
        }
    }

    function _settle(Terms memory r, address buyerKey, bool sellerAgreed) private returns (bool settled, SkipReason why) {
        Signer storage key = signerOf[r.buyer][buyerKey];
        Tab storage t = tab[r.buyer][r.seller];
        uint256 end = r.expiry * SLOT_SECONDS;

        if (!_isLive(r.buyer, buyerKey)) return (false, SkipReason.BuyerSigner);
        if (!sellerAgreed) return (false, SkipReason.SellerSigner);
        if (r.buyer == r.seller) return (false, SkipReason.SelfTrade);
        if (r.through <= t.through) return (false, SkipReason.Stale);
        if ((r.through >> 16) * SLOT_SECONDS > block.timestamp) return (false, SkipReason.Future);
        if (r.total < t.paid || r.total > r.cap) return (false, SkipReason.Backwards);
        if (end > block.timestamp + MAX_LOCK) return (false, SkipReason.LockTooLong);
        if (end > key.validUntil) return (false, SkipReason.KeyTooShort);

        uint96 cap = r.cap > t.cap ? t.cap + _grant(r.buyer, key, r.cap - t.cap) : r.cap;
        if (r.total > cap) return (false, SkipReason.Unfunded);

        if (cap > t.cap) _spend(key, cap - t.cap);
        _shift(r.buyer, r.seller, cap, r.total);
        (t.through, t.expiry) = (r.through, r.expiry);
        emit Settled(r.buyer, r.seller, _word(tab[r.buyer][r.seller]));
        settled = true;
    }

    /// @inheritdoc IEnergyEscrow
    function claim(Claim[] calldata claims) external {
        for (uint256 i = 0; i < claims.length; ++i) _claim(claims[i]);
    }

    function _claim(Claim calldata c) private {
        Trade calldata trade = c.trade;
        Tab storage t = tab[trade.buyer][trade.seller];
        uint40 position = (uint40(trade.slot) << 16) | trade.seq;

        if (!_speaksFor(trade.seller, msg.sender)) revert NotSeller();
        if (block.timestamp < (uint256(trade.slot) + 1) * SLOT_SECONDS) revert TooEarly();
        if (block.timestamp > trade.claimBy || block.timestamp >= t.expiry * SLOT_SECONDS) revert TooLate();
        if (position <= t.through) revert Stale();
        if (!_isLive(trade.buyer, _recover(tradeDigest(trade), c.buyerSig))) revert BadSignature();
        bytes32 digest = readingDigest(trade.attester, trade.seller, trade.meter, trade.slot, c.reading);
        if (!SignatureChecker.isValidSignatureNowCalldata(trade.attester, digest, c.attestation)) revert BadSignature();

        uint32 wh = _take(trade, c.reading);
        uint96 amount = uint96(Math.min(uint256(wh) * trade.pricePerKWh / 1000, t.cap - t.paid));
        t.through = position;
        _shift(trade.buyer, trade.seller, t.cap, t.paid + amount);
        emit Claimed(trade.buyer, trade.seller, position, wh, amount);
    }

    /// @inheritdoc IEnergyEscrow
    function release(address buyer, address[] calldata sellers) external {
        for (uint256 i = 0; i < sellers.length; ++i) {
            Tab storage t = tab[buyer][sellers[i]];
            if (block.timestamp < t.expiry * SLOT_SECONDS) revert TooEarly();
            uint96 freed = t.cap - t.paid;
            if (freed == 0) continue;
            _shift(buyer, sellers[i], t.paid, t.paid);
            emit Released(buyer, sellers[i], freed);
        }
    }

    // ---------------------------------------------------------------- money

    /// @dev Brings a tab to `cap` and `paid`; the buyer's reservation and both balances follow.
    function _shift(address buyer, address seller, uint96 cap, uint96 paid) private {
        Tab storage t = tab[buyer][seller];
        Account storage payer = account[buyer];
        uint96 due = paid - t.paid;

        payer.reserved = payer.reserved - (t.cap - t.paid) + (cap - paid);
        payer.balance -= due;
        account[seller].balance = (uint256(account[seller].balance) + due).toUint128();
        (t.cap, t.paid) = (cap, paid);
    }

    function _free(address owner) private view returns (uint256) {
        Account storage a = account[owner];
        return a.balance - a.reserved;
    }

    /// @dev The part of a rise that the key's day and the owner's free money allow.
    function _grant(address owner, Signer storage key, uint96 rise) private view returns (uint96) {
        uint256 used = key.day == _today() ? key.used : 0;
        uint256 left = key.limit > used ? key.limit - used : 0; // the limit may have been lowered today
        return uint96(Math.min(rise, Math.min(left, _free(owner))));
    }

    function _spend(Signer storage key, uint96 rise) private {
        uint24 today = _today();
        key.used = key.day == today ? key.used + rise : rise;
        key.day = today;
    }

    /// @dev Takes up to the contracted Wh from what is left of a reading.
    function _take(Trade calldata trade, uint32 reading) private returns (uint32 wh) {
        uint32[8] storage group = _claimed[trade.attester][trade.meter][trade.slot >> 3];
        uint32 taken = group[trade.slot & 7];
        uint32 left = reading > taken ? reading - taken : 0;
        wh = trade.wh < left ? trade.wh : left;
        group[trade.slot & 7] = taken + wh;
    }

    // ---------------------------------------------------------------- the word of a tab

    function _unpack(address buyer, address seller, uint256 word) private pure returns (Terms memory) {
        return Terms(buyer, seller, uint40(word >> 192), uint96(word >> 96), uint96(word), uint24(word >> 232));
    }

    function _word(Tab storage t) private view returns (uint256) {
        return uint256(t.expiry) << 232 | uint256(t.through) << 192 | uint256(t.paid) << 96 | t.cap;
    }

    // ---------------------------------------------------------------- keys and clocks

    function _isLive(address owner, address signer) private view returns (bool) {
        return block.timestamp < signerOf[owner][signer].validUntil;
    }

    function _speaksFor(address owner, address caller) private view returns (bool) {
        return caller == owner || _isLive(owner, caller);
    }

    /// @dev The zero address, which is never registered, for anything but a valid signature with a low s.
    function _recover(bytes32 digest, Sig calldata sig) private pure returns (address signer) {
        (signer,,) = ECDSA.tryRecover(digest, sig.r, sig.vs);
    }

    function _today() private view returns (uint24) {
        return uint24(block.timestamp / 1 days);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IEnergyEscrow
    function claimedWh(address attester, bytes32 meter, uint24 slot) external view returns (uint256) {
        return _claimed[attester][meter][slot >> 3][slot & 7];
    }

    /// @inheritdoc IEnergyEscrow
    function tradeDigest(Trade calldata trade) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(TRADE_TYPEHASH, trade)));
    }

    /// @inheritdoc IEnergyEscrow
    function receiptDigest(address buyer, address seller, uint256 tab_) external view returns (bytes32) {
        return _digest(_unpack(buyer, seller, tab_));
    }

    function _digest(Terms memory terms) private view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(RECEIPT_TYPEHASH, terms)));
    }

    /// @inheritdoc IEnergyEscrow
    function readingDigest(address attester, address seller, bytes32 meter, uint24 slot, uint32 wh) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(READING_TYPEHASH, attester, seller, meter, slot, wh)));
    }
}
