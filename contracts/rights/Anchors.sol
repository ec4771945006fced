// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IDeviceRegistry } from "../identity/IDeviceRegistry.sol";
import { IVehicleRegistry } from "../identity/IVehicleRegistry.sol";
import { IDataRegistry } from "./IDataRegistry.sol";
import { Header, Headers } from "./libraries/Headers.sol";
import { Handles, Rights } from "./libraries/Handles.sol";

/// @title Anchors
/// @notice The anchors of {DataRegistry}, and what its other parts need of them: opening a header, resolving a stream.
abstract contract Anchors is IDataRegistry {
    /// @notice The vehicle registry that named handles refer to.
    IVehicleRegistry public immutable vehicles;

    /// @notice Whose keys sign messages.
    IDeviceRegistry public immutable devices;

    mapping(address tsp => mapping(bytes32 root => Anchor)) private _anchors;

    constructor(IVehicleRegistry vehicles_, IDeviceRegistry devices_) {
        vehicles = vehicles_;
        devices = devices_;
    }

    // ---------------------------------------------------------------- moves

    /// @inheritdoc IDataRegistry
    function anchor(bytes32 root, uint64 sequence, bytes32 leavesHash, bytes32 listDigest) external {
        if (_anchors[msg.sender][root].time != 0) revert DataRegistry_AlreadyAnchored(msg.sender, root);
        _anchors[msg.sender][root] =
            Anchor({ sequence: sequence, time: uint64(block.timestamp), blockNumber: uint64(block.number) });
        emit Anchored(msg.sender, root, sequence, leavesHash, listDigest);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IDataRegistry
    function anchorOf(address tsp, bytes32 root) external view returns (Anchor memory) {
        return _anchors[tsp][root];
    }

    /// @inheritdoc IDataRegistry
    function anchorTime(address tsp, bytes32 root) external view returns (uint256) {
        return _anchors[tsp][root].time;
    }

    /// @inheritdoc IDataRegistry
    function openHeader(Header calldata header, bytes32[] calldata path)
        public
        view
        returns (bytes32 headerHash, Anchor memory anchored)
    {
        if (path.length > Headers.MAX_DEPTH) revert DataRegistry_PathTooLong(path.length);
        headerHash = Headers.hash(header);
        bytes32 root = Headers.rootOf(headerHash, path);
        anchored = _anchors[header.tsp][root];
        if (anchored.time == 0) revert DataRegistry_NotAnchored(header.tsp, root);
    }

    /// @inheritdoc IDataRegistry
    function resolve(bytes32 handle, bytes calldata proof) public view returns (Rights memory rights) {
        bool ok;
        (ok, rights) = Handles.resolve(address(vehicles), handle, proof);
        if (!ok) revert DataRegistry_UnknownHandle(handle);
    }
}
