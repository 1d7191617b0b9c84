// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IMeterBook} from "../../../contracts/IMeterBook.sol";
import {CommunityTest} from "./CommunityTest.sol";
import {Street} from "./Street.sol";

/// @notice What must hold of votes and members after any sequence of moves; the street checks each move beside its own memory.
contract MeterBookMembers is CommunityTest {
    Street private street;

    function setUp() public {
        vm.warp(START);
        street = new Street();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(street);
    }

    function invariant_shouldSeatExactlyWhoWasVouchedForAndNotPutOut() public view {
        IMeterBook book = street.book();
        check(book.members().length == street.seats(), "as many seats");
        check(book.needed() == street.seats() / 2 + 1, "and the majority of them");
        for (uint256 i = 0; i < street.HOMES(); ++i) {
            IMeterBook.Member memory m = book.memberOf(street.homeAt(i));
            check((m.home != address(0)) == (street.stayOf(i) != 0), "the same homes");
            check(m.until == street.endsAt(i), "until the same end");
            uint256 number = street.meterOf(i);
            check(m.meter == (number == 0 ? address(0) : street.meterAt(number - 1)), "with the same meter");
        }
    }

    function invariant_shouldGiveEveryMeterOneHome() public view {
        IMeterBook book = street.book();
        for (uint256 m = 0; m < street.METERS(); ++m) {
            uint256 i = street.ownerOf(m);
            check(book.homeOf(street.meterAt(m)) == (i == street.HOMES() ? address(0) : street.homeAt(i)), "its home, or none");
        }
    }

    function invariant_shouldCountOnlyVotesThatStillStand() public view {
        IMeterBook book = street.book();
        for (uint256 i = 0; i < street.HOMES(); ++i) {
            (,, uint256 votes) = book.requestOf(street.homeAt(i));
            check(votes == street.votesFor(i), "votes for it");
            check(book.votesAgainst(street.homeAt(i)) == street.votesAgainst(i), "votes against it");
        }
    }

    function test_shouldReachBothEndsOfAStay() public {
        street.join(3, 0, 1e6);
        street.vouch(0, 3);
        street.vouch(1, 3);
        street.expel(0, 3);
        street.expel(1, 3);
        street.expel(2, 3);
        check(street.entered() == 1 && street.expelled() == 1, "in and out");
    }
}
