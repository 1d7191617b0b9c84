// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IMeterBook} from "../../../contracts/IMeterBook.sol";
import {AcceptingMeter, CommunityTest} from "./CommunityTest.sol";

/// @notice Founding, joining, vouching, expelling: each move, each refusal and the attacks we know. Homes 0, 1 and 2 found the
/// book with a majority to decide; home 3 and later ones are outsiders. Home i has meter i unless a test says otherwise.
contract MeterBookMoves is CommunityTest {
    IMeterBook private book;

    function setUp() public {
        vm.warp(START);
        book = newBook(3, 50);
        for (uint256 i = 0; i < 3; ++i) {
            join(i);
        }
    }

    // ---------------------------------------------------------------- founding

    function test_shouldGiveFoundersASeatAndAVoteButNoMeter() public {
        IMeterBook fresh = newBook(2, 50);
        IMeterBook.Member[] memory all = fresh.members();
        check(all.length == 2 && all[0].home == home(0) && all[1].home == home(1), "both hold a seat");
        check(all[0].meter == address(0) && all[0].until == START + 90 days, "without a meter, for the founding");
        check(fresh.needed() == 2 && fresh.quorum() == 50, "both decide");
    }

    function test_shouldRefuseABookThatNobodyFounds() public {
        mustNotFound(new address[](0), 50, IMeterBook.ZeroInput.selector);
    }

    function test_shouldRefuseAFounderThatIsNobodyOrNamedTwice() public {
        address[] memory founders = new address[](2);
        founders[0] = home(0);
        mustNotFound(founders, 50, IMeterBook.ZeroInput.selector);
        founders[1] = home(0);
        mustNotFound(founders, 50, IMeterBook.DuplicateFounder.selector);
        founders[1] = home(1);
        check(made("METER_BOOK", abi.encode(founders, 50)) != address(0), "two founders");
    }

    function test_shouldRefuseAQuorumThatWouldKeepThreeHomesFromPuttingOneOut() public {
        address[] memory founders = new address[](1);
        founders[0] = home(0);
        mustNotFound(founders, 67, IMeterBook.BadQuorum.selector);
        check(made("METER_BOOK", abi.encode(founders, 66)) != address(0), "two thirds");
    }

    function testFuzz_shouldNeedMoreThanTheQuorumOfTheSeats(uint256 seats, uint256 quorum) public {
        seats = 1 + seats % 40;
        quorum = quorum % 67;
        uint256 needed = newBook(seats, quorum).needed();
        check(needed * 100 > seats * quorum, "more than the quorum");
        check((needed - 1) * 100 <= seats * quorum, "and not one more");
        check(needed <= seats, "all of them can always let somebody in");
        check(seats < 3 || needed < seats, "three or more can always put one of them out");
    }

    // ---------------------------------------------------------------- joining

    function test_shouldSeatAFounderWithItsMeterAtOnce() public view {
        IMeterBook.Member memory m = book.memberOf(home(0));
        check(m.meter == meter(0) && m.from == START && m.until == START + VALIDITY, "as it asked");
        check(book.homeOf(meter(0)) == home(0), "and its meter is known");
    }

    function test_shouldKeepAnOutsiderOutsideUntilEnoughMembersVouch() public {
        join(3);
        check(book.memberOf(home(3)).home == address(0), "asking is not entering");
        vouch(0, 3);
        (address asked,, uint256 votes) = book.requestOf(home(3));
        check(asked == meter(3) && votes == 1 && book.memberOf(home(3)).home == address(0), "one of three is not enough");
        vm.warp(START + 1 days);
        vouch(1, 3);
        IMeterBook.Member memory m = book.memberOf(home(3));
        check(m.meter == meter(3) && m.from == START + 1 days && m.until == START + VALIDITY, "two are");
        (asked,, votes) = book.requestOf(home(3));
        check(asked == address(0) && votes == 0, "and nothing is asked for any more");
        check(book.members().length == 4 && book.needed() == 3, "one more seat counts");
    }

    function testFuzz_shouldRefuseAJoinThatTheMeterDidNotSign(uint256 what, uint256 change) public {
        uint40 until = uint40(START + VALIDITY);
        uint256 nonce = book.nonceOf(home(3));
        if (change == 0) change = 1;
        bytes32 digest = book.joinDigest(home(3), meter(3), until, nonce);
        uint256 field = what % 6;
        if (field == 0) digest = book.joinDigest(home(4), meter(3), until, nonce); // another home's paper
        if (field == 1) digest = book.joinDigest(home(3), meter(4), until, nonce);
        if (field == 2) digest = book.joinDigest(home(3), meter(3), uint40(until ^ (1 + change % 1000)), nonce);
        if (field == 3) digest = book.joinDigest(home(3), meter(3), until, nonce ^ change);
        if (field == 4) digest = newBook(3, 50).joinDigest(home(3), meter(3), until, nonce); // another book
        if (field == 5) {
            vm.chainId(4711);
            digest = book.joinDigest(home(3), meter(3), until, nonce); // another chain
            vm.chainId(31337);
        }
        bytes memory data = abi.encodeCall(IMeterBook.join, (meter(3), until, signed(meterKey(3), digest)));
        mustRevert(address(book), home(3), data, IMeterBook.BadSignature.selector);
    }

    function test_shouldRefuseASignatureByAnybodyElse() public {
        bytes32 digest = book.joinDigest(home(3), meter(3), uint40(START + VALIDITY), 0);
        bytes memory data = abi.encodeCall(IMeterBook.join, (meter(3), uint40(START + VALIDITY), signed(meterKey(4), digest)));
        mustRevert(address(book), home(3), data, IMeterBook.BadSignature.selector);
        data = abi.encodeCall(IMeterBook.join, (address(0), uint40(START + VALIDITY), new bytes(65)));
        mustRevert(address(book), home(3), data, IMeterBook.BadSignature.selector);
    }

    function test_shouldTakeEverySignatureOnce() public {
        bytes memory paper = joining(book, 3, 3, START + VALIDITY);
        send(address(book), home(3), paper);
        mustRevert(address(book), home(3), paper, IMeterBook.BadSignature.selector);
        vouch(0, 3);
        vouch(1, 3);
        expel(0, 3);
        expel(1, 3);
        expel(2, 3);
        mustRevert(address(book), home(3), paper, IMeterBook.BadSignature.selector);
    }

    function test_shouldTakeTheSignatureOfAMeterThatIsAContract() public {
        AcceptingMeter device = new AcceptingMeter();
        bytes memory data = abi.encodeCall(IMeterBook.join, (address(device), uint40(START + VALIDITY), ""));
        mustRevert(address(book), home(3), data, IMeterBook.BadSignature.selector);
        device.accept(book.joinDigest(home(3), address(device), uint40(START + VALIDITY), book.nonceOf(home(3))));
        send(address(book), home(3), data);
        (address asked,,) = book.requestOf(home(3));
        check(asked == address(device), "it asks to enter");
    }

    function testFuzz_shouldRefuseAValidityThatIsOverOrTooLong(uint256 until) public {
        until = until % type(uint40).max;
        if (until > START && until <= START + 730 days) until = START;
        mustRevert(address(book), home(3), joining(book, 3, 3, until), IMeterBook.BadValidity.selector);
        send(address(book), home(3), joining(book, 3, 3, START + 1));
        send(address(book), home(3), joining(book, 3, 3, START + 730 days));
    }

    function test_shouldKeepToTheSecondOfEveryEnd() public {
        mustRevert(address(book), home(3), joining(book, 3, 3, START), IMeterBook.BadValidity.selector);
        mustRevert(address(book), home(3), joining(book, 3, 3, START + 730 days + 1), IMeterBook.BadValidity.selector);
        send(address(book), home(3), joining(book, 3, 3, START + 730 days));
        send(address(book), home(3), joining(book, 3, 3, START + 100));
        bytes memory yes = abi.encodeCall(IMeterBook.vouch, (home(3), meter(3)));
        vm.warp(START + 100);
        mustRevert(address(book), home(0), yes, IMeterBook.NotAsking.selector);
        send(address(book), home(3), joining(book, 3, 3, START + 700 days));
        send(address(book), home(0), yes);
        vm.warp(START + 100 + 30 days - 1);
        (,, uint256 votes) = book.requestOf(home(3));
        check(votes == 1, "a vote counts for thirty days");
        vm.warp(START + 100 + 30 days);
        (,, votes) = book.requestOf(home(3));
        check(votes == 0, "and then no longer");
        vm.warp(START + VALIDITY - 1);
        send(address(book), home(0), yes);
        vm.warp(START + VALIDITY);
        (,, votes) = book.requestOf(home(3));
        check(votes == 0, "the voter's validity has ended");
        mustRevert(address(book), home(1), yes, IMeterBook.NotMember.selector);
        send(address(book), home(0), joining(book, 0, 0, START + 700 days));
        check(book.memberOf(home(0)).from == START + VALIDITY, "and begins anew from that second on");
    }

    function test_shouldRefuseOneMeterInTwoHomes() public {
        mustRevert(address(book), home(3), joining(book, 3, 1, START + VALIDITY), IMeterBook.MeterTaken.selector);
        // both may ask while nobody has it; only one can get it
        send(address(book), home(3), joining(book, 3, 9, START + VALIDITY));
        send(address(book), home(4), joining(book, 4, 9, START + VALIDITY));
        bytes memory last = abi.encodeCall(IMeterBook.vouch, (home(4), meter(9)));
        send(address(book), home(0), last);
        send(address(book), home(1), abi.encodeCall(IMeterBook.vouch, (home(3), meter(9))));
        send(address(book), home(2), abi.encodeCall(IMeterBook.vouch, (home(3), meter(9))));
        check(book.homeOf(meter(9)) == home(3), "the first to be vouched for");
        send(address(book), home(1), last); // two of four
        mustRevert(address(book), home(2), last, IMeterBook.MeterTaken.selector);
        // a member cannot take it either
        mustRevert(address(book), home(0), joining(book, 0, 9, START + VALIDITY), IMeterBook.MeterTaken.selector);
    }

    function test_shouldRenewTheSameMeterWithoutVotes() public {
        vm.warp(START + 100 days);
        send(address(book), home(0), joining(book, 0, 0, START + 100 days + VALIDITY));
        IMeterBook.Member memory m = book.memberOf(home(0));
        check(m.from == START && m.until == START + 100 days + VALIDITY, "longer, without a gap");
        vm.warp(START + 100 days + VALIDITY);
        send(address(book), home(0), joining(book, 0, 0, START + 200 days + VALIDITY));
        check(book.memberOf(home(0)).from == START + 100 days + VALIDITY, "after a gap it begins anew");
    }

    function test_shouldKeepTheOldMeterUntilTheNewOneIsVouchedFor() public {
        send(address(book), home(0), joining(book, 0, 7, START + VALIDITY));
        check(book.memberOf(home(0)).meter == meter(0), "still the old one");
        vouchFor(1, 0, 7);
        vouchFor(2, 0, 7);
        check(book.memberOf(home(0)).meter == meter(7), "now the new one");
        check(book.homeOf(meter(7)) == home(0) && book.homeOf(meter(0)) == address(0), "and the old one is free");
        check(book.members().length == 3, "in the same seat");
    }

    // ---------------------------------------------------------------- vouching

    function test_shouldRefuseAVoteByWhoHoldsNoGoodSeat() public {
        join(3);
        bytes memory data = abi.encodeCall(IMeterBook.vouch, (home(3), meter(3)));
        mustRevert(address(book), home(3), data, IMeterBook.NotMember.selector);
        mustRevert(address(book), home(9), data, IMeterBook.NotMember.selector);
        mustRevert(address(book), home(9), abi.encodeCall(IMeterBook.expel, (home(0))), IMeterBook.NotMember.selector);
        send(address(book), home(0), joining(book, 0, 0, START + 1 days));
        vm.warp(START + 1 days);
        mustRevert(address(book), home(0), data, IMeterBook.NotMember.selector);
    }

    function test_shouldRefuseToVouchForAnotherMeterThanIsAskedFor() public {
        bytes memory data = abi.encodeCall(IMeterBook.vouch, (home(3), meter(3)));
        mustRevert(address(book), home(0), data, IMeterBook.NotAsking.selector);
        send(address(book), home(3), joining(book, 3, 4, START + VALIDITY));
        mustRevert(address(book), home(0), data, IMeterBook.NotAsking.selector);
        mustRevert(address(book), home(0), abi.encodeCall(IMeterBook.vouch, (home(5), address(0))), IMeterBook.NotAsking.selector);
    }

    function test_shouldRefuseToLetAHomeInWhoseValidityIsOver() public {
        send(address(book), home(3), joining(book, 3, 3, START + 5));
        vouch(0, 3);
        vm.warp(START + 5);
        mustRevert(address(book), home(1), abi.encodeCall(IMeterBook.vouch, (home(3), meter(3))), IMeterBook.NotAsking.selector);
    }

    function test_shouldCountAHomeOnceHoweverOftenItVotes() public {
        join(3);
        for (uint256 i = 0; i < 5; ++i) {
            vouch(0, 3);
            expel(0, 1);
        }
        (,, uint256 votes) = book.requestOf(home(3));
        check(votes == 1 && book.votesAgainst(home(1)) == 1, "one household, one vote");
    }

    function test_shouldForgetVotesForARequestThatWasReplaced() public {
        join(3);
        vouch(0, 3);
        join(3); // asks again, word for word
        (,, uint256 votes) = book.requestOf(home(3));
        check(votes == 0, "a new request begins with nothing");
        vouch(1, 3);
        check(book.memberOf(home(3)).home == address(0), "so one vote is not two");
    }

    function test_shouldNotCountVotesOfWhoLostItsSeat() public {
        join(3);
        vouch(0, 3);
        expel(1, 0);
        expel(2, 0); // 0 is out, two are left, both must agree
        (,, uint256 votes) = book.requestOf(home(3));
        check(votes == 0, "its vote left with it");
        vouch(1, 3);
        check(book.memberOf(home(3)).home == address(0), "one of two is not a majority");
        // back in, and its old vote still does not count
        join(0);
        vouch(1, 0);
        vouch(2, 0);
        (,, votes) = book.requestOf(home(3));
        check(book.memberOf(home(0)).home == home(0) && votes == 1, "a voter who came back votes anew");
        vouch(0, 3);
        check(book.memberOf(home(3)).home == home(3), "which it may");
    }

    function test_shouldNotCountVotesThatAreOld() public {
        join(3);
        vouch(0, 3);
        expel(0, 1);
        vm.warp(START + 30 days - 1);
        check(book.votesAgainst(home(1)) == 1, "thirty days");
        vm.warp(START + 30 days);
        (,, uint256 votes) = book.requestOf(home(3));
        check(votes == 0 && book.votesAgainst(home(1)) == 0, "and no longer");
        vouch(1, 3);
        check(book.memberOf(home(3)).home == address(0), "an old vote is no vote");
        vouch(0, 3);
        check(book.memberOf(home(3)).home == home(3), "a renewed one is");
    }

    function test_shouldLetVotesSufficeWhenTheMembershipShrinks() public {
        seat(3);
        seat(4); // five seats, three votes
        join(5);
        vouch(0, 5);
        vouch(1, 5);
        send(address(book), home(3), abi.encodeCall(IMeterBook.quit, ()));
        send(address(book), home(4), abi.encodeCall(IMeterBook.quit, ()));
        check(book.needed() == 2 && book.memberOf(home(5)).home == address(0), "nobody enters by itself");
        vouch(0, 5); // a voter says it again
        check(book.memberOf(home(5)).home == home(5), "two of three are enough now");
    }

    // ---------------------------------------------------------------- out again

    function test_shouldPutAHomeOutByTheVotesOfTheOthers() public {
        expel(0, 2);
        check(book.memberOf(home(2)).home == home(2) && book.votesAgainst(home(2)) == 1, "one of three is not enough");
        expel(1, 2);
        check(book.memberOf(home(2)).home == address(0) && book.homeOf(meter(2)) == address(0), "two are");
        mustRevert(address(book), home(2), abi.encodeCall(IMeterBook.expel, (home(0))), IMeterBook.NotMember.selector);
        mustRevert(address(book), home(0), abi.encodeCall(IMeterBook.expel, (home(2))), IMeterBook.NoSuchHome.selector);
    }

    function test_shouldNotLetOneOfTwoPutTheOtherOut() public {
        IMeterBook pair = newBook(2, 50);
        send(address(pair), home(0), abi.encodeCall(IMeterBook.expel, (home(1))));
        check(pair.memberOf(home(1)).home == home(1), "there is no majority of one");
    }

    function test_shouldGiveTheAccusedNoVote() public {
        mustRevert(address(book), home(0), abi.encodeCall(IMeterBook.expel, (home(0))), IMeterBook.OwnCase.selector);
    }

    function test_shouldMakeAnExpelledHomeBeVouchedForAnew() public {
        expel(0, 2);
        expel(1, 2);
        join(2);
        check(book.memberOf(home(2)).home == address(0), "a founder has no second chance for free");
        vouch(0, 2);
        vouch(1, 2);
        check(book.memberOf(home(2)).home == home(2), "the others may forgive");
        check(book.votesAgainst(home(2)) == 0, "and the old votes against it are gone");
        expel(0, 2);
        check(book.memberOf(home(2)).home == home(2), "so that one is not enough");
    }

    function test_shouldNotLetAHomeEscapeItsExpulsionByAskingAgain() public {
        expel(0, 2);
        join(2); // renews
        send(address(book), home(2), joining(book, 2, 8, START + VALIDITY)); // asks with another meter
        check(book.votesAgainst(home(2)) == 1, "the vote stands");
        vouchFor(0, 2, 8);
        expel(1, 2);
        check(book.memberOf(home(2)).home == address(0), "out");
        (address asked,,) = book.requestOf(home(2));
        check(asked == address(0), "its request too");
        mustRevert(address(book), home(1), abi.encodeCall(IMeterBook.vouch, (home(2), meter(8))), IMeterBook.NotAsking.selector);
    }

    function test_shouldLetAHomeLeaveAtOnce() public {
        send(address(book), home(0), abi.encodeCall(IMeterBook.quit, ()));
        check(book.members().length == 2 && book.homeOf(meter(0)) == address(0), "gone, its meter too");
        mustRevert(address(book), home(0), abi.encodeCall(IMeterBook.quit, ()), IMeterBook.NoSuchHome.selector);
        join(3);
        send(address(book), home(3), abi.encodeCall(IMeterBook.quit, ()));
        (address asked,,) = book.requestOf(home(3));
        check(asked == address(0), "a request can be taken back too");
    }

    function test_shouldStrikeASeatOnlyOnceItsValidityIsOver() public {
        bytes memory data = abi.encodeCall(IMeterBook.strike, (home(1)));
        vm.warp(START + VALIDITY - 1);
        mustRevert(address(book), home(9), data, IMeterBook.StillValid.selector);
        vm.warp(START + VALIDITY);
        send(address(book), home(9), data);
        check(book.members().length == 2 && book.needed() == 2, "it counts no more");
        mustRevert(address(book), home(9), data, IMeterBook.NoSuchHome.selector);
    }

    function test_shouldStrikeAFounderThatNeverCame() public {
        IMeterBook fresh = newBook(2, 50);
        bytes memory data = abi.encodeCall(IMeterBook.strike, (home(1)));
        mustRevert(address(fresh), home(0), data, IMeterBook.StillValid.selector);
        vm.warp(START + 90 days);
        send(address(fresh), home(9), data);
        check(fresh.members().length == 1 && fresh.needed() == 1, "the others go on without it");
    }

    // ---------------------------------------------------------------- events, all that a history is made of

    function test_shouldTellOfEveryMove() public {
        uint40 until = uint40(START + VALIDITY);
        vm.recordLogs();
        newBook(1, 50);
        mustHaveTold([IMeterBook.Entered.selector, word(home(0)), 0, 0], abi.encode(START, START + 90 days));
        join(3);
        mustHaveTold([IMeterBook.Asked.selector, word(home(3)), word(meter(3)), 0], abi.encode(until));
        vouch(0, 3);
        mustHaveTold([IMeterBook.Vouched.selector, word(home(3)), word(meter(3)), word(home(0))], abi.encode(1, 2));
        vm.warp(START + 1 days);
        vouch(1, 3);
        mustHaveTold([IMeterBook.Entered.selector, word(home(3)), word(meter(3)), 0], abi.encode(START + 1 days, until));
        expel(0, 3);
        mustHaveTold([IMeterBook.Accused.selector, word(home(3)), word(home(0)), 0], abi.encode(1, 3));
        expel(1, 3);
        expel(2, 3);
        mustHaveTold([IMeterBook.Left.selector, word(home(3)), word(meter(3)), 0], abi.encode(IMeterBook.Reason.Expelled));
        send(address(book), home(2), abi.encodeCall(IMeterBook.quit, ()));
        mustHaveTold([IMeterBook.Left.selector, word(home(2)), word(meter(2)), 0], abi.encode(IMeterBook.Reason.Left));
        vm.warp(until);
        send(address(book), home(9), abi.encodeCall(IMeterBook.strike, (home(1))));
        mustHaveTold([IMeterBook.Left.selector, word(home(1)), word(meter(1)), 0], abi.encode(IMeterBook.Reason.Struck));
    }

    // ---------------------------------------------------------------- small things

    function join(uint256 i) private {
        send(address(book), home(i), joining(book, i, i, START + VALIDITY));
    }

    function vouch(uint256 by, uint256 i) private {
        vouchFor(by, i, i);
    }

    function vouchFor(uint256 by, uint256 i, uint256 m) private {
        send(address(book), home(by), abi.encodeCall(IMeterBook.vouch, (home(i), meter(m))));
    }

    function expel(uint256 by, uint256 i) private {
        send(address(book), home(by), abi.encodeCall(IMeterBook.expel, (home(i))));
    }

    function seat(uint256 i) private {
        join(i);
        for (uint256 by = 0; book.memberOf(home(i)).home == address(0); ++by) {
            vouch(by, i);
        }
    }

    function mustNotFound(address[] memory founders, uint256 quorum, bytes4 why) private {
        bytes memory code = abi.encodePacked(vm.envBytes("METER_BOOK"), abi.encode(founders, quorum));
        bytes32 answer;
        address at;
        assembly ("memory-safe") {
            at := create(0, add(code, 32), mload(code))
            mstore(0, 0)
            if iszero(at) { returndatacopy(0, 0, 4) }
            answer := mload(0)
        }
        check(at == address(0) && bytes4(answer) == why, "it should have been refused for another reason, or at all");
    }
}
