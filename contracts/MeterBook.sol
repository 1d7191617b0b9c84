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

    struct Seat {
        address meter;
        uint40 from;
        uint40 until;
        uint256 number; // never given twice; zero is no seat
    }

    struct Request {
        address meter;
        uint40 until;
        uint256 nonce;
    }

    struct Vote {
        uint40 castAt;
        uint256 seat; // of the voter, by number: a voter who came back starts anew
    }

    struct Ballot {
        address[] voters;
        mapping(address voter => Vote) votes;
    }

    bytes32 private constant JOIN_TYPEHASH = keccak256("Join(address home,address meter,uint40 until,uint256 nonce)");

    /// @inheritdoc IMeterBook
    uint256 public constant MAX_QUORUM = 66;
    /// @inheritdoc IMeterBook
    uint256 public constant MAX_VALIDITY = 730 days;
    /// @inheritdoc IMeterBook
    uint256 public constant FOUNDING = 90 days;
    /// @inheritdoc IMeterBook
    uint256 public constant VOTE_LIFE = 30 days;
    /// @inheritdoc IMeterBook
    uint256 public immutable quorum;

    EnumerableSet.AddressSet private _homes;
    uint256 private _lastSeat;
    mapping(address home => Seat) private _seats;
    mapping(address home => Request) private _requests;
    mapping(address home => mapping(uint256 nonce => Ballot)) private _for;
    mapping(address home => mapping(uint256 seat => Ballot)) private _against;
    /// @inheritdoc IMeterBook
    mapping(address meter => address) public homeOf;
    /// @inheritdoc IMeterBook
    mapping(address home => uint256) public nonceOf;

    constructor(address[] memory founders, uint256 quorum_) EIP712("MeterBook", "1") {
        if (founders.length == 0) revert ZeroInput();
        if (quorum_ > MAX_QUORUM) revert BadQuorum();
        quorum = quorum_;
        for (uint256 i = 0; i < founders.length; ++i) {
            address home = founders[i];
            if (home == address(0)) revert ZeroInput();
            if (!_homes.add(home)) revert DuplicateFounder();
            _seats[home] = Seat(address(0), uint40(block.timestamp), uint40(block.timestamp + FOUNDING), ++_lastSeat);
            emit Entered(home, address(0), uint40(block.timestamp), uint40(block.timestamp + FOUNDING));
        }
    }

    // ---------------------------------------------------------------- moves

    /// @inheritdoc IMeterBook
    function join(address meter, uint40 until, bytes calldata signature) external {
        if (until <= block.timestamp || until > block.timestamp + MAX_VALIDITY) revert BadValidity();
        uint256 nonce = nonceOf[msg.sender]++;
        bytes32 digest = joinDigest(msg.sender, meter, until, nonce);
        if (!SignatureChecker.isValidSignatureNowCalldata(meter, digest, signature)) revert BadSignature();
        if (homeOf[meter] != address(0) && homeOf[meter] != msg.sender) revert MeterTaken();

        Seat storage seat = _seats[msg.sender];
        if (seat.number != 0 && (seat.meter == address(0) || seat.meter == meter)) return _enter(msg.sender, meter, until);
        _requests[msg.sender] = Request(meter, until, nonce);
        emit Asked(msg.sender, meter, until);
    }

    /// @inheritdoc IMeterBook
    function vouch(address home, address meter) external {
        Request memory asked = _requests[home];
        if (meter == address(0) || asked.meter != meter || asked.until <= block.timestamp) revert NotAsking();
        uint256 votes = _vote(_for[home][asked.nonce]);
        emit Vouched(home, meter, msg.sender, votes, needed());
        if (votes >= needed()) _enter(home, meter, asked.until);
    }

    /// @inheritdoc IMeterBook
    function expel(address home) external {
        if (_seats[home].number == 0) revert NoSuchHome();
        if (home == msg.sender) revert OwnCase();
        uint256 votes = _vote(_against[home][_seats[home].number]);
        emit Accused(home, msg.sender, votes, needed());
        if (votes >= needed()) _unseat(home, Reason.Expelled);
    }

    /// @inheritdoc IMeterBook
    function quit() external {
        if (_seats[msg.sender].number != 0) return _unseat(msg.sender, Reason.Left);
        if (_requests[msg.sender].meter == address(0)) revert NoSuchHome();
        delete _requests[msg.sender];
    }

    /// @inheritdoc IMeterBook
    function strike(address home) external {
        if (_seats[home].number == 0) revert NoSuchHome();
        if (_seats[home].until > block.timestamp) revert StillValid();
        _unseat(home, Reason.Struck);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IMeterBook
    function needed() public view returns (uint256) {
        return _homes.length() * quorum / 100 + 1;
    }

    /// @inheritdoc IMeterBook
    function members() external view returns (Member[] memory all) {
        all = new Member[](_homes.length());
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = memberOf(_homes.at(i));
        }
    }

    /// @inheritdoc IMeterBook
    function memberOf(address home) public view returns (Member memory) {
        Seat storage seat = _seats[home];
        return seat.number == 0 ? Member(address(0), address(0), 0, 0) : Member(home, seat.meter, seat.from, seat.until);
    }

    /// @inheritdoc IMeterBook
    function requestOf(address home) external view returns (address meter, uint40 until, uint256 votes) {
        Request memory asked = _requests[home];
        if (asked.meter != address(0)) (meter, until, votes) = (asked.meter, asked.until, _count(_for[home][asked.nonce]));
    }

    /// @inheritdoc IMeterBook
    function votesAgainst(address home) external view returns (uint256) {
        return _count(_against[home][_seats[home].number]);
    }

    /// @inheritdoc IMeterBook
    function joinDigest(address home, address meter, uint40 until, uint256 nonce) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(JOIN_TYPEHASH, home, meter, until, nonce)));
    }

    // ---------------------------------------------------------------- inside

    /// @dev A first seat, a first or another meter key, or a longer or shorter validity of the same one.
    function _enter(address home, address meter, uint40 until) private {
        if (homeOf[meter] != address(0) && homeOf[meter] != home) revert MeterTaken();
        Seat storage seat = _seats[home];
        if (seat.number == 0) {
            seat.number = ++_lastSeat;
            _homes.add(home);
        }
        if (seat.meter != meter || seat.until <= block.timestamp) seat.from = uint40(block.timestamp);
        delete homeOf[seat.meter];
        (seat.meter, seat.until, homeOf[meter]) = (meter, until, home);
        delete _requests[home];
        emit Entered(home, meter, seat.from, until);
    }

    function _unseat(address home, Reason why) private {
        address meter = _seats[home].meter;
        _homes.remove(home);
        delete homeOf[meter];
        delete _seats[home];
        delete _requests[home];
        emit Left(home, meter, why);
    }

    function _vote(Ballot storage ballot) private returns (uint256) {
        Seat storage mine = _seats[msg.sender];
        if (mine.until <= block.timestamp) revert NotMember();
        if (ballot.votes[msg.sender].seat == 0) ballot.voters.push(msg.sender);
        ballot.votes[msg.sender] = Vote(uint40(block.timestamp), mine.number);
        return _count(ballot);
    }

    /// @dev One vote per home, of homes that hold the seat they voted from, cast within `VOTE_LIFE`.
    function _count(Ballot storage ballot) private view returns (uint256 votes) {
        for (uint256 i = 0; i < ballot.voters.length; ++i) {
            Vote storage vote = ballot.votes[ballot.voters[i]];
            Seat storage seat = _seats[ballot.voters[i]];
            bool counts = seat.number == vote.seat && seat.until > block.timestamp && vote.castAt + VOTE_LIFE > block.timestamp;
            if (counts) ++votes;
        }
    }
}
