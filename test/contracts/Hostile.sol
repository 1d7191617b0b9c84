// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Keeps a hundredth of every transfer.
contract FeeToken is ERC20 {
    constructor() ERC20("Fee", "FEE") {
        _mint(msg.sender, 1e30);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, from == address(0) ? value : value - value / 100);
    }
}

/// @notice Calls whoever receives it, as ERC-777 does, before the transfer returns.
contract HookToken is ERC20 {
    constructor() ERC20("Hook", "HOOK") {
        _mint(msg.sender, 1e30);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (to.code.length > 0) {
            (bool ok,) = to.call(abi.encodeWithSignature("received()"));
            ok; // the receiver may have no hook
        }
    }
}

interface IWithdraw {
    function withdraw(uint256 amount) external;
}

/// @notice An owner that withdraws once more, from within its withdrawal.
contract Glutton {
    IWithdraw private immutable escrow;
    bool public refused;

    constructor(IWithdraw escrow_) {
        escrow = escrow_;
    }

    function eat(uint256 amount) external {
        escrow.withdraw(amount);
    }

    function received() external {
        try escrow.withdraw(1) {} catch {
            refused = true;
        }
    }
}

/// @notice An ERC-1271 attester that approves the one digest it was made for.
contract Committee {
    bytes32 private immutable approved;

    constructor(bytes32 approved_) {
        approved = approved_;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == approved ? this.isValidSignature.selector : bytes4(0);
    }
}
