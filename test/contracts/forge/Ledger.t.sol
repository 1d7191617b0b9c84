// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {EscrowTest} from "./EscrowTest.sol";
import {Village} from "./Village.sol";

/// @notice What must hold after any sequence of moves by anybody. The village plays every move on the packed escrow and on the
/// reference, and checks within each move what can only be seen there.
contract LedgerOfTwoEscrows is EscrowTest {
    Village private village;

    function setUp() public {
        vm.warp(START);
        village = new Village();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(village);
    }

    function invariant_shouldHoldEveryCoinOfEveryBalance() public view {
        for (uint256 e = 0; e < 2; ++e) {
            uint256 sum;
            for (uint256 i = 0; i < village.PEOPLE(); ++i) {
                (uint256 balance,) = village.escrows(e).account(village.owner(i));
                check(int256(balance) == village.ghostBalance(i), "deposits + received - paid - withdrawn");
                sum += balance;
            }
            check(sum == village.tokensOf(e), "the sum of balances is what the escrow holds");
        }
    }

    function invariant_shouldReserveExactlyWhatTabsStillMayPay() public view {
        for (uint256 e = 0; e < 2; ++e) {
            for (uint256 i = 0; i < village.PEOPLE(); ++i) {
                uint256 open;
                for (uint256 j = 0; j < village.PEOPLE(); ++j) {
                    (uint256 cap, uint256 paid,,) = village.escrows(e).tab(village.owner(i), village.owner(j));
                    check(paid <= cap, "never more paid than the ceiling");
                    open += cap - paid;
                }
                (uint256 balance, uint256 reserved) = village.escrows(e).account(village.owner(i));
                check(reserved == open, "reserved is the sum of cap - paid");
                check(reserved <= balance, "nothing is reserved that is not there");
            }
        }
    }

    function invariant_shouldKeepEveryKeyAliveForTheTabsItSigned() public view {
        for (uint256 i = 0; i < village.PEOPLE(); ++i) {
            for (uint256 j = 0; j < village.PEOPLE(); ++j) {
                (uint256 cap, uint256 paid,, uint256 expiry) = village.escrows(0).tab(village.owner(i), village.owner(j));
                if (cap == paid || now_() >= expiry * SLOT) continue;
                check(expiry * SLOT <= village.settledAt(i, j) + LOCK, "no lock is longer than 14 days");
                (uint256 end,,,) = village.escrows(0).signerOf(village.owner(i), village.keyOf(i));
                check(end >= expiry * SLOT, "the key outlives the tab");
            }
        }
    }

    function invariant_shouldRaiseCeilingsByNoMoreThanTheDaysHighestLimit() public view {
        for (uint256 i = 0; i < village.PEOPLE(); ++i) {
            check(village.raisedToday(i) <= village.highestLimitToday(i), "one key, one day, one limit");
        }
    }

    function invariant_shouldClaimNoMoreThanTheLargestReading() public view {
        for (uint256 i = 0; i < village.readingCount(); ++i) {
            (address attester, uint24 slot, uint256 largest, uint256 claimed) = village.readingAt(i);
            check(claimed <= largest, "claims stay within the largest reading");
            for (uint256 e = 0; e < 2; ++e) {
                check(village.escrows(e).claimedWh(attester, METER, slot) == claimed, "the counter is the sum of the claims");
            }
        }
    }

    function invariant_shouldBeTheSameOnPackedAndReference() public view {
        check(village.state(0) == village.state(1), "packed and reference differ");
    }

    /// @dev Guards the guards: a village in which nothing ever works would satisfy all of the above.
    function test_shouldGetMovesThroughInTheVillage() public {
        village.settle(1, 2, 0, 0, 20, 40, 96, 0);
        check(village.settled() == 1, "a receipt");
        village.warp(2); // a slot
        village.claim(1, 2, 0, 7, 3000, 9000, 0);
        check(village.claimed() == 1, "a claim");
        village.settle(1, 2, 0, 9, 0, 0, 0, 0);
        village.warp(5); // four days
        village.release(1, 2);
        check(village.settled() == 2, "another receipt");
    }
}
