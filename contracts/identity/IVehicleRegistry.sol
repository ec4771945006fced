// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title IVehicleRegistry
/// @notice One ERC-721 token a vehicle, minted with the consent of its owner, its maker (OEM) and a telematics provider (TSP).
/// @dev Notes:
/// - The token id is the first half of `keccak256(oem, tag)`: one mint per (OEM, tag) needs no storage of its own, and the
///   id fits 128 bits everywhere. An OEM that searches for two tags of one id only hurts itself: the second mint reverts.
/// - An *ownership epoch* is the time that one owner holds the vehicle. It counts from 1 and goes up by one at every
///   transfer to somebody else. A closed epoch keeps its owner and its end, so that data of that time keeps its principal.
/// - Vehicles are never burnt: the data of a scrapped car stays sellable.
interface IVehicleRegistry {
    // ---------------------------------------------------------------- types

    /// @notice What the OEM says of a vehicle, signed as EIP-712.
    /// @param oem Accredited maker that signs.
    /// @param tag HMAC of the VIN under the OEM's own key: nobody else can test a VIN against it.
    /// @param owner First owner; named so that a voucher seen in the mempool is of no use to another.
    /// @param legalHash Hash of the legal contract that the token stands for.
    /// @param deadline Last second (Unix) in which the voucher counts.
    struct Voucher {
        address oem;
        bytes32 tag;
        address owner;
        bytes32 legalHash;
        uint64 deadline;
    }

    // ---------------------------------------------------------------- events

    event OemAccredited(address indexed oem, bool accredited);
    event TspAccredited(address indexed tsp, bool accredited);
    event VehicleMinted(uint256 indexed vehicle, address indexed oem, address indexed owner, bytes32 tag, address tsp, bytes32 legalHash);
    event EpochClosed(uint256 indexed vehicle, uint64 indexed epoch, address indexed owner, uint64 endedAt);

    // ---------------------------------------------------------------- errors

    error VehicleRegistry_NotAccreditedTsp(address account);
    error VehicleRegistry_NotAccreditedOem(address account);
    error VehicleRegistry_Expired(uint64 deadline, uint256 timestamp);
    error VehicleRegistry_BadOwnerSignature(address owner);
    error VehicleRegistry_BadOemSignature(address oem);
    error VehicleRegistry_AlreadyMinted(uint256 vehicle);
    error VehicleRegistry_UnknownVehicle(uint256 vehicle);
    error VehicleRegistry_UnknownEpoch(uint256 vehicle, uint64 epoch);

    // ---------------------------------------------------------------- accreditation

    /// @notice Accredits a maker, or takes the accreditation back for later mints.
    /// @dev Emits {OemAccredited}.
    ///
    /// Requirements:
    /// - The caller has the registrar's role in the access manager.
    function accreditOem(address oem, bool accredited) external;

    /// @notice Accredits a telematics provider, or takes the accreditation back for later mints, devices and agreements.
    /// @dev Emits {TspAccredited}.
    ///
    /// Requirements:
    /// - The caller has the registrar's role in the access manager.
    function accreditTsp(address tsp, bool accredited) external;

    /// @notice Whether `account` may sign vouchers.
    function isOem(address account) external view returns (bool);

    /// @notice Whether `account` may mint, be a device's agent and be the agent of an agreement.
    function isTsp(address account) external view returns (bool);

    // ---------------------------------------------------------------- minting

    /// @notice Mints the vehicle of (voucher.oem, voucher.tag) to voucher.owner and opens its first ownership epoch.
    /// @dev Emits {VehicleMinted} and ERC-721's `Transfer`. The receiver is not called: a wallet that cannot take the token
    /// must not be able to block anybody. Both signers may be contracts (ERC-1271). The OEM signs EIP-712
    /// `Voucher(address oem,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)`, the owner
    /// `MintConsent(Voucher voucher,address tsp,uint64 deadline)` with the caller as `tsp`.
    ///
    /// Requirements:
    /// - The caller is an accredited TSP.
    /// - Neither the voucher's nor the consent's deadline has passed.
    /// - `voucher.oem` is accredited and has signed the voucher.
    /// - `voucher.owner` has signed the consent to a mint by the caller.
    /// - (oem, tag) has not been minted.
    /// @return vehicle The token id.
    function mint(
        Voucher calldata voucher,
        uint64 consentDeadline,
        bytes calldata oemSignature,
        bytes calldata ownerSignature
    ) external returns (uint256 vehicle);

    // ---------------------------------------------------------------- reading

    /// @notice The token id of (oem, tag), minted or not.
    function vehicleId(address oem, bytes32 tag) external pure returns (uint256);

    /// @notice The maker of a vehicle.
    /// @dev Requirements:
    /// - The vehicle exists.
    function oemOf(uint256 vehicle) external view returns (address);

    /// @notice Hash of the legal contract that the token stands for (zero for an unknown vehicle).
    function legalHashOf(uint256 vehicle) external view returns (bytes32);

    /// @notice The current ownership epoch, counted from 1; 0 for an unknown vehicle.
    function epochOf(uint256 vehicle) external view returns (uint64);

    /// @notice The owner in an epoch: the current holder, or whoever held the vehicle when the epoch was closed.
    /// @dev Requirements:
    /// - The epoch has begun.
    function ownerInEpoch(uint256 vehicle, uint64 epoch) external view returns (address);

    /// @notice When an epoch ended (Unix seconds), or 0 while it is the current one.
    /// @dev Requirements:
    /// - The epoch has begun.
    function epochEnd(uint256 vehicle, uint64 epoch) external view returns (uint64);
}
