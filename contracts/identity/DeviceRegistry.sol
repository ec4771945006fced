// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { IDeviceRegistry } from "./IDeviceRegistry.sol";
import { IVehicleRegistry } from "./IVehicleRegistry.sol";

/// @title DeviceRegistry
/// @notice See {IDeviceRegistry}, which holds the documentation.
contract DeviceRegistry is IDeviceRegistry, EIP712 {
    bytes32 private constant _SETUP_TYPEHASH =
        keccak256("DeviceSetup(uint256 vehicle,uint64 epoch,bytes32 deviceKey,address agent,uint64 deadline)");

    /// @notice Whose owners and TSPs count.
    IVehicleRegistry public immutable vehicles;

    mapping(bytes32 deviceKey => Device) private _devices;

    constructor(IVehicleRegistry vehicles_) EIP712("DeviceRegistry", "1") {
        vehicles = vehicles_;
    }

    // ---------------------------------------------------------------- moves

    /// @inheritdoc IDeviceRegistry
    function setup(
        uint256 vehicle,
        uint256 x,
        uint256 y,
        address agent,
        uint64 deadline,
        bytes calldata ownerSignature,
        bytes calldata deviceSignature
    ) external returns (bytes32 deviceKey) {
        if (block.timestamp > deadline) revert DeviceRegistry_Expired(deadline, block.timestamp);
        if (!vehicles.isTsp(agent)) revert DeviceRegistry_NotAccreditedAgent(agent);
        deviceKey = keccak256(abi.encode(x, y));
        if (_devices[deviceKey].vehicle != 0) revert DeviceRegistry_KeyTaken(deviceKey);

        _checkConsent(vehicle, deviceKey, agent, deadline, ownerSignature, deviceSignature);

        // Token ids have 128 bits, and an unknown one was refused with its epoch.
        _devices[deviceKey] = Device({ vehicle: uint128(vehicle), validFrom: uint64(block.number), validUntil: 0, agent: agent });
        emit DeviceSetUp(deviceKey, vehicle, agent, x, y);
    }

    /// @inheritdoc IDeviceRegistry
    function retire(bytes32 deviceKey) external {
        Device memory device = _devices[deviceKey];
        if (device.vehicle == 0) revert DeviceRegistry_UnknownDevice(deviceKey);
        if (device.validUntil != 0) revert DeviceRegistry_AlreadyRetired(deviceKey, device.validUntil);
        if (msg.sender != device.agent && msg.sender != _ownerOf(device.vehicle)) {
            revert DeviceRegistry_NotOwnerOrAgent(msg.sender);
        }
        _devices[deviceKey].validUntil = uint64(block.number);
        emit DeviceRetired(deviceKey, device.vehicle, uint64(block.number));
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IDeviceRegistry
    function deviceOf(bytes32 deviceKey) external view returns (Device memory) {
        return _devices[deviceKey];
    }

    /// @inheritdoc IDeviceRegistry
    function isValidAt(bytes32 deviceKey, uint256 vehicle, uint256 blockNumber) external view returns (bool) {
        Device memory device = _devices[deviceKey];
        return device.vehicle != 0 && device.vehicle == vehicle && blockNumber >= device.validFrom
            && (device.validUntil == 0 || blockNumber <= device.validUntil);
    }

    // ---------------------------------------------------------------- internal

    /// @dev Both signatures are over one text. The device's is checked by the address of its key.
    function _checkConsent(
        uint256 vehicle,
        bytes32 deviceKey,
        address agent,
        uint64 deadline,
        bytes calldata ownerSignature,
        bytes calldata deviceSignature
    ) private view {
        uint64 epoch = vehicles.epochOf(vehicle);
        address owner = vehicles.ownerInEpoch(vehicle, epoch); // reverts for an unknown vehicle
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(_SETUP_TYPEHASH, vehicle, epoch, deviceKey, agent, deadline)));
        if (!SignatureChecker.isValidSignatureNowCalldata(owner, digest, ownerSignature)) {
            revert DeviceRegistry_BadOwnerSignature(owner);
        }
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, deviceSignature);
        // The address of a secp256k1 key is the low 20 bytes of the hash that names it here.
        if (signer == address(0) || signer != address(uint160(uint256(deviceKey)))) {
            revert DeviceRegistry_BadDeviceSignature(deviceKey);
        }
    }

    function _ownerOf(uint256 vehicle) private view returns (address) {
        return vehicles.ownerInEpoch(vehicle, vehicles.epochOf(vehicle));
    }
}
