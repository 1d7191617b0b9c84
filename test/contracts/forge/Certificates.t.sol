// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {IEnergyCertificates} from "../../../contracts/IEnergyCertificates.sol";
import {AcceptingMeter, CommunityTest} from "./CommunityTest.sol";
import {Vm} from "./Vm.sol";

/// @notice Minting once per meter and day from what its attester signed, and retiring.
contract CertificatesMoves is CommunityTest {
    bytes32 private constant METER = keccak256("serial 0042, export");
    uint32 private constant TODAY = uint32(START / 1 days);

    IEnergyCertificates private certificates;

    function setUp() public {
        vm.warp(START);
        certificates = IEnergyCertificates(made("ENERGY_CERTIFICATES", ""));
    }

    function testFuzz_shouldMintWhatWasAttestedToWhomItNames(uint64 wh, uint64 capacity, uint32 ago) public {
        IEnergyCertificates.DailyExport memory e = yesterday();
        e.capacityW = uint64(1 + capacity % (type(uint64).max - 1));
        uint256 most = uint256(e.capacityW) * 24;
        e.wh = uint64(1 + wh % (most > type(uint64).max ? type(uint64).max - 1 : most));
        e.day = TODAY - 1 - ago % TODAY;
        uint256 id = mint(e);
        check(id == uint256(keccak256(abi.encode(e.attester, e.meter, e.day))), "the id follows from meter and day");
        check(certificates.balanceOf(home(0), id) == e.wh, "one unit per Wh");
        (uint64 minted, uint64 retired) = certificates.certificate(id);
        check(minted == e.wh && retired == 0 && certificates.capacityOf(e.attester, e.meter) == e.capacityW, "on the record");
    }

    function test_shouldRefuseASecondMintOfTheSameDayForEver() public {
        IEnergyCertificates.DailyExport memory e = yesterday();
        uint256 id = mint(e);
        mustNotMint(e, IEnergyCertificates.AlreadyMinted.selector);
        (e.wh, e.to) = (e.wh + 1, home(1)); // attested anew, with more
        mustNotMint(e, IEnergyCertificates.AlreadyMinted.selector);
        send(address(certificates), home(0), abi.encodeCall(IEnergyCertificates.retire, (id, certificates.balanceOf(home(0), id))));
        mustNotMint(e, IEnergyCertificates.AlreadyMinted.selector);
        e.day -= 1;
        mint(e); // another day is another certificate
    }

    function test_shouldRefuseADayThatIsNotOver() public {
        IEnergyCertificates.DailyExport memory e = yesterday();
        e.day = TODAY;
        vm.warp((uint256(TODAY) + 1) * 1 days - 1);
        mustNotMint(e, IEnergyCertificates.TooEarly.selector);
        vm.warp((uint256(TODAY) + 1) * 1 days);
        mint(e);
        e.day = type(uint32).max;
        mustNotMint(e, IEnergyCertificates.TooEarly.selector);
    }

    function testFuzz_shouldRefuseMoreThanTheDeviceCanGive(uint64 capacity, uint256 more) public {
        IEnergyCertificates.DailyExport memory e = yesterday();
        e.capacityW = capacity % 1e9;
        e.wh = uint64(uint256(e.capacityW) * 24 + 1 + more % 1e12);
        mustNotMint(e, IEnergyCertificates.BadQuantity.selector);
        e.wh = 0;
        mustNotMint(e, IEnergyCertificates.BadQuantity.selector);
    }

    function test_shouldMintAllThatTheDeviceCanGive() public {
        IEnergyCertificates.DailyExport memory e = yesterday();
        e.wh = e.capacityW * 24;
        mint(e);
    }

    function test_shouldTellWhatWasMintedAndRetired() public {
        IEnergyCertificates.DailyExport memory e = yesterday();
        vm.recordLogs();
        uint256 id = mint(e);
        Vm.Log memory first = vm.getRecordedLogs()[0];
        check(first.topics[0] == IEnergyCertificates.Minted.selector && uint256(first.topics[1]) == id, "minted, before the token says so");
        check(first.topics[2] == word(e.attester) && first.topics[3] == e.meter, "of this meter");
        check(keccak256(first.data) == keccak256(abi.encode(e.day, e.wh, e.to)), "that much, to whom");
        vm.recordLogs();
        send(address(certificates), home(0), abi.encodeCall(IEnergyCertificates.retire, (id, 6_000)));
        mustHaveTold([IEnergyCertificates.Retired.selector, word(home(0)), bytes32(id), 0], abi.encode(6_000));
    }

    function test_shouldHoldAMeterToTheCapacityItStatedFirst() public {
        IEnergyCertificates.DailyExport memory e = yesterday();
        mint(e);
        (e.day, e.capacityW) = (e.day - 1, e.capacityW * 2);
        mustNotMint(e, IEnergyCertificates.CapacityChanged.selector);
        e.capacityW /= 4;
        mustNotMint(e, IEnergyCertificates.CapacityChanged.selector);
        e.meter = keccak256("serial 0043, export");
        mint(e);
    }

    function testFuzz_shouldRefuseWhatTheAttesterDidNotSign(uint256 field, uint256 change) public {
        IEnergyCertificates.DailyExport memory e = yesterday();
        bytes memory paper = signed(meterKey(0), certificates.exportDigest(e));
        uint256 pick = field % 7;
        uint32 less = uint32(1 + change % 1000);
        if (pick == 0) e.attester = meter(1);
        if (pick == 1) e.meter = keccak256(abi.encode(change));
        if (pick == 2) e.day -= less;
        if (pick == 3) e.wh -= less;
        if (pick == 4) e.capacityW += less;
        if (pick == 5) e.to = home(1);
        if (pick == 6) certificates = IEnergyCertificates(made("ENERGY_CERTIFICATES", ""));
        mustRevert(address(certificates), home(9), abi.encodeCall(IEnergyCertificates.mint, (e, paper)), IEnergyCertificates.BadSignature.selector);
    }

    function test_shouldTakeTheAttestationOfAContract() public {
        AcceptingMeter device = new AcceptingMeter();
        IEnergyCertificates.DailyExport memory e = yesterday();
        e.attester = address(device);
        bytes memory data = abi.encodeCall(IEnergyCertificates.mint, (e, ""));
        mustRevert(address(certificates), home(9), data, IEnergyCertificates.BadSignature.selector);
        device.accept(certificates.exportDigest(e));
        send(address(certificates), home(9), data);
    }

    function test_shouldRefuseToMintToNobody() public {
        IEnergyCertificates.DailyExport memory e = yesterday();
        e.to = address(0);
        mustNotMint(e, ERC6909.ERC6909InvalidReceiver.selector);
    }

    function test_shouldRetireOnlyWhatTheCallerHolds() public {
        uint256 id = mint(yesterday());
        mustRevert(address(certificates), home(0), abi.encodeCall(IEnergyCertificates.retire, (id, 0)), IEnergyCertificates.ZeroInput.selector);
        bytes memory all = abi.encodeCall(IEnergyCertificates.retire, (id, 10_000));
        mustRevert(address(certificates), home(1), all, ERC6909.ERC6909InsufficientBalance.selector);
        send(address(certificates), home(0), abi.encodeCall(IERC6909.transfer, (home(1), id, 4_000)));
        mustRevert(address(certificates), home(0), all, ERC6909.ERC6909InsufficientBalance.selector);
        send(address(certificates), home(0), abi.encodeCall(IERC6909.approve, (home(2), id, 6_000)));
        mustRevert(address(certificates), home(2), abi.encodeCall(IEnergyCertificates.retire, (id, 1)), ERC6909.ERC6909InsufficientBalance.selector);
        send(address(certificates), home(0), abi.encodeCall(IEnergyCertificates.retire, (id, 6_000)));
        (uint64 minted, uint64 retired) = certificates.certificate(id);
        check(minted == 10_000 && retired == 6_000 && certificates.balanceOf(home(1), id) == 4_000, "the rest is elsewhere");
    }

    function test_shouldBeAnErc6909Token() public view {
        check(ERC6909(address(certificates)).supportsInterface(0x0f632fb3) && ERC6909(address(certificates)).supportsInterface(0x01ffc9a7), "by ERC-165");
    }

    function yesterday() private pure returns (IEnergyCertificates.DailyExport memory) {
        return IEnergyCertificates.DailyExport(meter(0), METER, TODAY - 1, 10_000, 5_000, home(0));
    }

    function minting(IEnergyCertificates.DailyExport memory e) private view returns (bytes memory) {
        return abi.encodeCall(IEnergyCertificates.mint, (e, signed(meterKey(0), certificates.exportDigest(e))));
    }

    function mint(IEnergyCertificates.DailyExport memory e) private returns (uint256) {
        send(address(certificates), home(9), minting(e)); // anyone may submit
        return certificates.idOf(e.attester, e.meter, e.day);
    }

    function mustNotMint(IEnergyCertificates.DailyExport memory e, bytes4 why) private {
        mustRevert(address(certificates), home(9), minting(e), why);
    }
}

