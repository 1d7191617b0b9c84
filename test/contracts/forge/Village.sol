// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IEnergyEscrow} from "../../../contracts/IEnergyEscrow.sol";
import {Coin, EscrowTest, Paper, Receipt, statements} from "./EscrowTest.sol";
import {Vm} from "./Vm.sol";

/// @notice Four households that make any move at any time, mostly sensible ones. Every move goes to the packed escrow and to the
/// reference with the same meaning (each has its own signatures), and both must answer alike, event by event. No move
/// of the village itself ever reverts.
contract Village is EscrowTest {
    uint256 public constant PEOPLE = 4;

    IEnergyEscrow[2] public escrows;

    // What we remember beside the escrows, to hold against them.
    mapping(uint256 person => int256) public ghostBalance;
    mapping(uint256 buyer => mapping(uint256 seller => uint256)) public settledAt;
    mapping(uint256 person => mapping(uint256 day => uint256)) private raised;
    mapping(uint256 person => mapping(uint256 day => uint256)) private highestLimit;
    mapping(uint256 person => uint256) private limitOf;
    mapping(bytes32 trade => bool) private wasClaimed;
    mapping(address attester => mapping(uint24 slot => uint256)) private largestReading;
    mapping(address attester => mapping(uint24 slot => uint256)) private claimedSum;
    mapping(address attester => mapping(uint24 slot => bool)) private known;
    address[] private attesters;
    uint24[] private slots;
    uint256 public settled;
    uint256 public claimed;

    constructor() {
        coin = new Coin();
        escrows[0] = deploy("ESCROW_PACKED", coin);
        escrows[1] = deploy("ESCROW_REFERENCE", coin);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            coin.mint(owner(i), 1e12);
            for (uint256 e = 0; e < 2; ++e) {
                vm.prank(owner(i));
                coin.approve(address(escrows[e]), type(uint256).max);
            }
            deposit(i, 100);
            setSigner(i, 30 days, 40);
        }
    }

    // ---------------------------------------------------------------- moves

    function deposit(uint256 who, uint256 amount) public {
        uint256 i = who % PEOPLE;
        uint256 money = amount % 120;
        if (both(owner(i), abi.encodeCall(IEnergyEscrow.deposit, (owner(i), money)), int256(money))) ghostBalance[i] += int256(money);
    }

    function withdraw(uint256 who, uint256 amount) external {
        uint256 i = who % PEOPLE;
        uint256 money = amount % 120;
        uint256 before = coin.balanceOf(owner(i));
        (uint256 balance, uint256 reserved) = escrows[0].account(owner(i));
        bool ok = both(owner(i), abi.encodeCall(IEnergyEscrow.withdraw, (money)), -int256(money));
        check(ok == (money > 0 && money <= balance - reserved), "free money goes out, and nothing else");
        if (ok) {
            ghostBalance[i] -= int256(money);
            check(coin.balanceOf(owner(i)) == before + 2 * money, "to the owner, from each escrow");
        }
    }

    function setSigner(uint256 who, uint256 life, uint256 limit) public {
        uint256 i = who % PEOPLE;
        uint256 end = now_() + life % 40 days;
        uint96 perDay = uint96(limit % 80);
        (uint256 old,,,) = escrows[0].signerOf(owner(i), keyOf(i));
        bool ok = both(owner(i), abi.encodeCall(IEnergyEscrow.setSigner, (keyOf(i), uint40(end), perDay)), 0);
        check(ok == (end >= old || end >= now_() + LOCK), "a life is not cut below the notice");
        if (!ok) return;
        noteLimit(i); // the limit until now counts for today too
        limitOf[i] = perDay;
        noteLimit(i);
    }

    function warp(uint256 by) external {
        uint256[6] memory steps = [uint256(1), 899, 900, 1800, 1 days, 4 days];
        vm.warp(now_() + steps[by % 6]);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            noteLimit(i);
        }
    }

    /// @dev `luck` rarely spoils a signature: 1 the buyer's, 2 the seller's of every sixteen.
    function settle(uint256 b, uint256 s, uint256 back, uint256 seq, uint256 more, uint256 room, uint256 life, uint256 luck) external {
        (uint256 i, uint256 j) = pair(b, s);
        (, uint256 paid,,) = escrows[0].tab(owner(i), owner(j));
        Receipt memory r;
        (r.buyer, r.seller) = (owner(i), owner(j));
        uint8[8] memory ago = [0, 0, 0, 1, 1, 2, 3, 0];
        r.through = uint40(((now_() / SLOT + (back % 16 == 15 ? 1 : 0) - ago[back % 8]) << 16) | (seq % 8));
        r.total = uint96(paid + more % 25);
        r.cap = uint96(r.total + room % 40);
        r.expiry = uint24(now_() / SLOT + life % (14 * 96 + 2));
        settleOne(i, j, r, luck % 16);
    }

    function settleOne(uint256 i, uint256 j, Receipt memory r, uint256 luck) private {
        uint256[4][2] memory before = [tabAt(0, i, j), tabAt(1, i, j)];
        bytes32 all = state(0);
        vm.recordLogs();
        for (uint256 e = 0; e < 2; ++e) {
            bytes32 digest = digestOf(escrows[e], r);
            Paper memory paper = Paper(r, sign(luck == 1 ? STRANGER_KEY : 100 + i, digest), sign(luck == 2 ? STRANGER_KEY : 100 + j, digest));
            escrows[e].settle(statements(paper));
        }
        bool took = sameLogs()[0].topics[0] == IEnergyEscrow.Settled.selector;
        uint256[4] memory t = tabAt(0, i, j);
        if (!took) {
            check(state(0) == all, "a skipped receipt changes nothing");
            return;
        }
        check(luck != 1 && luck != 2, "nothing settles without both signatures");
        check(t[1] >= before[0][1] && t[2] > before[0][2], "paid and watermark rise");
        check(t[0] >= before[0][0] || t[0] == r.cap, "the ceiling falls only to what both signed");
        check(t[0] <= r.cap && t[1] == r.total && t[3] == r.expiry, "and nothing is granted that was not signed");
        ++settled;
        ghostBalance[i] -= int256(t[1] - before[0][1]);
        ghostBalance[j] += int256(t[1] - before[0][1]);
        settledAt[i][j] = now_();
        if (t[0] > before[0][0]) raised[i][now_() / 1 days] += t[0] - before[0][0];
        noteLimit(i);
    }

    /// @dev Three receipts at once must do what they do one by one.
    function settleMany(uint256 b, uint256 s, uint256 mores, uint256 luck) external {
        Paper[] memory papers = new Paper[](3);
        for (uint256 n = 0; n < 3; ++n) {
            // mostly of one buyer, so that they share a statement
            (uint256 i, uint256 j) = pair(luck % 3 == 0 ? b >> n : b, s >> (2 * n));
            (, uint256 paid, uint256 through,) = escrows[0].tab(owner(i), owner(j));
            uint256 more = (mores >> (8 * n)) % 25;
            Receipt memory r = Receipt(owner(i), owner(j), uint40(through + n + ((luck >> n) % 4 == 0 ? 0 : 1)), uint96(paid + more), uint96(paid + 2 * more), uint24(now_() / SLOT + 96));
            bytes32 digest = digestOf(escrows[0], r);
            papers[n] = Paper(r, sign(100 + i, digest), sign(100 + j, digest));
        }
        uint256 start = vm.snapshotState();
        for (uint256 n = 0; n < 3; ++n) {
            escrows[0].settle(statements(papers[n]));
        }
        bytes32 oneByOne = state(0);
        vm.revertToState(start);
        start = vm.snapshotState();
        escrows[0].settle(statements(papers));
        check(state(0) == oneByOne, "a batch is its receipts one by one");
        vm.revertToState(start); // the reference did not play along
    }

    function claim(uint256 b, uint256 s, uint256 back, uint256 seq, uint256 wh, uint256 reading, uint256 luck) external {
        (uint256 i, uint256 j) = pair(b, s);
        IEnergyEscrow.Claim memory c;
        c.trade.buyer = owner(i);
        c.trade.seller = owner(j);
        c.trade.slot = uint24(now_() / SLOT - 1 - back % 3 + (back % 32 == 31 ? 2 : 0));
        c.trade.seq = uint16(seq % 8);
        c.trade.wh = uint32(wh % 5000);
        c.trade.pricePerKWh = 5;
        c.trade.attester = keyOf(j);
        c.trade.meter = METER;
        c.trade.claimBy = uint40(luck % 16 == 3 ? now_() - 1 : now_());
        c.reading = uint32(reading % 9000);
        claimOne(i, j, c, luck % 16);
    }

    function claimOne(uint256 i, uint256 j, IEnergyEscrow.Claim memory c, uint256 luck) private {
        uint256[4] memory before = tabAt(0, i, j);
        uint256 taken = escrows[0].claimedWh(c.trade.attester, METER, c.trade.slot);
        bool[2] memory ok;
        bytes[2] memory answer;
        vm.recordLogs();
        for (uint256 e = 0; e < 2; ++e) {
            IEnergyEscrow.Claim[] memory cs = new IEnergyEscrow.Claim[](1);
            c.buyerSig = sign(luck == 1 ? STRANGER_KEY : 100 + i, escrows[e].tradeDigest(c.trade));
            c.attestation = attest(luck == 2 ? STRANGER_KEY : 100 + j, escrows[e].readingDigest(c.trade.attester, c.trade.seller, METER, c.trade.slot, c.reading));
            cs[0] = c;
            vm.prank(owner(j));
            (ok[e], answer[e]) = address(escrows[e]).call(abi.encodeCall(IEnergyEscrow.claim, (cs)));
        }
        check(ok[0] == ok[1] && keccak256(answer[0]) == keccak256(answer[1]), "packed and reference answer differently to a claim");
        sameLogs();
        if (!ok[0]) {
            if (bytes4(answer[0]) == IEnergyEscrow.TooLate.selector && luck != 3) check(now_() >= before[3] * SLOT, "too late to claim is time to release");
            return;
        }
        bytes32 id = keccak256(abi.encode(i, j, c.trade.slot, c.trade.seq));
        uint256[4] memory t = tabAt(0, i, j);
        check(luck == 0 || luck > 3, "nothing is claimed on a spoiled paper");
        check(now_() < before[3] * SLOT, "time to claim is too early to release");
        check(!wasClaimed[id] && before[2] < (uint256(c.trade.slot) << 16 | c.trade.seq), "a position is paid once");
        check(t[0] == before[0] && t[1] >= before[1] && t[2] > before[2] && t[3] == before[3], "a claim moves paid and watermark only");
        check(t[1] - before[1] <= uint256(c.trade.wh) * 5 / 1000, "and pays no more than was contracted");
        wasClaimed[id] = true;
        ++claimed;
        ghostBalance[i] -= int256(t[1] - before[1]);
        ghostBalance[j] += int256(t[1] - before[1]);
        noteReading(c, escrows[0].claimedWh(c.trade.attester, METER, c.trade.slot) - taken);
    }

    function release(uint256 b, uint256 s) external {
        (uint256 i, uint256 j) = pair(b, s);
        uint256[4] memory before = tabAt(0, i, j);
        address[] memory sellers = new address[](1);
        sellers[0] = owner(j);
        bool ok = both(address(this), abi.encodeCall(IEnergyEscrow.release, (owner(i), sellers)), 0);
        uint256[4] memory t = tabAt(0, i, j);
        check(ok == (now_() >= before[3] * SLOT), "a tab is released from its expiry on");
        check(t[0] == (ok ? before[1] : before[0]), "and its ceiling falls to what was paid");
        check(t[1] == before[1] && t[2] == before[2] && t[3] == before[3], "and nothing else changes");
    }

    // ---------------------------------------------------------------- both escrows, alike

    /// @dev Sends one move to both; returns whether it went through. Tokens held may change by `tokens` and no other way.
    function both(address sender, bytes memory data, int256 tokens) private returns (bool) {
        bool[2] memory ok;
        bytes[2] memory answer;
        vm.recordLogs();
        for (uint256 e = 0; e < 2; ++e) {
            uint256 before = coin.balanceOf(address(escrows[e]));
            vm.prank(sender);
            (ok[e], answer[e]) = address(escrows[e]).call(data);
            check(coin.balanceOf(address(escrows[e])) == uint256(int256(before) + (ok[e] ? tokens : int256(0))), "tokens moved in another way");
        }
        check(ok[0] == ok[1] && keccak256(answer[0]) == keccak256(answer[1]), "packed and reference answer differently");
        sameLogs();
        return ok[0];
    }

    /// @dev The events of the packed escrow, after holding those of the reference against them.
    function sameLogs() private returns (Vm.Log[] memory first) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32[2] memory hash;
        first = new Vm.Log[](logs.length);
        uint256 count;
        for (uint256 n = 0; n < logs.length; ++n) {
            for (uint256 e = 0; e < 2; ++e) {
                if (logs[n].emitter != address(escrows[e])) continue;
                hash[e] = keccak256(abi.encode(hash[e], logs[n].topics, logs[n].data));
                if (e == 0) first[count++] = logs[n];
            }
        }
        check(hash[0] == hash[1], "packed and reference tell different events");
    }

    /// @dev A fingerprint of everything one escrow stores about the village.
    function state(uint256 e) public view returns (bytes32 hash) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            (uint256 balance, uint256 reserved) = escrows[e].account(owner(i));
            (uint256 end, uint256 day, uint256 limit, uint256 used) = escrows[e].signerOf(owner(i), keyOf(i));
            hash = keccak256(abi.encode(hash, balance, reserved, end, day, limit, used));
            for (uint256 j = 0; j < PEOPLE; ++j) {
                hash = keccak256(abi.encode(hash, tabAt(e, i, j)));
            }
        }
        for (uint256 n = 0; n < slots.length; ++n) {
            hash = keccak256(abi.encode(hash, escrows[e].claimedWh(attesters[n], METER, slots[n])));
        }
    }

    function tabAt(uint256 e, uint256 i, uint256 j) private view returns (uint256[4] memory t) {
        (t[0], t[1], t[2], t[3]) = escrows[e].tab(owner(i), owner(j));
    }

    // ---------------------------------------------------------------- memory

    function noteLimit(uint256 i) private {
        uint256 today = now_() / 1 days;
        if (limitOf[i] > highestLimit[i][today]) highestLimit[i][today] = limitOf[i];
    }

    function noteReading(IEnergyEscrow.Claim memory c, uint256 wh) private {
        (address attester, uint24 slot) = (c.trade.attester, c.trade.slot);
        if (!known[attester][slot]) {
            known[attester][slot] = true;
            attesters.push(attester);
            slots.push(slot);
        }
        if (c.reading > largestReading[attester][slot]) largestReading[attester][slot] = c.reading;
        claimedSum[attester][slot] += wh;
    }

    function raisedToday(uint256 i) external view returns (uint256) {
        return raised[i][now_() / 1 days];
    }

    function highestLimitToday(uint256 i) external view returns (uint256) {
        return highestLimit[i][now_() / 1 days];
    }

    function readingCount() external view returns (uint256) {
        return slots.length;
    }

    function readingAt(uint256 n) external view returns (address attester, uint24 slot, uint256 largest, uint256 sum) {
        (attester, slot) = (attesters[n], slots[n]);
        return (attester, slot, largestReading[attester][slot], claimedSum[attester][slot]);
    }

    function tokensOf(uint256 e) external view returns (uint256) {
        return coin.balanceOf(address(escrows[e]));
    }

    // ---------------------------------------------------------------- people

    function owner(uint256 i) public pure returns (address) {
        return address(uint160(0xC0FFEE00 + i));
    }

    function keyOf(uint256 i) public pure returns (address) {
        return vm.addr(100 + i);
    }

    /// @dev Mostly two households; once in a while one with itself.
    function pair(uint256 b, uint256 s) private pure returns (uint256 i, uint256 j) {
        i = b % PEOPLE;
        j = s % PEOPLE;
        if (i == j && (b ^ s) % 64 > 3) j = (j + 1) % PEOPLE;
    }
}
