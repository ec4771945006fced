// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title IDeviceRegistry
/// @notice The signing keys of the devices in vehicles: which vehicle, which agent, valid from which block to which.
/// @dev Notes:
/// - A key is named by keccak256 of its 64-byte uncompressed public key (x, y), as in the header of a batch. It is a point
///   of P-256 or of secp256k1; which of them, the point itself tells.
/// - A key is registered once and never again, not even after it was ended: an old signature is of no use.
/// - A device's first key is its *device*. Further keys ({setupDup}) are valid while they and their device are.
/// - A device ends with {retire}; with {reset}, which its own key signs; or, where that key is lost, with a recovery: the
///   owner asks for it, the agent can put it off once, by a fixed time, and nobody can stop it but the owner.
interface IDeviceRegistry {
    // ---------------------------------------------------------------- types

    /// @notice A registered key.
    struct Device {
        // slot 0
        uint128 vehicle; // token id, 0 where the key is unknown
        uint64 validFrom; // first block
        uint64 validUntil; // last block, 0 while in use
        // slot 1
        address agent; // TSP that takes the device's messages
        uint40 setUpAt; // Unix seconds of the first block
        uint40 endedAt; // Unix seconds of the last block, 0 while in use
        // slot 2
        bytes32 device; // of a further key: the device's first key, else 0
    }

    /// @notice A running recovery of a device whose key is lost.
    struct Recovery {
        // slot 0
        bytes32 newKey;
        // slot 1
        address owner; // who asked for it; it ends with the ownership
        uint40 readyAt; // Unix seconds, first second in which it can be finished
        bool contested; // the agent has put it off
    }

    /// @notice A public key with its signature.
    /// @param x Coordinate of the key.
    /// @param y Coordinate of the key.
    /// @param signature r || s, 64 bytes, or r || s || v; s in the lower half.
    struct SignedKey {
        uint256 x;
        uint256 y;
        bytes signature;
    }

    // ---------------------------------------------------------------- events

    /// @param deviceKey Name of the key.
    /// @param device Zero for a first key, else the first key of the same device.
    event DeviceSetUp(
        bytes32 indexed deviceKey, uint256 indexed vehicle, address indexed agent, bytes32 device, uint256 x, uint256 y
    );
    event DeviceRetired(bytes32 indexed deviceKey, uint256 indexed vehicle, uint64 validUntil);
    event DeviceReset(bytes32 indexed deviceKey, bytes32 indexed newKey, uint256 indexed vehicle, bool recovered);
    event RecoveryAsked(bytes32 indexed deviceKey, bytes32 indexed newKey, address indexed owner, uint40 readyAt);
    event RecoveryContested(bytes32 indexed deviceKey, address indexed agent, uint40 readyAt);
    event RecoveryCancelled(bytes32 indexed deviceKey, address indexed owner);

    // ---------------------------------------------------------------- errors

    error DeviceRegistry_Expired(uint64 deadline, uint256 timestamp);
    error DeviceRegistry_NotAccreditedAgent(address agent);
    error DeviceRegistry_KeyTaken(bytes32 deviceKey);
    error DeviceRegistry_BadOwnerSignature(address owner);
    error DeviceRegistry_BadDeviceSignature(bytes32 deviceKey);
    error DeviceRegistry_UnknownDevice(bytes32 deviceKey);
    error DeviceRegistry_AlreadyRetired(bytes32 deviceKey, uint64 validUntil);
    error DeviceRegistry_NotFirstKey(bytes32 deviceKey, bytes32 device);
    error DeviceRegistry_NotOwnerOrAgent(address caller);
    error DeviceRegistry_NotOwner(address caller, address owner);
    error DeviceRegistry_NotAgent(address caller, address agent);
    error DeviceRegistry_RecoveryRunning(bytes32 deviceKey, uint40 readyAt);
    error DeviceRegistry_NoRecovery(bytes32 deviceKey);
    error DeviceRegistry_AlreadyContested(bytes32 deviceKey);
    error DeviceRegistry_TooLate(uint40 readyAt, uint256 timestamp);
    error DeviceRegistry_NotYet(uint40 readyAt, uint256 timestamp);

    // ---------------------------------------------------------------- set-up

    /// @notice Registers a device for a vehicle from this block on. Anyone may submit it: the signatures are the consent.
    /// @dev Emits {DeviceSetUp}. Both sign EIP-712
    /// `DeviceSetup(uint256 vehicle,uint64 epoch,bytes32 deviceKey,address agent,uint64 deadline)`; the epoch is read from
    /// the registry, so that a consent ends with the ownership.
    ///
    /// Requirements:
    /// - The deadline has not passed.
    /// - The agent is an accredited TSP.
    /// - The key was never registered.
    /// - The vehicle exists and its current owner has signed (ERC-1271 counts).
    /// - The device has signed with the key.
    /// @return deviceKey keccak256 of (x, y).
    function setup(
        uint256 vehicle,
        address agent,
        uint64 deadline,
        SignedKey calldata key,
        bytes calldata ownerSignature
    ) external returns (bytes32 deviceKey);

