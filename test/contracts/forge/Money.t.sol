// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IEnergyEscrow} from "../../../contracts/IEnergyEscrow.sol";
import {Coin, EscrowTest, Paper, Receipt, nobody} from "./EscrowTest.sol";
import {MoneyModel} from "./MoneyModel.sol";

/// @notice Walks the escrow and the proved model through the same moves: the money must be the same at every step. The model
/// follows the tab with bob to the letter; the tab with carol is `elsewhere`.
abstract contract MoneyTest is EscrowTest {
    address private constant CAROL = address(uint160(0xCA401));
    uint96 private constant LIMIT = 40;

    MoneyModel private model;
    uint40 private through;

    function setUpOn(string memory implementation) internal {
        vm.warp(START);
        coin = new Coin();
        escrow = deploy(implementation, coin);
        model = new MoneyModel();
        join(ALICE, ALICE_KEY, 100, LIMIT);
        model.deposit(100);
        through = uint40((START / SLOT - 2000) << 16);
    }

    function testFuzz_shouldKeepTheMoneyOfTheProvedModel(uint256[24] memory moves) public {
        for (uint256 i = 0; i < moves.length; ++i) {
            (uint256 move, uint256 a, uint256 b) = (moves[i] % 8, (moves[i] >> 8) % 60, (moves[i] >> 16) % 60);
            if (move == 0) deposit(a + 1);
            if (move == 1) withdraw(a + 1);
            if (move == 2 || move == 3) settleBob(a, b);
            if (move == 4) settleCarol(a, b);
            if (move == 5) claimBob(a);
            if (move == 6) releaseBob();
            if (move == 7) vm.warp(now_() + 1 days);
            same();
        }
    }

    function deposit(uint256 amount) private {
        coin.mint(ALICE, amount);
        vm.prank(ALICE);
        escrow.deposit(ALICE, amount);
        model.deposit(uint128(amount));
    }

    function withdraw(uint256 amount) private {
        vm.prank(ALICE);
        (bool ok,) = address(escrow).call(abi.encodeCall(escrow.withdraw, (amount)));
        (bool allowed,) = address(model).call(abi.encodeCall(model.withdraw, (amount)));
        check(ok == allowed, "a withdrawal is allowed in both or in neither");
    }

    function settleBob(uint256 more, uint256 room) private {
        (uint96 total, uint96 ceiling) = (uint96(model.paid() + more), uint96(model.paid() + more + room));
        (bool allowed,) = address(model).call(abi.encodeCall(model.settle, (total, ceiling, leftToday())));
        check((receipt(BOB, total, ceiling) == -1) == allowed, "a receipt settles in both or in neither");
    }

    function settleCarol(uint256 more, uint256 room) private {
        uint256[4] memory before = tabOf(ALICE, CAROL);
        receipt(CAROL, uint96(before[1] + more), uint96(before[1] + more + room));
        uint256[4] memory t = tabOf(ALICE, CAROL);
        uint256 rise = t[0] > before[0] ? t[0] - before[0] : 0;
        model.moveElsewhere(uint96(rise), uint96(t[1] - before[1]), uint96(before[0] + rise - t[0]));
    }

    function claimBob(uint256 wh) private {
        uint24 slot = uint24(through >> 16) + 1;
        IEnergyEscrow.Claim[] memory claims = new IEnergyEscrow.Claim[](1);
        claims[0].trade = IEnergyEscrow.Trade(ALICE, BOB, slot, 0, uint32(wh), 1000, vm.addr(METER_KEY), METER, type(uint40).max, 0);
        claims[0].reading = uint32(wh);
        claims[0].buyerSig = sign(ALICE_KEY, escrow.tradeDigest(claims[0].trade));
        claims[0].attestation = attest(METER_KEY, escrow.readingDigest(vm.addr(METER_KEY), BOB, METER, slot, uint32(wh)));
        vm.prank(BOB);
        (bool ok,) = address(escrow).call(abi.encodeCall(escrow.claim, (claims)));
        if (ok) model.claim(wh);
        through = uint40(slot) << 16;
    }

    function releaseBob() private {
        address[] memory sellers = new address[](1);
        sellers[0] = BOB;
        (bool ok,) = address(escrow).call(abi.encodeCall(escrow.release, (ALICE, sellers)));
        if (ok) model.release();
    }

    function same() private view {
        check(accountOf(ALICE)[0] == model.balance() && accountOf(ALICE)[1] == model.reserved(), "the buyer's account");
        check(coin.balanceOf(address(escrow)) == accountOf(ALICE)[0] + accountOf(BOB)[0] + accountOf(CAROL)[0], "every coin");
        check(tabOf(ALICE, BOB)[0] == model.cap() && tabOf(ALICE, BOB)[1] == model.paid(), "the tab");
        check(tabOf(ALICE, CAROL)[0] - tabOf(ALICE, CAROL)[1] == model.elsewhere(), "the other tab");
    }

    /// @dev A receipt of three days, sent by its seller.
    function receipt(address seller, uint96 total, uint96 ceiling) private returns (int256) {
        through += 1;
        Receipt memory r = Receipt(ALICE, seller, through, total, ceiling, uint24((now_() + 3 days) / SLOT));
        return settleAs(seller, Paper(r, sign(ALICE_KEY, digestOf(escrow, r)), nobody()));
    }

    function leftToday() private view returns (uint96) {
        (, uint24 day, uint96 limit, uint96 used) = escrow.signerOf(ALICE, vm.addr(ALICE_KEY));
        return day == now_() / 1 days ? limit - used : limit;
    }
}

contract MoneyOnPacked is MoneyTest {
    function setUp() public {
        setUpOn("ESCROW_PACKED");
    }
}

contract MoneyOnReference is MoneyTest {
    function setUp() public {
        setUpOn("ESCROW_REFERENCE");
    }
}
