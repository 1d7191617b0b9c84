// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IEnergyEscrow} from "../../../contracts/IEnergyEscrow.sol";
import {Vm} from "./Vm.sol";

contract Coin is ERC20 {
    constructor() ERC20("Coin", "COIN") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice A receipt as it is signed, its numbers side by side.
struct Receipt {
    address buyer;
    address seller;
    uint40 through;
    uint96 total;
    uint96 cap;
    uint24 expiry;
}

/// @dev A receipt with its signatures, or without the seller's for the seller to send.
struct Paper {
    Receipt receipt;
    IEnergyEscrow.Sig byBuyer;
    IEnergyEscrow.Sig bySeller;
}

/// @dev As they are submitted: receipts of one buyer that follow each other go into one statement.
function statements(Paper[] memory papers) pure returns (IEnergyEscrow.Statement[] memory all) {
    all = new IEnergyEscrow.Statement[](papers.length);
    uint256 count;
    for (uint256 first = 0; first < papers.length; ++count) {
        uint256 end = first;
        while (end < papers.length && papers[end].receipt.buyer == papers[first].receipt.buyer) ++end;
        all[count] = IEnergyEscrow.Statement(papers[first].receipt.buyer, new IEnergyEscrow.Receipt[](end - first));
        for (uint256 n = first; n < end; ++n) {
            (Receipt memory r, uint256 place) = (papers[n].receipt, n - first);
            all[count].receipts[place] = IEnergyEscrow.Receipt(r.seller, word(r), papers[n].byBuyer, papers[n].bySeller);
        }
        first = end;
    }
    assembly ("memory-safe") {
        mstore(all, count)
    }
}

function statements(Paper memory paper) pure returns (IEnergyEscrow.Statement[] memory) {
    Paper[] memory papers = new Paper[](1);
    papers[0] = paper;
    return statements(papers);
}

function word(Receipt memory r) pure returns (uint256) {
    return uint256(r.expiry) << 232 | uint256(r.through) << 192 | uint256(r.total) << 96 | r.cap;
}

/// @dev Instead of a signature of the seller, who sends.
function nobody() pure returns (IEnergyEscrow.Sig memory) {}

/// @notice Households, paperwork and checks for tests of the escrow, whichever implementation it is.
abstract contract EscrowTest {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant SLOT = 900;
    uint256 internal constant LOCK = 14 days;
    uint256 internal constant START = 1_800_000_000; // the beginning of a slot
    bytes32 internal constant METER = keccak256("serial 0042, export");

    /// @dev Private keys of hot keys, and of whoever has nothing to say.
    uint256 internal constant ALICE_KEY = 0xa11ce;
    uint256 internal constant BOB_KEY = 0xb0b;
    uint256 internal constant STRANGER_KEY = 0x57a;
    uint256 internal constant METER_KEY = 0x3e7e;

    address internal constant ALICE = address(uint160(0xA11CE01));
    address internal constant BOB = address(uint160(0xB0B02));

    Coin internal coin;
    IEnergyEscrow internal escrow;

    // ---------------------------------------------------------------- setting up

    function deploy(string memory implementation, IERC20 token) internal returns (IEnergyEscrow made) {
        bytes memory code = abi.encodePacked(vm.envBytes(implementation), abi.encode(token));
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
        }
        check(address(made) != address(0), "the escrow could not be deployed");
    }

    function join(address owner, uint256 key, uint256 money, uint96 limit) internal {
        coin.mint(owner, money);
        vm.prank(owner);
        coin.approve(address(escrow), type(uint256).max);
        vm.prank(owner);
        escrow.deposit(owner, money);
        vm.prank(owner);
        escrow.setSigner(vm.addr(key), uint40(now_() + 90 days), limit);
    }

    // ---------------------------------------------------------------- paperwork

    function sign(uint256 key, bytes32 digest) internal pure returns (IEnergyEscrow.Sig memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        return IEnergyEscrow.Sig(r, vs);
    }

    function attest(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function digestOf(IEnergyEscrow on, Receipt memory r) internal view returns (bytes32) {
        return on.receiptDigest(r.buyer, r.seller, word(r));
    }

    /// @dev Settles one receipt for nobody in particular; returns its skip reason, or -1 when it took effect.
    function settle(Receipt memory receipt, IEnergyEscrow.Sig memory byBuyer, IEnergyEscrow.Sig memory bySeller) internal returns (int256 why) {
        return settleAs(address(0xca11), Paper(receipt, byBuyer, bySeller));
    }

    function settleAs(address sender, Paper memory paper) internal returns (int256 why) {
        vm.recordLogs();
        vm.prank(sender);
        uint256 done = escrow.settle(statements(paper));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        check(logs.length == 1, "one receipt, one event");
        if (done == 1) {
            check(logs[0].topics[0] == IEnergyEscrow.Settled.selector, "settled, so it says so");
            (address buyer_, address seller_) = (address(uint160(uint256(logs[0].topics[1]))), address(uint160(uint256(logs[0].topics[2]))));
            uint256[4] memory t = tabOf(buyer_, seller_);
            check(abi.decode(logs[0].data, (uint256)) == (t[3] << 232 | t[2] << 192 | t[1] << 96 | t[0]), "and tells the tab as it is now");
            return -1;
        }
        check(logs[0].topics[0] == IEnergyEscrow.Skipped.selector, "skipped, so it says so");
        (uint256 statement, uint256 place, uint256 reason) = abi.decode(logs[0].data, (uint256, uint256, uint256));
        check(statement == 0 && place == 0, "the first and only receipt");
        return int256(reason);
    }

    // ---------------------------------------------------------------- what the ledger says

    /// @dev A fingerprint of all that one pair can change.
    function ledger() internal view returns (bytes32) {
        return keccak256(abi.encode(accountOf(ALICE), accountOf(BOB), tabOf(ALICE, BOB), tabOf(BOB, ALICE), tabOf(ALICE, ALICE)));
    }

    function accountOf(address owner) internal view returns (uint256[2] memory a) {
        (a[0], a[1]) = escrow.account(owner);
    }

    /// @dev cap, paid, through, expiry.
    function tabOf(address buyer, address seller) internal view returns (uint256[4] memory t) {
        (t[0], t[1], t[2], t[3]) = escrow.tab(buyer, seller);
    }

    // ---------------------------------------------------------------- small things

    /// @dev The clock as a cheat code tells it: the compiler takes block.timestamp for constant within a call.
    function now_() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + x % (high - low + 1);
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    function check(bool holds, string memory claim) internal pure {
        require(holds, claim);
    }

    function same(int256 actual, IEnergyEscrow.SkipReason expected) internal pure {
        check(actual == int256(uint256(expected)), string.concat("expected skip reason ", vm.toString(uint256(expected))));
    }

    /// @dev A low-level call that must fail with exactly this error.
    function mustRevert(address sender, bytes memory data, bytes4 expected) internal {
        vm.prank(sender);
        (bool ok, bytes memory answer) = address(escrow).call(data);
        check(!ok, "it should have reverted");
        check(answer.length >= 4 && bytes4(answer) == expected, "it reverted with another error");
    }
}
