// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

/// @title The meters of a community, and who vouches for them
/// @notice A household *joins* with a call of its owner and a signature of its meter key; it *enters* when enough members vouch
/// for it. Members put a household out in the same way. One household has one vote. Nodes read the book to decide whose orders
/// and whose readings they accept; the escrow never reads it.
///
/// - Home: the owner of a household, always as `msg.sender`, so it may be any kind of account.
/// - Meter key: what attests the household's readings. A plain key, or a contract that answers ERC-1271.
/// - Seat: the place of a member, with the meter key it is vouched for and the time for which that key is valid.
/// - Vote: a member's word for or against a home. It counts for `VOTE_LIFE`, and only while the voter keeps its seat.
/// @dev EIP-712 domain: name "MeterBook", version "1", readable through ERC-5267 `eip712Domain`.
/// There is no administrator, upgrade, pause, token, timelock or parameter to change.
interface IMeterBook {
    /// @notice A seat. It is good at a time t when `meter` is not zero and `from <= t < until`.
    struct Member {
        /// @dev Owner of the household.
        address home;
        /// @dev Key that attests its readings; zero for a founder that has not joined yet.
        address meter;
        /// @dev Unix time from which the key was valid.
        uint40 from;
        /// @dev Unix time from which it no longer is.
        uint40 until;
    }

    /// @notice Why a home lost its seat.
    enum Reason {
        /// @dev Its own wish.
        Left,
        /// @dev The votes of the others.
        Expelled,
        /// @dev Its validity had ended.
        Struck
    }

    // ---------------------------------------------------------------- errors

    /// @notice There is no founder, or one of them is the zero address.
    error ZeroInput();
    /// @notice A founder is named twice.
    error DuplicateFounder();
    /// @notice The quorum is above `MAX_QUORUM`.
    error BadQuorum();
    /// @notice The validity has ended already, or is longer than `MAX_VALIDITY`.
    error BadValidity();
    /// @notice The meter key has not signed this home, this validity and this nonce for this book.
    error BadSignature();
    /// @notice The meter key belongs to another home.
    error MeterTaken();
    /// @notice The caller holds no seat, or its validity has ended.
    error NotMember();
    /// @notice The home holds no seat and does not ask for one.
    error NoSuchHome();
    /// @notice The home does not ask to enter with this meter key, or no longer.
    error NotAsking();
    /// @notice Nobody votes on its own expulsion; `quit` needs no vote.
    error OwnCase();
    /// @notice The validity of the seat has not ended.
    error StillValid();

    // ---------------------------------------------------------------- events

    /// @notice `home` asks to enter with `meter` until `until`.
    event Asked(address indexed home, address indexed meter, uint40 until);
    /// @notice `by` vouched for `home` and `meter`; `votes` of `needed` count now.
    event Vouched(address indexed home, address indexed meter, address indexed by, uint256 votes, uint256 needed);
    /// @notice `by` voted against `home`; `votes` of `needed` count now.
    event Accused(address indexed home, address indexed by, uint256 votes, uint256 needed);
    /// @notice `home` holds a seat, and `meter` attests its readings for `from <= t < until` or until the home's next event.
    event Entered(address indexed home, address indexed meter, uint40 from, uint40 until);
    /// @notice `home` lost its seat, and with it `meter` its validity.
    event Left(address indexed home, address indexed meter, Reason why);

    // ---------------------------------------------------------------- moves

    /// @notice Asks for a seat with `meter`. A founder that has no meter key yet, and a member that renews the key it has, get
    /// it at once; a member that brings another key keeps its seat with the old one until the new one is vouched for.
    /// @param until Unix time at which the validity ends, at most `MAX_VALIDITY` from now.
    /// @param signature By the meter key over Join(address home,address meter,uint40 until,uint256 nonce), where `nonce` is
    /// `nonceOf(home)`: it is good for one call of one home.
    /// @dev The newest request of a home replaces the one before, with its votes. Reverts with BadValidity, BadSignature or MeterTaken.
    function join(address meter, uint40 until, bytes calldata signature) external;

    /// @notice Vouches for a home and the meter key it asks to enter with. The vote that makes `needed` lets it in.
    /// @param meter What the caller vouches for, so that the home cannot exchange it meanwhile.
    /// @dev Reverts with NotMember, NotAsking or MeterTaken. Voting again renews a vote and never counts twice.
    function vouch(address home, address meter) external;

    /// @notice Votes for the expulsion of a member. The vote that makes `needed` puts it out.
    /// @dev Reverts with NotMember, NoSuchHome or OwnCase. Voting again renews a vote and never counts twice.
    function expel(address home) external;

    /// @notice Gives up the caller's seat and its request, at once: the answer to a stolen meter key.
    /// @dev Reverts with NoSuchHome.
    function quit() external;

    /// @notice Takes a seat away whose validity has ended, so that homes that are gone do not raise what is `needed`. Anyone may call.
    /// @dev Reverts with NoSuchHome or StillValid.
    function strike(address home) external;

    // ---------------------------------------------------------------- views

    /// @notice Percent of the seats that a decision must exceed; fixed at the founding.
    function quorum() external view returns (uint256);
    /// @notice Two thirds, 66: the highest quorum with which three homes can still put one of them out.
    function MAX_QUORUM() external view returns (uint256);
    /// @notice Longest validity of a meter key: 730 days, in seconds.
    function MAX_VALIDITY() external view returns (uint256);
    /// @notice How long founders may vote without a meter key: 90 days, in seconds.
    function FOUNDING() external view returns (uint256);
    /// @notice How long a vote counts: 30 days, in seconds.
    function VOTE_LIFE() external view returns (uint256);

    /// @notice Votes a decision takes now: `seats * quorum / 100`, rounded down, and one more. Every seat counts until it is
    /// given up, lost or struck, the one that is voted on included.
    function needed() external view returns (uint256);
    /// @notice Every seat, in no order.
    function members() external view returns (Member[] memory);
    /// @notice The seat of a home; all zero when it has none.
    function memberOf(address home) external view returns (Member memory);
    /// @notice The member a meter key belongs to; zero when there is none.
    function homeOf(address meter) external view returns (address);
    /// @notice What a home asks for, and the votes that count for it now; all zero when it asks for nothing.
    function requestOf(address home) external view returns (address meter, uint40 until, uint256 votes);
    /// @notice The votes that count for the expulsion of a home now.
    function votesAgainst(address home) external view returns (uint256);
    /// @notice Number of the home's next `join`.
    function nonceOf(address home) external view returns (uint256);
    /// @notice The 32 bytes a meter key signs for `join`.
    function joinDigest(address home, address meter, uint40 until, uint256 nonce) external view returns (bytes32);
}
