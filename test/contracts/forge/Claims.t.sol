// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IEnergyEscrow} from "../../../contracts/IEnergyEscrow.sol";
import {Coin, EscrowTest, Paper, Receipt, nobody} from "./EscrowTest.sol";
import {Vm} from "./Vm.sol";

/// @notice Approves any reading whose signature field carries its digest.
contract Committee {
    function isValidSignature(bytes32 digest, bytes calldata signature) external pure returns (bytes4) {
        return keccak256(signature) == keccak256(abi.encode(digest)) ? this.isValidSignature.selector : bytes4(0);
    }
}

/// @notice Makes a good claim out of any input, spoils exactly one thing, and expects exactly one error and no change.
abstract contract ClaimsTest is EscrowTest {
    uint96 private constant CAP = 5e8;

    struct Input {
        uint256 slot;
        uint256 seq;
        uint256 wh;
        uint256 price;
        uint256 reading;
        uint256 claimBy;
        bytes32 ref;
    }

    function setUpOn(string memory implementation) internal {
        vm.warp(START);
        coin = new Coin();
        escrow = deploy(implementation, coin);
        join(ALICE, ALICE_KEY, 1e12, CAP);
        join(BOB, BOB_KEY, 1e12, CAP);
        Receipt memory r = Receipt(ALICE, BOB, uint40((START / SLOT - 10) << 16), 0, CAP, uint24((START + 2 days) / SLOT));
        check(settle(r, sign(ALICE_KEY, digestOf(escrow, r)), sign(BOB_KEY, digestOf(escrow, r))) == -1, "the tab should open");
    }

    function testFuzz_shouldPayAGoodClaimToTheLetter(Input memory input, bool byKey) public {
        IEnergyEscrow.Claim memory c = good(input);
        (uint256 payer, uint256 payee) = (accountOf(ALICE)[0], accountOf(BOB)[0]);
        uint256 wh = min(c.trade.wh, c.reading);
        uint256 amount = min(wh * c.trade.pricePerKWh / 1000, CAP);
        vm.prank(byKey ? vm.addr(BOB_KEY) : BOB);
        escrow.claim(only(c));
        check(accountOf(ALICE)[0] == payer - amount && accountOf(BOB)[0] == payee + amount, "the amount moves");
        check(accountOf(ALICE)[1] == CAP - amount, "and leaves the reservation");
        check(tabOf(ALICE, BOB)[0] == CAP && tabOf(ALICE, BOB)[1] == amount, "and is paid from the ceiling");
        check(tabOf(ALICE, BOB)[2] == (uint256(c.trade.slot) << 16 | c.trade.seq), "the watermark rises to the trade");
        check(escrow.claimedWh(c.trade.attester, METER, c.trade.slot) == wh, "the reading is used up by as much");
    }

    function testFuzz_shouldRefuseAnybodyButTheSeller(Input memory input, address sender) public {
        if (sender == BOB || sender == vm.addr(BOB_KEY)) sender = ALICE;
        refuse(sender, good(input), IEnergyEscrow.NotSeller.selector);
    }

    function testFuzz_shouldRefuseADeadKeyOfTheSeller(Input memory input) public {
        vm.prank(BOB);
        escrow.setSigner(vm.addr(STRANGER_KEY), uint40(now_()), CAP);
        refuse(vm.addr(STRANGER_KEY), good(input), IEnergyEscrow.NotSeller.selector);
    }

    function testFuzz_shouldRefuseASlotThatIsNotOver(Input memory input, uint256 ahead) public {
        IEnergyEscrow.Claim memory c = good(input);
        c.trade.slot = uint24(bound(ahead, now_() / SLOT, type(uint24).max));
        refuse(BOB, signed(c), IEnergyEscrow.TooEarly.selector);
    }

    function testFuzz_shouldRefuseAfterClaimBy(Input memory input, uint256 late) public {
        IEnergyEscrow.Claim memory c = good(input);
        c.trade.claimBy = uint40(bound(late, 0, now_() - 1));
        refuse(BOB, signed(c), IEnergyEscrow.TooLate.selector);
    }

    function testFuzz_shouldRefuseFromAnExpiredTab(Input memory input, uint256 late) public {
        IEnergyEscrow.Claim memory c = good(input);
        c.trade.claimBy = type(uint40).max;
        vm.warp(bound(late, START + 2 days, START + 20 days));
        refuse(BOB, signed(c), IEnergyEscrow.TooLate.selector);
    }

    function testFuzz_shouldRefuseAPositionAtOrBelowTheWatermark(Input memory input, uint256 back) public {
        IEnergyEscrow.Claim memory c = good(input);
        uint256 watermark = tabOf(ALICE, BOB)[2];
        uint256 position = watermark - bound(back, 0, watermark);
        (c.trade.slot, c.trade.seq) = (uint24(position >> 16), uint16(position));
        refuse(BOB, signed(c), IEnergyEscrow.Stale.selector);
    }

    function testFuzz_shouldRefuseATradeChangedAfterTheBuyerSigned(Input memory input, uint256 pick) public {
        IEnergyEscrow.Claim memory c = good(input);
        uint256 field = pick % 8;
        // each stays within its rules, so that the signature is all that is wrong; buyer and seller have tests of their own
        if (field == 0) c.trade.slot = c.trade.slot == START / SLOT - 1 ? c.trade.slot - 1 : c.trade.slot + 1;
        if (field == 1) c.trade.seq = c.trade.seq == type(uint16).max ? 1 : c.trade.seq + 1;
        if (field == 2) c.trade.wh ^= 1;
        if (field == 3) c.trade.pricePerKWh ^= 1;
        if (field == 4) c.trade.attester = vm.addr(STRANGER_KEY);
        if (field == 5) c.trade.meter ^= bytes32(uint256(1));
        if (field == 6) c.trade.claimBy ^= 1 << 39;
        if (field == 7) c.trade.ref ^= bytes32(uint256(1));
        if (field == 6 && c.trade.claimBy < now_()) return;
        c.attestation = attest(field == 4 ? STRANGER_KEY : METER_KEY, readingOf(c));
        refuse(BOB, c, IEnergyEscrow.BadSignature.selector);
    }

    function testFuzz_shouldRefuseATradeSignedForAnotherSeller(Input memory input) public {
        IEnergyEscrow.Claim memory c = good(input);
        // carol has a tab of her own with alice, and shows bob's trade as hers
        address carol = address(0xca401);
        Receipt memory r = Receipt(ALICE, carol, uint40((START / SLOT - 10) << 16), 0, 0, uint24((START + 2 days) / SLOT));
        check(settleAs(carol, Paper(r, sign(ALICE_KEY, digestOf(escrow, r)), nobody())) == -1, "her tab should open");
        c.trade.seller = carol;
        refuse(carol, c, IEnergyEscrow.BadSignature.selector);
    }

    function testFuzz_shouldRefuseABuyerSignatureByAStranger(Input memory input) public {
        IEnergyEscrow.Claim memory c = good(input);
        c.buyerSig = sign(STRANGER_KEY, escrow.tradeDigest(c.trade));
        refuse(BOB, c, IEnergyEscrow.BadSignature.selector);
    }

    function testFuzz_shouldRefuseASignatureByADeadKeyOfTheBuyer(Input memory input) public {
        IEnergyEscrow.Claim memory c = good(input);
        vm.prank(ALICE);
        escrow.setSigner(vm.addr(STRANGER_KEY), uint40(now_()), CAP);
        c.buyerSig = sign(STRANGER_KEY, escrow.tradeDigest(c.trade));
        refuse(BOB, c, IEnergyEscrow.BadSignature.selector);
    }

    function testFuzz_shouldRefuseAReadingChangedAfterTheAttesterSigned(Input memory input, uint256 pick) public {
        IEnergyEscrow.Claim memory c = good(input);
        IEnergyEscrow.Trade memory t = c.trade;
        (address attester, address seller, bytes32 meter, uint24 slot, uint32 wh) = (t.attester, t.seller, t.meter, t.slot, c.reading);
        if (pick % 5 == 0) attester = BOB;
        if (pick % 5 == 1) meter = ~meter;
        if (pick % 5 == 2) slot ^= 1;
        if (pick % 5 == 3) wh ^= 1;
        if (pick % 5 == 4) seller = ALICE;
        c.attestation = attest(METER_KEY, escrow.readingDigest(attester, seller, meter, slot, wh));
        refuse(BOB, c, IEnergyEscrow.BadSignature.selector);
    }

    function testFuzz_shouldRefuseAnAttestationByAStranger(Input memory input, bytes memory noise, bool stranger) public {
        IEnergyEscrow.Claim memory c = good(input);
        c.attestation = stranger ? attest(STRANGER_KEY, readingOf(c)) : noise;
        refuse(BOB, c, IEnergyEscrow.BadSignature.selector);
    }

    function testFuzz_shouldNotPayTheSameTradeTwice(Input memory input) public {
        IEnergyEscrow.Claim memory c = good(input);
        vm.prank(BOB);
        escrow.claim(only(c));
        refuse(BOB, c, IEnergyEscrow.Stale.selector);
    }

    function testFuzz_shouldNeverPayMoreWhThanTheLargestReading(Input memory input, uint32[6] memory readings, uint32[6] memory whs) public {
        uint256 largest;
        uint256 sum;
        IEnergyEscrow.Claim memory c = good(input);
        for (uint16 i = 0; i < 6; ++i) {
            (c.trade.seq, c.trade.wh, c.reading) = (i + 1, whs[i], readings[i]);
            if (readings[i] > largest) largest = readings[i];
            uint256 before = escrow.claimedWh(c.trade.attester, METER, c.trade.slot);
            IEnergyEscrow.Claim[] memory claims = only(signed(c));
            vm.prank(BOB);
            escrow.claim(claims);
            uint256 taken = escrow.claimedWh(c.trade.attester, METER, c.trade.slot) - before;
            check(taken == min(whs[i], readings[i] > before ? readings[i] - before : 0), "contracted, or what is left of the reading");
            sum += taken;
        }
        check(sum <= largest, "the largest reading bounds the sum");
    }

    function testFuzz_shouldKeepTheCountersOfNeighbouringSlotsApart(Input memory input, uint32[8] memory whs, uint256 order) public {
        IEnergyEscrow.Claim memory c = good(input);
        uint24 first = uint24((START / SLOT) & ~uint256(7));
        vm.warp(uint256(first + 8) * SLOT);
        (c.reading, c.trade.claimBy) = (type(uint32).max, type(uint40).max);
        for (uint24 i = 0; i < 8; ++i) {
            // a rising watermark, but the words filled in any order: meters differ by nothing but the slot
            (c.trade.slot, c.trade.seq, c.trade.wh) = (first + i, uint16(1 + (order >> i) % 2), whs[i]);
            IEnergyEscrow.Claim[] memory claims = only(signed(c));
            vm.prank(BOB);
            escrow.claim(claims);
        }
        for (uint24 i = 0; i < 8; ++i) {
            check(escrow.claimedWh(c.trade.attester, METER, first + i) == whs[i], "every slot counts for itself");
        }
        check(escrow.claimedWh(c.trade.attester, METER, first + 8) == 0, "and the next word is empty");
        check(escrow.claimedWh(c.trade.attester, ~METER, first) == 0, "and so is another meter's");
    }

    function testFuzz_shouldCallNothingButTheAttesterAndThatStatically(Input memory input) public {
        IEnergyEscrow.Claim memory c = good(input);
        Committee committee = new Committee();
        c.trade.attester = address(committee);
        c = signed(c);
        c.attestation = abi.encode(readingOf(c));
        IEnergyEscrow.Claim[] memory claims = only(c);
        vm.startStateDiffRecording();
        vm.prank(BOB);
        escrow.claim(claims);
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        bool asked;
        for (uint256 i = 0; i < accesses.length; ++i) {
            if (accesses[i].accessor != address(escrow) || accesses[i].account == address(1)) continue;
            check(accesses[i].account == address(committee), "claim called somebody else");
            if (accesses[i].kind == Vm.AccessKind.StaticCall) asked = true;
            check(accesses[i].kind != Vm.AccessKind.Call && accesses[i].kind != Vm.AccessKind.DelegateCall, "the attester may only be asked");
        }
        check(asked, "the committee should have been asked");
    }

    // ---------------------------------------------------------------- paperwork

    function good(Input memory input) private view returns (IEnergyEscrow.Claim memory c) {
        c.trade = IEnergyEscrow.Trade({
            buyer: ALICE,
            seller: BOB,
            slot: uint24(bound(input.slot, START / SLOT - 9, START / SLOT - 1)),
            seq: uint16(input.seq),
            wh: uint32(input.wh),
            pricePerKWh: uint96(input.price),
            attester: vm.addr(METER_KEY),
            meter: METER,
            claimBy: uint40(bound(input.claimBy, now_(), type(uint40).max)),
            ref: input.ref
        });
        c.reading = uint32(input.reading);
        return signed(c);
    }

    function signed(IEnergyEscrow.Claim memory c) private view returns (IEnergyEscrow.Claim memory) {
        c.buyerSig = sign(ALICE_KEY, escrow.tradeDigest(c.trade));
        c.attestation = attest(METER_KEY, readingOf(c));
        return c;
    }

    function readingOf(IEnergyEscrow.Claim memory c) private view returns (bytes32) {
        return escrow.readingDigest(c.trade.attester, c.trade.seller, c.trade.meter, c.trade.slot, c.reading);
    }

    function only(IEnergyEscrow.Claim memory c) private pure returns (IEnergyEscrow.Claim[] memory claims) {
        claims = new IEnergyEscrow.Claim[](1);
        claims[0] = c;
    }

    function refuse(address sender, IEnergyEscrow.Claim memory c, bytes4 why) private {
        bytes32 before = ledger();
        mustRevert(sender, abi.encodeCall(escrow.claim, (only(c))), why);
        check(ledger() == before, "a refused claim changes nothing");
    }
}

contract ClaimsOnPacked is ClaimsTest {
    function setUp() public {
        setUpOn("ESCROW_PACKED");
    }
}

contract ClaimsOnReference is ClaimsTest {
    function setUp() public {
        setUpOn("ESCROW_REFERENCE");
    }
}
