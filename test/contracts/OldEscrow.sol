// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.0;

import {Escrow} from "@openzeppelin/contracts-v4/utils/escrow/Escrow.sol";

/// @notice OpenZeppelin's escrow of old, which version 5 no longer has: the yardstick of `npm run bench:gas`.
contract OldEscrow is Escrow {}
