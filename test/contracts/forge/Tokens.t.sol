// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IEnergyEscrow} from "../../../contracts/IEnergyEscrow.sol";
import {FalseToken, FeeToken, FreezingToken, Glutton, HookToken, IWithdraw, SilentToken} from "../Hostile.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tokens that do not do as they are told. The escrow must stay whole, or not take them in at all.
abstract contract TokensTest is EscrowTest {
    function implementation() internal pure virtual returns (string memory);

    function testFuzz_shouldRefuseATokenThatKeepsAFee(uint256 amount) public {
        FeeToken token = new FeeToken();
        take(token);
        mustRevert(address(this), depositOf(bound(amount, 100, 1e30)), IEnergyEscrow.ShortTransfer.selector);
    }

    function testFuzz_shouldNotBelieveATokenThatSaysNo(uint256 amount) public {
        FalseToken token = new FalseToken();
        take(token);
        uint256 money = bound(amount, 1, 1e30);
        mustRevert(address(this), depositOf(money), SafeERC20.SafeERC20FailedOperation.selector);
        // and when it lets money in but never out, nothing is booked as paid out
        token.agree(true);
        escrow.deposit(address(this), money);
        token.agree(false);
        mustRevert(address(this), abi.encodeCall(escrow.withdraw, (money)), SafeERC20.SafeERC20FailedOperation.selector);
        check(accountOf(address(this))[0] == money, "the money stays on the account");
    }

    function testFuzz_shouldWorkWithATokenThatAnswersNothing(uint256 amount) public {
        SilentToken token = new SilentToken();
        take(IERC20(address(token)));
        uint256 money = bound(amount, 1, 1e30);
        escrow.deposit(address(this), money);
        check(accountOf(address(this))[0] == money, "the deposit is booked");
        escrow.withdraw(money);
        check(token.balanceOf(address(escrow)) == 0, "and paid out again");
    }

    function testFuzz_shouldKeepAFrozenOwnersTroubleToItself(uint256 amount) public {
        FreezingToken token = new FreezingToken();
        take(token);
        uint256 money = bound(amount, 1, 1e20);
        escrow.deposit(ALICE, money);
        escrow.deposit(BOB, money);
        token.freeze(ALICE);
        vm.prank(ALICE);
        (bool ok,) = address(escrow).call(abi.encodeCall(escrow.withdraw, (money)));
        check(!ok && accountOf(ALICE)[0] == money, "a frozen owner keeps its balance");
        vm.prank(BOB);
        escrow.withdraw(money);
        check(token.balanceOf(BOB) == money, "and holds up nobody else");
    }

    function testFuzz_shouldHaveBookedTheWithdrawalBeforeATokenCallsBack(uint256 amount, uint256 others) public {
        HookToken token = new HookToken();
        take(token);
        Glutton glutton = new Glutton(IWithdraw(address(escrow)));
        uint256 money = bound(amount, 1, 1e20);
        escrow.deposit(address(glutton), money);
        escrow.deposit(ALICE, bound(others, 1, 1e20));
        glutton.eat(money);
        check(glutton.refused(), "the second helping should have been refused");
        check(token.balanceOf(address(glutton)) == money, "and the first paid once");
        check(token.balanceOf(address(escrow)) == accountOf(ALICE)[0], "so that everybody else's money is there");
    }

    function testFuzz_shouldRefuseBalancesThatWouldSpillIntoReservations(uint256 amount) public {
        FreezingToken token = new FreezingToken();
        take(token);
        uint256 money = bound(amount, 1, type(uint128).max);
        token.mint(address(this), type(uint256).max - token.totalSupply());
        escrow.deposit(ALICE, type(uint128).max);
        (bool ok,) = address(escrow).call(depositOf(money));
        check(!ok, "no balance above 128 bits");
        check(accountOf(ALICE)[0] == type(uint128).max && accountOf(ALICE)[1] == 0, "and nothing is reserved by accident");
    }

    function depositOf(uint256 amount) private view returns (bytes memory) {
        return abi.encodeCall(escrow.deposit, (ALICE, amount));
    }

    function take(IERC20 token) private {
        escrow = deploy(implementation(), token);
        (bool ok,) = address(token).call(abi.encodeCall(token.approve, (address(escrow), type(uint256).max)));
        check(ok, "the escrow should be allowed to take");
    }
}

contract TokensOnPacked is TokensTest {
    function implementation() internal pure override returns (string memory) {
        return "ESCROW_PACKED";
    }
}

contract TokensOnReference is TokensTest {
    function implementation() internal pure override returns (string memory) {
        return "ESCROW_REFERENCE";
    }
}
