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

/// @notice Answers false instead of reverting, and moves nothing, until told to agree.
contract FalseToken is ERC20 {
    bool private agrees;

    constructor() ERC20("False", "FALSE") {
        _mint(msg.sender, 1e30);
    }

    function agree(bool yes) external {
        agrees = yes;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return agrees && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return agrees && super.transferFrom(from, to, amount);
    }
}

/// @notice Answers nothing at all, as the oldest of the big dollar tokens does.
contract SilentToken {
    mapping(address => uint256) public balanceOf;

    constructor() {
        balanceOf[msg.sender] = 1e30;
    }

    function approve(address, uint256) external {}

    function transfer(address to, uint256 amount) external {
        move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        move(from, to, amount);
    }

    function move(address from, address to, uint256 amount) private {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @notice Its issuer may freeze anybody, and print any amount.
contract FreezingToken is ERC20 {
    mapping(address => bool) private frozen;

    constructor() ERC20("Freezing", "ICE") {
        _mint(msg.sender, 1e30);
    }

    function freeze(address who) external {
        frozen[who] = true;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        require(!frozen[from] && !frozen[to], "frozen");
        super._update(from, to, value);
    }
}
