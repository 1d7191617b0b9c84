// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IMeterBook} from "../../../contracts/IMeterBook.sol";
import {CommunityTest} from "./CommunityTest.sol";

/// @notice Six homes with eight meters that make any move at any time. Beside the book it keeps who voted when from which seat,
/// in the plainest way, and holds every move against that. No move of the street itself ever reverts.
contract Street is CommunityTest {
    uint256 public constant HOMES = 6;
    uint256 public constant METERS = 8;

    struct Word {
        uint256 time;
        uint256 stay;
    }

    IMeterBook public book;
    uint256 public entered;
    uint256 public expelled;

    // What we remember. A stay is one unbroken time in a seat; 0 is outside.
    uint256 private stays;
    mapping(uint256 who => uint256) public stayOf;
    mapping(uint256 who => uint256) private endOf;
    mapping(uint256 who => uint256) public meterOf; // number + 1
    mapping(uint256 who => uint256) private wanted; // number + 1
    mapping(uint256 who => uint256) private wantedUntil;
    mapping(uint256 who => uint256) private requests;
    mapping(bytes32 ballot => mapping(uint256 voter => Word)) private votes;

    constructor() {
        book = newBook(3, 50);
        for (uint256 i = 0; i < 3; ++i) {
            (stayOf[i], endOf[i]) = (++stays, now_() + 90 days);
        }
    }

    // ---------------------------------------------------------------- moves

    function join(uint256 who, uint256 which, uint256 life) external {
        (uint256 i, uint256 m) = (who % HOMES, which % 2 == 0 ? who % HOMES : which % METERS);
        uint256 until = now_() + 1 + life % 100 days;
        bool isFree = ownerOf(m) == HOMES || ownerOf(m) == i;
        if (!sent(i, joining(book, i, m, until))) return check(!isFree, "only a meter of another home is refused");
        check(isFree, "one meter, one home");
        if (stayOf[i] != 0 && (meterOf[i] == 0 || meterOf[i] == m + 1)) return seat(i, m, until);
        (wanted[i], wantedUntil[i]) = (m + 1, until);
        ++requests[i];
    }

    function vouch(uint256 voter, uint256 who) external {
        (uint256 v, uint256 i) = (voter % HOMES, who % HOMES);
        bytes32 ballot = keccak256(abi.encode("for", i, requests[i]));
        uint256 m = wanted[i] == 0 ? i : wanted[i] - 1;
        bool may = isVoter(v) && wanted[i] != 0 && wantedUntil[i] > now_();
        Word memory before = votes[ballot][v];
        votes[ballot][v] = Word(now_(), stayOf[v]);
        bool isEnough = tally(ballot) >= neededNow();
        bool isFree = ownerOf(m) == HOMES || ownerOf(m) == i;
        bool ok = sent(v, abi.encodeCall(IMeterBook.vouch, (home(i), meter(m))));
        check(ok == (may && (!isEnough || isFree)), "members vouch for what is asked for");
        if (!ok) {
            votes[ballot][v] = before;
            return;
        }
        if (isEnough) {
            ++entered;
            seat(i, m, wantedUntil[i]);
        }
    }

    function expel(uint256 voter, uint256 who) external {
        (uint256 v, uint256 i) = (voter % HOMES, who % HOMES);
        bytes32 ballot = keccak256(abi.encode("against", i, stayOf[i]));
        bool ok = sent(v, abi.encodeCall(IMeterBook.expel, (home(i))));
        check(ok == (isVoter(v) && v != i && stayOf[i] != 0), "members vote on members");
        if (!ok) return;
        votes[ballot][v] = Word(now_(), stayOf[v]);
        if (tally(ballot) < neededNow()) return;
        ++expelled;
        unseat(i);
    }

    function quit(uint256 who) external {
        uint256 i = who % HOMES;
        if (who % 5 != 0) return; // else the street is soon empty
        bool ok = sent(i, abi.encodeCall(IMeterBook.quit, ()));
        check(ok == (stayOf[i] != 0 || wanted[i] != 0), "whoever is there may go");
        if (ok) unseat(i);
    }

    function strike(uint256 who) external {
        uint256 i = who % HOMES;
        bool ok = sent(i, abi.encodeCall(IMeterBook.strike, (home(i))));
        check(ok == (stayOf[i] != 0 && endOf[i] <= now_()), "a seat that is over, and no other");
        if (ok) unseat(i);
    }

    function warp(uint256 by) external {
        uint256[5] memory steps = [uint256(1), 1 hours, 1 days, 10 days, 30 days];
        vm.warp(now_() + steps[by % 5]);
    }

    // ---------------------------------------------------------------- what we remember

    function seat(uint256 i, uint256 m, uint256 until) private {
        if (stayOf[i] == 0) stayOf[i] = ++stays;
        (meterOf[i], endOf[i], wanted[i], wantedUntil[i]) = (m + 1, until, 0, 0);
    }

    function unseat(uint256 i) private {
        (stayOf[i], meterOf[i], endOf[i], wanted[i], wantedUntil[i]) = (0, 0, 0, 0, 0);
    }

    function isVoter(uint256 i) private view returns (bool) {
        return stayOf[i] != 0 && endOf[i] > now_();
    }

    function tally(bytes32 ballot) private view returns (uint256 count) {
        for (uint256 i = 0; i < HOMES; ++i) {
            Word memory word = votes[ballot][i];
            if (word.stay != 0 && word.stay == stayOf[i] && endOf[i] > now_() && word.time + 30 days > now_()) ++count;
        }
    }

    function neededNow() private view returns (uint256) {
        return seats() * 50 / 100 + 1;
    }

    function seats() public view returns (uint256 count) {
        for (uint256 i = 0; i < HOMES; ++i) {
            if (stayOf[i] != 0) ++count;
        }
    }

    /// @dev HOMES when nobody has it.
    function ownerOf(uint256 m) public view returns (uint256 i) {
        while (i < HOMES && meterOf[i] != m + 1) ++i;
    }

    function endsAt(uint256 i) external view returns (uint256) {
        return endOf[i];
    }

    function votesFor(uint256 i) external view returns (uint256) {
        return wanted[i] == 0 ? 0 : tally(keccak256(abi.encode("for", i, requests[i])));
    }

    function votesAgainst(uint256 i) external view returns (uint256) {
        return stayOf[i] == 0 ? 0 : tally(keccak256(abi.encode("against", i, stayOf[i])));
    }

    function homeAt(uint256 i) external pure returns (address) {
        return home(i);
    }

    function meterAt(uint256 m) external pure returns (address) {
        return meter(m);
    }

    function sent(uint256 i, bytes memory data) private returns (bool ok) {
        vm.prank(home(i));
        (ok,) = address(book).call(data);
    }
}
