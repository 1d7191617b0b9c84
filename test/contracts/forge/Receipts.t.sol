// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IEnergyEscrow} from "../../../contracts/IEnergyEscrow.sol";
import {Coin, EscrowTest, Paper, Receipt, nobody, statements} from "./EscrowTest.sol";
import {Vm} from "./Vm.sol";

/// @notice Makes a good receipt out of any input, spoils exactly one thing, and expects exactly one skip reason and no change.
abstract contract ReceiptsTest is EscrowTest {
    uint96 private constant LIMIT = 1e9;

    /// @dev What fuzzing chooses; `good` turns any of it into a receipt that must settle.
    struct Input {
        uint256 owed;
        uint256 room;
        uint256 through;
        uint256 life;
        uint256 pick;
    }

    function setUpOn(string memory implementation) internal {
        vm.warp(START);
        coin = new Coin();
        escrow = deploy(implementation, coin);
        join(ALICE, ALICE_KEY, 1e12, LIMIT);
        join(BOB, BOB_KEY, 1e12, LIMIT);
        // a tab with a past: something paid, something reserved
        Receipt memory first = Receipt(ALICE, BOB, position(START / SLOT - 10), 0, 5e8, slotIn(2 days));
        check(submit(first) == -1, "the tab should open");
        (first.through, first.total) = (first.through + 1, 2e8);
        check(submit(first) == -1, "the tab should have been paid from");
        vm.warp(START + 1 days); // a new day for the limit
    }

    function testFuzz_shouldSettleAGoodReceiptToTheLetter(Input memory input) public {
        Receipt memory r = good(input);
        (uint256[2] memory a, uint256[2] memory b) = (accountOf(ALICE), accountOf(BOB));
        check(submit(r) == -1, "a good receipt should settle");
        uint256[4] memory t = tabOf(ALICE, BOB);
        check(t[0] == r.cap && t[1] == r.total && t[2] == r.through && t[3] == r.expiry, "the tab should be what the receipt says");
        check(accountOf(ALICE)[0] == a[0] - (r.total - 2e8), "the buyer pays the difference");
        check(accountOf(ALICE)[1] == r.cap - r.total, "the buyer reserves the rest of the ceiling");
        check(accountOf(BOB)[0] == b[0] + (r.total - 2e8) && accountOf(BOB)[1] == 0, "the seller gets the difference");
    }

    function testFuzz_shouldSkipABuyerSignatureByAStranger(Input memory input) public {
        Receipt memory r = good(input);
        expectSkip(r, hand(r, STRANGER_KEY), hand(r, BOB_KEY), IEnergyEscrow.SkipReason.BuyerSigner);
    }

    function testFuzz_shouldSkipASignatureByADeadKeyOfTheBuyer(Input memory input) public {
        Receipt memory r = good(input);
        vm.prank(ALICE);
        escrow.setSigner(vm.addr(STRANGER_KEY), uint40(now_()), LIMIT);
        expectSkip(r, hand(r, STRANGER_KEY), hand(r, BOB_KEY), IEnergyEscrow.SkipReason.BuyerSigner);
    }

    function testFuzz_shouldSkipAReceiptChangedAfterTheBuyerSigned(Input memory input, uint256 change) public {
        Receipt memory r = good(input);
        IEnergyEscrow.Sig memory before = hand(r, ALICE_KEY);
        tamper(r, input.pick, change);
        expectSkip(r, before, hand(r, r.seller == BOB ? BOB_KEY : ALICE_KEY), IEnergyEscrow.SkipReason.BuyerSigner);
    }

    function testFuzz_shouldSkipAReceiptChangedAfterTheSellerSigned(Input memory input, uint256 change) public {
        Receipt memory r = good(input);
        IEnergyEscrow.Sig memory before = hand(r, BOB_KEY);
        tamper(r, input.pick % 4, change);
        expectSkip(r, hand(r, ALICE_KEY), before, IEnergyEscrow.SkipReason.SellerSigner);
    }

    function testFuzz_shouldSkipABrokenSignature(Input memory input, bytes32 noise, bool ofBuyer) public {
        Receipt memory r = good(input);
        (IEnergyEscrow.Sig memory buyer, IEnergyEscrow.Sig memory seller) = (hand(r, ALICE_KEY), hand(r, BOB_KEY));
        IEnergyEscrow.Sig memory broken = ofBuyer ? buyer : seller;
        if (noise == 0) noise = bytes32(uint256(1));
        if (input.pick % 2 == 0) broken.r ^= noise;
        else broken.vs ^= noise;
        expectSkip(r, buyer, seller, ofBuyer ? IEnergyEscrow.SkipReason.BuyerSigner : IEnergyEscrow.SkipReason.SellerSigner);
    }

    function testFuzz_shouldSkipASellerSignatureByAStranger(Input memory input) public {
        Receipt memory r = good(input);
        expectSkip(r, hand(r, ALICE_KEY), hand(r, STRANGER_KEY), IEnergyEscrow.SkipReason.SellerSigner);
    }

    function testFuzz_shouldTakeTheSellersCallForItsSignatureAndNobodyElses(Input memory input, address sender) public {
        Receipt memory r = good(input);
        if (sender == BOB || sender == vm.addr(BOB_KEY)) return;
        Paper memory paper = Paper(r, hand(r, ALICE_KEY), nobody());
        bytes32 before = ledger();
        same(settleAs(sender, paper), IEnergyEscrow.SkipReason.SellerSigner);
        check(ledger() == before, "a skipped receipt changes nothing");
        check(settleAs(input.pick % 2 == 0 ? BOB : vm.addr(BOB_KEY), paper) == -1, "the seller's own call is enough");
    }

    function testFuzz_shouldSkipATradeWithOneself(Input memory input) public {
        Receipt memory r = good(input);
        r.seller = ALICE;
        expectSkip(r, hand(r, ALICE_KEY), hand(r, ALICE_KEY), IEnergyEscrow.SkipReason.SelfTrade);
    }

    function testFuzz_shouldSkipAPositionAtOrBelowTheWatermark(Input memory input, uint256 back) public {
        Receipt memory r = good(input);
        uint256 watermark = tabOf(ALICE, BOB)[2];
        r.through = uint40(watermark - bound(back, 0, watermark));
        expectSkip(r, IEnergyEscrow.SkipReason.Stale);
    }

    function testFuzz_shouldSkipASlotThatHasNotBegun(Input memory input, uint256 ahead) public {
        Receipt memory r = good(input);
        uint256 next = (now_() / SLOT + 1) << 16;
        r.through = uint40(bound(ahead, next, type(uint40).max));
        expectSkip(r, IEnergyEscrow.SkipReason.Future);
    }

    function testFuzz_shouldSkipATotalBelowWhatWasPaid(Input memory input, uint256 less) public {
        Receipt memory r = good(input);
        r.total = uint96(bound(less, 0, 2e8 - 1));
        expectSkip(r, IEnergyEscrow.SkipReason.Backwards);
    }

    function testFuzz_shouldSkipATotalAboveTheCeilingItself(Input memory input, uint256 more) public {
        Receipt memory r = good(input);
        r.total = uint96(bound(more, uint256(r.cap) + 1, type(uint96).max));
        expectSkip(r, IEnergyEscrow.SkipReason.Backwards);
    }

    function testFuzz_shouldSkipALockThatIsTooLong(Input memory input, uint256 more) public {
        Receipt memory r = good(input);
        r.expiry = uint24(bound(more, (now_() + LOCK) / SLOT + 1, type(uint24).max));
        expectSkip(r, IEnergyEscrow.SkipReason.LockTooLong);
    }

    function testFuzz_shouldSkipAnExpiryBeyondTheKey(Input memory input, uint256 life) public {
        Receipt memory r = good(input);
        uint256 end = bound(life, now_() + 1, now_() + LOCK - SLOT);
        vm.prank(ALICE);
        escrow.setSigner(vm.addr(STRANGER_KEY), uint40(end), LIMIT);
        r.expiry = uint24(end / SLOT + 1);
        expectSkip(r, hand(r, STRANGER_KEY), hand(r, BOB_KEY), IEnergyEscrow.SkipReason.KeyTooShort);
        r.expiry = uint24(end / SLOT);
        check(settle(r, hand(r, STRANGER_KEY), hand(r, BOB_KEY)) == -1, "one slot less and it should settle");
    }

    function testFuzz_shouldSkipATotalThatTheDaysLimitDoesNotReach(Input memory input, uint256 more) public {
        Receipt memory r = good(input);
        r.total = uint96(bound(more, 5e8 + LIMIT + 1, type(uint96).max));
        r.cap = type(uint96).max;
        expectSkip(r, IEnergyEscrow.SkipReason.Unfunded);
        r.total = 5e8 + LIMIT;
        check(submit(r) == -1, "exactly the limit should settle");
        check(tabOf(ALICE, BOB)[0] == 5e8 + LIMIT, "the ceiling should be clipped to the limit");
    }

    function testFuzz_shouldSkipATotalThatFreeMoneyDoesNotReach(Input memory input, uint256 left) public {
        Receipt memory r = good(input);
        uint256 free = accountOf(ALICE)[0] - accountOf(ALICE)[1];
        uint256 remaining = bound(left, 0, LIMIT - 1);
        vm.prank(ALICE);
        escrow.withdraw(free - remaining);
        (r.total, r.cap) = (uint96(5e8 + remaining + 1), type(uint96).max);
        expectSkip(r, IEnergyEscrow.SkipReason.Unfunded);
        r.total -= 1;
        check(submit(r) == -1, "exactly all free money should settle");
        check(accountOf(ALICE)[0] == accountOf(ALICE)[1], "and leave nothing free");
    }

    function testFuzz_shouldRevertOnDirtAboveAnAddress(Input memory input, uint256 dirt) public {
        Receipt memory r = good(input);
        bytes memory data = abi.encodeCall(escrow.settle, (statements(Paper(r, hand(r, ALICE_KEY), hand(r, BOB_KEY)))));
        uint256 field = input.pick % 2;
        uint256 word = dirt << 160;
        if (word == 0) word = 1 << 160;
        // selector; offset, length and offset of statements; its buyer, offset and length of receipts; then the seller
        uint256 start = 32 + 4 + (field == 0 ? 3 : 6) * 32;
        for (uint256 n = 0; n < 2; ++n) {
            assembly ("memory-safe") {
                let place := add(data, start)
                mstore(place, xor(mload(place), word))
            }
            (bool ok,) = address(escrow).call(data);
            check(ok == (n == 1), "dirty calldata should revert, and the same without the dirt should not");
        }
    }

    function testFuzz_shouldEndTheSameWhateverTheOrder(Input memory input, uint256 shuffle) public {
        Receipt[] memory receipts = new Receipt[](4);
        uint96 total = 2e8;
        for (uint256 i = 0; i < 4; ++i) {
            receipts[i] = good(input);
            receipts[i].through = position(START / SLOT + i);
            total = uint96(bound(input.owed >> (i * 8), total, 5e8));
            receipts[i].total = total;
            receipts[i].cap = uint96(5e8 + LIMIT);
        }
        for (uint256 i = 0; i < 3; ++i) {
            submit(receipts[(shuffle >> (i * 8)) % 4]);
        }
        submit(receipts[3]);
        check(tabOf(ALICE, BOB)[1] == total, "paid is what the newest says");
        check(tabOf(ALICE, BOB)[2] == receipts[3].through, "so is the watermark");
    }

    function testFuzz_shouldCallNothingButSignatureRecovery(Input memory input) public {
        Receipt memory r = good(input);
        (IEnergyEscrow.Sig memory buyer, IEnergyEscrow.Sig memory seller) = (hand(r, ALICE_KEY), hand(r, BOB_KEY));
        vm.startStateDiffRecording();
        settle(r, buyer, seller);
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        for (uint256 i = 0; i < accesses.length; ++i) {
            if (accesses[i].accessor != address(escrow)) continue;
            check(accesses[i].account == address(1) || accesses[i].account == address(escrow), "settle called somebody");
        }
        check(accesses.length > 0, "the recording should have seen the call itself");
    }

    // ---------------------------------------------------------------- paperwork

    function good(Input memory input) private view returns (Receipt memory r) {
        (r.buyer, r.seller) = (ALICE, BOB);
        r.total = uint96(bound(input.owed, 2e8, 5e8 + LIMIT));
        r.cap = uint96(bound(input.room, r.total, 5e8 + LIMIT));
        r.through = uint40(bound(input.through, tabOf(ALICE, BOB)[2] + 1, (((now_() / SLOT) + 1) << 16) - 1));
        r.expiry = uint24(bound(input.life, 0, (now_() + LOCK) / SLOT));
    }

    /// @dev Changes one of the six fields to something else.
    function tamper(Receipt memory r, uint256 pick, uint256 change) private view {
        uint256 field = pick % 6;
        if (field == 0) r.through = uint40(other(r.through, change, type(uint40).max));
        if (field == 1) r.total = uint96(other(r.total, change, type(uint96).max));
        if (field == 2) r.cap = uint96(other(r.cap, change, type(uint96).max));
        if (field == 3) r.expiry = uint24(other(r.expiry, change, type(uint24).max));
        if (field == 4) r.buyer = BOB;
        if (field == 5) r.seller = ALICE;
    }

    function other(uint256 value, uint256 change, uint256 top) private pure returns (uint256) {
        return (value + 1 + change % top) % (top + 1);
    }

    function hand(Receipt memory r, uint256 key) private view returns (IEnergyEscrow.Sig memory) {
        return sign(key, digestOf(escrow, r));
    }

    function submit(Receipt memory r) private returns (int256) {
        return settle(r, hand(r, ALICE_KEY), hand(r, BOB_KEY));
    }

    function expectSkip(Receipt memory r, IEnergyEscrow.SkipReason why) private {
        expectSkip(r, hand(r, ALICE_KEY), hand(r, BOB_KEY), why);
    }

    function expectSkip(
        Receipt memory r,
        IEnergyEscrow.Sig memory buyer,
        IEnergyEscrow.Sig memory seller,
        IEnergyEscrow.SkipReason why
    ) private {
        bytes32 before = ledger();
        same(settle(r, buyer, seller), why);
        check(ledger() == before, "a skipped receipt changes nothing");
    }

    function position(uint256 slot) private pure returns (uint40) {
        return uint40(slot << 16);
    }

    function slotIn(uint256 time) private view returns (uint24) {
        return uint24((now_() + time) / SLOT);
    }
}

contract ReceiptsOnPacked is ReceiptsTest {
    function setUp() public {
        setUpOn("ESCROW_PACKED");
    }
}

contract ReceiptsOnReference is ReceiptsTest {
    function setUp() public {
        setUpOn("ESCROW_REFERENCE");
    }
}