/// @notice Three holders and a few meters and days: mints, transfers and retirements in any order. Never reverts itself.
contract Holders is CommunityTest {
    uint256 public constant PEOPLE = 3;
    uint256 public constant KINDS = 6;

    IEnergyCertificates public certificates;
    uint256[KINDS] public mintedOf;
    uint256[KINDS] public retiredOf;

    constructor() {
        certificates = IEnergyCertificates(made("ENERGY_CERTIFICATES", ""));
    }

    function mint(uint256 kind, uint256 wh, uint256 to) external {
        uint256 k = kind % KINDS;
        IEnergyCertificates.DailyExport memory e = paper(k);
        (e.wh, e.to) = (uint64(wh % 130_000), home(to % PEOPLE));
        bytes memory data = abi.encodeCall(IEnergyCertificates.mint, (e, signed(meterKey(k % 2), certificates.exportDigest(e))));
        (bool ok,) = address(certificates).call(data);
        check(ok == (mintedOf[k] == 0 && e.wh > 0 && e.wh <= 120_000), "once, and within the capacity");
        if (ok) mintedOf[k] = e.wh;
    }

    function transfer(uint256 kind, uint256 from, uint256 to, uint256 amount) external {
        uint256 some = part(kind, from, amount);
        send(address(certificates), home(from % PEOPLE), abi.encodeCall(IERC6909.transfer, (home(to % PEOPLE), idOf(kind % KINDS), some)));
    }

    function retire(uint256 kind, uint256 holder, uint256 amount) external {
        uint256 some = part(kind, holder, amount);
        bytes memory data = abi.encodeCall(IEnergyCertificates.retire, (idOf(kind % KINDS), some));
        vm.prank(home(holder % PEOPLE));
        (bool ok,) = address(certificates).call(data);
        check(ok == (some > 0), "what is held can be retired");
        if (ok) retiredOf[kind % KINDS] += some;
    }

    function part(uint256 kind, uint256 holder, uint256 amount) private view returns (uint256) {
        return amount % (certificates.balanceOf(home(holder % PEOPLE), idOf(kind % KINDS)) + 1);
    }

    function paper(uint256 k) private pure returns (IEnergyCertificates.DailyExport memory e) {
        (e.attester, e.meter, e.day, e.capacityW) = (meter(k % 2), keccak256("export"), uint32(START / 1 days - 1 - k / 2), 5_000);
    }

    function idOf(uint256 k) public view returns (uint256) {
        IEnergyCertificates.DailyExport memory e = paper(k);
        return certificates.idOf(e.attester, e.meter, e.day);
    }

    function held(uint256 k) external view returns (uint256 sum) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            sum += certificates.balanceOf(home(i), idOf(k));
        }
    }
}

contract CertificatesConservation is CommunityTest {
    Holders private holders;

    function setUp() public {
        vm.warp(START);
        holders = new Holders();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(holders);
    }

    function invariant_shouldHoldOrHaveRetiredExactlyWhatWasMinted() public view {
        for (uint256 k = 0; k < holders.KINDS(); ++k) {
            (uint64 minted, uint64 retired) = holders.certificates().certificate(holders.idOf(k));
            check(minted == holders.mintedOf(k) && retired == holders.retiredOf(k), "the record");
            check(minted == holders.held(k) + retired, "minted = held + retired");
        }
    }
}
