// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Header } from "./libraries/Headers.sol";

/// @title ILateHeaders
/// @notice Headers of a closed ownership epoch that were anchored after the vehicle's transfer: they count only if a device
/// has signed that they are of that time's stream, and within a grace.
/// @dev Notes:
/// - The device's signature is over its chain of messages, and every link of the chain has the stream in it, whose handle has
///   the epoch in it. So neither owner nor TSP can move the next owner's drives into the old epoch: the device signed them
///   for another stream.
/// - The times of a header are its TSP's word. What keeps a TSP from going on in an old stream with an old date is that the
///   device, which knows of the transfer, does not sign for that stream any more; a device that does is the owner's to retire.
/// - A key that was ended counts for what is anchored within the grace after its end.
interface ILateHeaders {
    // ---------------------------------------------------------------- types

    /// @notice The last message of a batch, opened: what the device signed.
    /// @param previous Chain hash before it.
    /// @param rowsRoot Root over its rows.
    /// @param x Coordinate of the device's key.
    /// @param y Coordinate of the device's key.
    /// @param signature r || s over the chain hash after it.
    struct LastMessage {
        bytes32 previous;
        bytes32 rowsRoot;
        uint256 x;
        uint256 y;
        bytes signature;
    }

    // ---------------------------------------------------------------- events

    event LateHeaderAdmitted(bytes32 indexed headerHash, address indexed tsp, uint256 indexed vehicle, uint64 epoch);

    // ---------------------------------------------------------------- errors

    error LateHeaders_AlreadyAdmitted(bytes32 headerHash);
    error LateHeaders_NotLate(uint256 anchoredAt, uint256 epochEnd);
    error LateHeaders_GraceOver(uint256 anchoredAt, uint256 last);
    error LateHeaders_WrongRest(bytes32 headerHash);
    error LateHeaders_RecordsAfterEpoch(uint256 lastTime, uint256 epochEnd);
    error LateHeaders_NotDeviceSigned(bytes32 headerHash);
    error LateHeaders_OtherDevice(bytes32 given, bytes32 named);
    error LateHeaders_UnknownDevice(bytes32 deviceKey, uint256 vehicle);
    error LateHeaders_DeviceTooYoung(uint256 setUpAt, uint256 epochEnd);
    error LateHeaders_DeviceEnded(uint256 endedAt, uint256 anchoredAt);
    error LateHeaders_NotTheMessage(bytes32 chainHash, bytes32 chainAfter);
    error LateHeaders_BadSignature(bytes32 deviceKey);

    // ---------------------------------------------------------------- moves

    /// @notice Admits a header that was anchored after its epoch's end, once and for every deal. By anyone.
    /// @dev Emits {LateHeaderAdmitted}.
    ///
    /// Requirements:
    /// - The header opens under an anchor of the TSP that it names, and its stream resolves by `handleProof`.
    /// - It was not admitted already.
    /// - The epoch has ended, before the anchor and by at most {GRACE}.
    /// - `rest` is the header's; its last record is not after the end of the epoch.
    /// - The header says that a device has signed, and names the key (x, y).
    /// - The key is registered for the vehicle, was set up before the end of the epoch, and if it has ended, then not more
    ///   than {GRACE} before the anchor.
    /// - The last message, with the header's stream and last counter, gives the header's chain hash, and the key has signed it.
    function admit(
        Header calldata header,
        bytes32[] calldata path,
        bytes calldata handleProof,
        bytes calldata rest,
        LastMessage calldata message
    ) external;

    // ---------------------------------------------------------------- reading

    /// @notice Seconds after a transfer within which batches of the former owner's time can still be anchored.
    function GRACE() external view returns (uint256);

    /// @notice Whether a header that was anchored after its epoch's end was admitted.
    function isAdmitted(bytes32 headerHash) external view returns (bool);
}
