// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IEnergyCertificates} from "./IEnergyCertificates.sol";

/// @title EnergyCertificates
/// @dev Documentation lives in IEnergyCertificates.
contract EnergyCertificates is IEnergyCertificates, ERC6909, EIP712 {
    struct Certificate {
        uint64 minted;
        uint64 retired;
    }

    bytes32 private constant EXPORT_TYPEHASH =
        keccak256("DailyExport(address attester,bytes32 meter,uint32 day,uint64 wh,uint64 capacityW,address to)");

    /// @inheritdoc IEnergyCertificates
    mapping(uint256 id => Certificate) public certificate;
    /// @inheritdoc IEnergyCertificates
    mapping(address attester => mapping(bytes32 meter => uint64)) public capacityOf;

    constructor() EIP712("EnergyCertificates", "1") {}

    /// @inheritdoc IEnergyCertificates
    function mint(DailyExport calldata e, bytes calldata attestation) external returns (uint256 id) {
        id = idOf(e.attester, e.meter, e.day);
        if (block.timestamp < (uint256(e.day) + 1) * 1 days) revert TooEarly();
        if (certificate[id].minted != 0) revert AlreadyMinted();
        if (e.wh == 0 || e.wh > uint256(e.capacityW) * 24) revert BadQuantity();
        uint64 capacity = capacityOf[e.attester][e.meter];
        if (capacity != 0 && capacity != e.capacityW) revert CapacityChanged();
        if (!SignatureChecker.isValidSignatureNowCalldata(e.attester, exportDigest(e), attestation)) revert BadSignature();

        if (capacity == 0) capacityOf[e.attester][e.meter] = e.capacityW;
        certificate[id].minted = e.wh;
        emit Minted(id, e.attester, e.meter, e.day, e.wh, e.to);
        _mint(e.to, id, e.wh);
    }

    /// @inheritdoc IEnergyCertificates
    function retire(uint256 id, uint256 amount) external {
        if (amount == 0) revert ZeroInput();
        _burn(msg.sender, id, amount);
        certificate[id].retired += uint64(amount); // no cut: nobody holds more than the 64 bits minted
        emit Retired(msg.sender, id, amount);
    }

    /// @inheritdoc IEnergyCertificates
    function idOf(address attester, bytes32 meter, uint32 day) public pure returns (uint256) {
        return uint256(keccak256(abi.encode(attester, meter, day)));
    }

    /// @inheritdoc IEnergyCertificates
    function exportDigest(DailyExport calldata e) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(EXPORT_TYPEHASH, e)));
    }
}
