// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title Practice money
/// @notice Worth nothing, on purpose: anyone may mint any amount. For local chains, demos and tests only.
contract PracticeToken is ERC20, ERC20Permit {
    constructor() ERC20("Practice Euro", "pEUR") ERC20Permit("Practice Euro") {}

    /// @notice Like the stablecoins it stands in for: one euro is 1 000 000 base units.
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice Makes `amount` base units for `to` out of nothing.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
