// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title IDeviceRegistry
/// @notice The signing keys of the devices in vehicles: which vehicle, which agent, valid from which block to which.
/// @dev Notes:
/// - A device is named by keccak256 of its 64-byte uncompressed secp256k1 public key (x, y), as in the header of a batch.
/// - A key is registered once and never again, not even after it was retired: an old signature is of no use.
interface IDeviceRegistry {
    // ---------------------------------------------------------------- types

    /// @notice A registered device key.
    struct Device {
        // slot 0
        uint128 vehicle; // token id, 0 where the key is unknown
        uint64 validFrom; // first block
        uint64 validUntil; // last block, 0 while in use
        // slot 1
        address agent; // TSP that takes the device's messages
    }

    // ---------------------------------------------------------------- events

    event DeviceSetUp(bytes32 indexed deviceKey, uint256 indexed vehicle, address indexed agent, uint256 x, uint256 y);
    event DeviceRetired(bytes32 indexed deviceKey, uint256 indexed vehicle, uint64 validUntil);

    // ---------------------------------------------------------------- errors

    error DeviceRegistry_Expired(uint64 deadline, uint256 timestamp);
    error DeviceRegistry_NotAccreditedAgent(address agent);
    error DeviceRegistry_KeyTaken(bytes32 deviceKey);
    error DeviceRegistry_BadOwnerSignature(address owner);
    error DeviceRegistry_BadDeviceSignature(bytes32 deviceKey);
    error DeviceRegistry_UnknownDevice(bytes32 deviceKey);
    error DeviceRegistry_AlreadyRetired(bytes32 deviceKey, uint64 validUntil);
    error DeviceRegistry_NotOwnerOrAgent(address caller);

    // ---------------------------------------------------------------- moves

    /// @notice Registers a device key for a vehicle from this block on. Anyone may submit it: the signatures are the consent.
    /// @dev Emits {DeviceSetUp}. Both sign EIP-712
    /// `DeviceSetup(uint256 vehicle,uint64 epoch,bytes32 deviceKey,address agent,uint64 deadline)`; the epoch is read from
    /// the registry, so that a consent ends with the ownership.
    ///
    /// Requirements:
    /// - The deadline has not passed.
    /// - The vehicle exists and its current owner has signed (ERC-1271 counts).
    /// - The device has signed with the key (x, y).
    /// - The agent is an accredited TSP.
    /// - The key was never registered.
    /// @return deviceKey keccak256 of (x, y).
    function setup(
        uint256 vehicle,
        uint256 x,
        uint256 y,
        address agent,
        uint64 deadline,
        bytes calldata ownerSignature,
        bytes calldata deviceSignature
    ) external returns (bytes32 deviceKey);

    /// @notice Ends a device key with this block.
    /// @dev Emits {DeviceRetired}.
    ///
    /// Requirements:
    /// - The key is registered and not retired.
    /// - The caller is the vehicle's current owner or the device's agent.
    function retire(bytes32 deviceKey) external;

    // ---------------------------------------------------------------- reading

    /// @notice The record of a device key; all zero where it is unknown.
    function deviceOf(bytes32 deviceKey) external view returns (Device memory);

    /// @notice Whether the key was valid for the vehicle at a block, both ends included.
    function isValidAt(bytes32 deviceKey, uint256 vehicle, uint256 blockNumber) external view returns (bool);
}
