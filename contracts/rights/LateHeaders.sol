// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { DeviceKeys } from "../identity/libraries/DeviceKeys.sol";
import { Anchors } from "./Anchors.sol";
import { ILateHeaders } from "./ILateHeaders.sol";
import { Header, Headers } from "./libraries/Headers.sol";
import { Rests } from "./libraries/Rests.sol";
import { Rights } from "./libraries/Handles.sol";

/// @title LateHeaders
/// @notice See {ILateHeaders}, which holds the documentation.
abstract contract LateHeaders is ILateHeaders, Anchors {
    /// @inheritdoc ILateHeaders
    uint256 public constant GRACE = 35 days;

    /// @inheritdoc ILateHeaders
    mapping(bytes32 headerHash => bool) public isAdmitted;

    /// @inheritdoc ILateHeaders
    function admit(
        Header calldata header,
        bytes32[] calldata path,
        bytes calldata handleProof,
        bytes calldata rest,
        LastMessage calldata message
    ) external {
        (bytes32 headerHash, Anchor memory anchored) = openHeader(header, path);
        if (isAdmitted[headerHash]) revert LateHeaders_AlreadyAdmitted(headerHash);
        Rights memory rights = resolve(header.stream, handleProof);
        uint256 epochEnd = vehicles.epochEnd(rights.vehicle, rights.epoch);
        if (epochEnd == 0 || anchored.time <= epochEnd) revert LateHeaders_NotLate(anchored.time, epochEnd);
        if (anchored.time > epochEnd + GRACE) revert LateHeaders_GraceOver(anchored.time, epochEnd + GRACE);

        if (!Rests.isOf(rest, header.restHash)) revert LateHeaders_WrongRest(headerHash);
        (, uint256 lastTime) = Rests.times(rest);
        if (lastTime > epochEnd * 1000) revert LateHeaders_RecordsAfterEpoch(lastTime, epochEnd);
        if (Headers.originOf(header.flags) == Headers.TSP_ATTESTED) revert LateHeaders_NotDeviceSigned(headerHash);
        _checkDevice(Rests.deviceKey(rest), message, rights.vehicle, anchored.time, epochEnd);
        _checkMessage(header.stream, rest, message);

        isAdmitted[headerHash] = true;
        emit LateHeaderAdmitted(headerHash, header.tsp, rights.vehicle, rights.epoch);
    }

    // ---------------------------------------------------------------- internal

    /// @dev The key is the header's, and was the vehicle's when the data was made.
    function _checkDevice(
        bytes32 named,
        LastMessage calldata message,
        uint256 vehicle,
        uint256 anchoredAt,
        uint256 epochEnd
    ) private view {
        bytes32 deviceKey = DeviceKeys.nameOf(message.x, message.y);
        if (deviceKey != named) revert LateHeaders_OtherDevice(deviceKey, named);
        (uint40 from, uint40 until) = devices.validityOf(deviceKey, vehicle);
        if (from == 0) revert LateHeaders_UnknownDevice(deviceKey, vehicle);
        if (from > epochEnd) revert LateHeaders_DeviceTooYoung(from, epochEnd);
        if (until != 0 && anchoredAt > until + GRACE) revert LateHeaders_DeviceEnded(until, anchoredAt);
    }

    /// @dev The chain's last link has the header's stream and counter in it, and the device has signed it.
    function _checkMessage(bytes32 stream, bytes calldata rest, LastMessage calldata message) private view {
        (, uint256 counter) = Rests.counters(rest);
        bytes32 chainHash =
            sha256(abi.encodePacked("qood/msg/v1", message.previous, stream, uint64(counter), message.rowsRoot));
        bytes32 chainAfter = Rests.chainAfter(rest);
        if (chainHash != chainAfter) revert LateHeaders_NotTheMessage(chainHash, chainAfter);
        if (!devices.hasSigned(message.x, message.y, chainAfter, message.signature)) {
            revert LateHeaders_BadSignature(Rests.deviceKey(rest));
        }
    }
}
