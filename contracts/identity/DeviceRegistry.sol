// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { Signatures } from "../libraries/Signatures.sol";
import { IDeviceRegistry } from "./IDeviceRegistry.sol";
import { IVehicleRegistry } from "./IVehicleRegistry.sol";
import { DeviceKeys } from "./libraries/DeviceKeys.sol";

/// @title DeviceRegistry
/// @notice See {IDeviceRegistry}, which holds the documentation.
contract DeviceRegistry is IDeviceRegistry, EIP712 {
    bytes32 private constant _SETUP_TYPEHASH =
        keccak256("DeviceSetup(uint256 vehicle,uint64 epoch,bytes32 deviceKey,address agent,uint64 deadline)");
    bytes32 private constant _DUP_TYPEHASH =
        keccak256("DeviceDup(uint256 vehicle,bytes32 device,bytes32 deviceKey,uint64 deadline)");
    bytes32 private constant _RESET_TYPEHASH =
        keccak256("DeviceReset(uint256 vehicle,bytes32 device,bytes32 deviceKey,uint64 deadline)");
    bytes32 private constant _RECOVERY_TYPEHASH =
        keccak256("DeviceRecovery(uint256 vehicle,bytes32 device,bytes32 deviceKey,address owner)");

    /// @inheritdoc IDeviceRegistry
    uint40 public constant RECOVERY_DELAY = 7 days;

    /// @inheritdoc IDeviceRegistry
    uint40 public constant CONTEST_TIME = 14 days;

    /// @notice Whose owners and TSPs count.
    IVehicleRegistry public immutable vehicles;

    mapping(bytes32 deviceKey => Device) private _devices;
    mapping(bytes32 deviceKey => Recovery) private _recoveries;

    constructor(IVehicleRegistry vehicles_) EIP712("DeviceRegistry", "1") {
        vehicles = vehicles_;
    }

    // ---------------------------------------------------------------- set-up

    /// @inheritdoc IDeviceRegistry
    function setup(
        uint256 vehicle,
        address agent,
        uint64 deadline,
        SignedKey calldata key,
        bytes calldata ownerSignature
    ) external returns (bytes32 deviceKey) {
        _requireInTime(deadline);
        if (!vehicles.isTsp(agent)) revert DeviceRegistry_NotAccreditedAgent(agent);
        deviceKey = _newKey(key.x, key.y);
        uint64 epoch = vehicles.epochOf(vehicle);
        address owner = vehicles.ownerInEpoch(vehicle, epoch); // reverts for an unknown vehicle
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(_SETUP_TYPEHASH, vehicle, epoch, deviceKey, agent, deadline)));
        if (!Signatures.isValid(owner, digest, ownerSignature)) revert DeviceRegistry_BadOwnerSignature(owner);
        _requireSigned(key, digest);

        // Token ids have 128 bits, and an unknown one was refused with its epoch.
        _setUp(deviceKey, uint128(vehicle), agent, 0, key.x, key.y);
    }

    /// @inheritdoc IDeviceRegistry
    function setupDup(SignedKey calldata first, SignedKey calldata key, uint64 deadline) external returns (bytes32 deviceKey) {
        bytes32 device;
        (device, deviceKey) = _checkedPair(_DUP_TYPEHASH, first, key, deadline);
        _setUp(deviceKey, _devices[device].vehicle, _devices[device].agent, device, key.x, key.y);
    }

    // ---------------------------------------------------------------- ends

    /// @inheritdoc IDeviceRegistry
    function retire(bytes32 deviceKey) external {
        Device memory device = _inUse(deviceKey);
        if (msg.sender != device.agent && msg.sender != _ownerOf(device.vehicle)) {
            revert DeviceRegistry_NotOwnerOrAgent(msg.sender);
        }
        _end(deviceKey);
        emit DeviceRetired(deviceKey, device.vehicle, uint64(block.number));
    }

    /// @inheritdoc IDeviceRegistry
    function reset(SignedKey calldata first, SignedKey calldata key, uint64 deadline) external returns (bytes32 deviceKey) {
        bytes32 device;
        (device, deviceKey) = _checkedPair(_RESET_TYPEHASH, first, key, deadline);
        _goOn(device, deviceKey, key.x, key.y, false);
    }

    // ---------------------------------------------------------------- recovery

    /// @inheritdoc IDeviceRegistry
    function askRecovery(bytes32 deviceKey, SignedKey calldata key) external {
        Device memory device = _firstInUse(deviceKey);
        _requireOwner(device.vehicle);
        Recovery memory running = _recoveries[deviceKey];
        // One that a former owner has asked for leads nowhere and stands in nobody's way.
        if (running.owner == msg.sender) revert DeviceRegistry_RecoveryRunning(deviceKey, running.readyAt);
        bytes32 newKey = _newKey(key.x, key.y);
        _requireSigned(
            key, _hashTypedDataV4(keccak256(abi.encode(_RECOVERY_TYPEHASH, device.vehicle, deviceKey, newKey, msg.sender)))
        );

        uint40 readyAt = uint40(block.timestamp) + RECOVERY_DELAY;
        _recoveries[deviceKey] = Recovery({ newKey: newKey, owner: msg.sender, readyAt: readyAt, contested: false });
        emit RecoveryAsked(deviceKey, newKey, msg.sender, readyAt);
    }

    /// @inheritdoc IDeviceRegistry
    function contestRecovery(bytes32 deviceKey) external {
        Recovery memory running = _running(deviceKey);
        address agent = _devices[deviceKey].agent;
        if (msg.sender != agent) revert DeviceRegistry_NotAgent(msg.sender, agent);
        if (running.contested) revert DeviceRegistry_AlreadyContested(deviceKey);
        if (block.timestamp >= running.readyAt) revert DeviceRegistry_TooLate(running.readyAt, block.timestamp);

        uint40 readyAt = running.readyAt + CONTEST_TIME;
        (_recoveries[deviceKey].readyAt, _recoveries[deviceKey].contested) = (readyAt, true);
        emit RecoveryContested(deviceKey, msg.sender, readyAt);
    }

    /// @inheritdoc IDeviceRegistry
    function cancelRecovery(bytes32 deviceKey) external {
        _running(deviceKey);
        _requireOwner(_devices[deviceKey].vehicle);
        delete _recoveries[deviceKey];
        emit RecoveryCancelled(deviceKey, msg.sender);
    }

    /// @inheritdoc IDeviceRegistry
    function finishRecovery(bytes32 deviceKey, uint256 x, uint256 y) external {
        Recovery memory running = _running(deviceKey);
        Device memory device = _firstInUse(deviceKey);
        address owner = _ownerOf(device.vehicle);
        if (running.owner != owner) revert DeviceRegistry_NotOwner(running.owner, owner);
        if (block.timestamp < running.readyAt) revert DeviceRegistry_NotYet(running.readyAt, block.timestamp);
        bytes32 newKey = _newKey(x, y);
        if (newKey != running.newKey) revert DeviceRegistry_BadDeviceSignature(newKey);

        _goOn(deviceKey, newKey, x, y, true);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IDeviceRegistry
    function deviceOf(bytes32 deviceKey) external view returns (Device memory) {
        return _devices[deviceKey];
    }

    /// @inheritdoc IDeviceRegistry
    function recoveryOf(bytes32 deviceKey) external view returns (Recovery memory) {
        return _recoveries[deviceKey];
    }

    /// @inheritdoc IDeviceRegistry
    function isValidAt(bytes32 deviceKey, uint256 vehicle, uint256 blockNumber) external view returns (bool) {
        Device storage key = _devices[deviceKey];
        if (key.vehicle == 0 || key.vehicle != vehicle || blockNumber < key.validFrom) return false;
        // The device of a first key has the name 0, under which there is nothing: it never ends.
        return _reaches(key.validUntil, blockNumber) && _reaches(_devices[key.device].validUntil, blockNumber);
    }

    /// @inheritdoc IDeviceRegistry
    function validityOf(bytes32 deviceKey, uint256 vehicle) external view returns (uint40 from, uint40 until) {
        Device storage key = _devices[deviceKey];
        if (key.vehicle != vehicle) return (0, 0);
        (from, until) = (key.setUpAt, key.endedAt);
        uint40 ofDevice = _devices[key.device].endedAt;
        if (until == 0 || (ofDevice != 0 && ofDevice < until)) until = ofDevice;
    }

    /// @inheritdoc IDeviceRegistry
    function hasSigned(uint256 x, uint256 y, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return DeviceKeys.hasSigned(x, y, digest, signature);
    }

    // ---------------------------------------------------------------- internal: writing

    function _setUp(bytes32 deviceKey, uint128 vehicle, address agent, bytes32 device, uint256 x, uint256 y) private {
        _devices[deviceKey] = Device({
            vehicle: vehicle,
            validFrom: uint64(block.number),
            validUntil: 0,
            agent: agent,
            setUpAt: uint40(block.timestamp),
            endedAt: 0,
            device: device
        });
        emit DeviceSetUp(deviceKey, vehicle, agent, device, x, y);
    }

    function _end(bytes32 deviceKey) private {
        _devices[deviceKey].validUntil = uint64(block.number);
        _devices[deviceKey].endedAt = uint40(block.timestamp);
        delete _recoveries[deviceKey];
    }

    /// @dev A device ends and goes on under a new first key.
    function _goOn(bytes32 device, bytes32 newKey, uint256 x, uint256 y, bool recovered) private {
        (uint128 vehicle, address agent) = (_devices[device].vehicle, _devices[device].agent);
        _end(device);
        emit DeviceReset(device, newKey, vehicle, recovered);
        _setUp(newKey, vehicle, agent, 0, x, y);
    }

    // ---------------------------------------------------------------- internal: checks

    function _requireInTime(uint64 deadline) private view {
        if (block.timestamp > deadline) revert DeviceRegistry_Expired(deadline, block.timestamp);
    }

    function _newKey(uint256 x, uint256 y) private view returns (bytes32 deviceKey) {
        deviceKey = DeviceKeys.nameOf(x, y);
        if (_devices[deviceKey].vehicle != 0) revert DeviceRegistry_KeyTaken(deviceKey);
    }

    function _requireSigned(SignedKey calldata key, bytes32 digest) private view {
        if (!DeviceKeys.hasSigned(key.x, key.y, digest, key.signature)) {
            revert DeviceRegistry_BadDeviceSignature(DeviceKeys.nameOf(key.x, key.y));
        }
    }

    /// @dev What a set-up of a further key and a reset ask: a device in use and a new key, both of which have signed.
    function _checkedPair(bytes32 typehash, SignedKey calldata first, SignedKey calldata key, uint64 deadline)
        private
        view
        returns (bytes32 device, bytes32 deviceKey)
    {
        _requireInTime(deadline);
        device = DeviceKeys.nameOf(first.x, first.y);
        uint128 vehicle = _firstInUse(device).vehicle;
        deviceKey = _newKey(key.x, key.y);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(typehash, vehicle, device, deviceKey, deadline)));
        _requireSigned(first, digest);
        _requireSigned(key, digest);
    }

    function _inUse(bytes32 deviceKey) private view returns (Device memory device) {
        device = _devices[deviceKey];
        if (device.vehicle == 0) revert DeviceRegistry_UnknownDevice(deviceKey);
        if (device.validUntil != 0) revert DeviceRegistry_AlreadyRetired(deviceKey, device.validUntil);
    }

    function _firstInUse(bytes32 deviceKey) private view returns (Device memory device) {
        device = _inUse(deviceKey);
        if (device.device != 0) revert DeviceRegistry_NotFirstKey(deviceKey, device.device);
    }

    function _running(bytes32 deviceKey) private view returns (Recovery memory running) {
        running = _recoveries[deviceKey];
        if (running.readyAt == 0) revert DeviceRegistry_NoRecovery(deviceKey);
    }

    function _requireOwner(uint256 vehicle) private view {
        address owner = _ownerOf(vehicle);
        if (msg.sender != owner) revert DeviceRegistry_NotOwner(msg.sender, owner);
    }

    /// @dev Whether an end, 0 for none, is not before a block.
    function _reaches(uint64 validUntil, uint256 blockNumber) private pure returns (bool) {
        return validUntil == 0 || blockNumber <= validUntil;
    }

    function _ownerOf(uint256 vehicle) private view returns (address) {
        return vehicles.ownerInEpoch(vehicle, vehicles.epochOf(vehicle));
    }
}
