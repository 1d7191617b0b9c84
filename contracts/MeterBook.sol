// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IMeterBook} from "./IMeterBook.sol";

/// @title MeterBook
/// @dev Documentation lives in IMeterBook. Votes are counted when they are needed and never summed up, so that nothing has to be
/// taken back when a voter leaves, a seat is struck or a vote grows old.
contract MeterBook is IMeterBook, EIP712 {
    using EnumerableSet for EnumerableSet.AddressSet;

    /// @dev A seat, or a request for one. `number` names its ballot and is never given twice; zero is neither seat nor request.
    struct Entry {
        address meter;
        uint40 until;
        uint56 number;
        uint40 from;
    }

    struct Vote {
        address voter;
        uint40 castAt;
        uint56 seat; // of the voter, by number: a voter who came back starts anew
    }

    bytes32 private constant JOIN_TYPEHASH = keccak256("Join(address home,address meter,uint40 until,uint256 nonce)");

    uint256 public constant MAX_QUORUM = 66;
    uint256 public constant MAX_VALIDITY = 730 days;
    uint256 public constant FOUNDING = 90 days;
    uint256 public constant VOTE_LIFE = 30 days;
    uint256 public immutable quorum;

    uint56 private _lastNumber;
    EnumerableSet.AddressSet private _homes;
    mapping(address home => Entry) private _seats;
    mapping(address home => Entry) private _requests;
    mapping(uint256 number => Vote[]) private _ballots; // for a request, against a seat
    mapping(address meter => address) public homeOf;
    mapping(address home => uint256) public nonceOf;

    constructor(address[] memory founders, uint256 quorum_) EIP712("MeterBook", "1") {
        if (founders.length == 0) revert ZeroInput();
        if (quorum_ > MAX_QUORUM) revert BadQuorum();
        quorum = quorum_;
        (uint40 from, uint40 until) = (uint40(block.timestamp), uint40(block.timestamp + FOUNDING));
        for (uint256 i = 0; i < founders.length; ++i) {
            if (founders[i] == address(0)) revert ZeroInput();
            if (!_homes.add(founders[i])) revert DuplicateFounder();
            _seats[founders[i]] = Entry(address(0), until, ++_lastNumber, from);
            emit Entered(founders[i], address(0), from, until);
        }
    }

    // ---------------------------------------------------------------- moves

    function join(address meter, uint40 until, bytes calldata signature) external {
        if (until <= block.timestamp || until > block.timestamp + MAX_VALIDITY) revert BadValidity();
        bytes32 digest = joinDigest(msg.sender, meter, until, nonceOf[msg.sender]++);
        if (!SignatureChecker.isValidSignatureNowCalldata(meter, digest, signature)) revert BadSignature();
        _checkFree(meter, msg.sender);

        Entry storage seat = _seats[msg.sender];
        if (seat.number != 0 && (seat.meter == address(0) || seat.meter == meter)) return _enter(msg.sender, meter, until);
        _requests[msg.sender] = Entry(meter, until, ++_lastNumber, 0);
        emit Asked(msg.sender, meter, until);
    }

    function vouch(address home, address meter) external {
        Entry memory asked = _requests[home];
        if (asked.number == 0 || asked.meter != meter || asked.until <= block.timestamp) revert NotAsking();
        uint256 votes = _vote(asked.number);
        emit Vouched(home, meter, msg.sender, votes, needed());
        if (votes >= needed()) _enter(home, meter, asked.until);
    }

    function expel(address home) external {
        if (_seats[home].number == 0) revert NoSuchHome();
        if (home == msg.sender) revert OwnCase();
        uint256 votes = _vote(_seats[home].number);
        emit Accused(home, msg.sender, votes, needed());
        if (votes >= needed()) _unseat(home, Reason.Expelled);
    }

    function quit() external {
        if (_seats[msg.sender].number != 0) return _unseat(msg.sender, Reason.Left);
        if (_requests[msg.sender].number == 0) revert NoSuchHome();
        delete _requests[msg.sender];
    }

    function strike(address home) external {
        if (_seats[home].number == 0) revert NoSuchHome();
        if (_seats[home].until > block.timestamp) revert StillValid();
        _unseat(home, Reason.Struck);
    }

    // ---------------------------------------------------------------- views

    function needed() public view returns (uint256) {
        return _homes.length() * quorum / 100 + 1;
    }

    function members() external view returns (Member[] memory all) {
        all = new Member[](_homes.length());
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = memberOf(_homes.at(i));
        }
    }

    function memberOf(address home) public view returns (Member memory) {
        Entry memory seat = _seats[home];
        return Member(seat.number == 0 ? address(0) : home, seat.meter, seat.from, seat.until);
    }

    function requestOf(address home) external view returns (address meter, uint40 until, uint256 votes) {
        Entry memory asked = _requests[home];
        return (asked.meter, asked.until, _count(asked.number));
    }

    function votesAgainst(address home) external view returns (uint256) {
        return _count(_seats[home].number);
    }

    function joinDigest(address home, address meter, uint40 until, uint256 nonce) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(JOIN_TYPEHASH, home, meter, until, nonce)));
    }

    // ---------------------------------------------------------------- inside

    /// @dev A first seat, a first or another meter key, or a longer or shorter validity of the same one.
    function _enter(address home, address meter, uint40 until) private {
        _checkFree(meter, home);
        Entry storage seat = _seats[home];
        if (_homes.add(home)) seat.number = ++_lastNumber;
        if (seat.meter != meter || seat.until <= block.timestamp) seat.from = uint40(block.timestamp);
        delete homeOf[seat.meter];
        (seat.meter, seat.until, homeOf[meter]) = (meter, until, home);
        delete _requests[home];
        emit Entered(home, meter, seat.from, until);
    }

    function _unseat(address home, Reason why) private {
        emit Left(home, _seats[home].meter, why);
        _homes.remove(home);
        delete homeOf[_seats[home].meter];
        delete _seats[home];
        delete _requests[home];
    }

    function _checkFree(address meter, address home) private view {
        if (homeOf[meter] != address(0) && homeOf[meter] != home) revert MeterTaken();
    }

    function _vote(uint256 number) private returns (uint256) {
        Entry storage mine = _seats[msg.sender];
        if (mine.until <= block.timestamp) revert NotMember();
        Vote[] storage ballot = _ballots[number];
        uint256 place = 0;
        while (place < ballot.length && ballot[place].voter != msg.sender) ++place;
        if (place == ballot.length) ballot.push();
        ballot[place] = Vote(msg.sender, uint40(block.timestamp), mine.number);
        return _count(number);
    }

    /// @dev One vote per home, of homes that hold the seat they voted from, cast within `VOTE_LIFE`.
    function _count(uint256 number) private view returns (uint256 votes) {
        Vote[] storage ballot = _ballots[number];
        for (uint256 i = 0; i < ballot.length; ++i) {
            Vote memory vote = ballot[i];
            Entry storage seat = _seats[vote.voter];
            if (seat.number == vote.seat && seat.until > block.timestamp && vote.castAt + VOTE_LIFE > block.timestamp) ++votes;
        }
    }
}
