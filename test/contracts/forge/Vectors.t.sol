// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IEnergyEscrow} from "../../../contracts/IEnergyEscrow.sol";
import {Coin, EscrowTest, Receipt} from "./EscrowTest.sol";

/// @notice The published test vectors, read by the third language that has to agree on them.
abstract contract VectorsTest is EscrowTest {
    string private json;

    function setUpOn(string memory implementation) internal {
        json = vm.readFile("protocols/trade/vectors.json");
        IEnergyEscrow made = deploy(implementation, new Coin());
        // the domain of the vectors: their address, their chain
        escrow = IEnergyEscrow(vm.parseJsonAddress(json, ".domain.verifyingContract"));
        vm.etch(address(escrow), address(made).code);
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
    }

    function test_shouldHashAndRecoverEveryTrade() public view {
        uint256 count;
        for (string memory path = item("trades", 0); vm.keyExistsJson(json, path); path = item("trades", count)) {
            IEnergyEscrow.Trade memory t = IEnergyEscrow.Trade({
                buyer: vm.parseJsonAddress(json, string.concat(path, ".terms.buyer")),
                seller: vm.parseJsonAddress(json, string.concat(path, ".terms.seller")),
                slot: uint24(number(path, ".terms.slot")),
                seq: uint16(number(path, ".terms.seq")),
                wh: uint32(number(path, ".terms.wh")),
                pricePerKWh: uint96(number(path, ".terms.pricePerKwh")),
                attester: vm.parseJsonAddress(json, string.concat(path, ".terms.attester")),
                meter: vm.parseJsonBytes32(json, string.concat(path, ".terms.meter")),
                claimBy: uint40(number(path, ".terms.claimBy")),
                ref: vm.parseJsonBytes32(json, string.concat(path, ".terms.ref"))
            });
            bytes32 digest = escrow.tradeDigest(t);
            check(digest == vm.parseJsonBytes32(json, string.concat(path, ".digest")), "the digest of a trade differs");
            check(signerOf(digest, path, ".buyerSignature") == key("buyer"), "the buyer's signature differs");
            check(signerOf(digest, path, ".sellerSignature") == key("seller"), "the seller's signature differs");
            ++count;
        }
        check(count > 0, "no trades in the vectors");
    }

    function test_shouldHashAndRecoverEveryReceipt() public view {
        uint256 count;
        for (string memory path = item("receipts", 0); vm.keyExistsJson(json, path); path = item("receipts", count)) {
            Receipt memory r = Receipt({
                buyer: vm.parseJsonAddress(json, string.concat(path, ".receipt.buyer")),
                seller: vm.parseJsonAddress(json, string.concat(path, ".receipt.seller")),
                through: uint40(number(path, ".receipt.through")),
                total: uint96(number(path, ".receipt.total")),
                cap: uint96(number(path, ".receipt.cap")),
                expiry: uint24(number(path, ".receipt.expiry"))
            });
            bytes32 digest = digestOf(escrow, r);
            check(digest == vm.parseJsonBytes32(json, string.concat(path, ".digest")), "the digest of a receipt differs");
            check(signerOf(digest, path, ".buyerSignature") == key("buyer"), "the buyer's signature differs");
            check(signerOf(digest, path, ".sellerSignature") == key("seller"), "the seller's signature differs");
            ++count;
        }
        check(count > 0, "no receipts in the vectors");
    }

    function test_shouldHashAndRecoverEveryReading() public view {
        uint256 count;
        for (string memory path = item("readings", 0); vm.keyExistsJson(json, path); path = item("readings", count)) {
            address attester = vm.parseJsonAddress(json, string.concat(path, ".reading.attester"));
            bytes32 digest = escrow.readingDigest(
                attester,
                vm.parseJsonAddress(json, string.concat(path, ".reading.seller")),
                vm.parseJsonBytes32(json, string.concat(path, ".reading.meter")),
                uint24(number(path, ".reading.slot")),
                uint32(number(path, ".reading.wh"))
            );
            check(digest == vm.parseJsonBytes32(json, string.concat(path, ".digest")), "the digest of a reading differs");
            check(signerOf(digest, path, ".signature") == key("seller"), "the signature by the meter's key differs");
            ++count;
        }
        check(count > 0, "no readings in the vectors");
    }

    function item(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(index), "]");
    }

    function number(string memory path, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(path, field));
    }

    function key(string memory who) private view returns (address) {
        return vm.parseJsonAddress(json, string.concat(".keys.", who, ".address"));
    }

    function signerOf(bytes32 digest, string memory path, string memory field) private view returns (address) {
        (bytes32 r, bytes32 vs) = abi.decode(vm.parseJsonBytes(json, string.concat(path, field)), (bytes32, bytes32));
        return ecrecover(digest, uint8(27 + (uint256(vs) >> 255)), r, bytes32((uint256(vs) << 1) >> 1));
    }
}

contract VectorsOnPacked is VectorsTest {
    function setUp() public {
        setUpOn("ESCROW_PACKED");
    }
}

contract VectorsOnReference is VectorsTest {
    function setUp() public {
        setUpOn("ESCROW_REFERENCE");
    }
}