    /// @notice Registers a further key of a device, with the device's vehicle and agent. Anyone may submit it.
    /// @dev Emits {DeviceSetUp}. The device's first key and the new one sign EIP-712
    /// `DeviceDup(uint256 vehicle,bytes32 device,bytes32 deviceKey,uint64 deadline)`.
    ///
    /// Requirements:
    /// - The deadline has not passed.
    /// - `first` is the first key of a device in use.
    /// - The new key was never registered.
    /// - Both keys have signed.
    /// @return deviceKey keccak256 of the new key.
    function setupDup(SignedKey calldata first, SignedKey calldata key, uint64 deadline) external returns (bytes32 deviceKey);

    // ---------------------------------------------------------------- ends

    /// @notice Ends a key with this block; of a first key, the device with all its keys.
    /// @dev Emits {DeviceRetired}.
    ///
    /// Requirements:
    /// - The key is registered and not ended.
    /// - The caller is the vehicle's current owner or the device's agent.
    function retire(bytes32 deviceKey) external;

    /// @notice Ends a device with this block and sets it up again under a new key, with the same vehicle and agent. Anyone
    /// may submit it.
    /// @dev Emits {DeviceReset} and {DeviceSetUp}. The device's first key and the new one sign EIP-712
    /// `DeviceReset(uint256 vehicle,bytes32 device,bytes32 deviceKey,uint64 deadline)`.
    ///
    /// Requirements:
    /// - The deadline has not passed.
    /// - `first` is the first key of a device in use.
    /// - The new key was never registered.
    /// - Both keys have signed.
    /// @return deviceKey keccak256 of the new key.
    function reset(SignedKey calldata first, SignedKey calldata key, uint64 deadline) external returns (bytes32 deviceKey);

    // ---------------------------------------------------------------- recovery

    /// @notice Asks to set up a device again whose key is lost. It can be finished after {RECOVERY_DELAY}.
    /// @dev Emits {RecoveryAsked}. The new key signs EIP-712
    /// `DeviceRecovery(uint256 vehicle,bytes32 device,bytes32 deviceKey,address owner)`.
    ///
    /// Requirements:
    /// - `deviceKey` is the first key of a device in use.
    /// - The caller is the vehicle's current owner.
    /// - No recovery asked for by the current owner is running.
    /// - The new key was never registered and has signed.
    function askRecovery(bytes32 deviceKey, SignedKey calldata key) external;

    /// @notice Puts a recovery off by {CONTEST_TIME}, once.
    /// @dev Emits {RecoveryContested}.
    ///
    /// Requirements:
    /// - A recovery is running, is not ready yet and was not contested.
    /// - The caller is the device's agent.
    function contestRecovery(bytes32 deviceKey) external;

    /// @notice Calls a recovery off.
    /// @dev Emits {RecoveryCancelled}.
    ///
    /// Requirements:
    /// - A recovery is running.
    /// - The caller is the vehicle's current owner.
    function cancelRecovery(bytes32 deviceKey) external;

    /// @notice Finishes a recovery that is ready: the device ends with this block and goes on under the new key. By anyone.
    /// @dev Emits {DeviceReset} and {DeviceSetUp}, the latter with the coordinates given here.
    ///
    /// Requirements:
    /// - A recovery is running and ready, and (x, y) is its new key.
    /// - The device is in use.
    /// - Who asked for it is the vehicle's current owner.
    /// - The new key was not registered in the meantime.
    function finishRecovery(bytes32 deviceKey, uint256 x, uint256 y) external;

    // ---------------------------------------------------------------- reading

    /// @notice Seconds between asking for a recovery and its end.
    function RECOVERY_DELAY() external view returns (uint40);

    /// @notice Seconds by which the agent can put a recovery off.
    function CONTEST_TIME() external view returns (uint40);

    /// @notice The record of a key; all zero where it is unknown.
    function deviceOf(bytes32 deviceKey) external view returns (Device memory);

    /// @notice The running recovery of a device; all zero where there is none.
    function recoveryOf(bytes32 deviceKey) external view returns (Recovery memory);

    /// @notice Whether the key, and its device, was valid for the vehicle at a block, both ends included.
    function isValidAt(bytes32 deviceKey, uint256 vehicle, uint256 blockNumber) external view returns (bool);

    /// @notice The time in which a key, and its device, was valid for a vehicle.
    /// @return from Unix seconds, 0 where the key is none of the vehicle.
    /// @return until Unix seconds, 0 while it is valid.
    function validityOf(bytes32 deviceKey, uint256 vehicle) external view returns (uint40 from, uint40 until);

    /// @notice Whether a key has signed a digest, on whichever of the two curves it lies.
    /// @dev Signatures of 64 bytes (r || s) and of 65 with a recovery byte count, with s in the lower half.
    function hasSigned(uint256 x, uint256 y, bytes32 digest, bytes calldata signature) external view returns (bool);
}
