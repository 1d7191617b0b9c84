// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IMeterBook} from "../../../contracts/IMeterBook.sol";
import {Vm} from "./Vm.sol";

/// @notice A contract whose signature is whatever it was told to accept.
contract AcceptingMeter {
    bytes32 private accepted;

    function accept(bytes32 digest) external {
        accepted = digest;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == accepted ? this.isValidSignature.selector : bytes4(0);
    }
}

/// @notice Homes, meters and checks for tests of the contracts beside the escrow.
abstract contract CommunityTest {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant START = 1_800_000_000;
    uint256 internal constant VALIDITY = 365 days;

    function made(string memory name, bytes memory args) internal returns (address at) {
        bytes memory code = abi.encodePacked(vm.envBytes(name), args);
        assembly ("memory-safe") {
            at := create(0, add(code, 32), mload(code))
        }
        check(at != address(0), "the contract could not be deployed");
    }

    function newBook(uint256 founders, uint256 quorum) internal returns (IMeterBook) {
        address[] memory homes = new address[](founders);
        for (uint256 i = 0; i < founders; ++i) {
            homes[i] = home(i);
        }
        return IMeterBook(made("METER_BOOK", abi.encode(homes, quorum)));
    }

    function home(uint256 i) internal pure returns (address) {
        return address(uint160(0x40e0000 + i));
    }

    function meterKey(uint256 i) internal pure returns (uint256) {
        return 0x3e7e0000 + i;
    }

    function meter(uint256 i) internal pure returns (address) {
        return vm.addr(meterKey(i));
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The call with which home `i` asks to enter with meter `m`, on the paper it needs just now.
    function joining(IMeterBook book, uint256 i, uint256 m, uint256 until) internal view returns (bytes memory) {
        bytes32 digest = book.joinDigest(home(i), meter(m), uint40(until), book.nonceOf(home(i)));
        return abi.encodeCall(IMeterBook.join, (meter(m), uint40(until), signed(meterKey(m), digest)));
    }

    function send(address to, address sender, bytes memory data) internal {
        vm.prank(sender);
        (bool ok, bytes memory answer) = to.call(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }

    /// @dev A call that must fail with exactly this error.
    function mustRevert(address to, address sender, bytes memory data, bytes4 expected) internal {
        vm.prank(sender);
        (bool ok, bytes memory answer) = to.call(data);
        check(!ok, "it should have reverted");
        check(answer.length >= 4 && bytes4(answer) == expected, "it reverted with another error");
    }

    /// @dev The last event since `recordLogs`, anonymous topics left zero.
    function mustHaveTold(bytes32[4] memory topics, bytes memory data) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        check(logs.length > 0, "nothing was told");
        Vm.Log memory last = logs[logs.length - 1];
        for (uint256 i = 0; i < 4; ++i) {
            check(topics[i] == (i < last.topics.length ? last.topics[i] : bytes32(0)), "another event, or about somebody else");
        }
        check(keccak256(last.data) == keccak256(data), "with other numbers");
    }

    function word(address who) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(who)));
    }

    function now_() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function check(bool holds, string memory claim) internal pure {
        require(holds, claim);
    }
}
