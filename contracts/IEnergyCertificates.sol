// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity 0.8.37;

import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";

/// @title Certificates of exported energy
/// @notice One kind of certificate for each meter and day, minted once, one unit per Wh, from what the meter's attester signed
/// for the whole day. Certificates pass from hand to hand as ERC-6909 tokens and end when their holder retires them. They are
/// evidence, and no guarantee of origin in the sense of any law.
///
/// - Day: Unix time / 86400, rounded down, so a day of UTC.
/// - Id: `uint256(keccak256(abi.encode(attester, meter, day)))`.
/// - Capacity: the most the device behind the meter can give, W. The attester states it and the first certificate of a meter
///   fixes it for ever: no day can be worth more than 24 hours of it. A plant that grows counts with a new meter name.
///
/// Who trusts a certificate trusts its attester. The same energy attested by two attesters gives two certificates: accept
/// attesters by name, for instance those of a meter book. The escrow never reads certificates.
/// @dev EIP-712 domain: name "EnergyCertificates", version "1", readable through ERC-5267 `eip712Domain`.
/// There is no administrator, upgrade, pause or fee.
interface IEnergyCertificates is IERC6909 {
    /// @notice "On this day the meter exported so much; the certificate belongs to `to`."
    /// @dev DailyExport(address attester,bytes32 meter,uint32 day,uint64 wh,uint64 capacityW,address to)
    struct DailyExport {
        /// @dev Account or ERC-1271 contract that signs.
        address attester;
        /// @dev Names the register (serial and direction) the attester reports on.
        bytes32 meter;
        /// @dev Day of UTC.
        uint32 day;
        /// @dev Exported energy of the whole day, Wh.
        uint64 wh;
        /// @dev Capacity of the device, W.
        uint64 capacityW;
        /// @dev Who receives the certificate, whoever submits it.
        address to;
    }

    /// @notice The day is not over yet.
    error TooEarly();
    /// @notice The certificate of this attester, meter and day was minted before.
    error AlreadyMinted();
    /// @notice The energy is zero, or more than the capacity can give in a day.
    error BadQuantity();
    /// @notice The capacity is not the one the meter's first certificate fixed.
    error CapacityChanged();
    /// @notice The attester has not signed this export.
    error BadSignature();
    /// @notice The amount is zero.
    error ZeroInput();

    /// @notice The certificate `id` of a meter's day exists, worth `wh`.
    event Minted(uint256 indexed id, address indexed attester, bytes32 indexed meter, uint32 day, uint64 wh, address to);
    /// @notice `holder` used up `amount` Wh of `id`: nobody can use them again.
    event Retired(address indexed holder, uint256 indexed id, uint256 amount);

    /// @notice Mints the certificate of one meter and day to the account its attester named. Anyone may submit it.
    /// @dev Reverts with TooEarly, AlreadyMinted, BadQuantity, CapacityChanged or BadSignature.
    function mint(DailyExport calldata export_, bytes calldata attestation) external returns (uint256 id);

    /// @notice Burns `amount` Wh of the caller's certificates.
    /// @dev Reverts with ZeroInput or ERC6909InsufficientBalance.
    function retire(uint256 id, uint256 amount) external;

    /// @notice Wh of a certificate: minted at first, and retired since. The holders have the difference.
    function certificate(uint256 id) external view returns (uint64 minted, uint64 retired);
    /// @notice Capacity of a meter in W; zero before its first certificate.
    function capacityOf(address attester, bytes32 meter) external view returns (uint64);
    /// @notice The id of a meter's day.
    function idOf(address attester, bytes32 meter, uint32 day) external pure returns (uint256);
    /// @notice The 32 bytes an attester signs for a day.
    function exportDigest(DailyExport calldata export_) external view returns (bytes32);
}
