// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

/// @notice The promises of one buyer and nothing else: no keys, no clocks, no packing. One tab is followed to the letter;
/// `elsewhere` is what all its other tabs together still may pay. Small enough that a solver proves every assertion, and that
/// no subtraction goes below zero, for call sequences of any length (test/contracts/money-proof.spec.ts): the packed escrow
/// does the same subtractions unchecked. test/contracts/forge/Money.t.sol walks both through the same moves, so
/// that the proof stays about the escrow.
contract MoneyModel {
    uint256 public balance; // of the buyer
    uint256 public reserved;
    uint256 public cap;
    uint256 public paid;
    uint256 public elsewhere;

    function deposit(uint128 amount) external {
        balance += amount;
        check();
    }

    function withdraw(uint256 amount) external {
        require(amount <= balance - reserved);
        balance -= amount;
        check();
    }

    /// @param left What the key's daily limit still allows: whatever it is, the rest must hold.
    function settle(uint96 total, uint96 ceiling, uint96 left) external {
        require(total >= paid && total <= ceiling);
        uint256 granted = ceiling;
        if (ceiling > cap) granted = cap + min(ceiling - cap, min(left, balance - reserved));
        require(total <= granted);
        charge(granted, total);
    }

    function claim(uint256 amount) external {
        charge(cap, paid + min(amount, cap - paid));
    }

    function release() external {
        charge(paid, paid);
    }

    /// @dev The other tabs: a ceiling rises out of free money, pays, or falls.
    function moveElsewhere(uint96 rise, uint96 due, uint96 fall) external {
        require(rise <= balance - reserved);
        require(due <= elsewhere + rise && fall <= elsewhere + rise - due);
        reserved = reserved + rise - due - fall;
        elsewhere = elsewhere + rise - due - fall;
        balance -= due;
        check();
    }

    function charge(uint256 newCap, uint256 newPaid) private {
        uint256 due = newPaid - paid;
        reserved = reserved - (cap - paid) + (newCap - newPaid);
        balance -= due;
        (cap, paid) = (newCap, newPaid);
        check();
    }

    function check() private view {
        assert(paid <= cap);
        assert(reserved == cap - paid + elsewhere);
        assert(reserved <= balance);
    }

    function min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
