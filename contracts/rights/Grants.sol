// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Agreements } from "../shares/libraries/Agreements.sol";
import { Anchors } from "./Anchors.sol";
import { IGrants } from "./IGrants.sol";
import { Header } from "./libraries/Headers.sol";
import { Handles, Rights } from "./libraries/Handles.sol";

/// @title Grants
/// @notice See {IGrants}, which holds the documentation.
abstract contract Grants is IGrants, Anchors {
    /// @dev Bits of {Grant-consents}.
    uint8 private constant _BY_OWNER = 1;
    uint8 private constant _BY_OEM = 2;

    /// @inheritdoc IGrants
    mapping(bytes32 stream => uint64) public keyEpochOf;

    mapping(bytes32 grantId => Grant) private _grants;

    // ---------------------------------------------------------------- principals

    /// @inheritdoc IGrants
    function grantFree(Range calldata range, bytes calldata handleProof, bytes32 serviceHash) external {
        if (range.paid) revert Grants_WrongKind(range.paid);
        _grant(range, handleProof, keyEpochOf[range.stream], serviceHash);
    }

    /// @inheritdoc IGrants
    function grantPaid(
        Range calldata range,
        bytes calldata handleProof,
        bytes32 paymentHash,
        Header calldata header,
        bytes32[] calldata path
    ) external {
        if (!range.paid) revert Grants_WrongKind(range.paid);
        openHeader(header, path);
        if (header.stream != range.stream) revert Grants_NotOfStream(header.stream, range.stream);
        if (header.sequence != range.last) revert Grants_NotTheLast(header.sequence, range.last);
        _grant(range, handleProof, 0, paymentHash);
    }

    /// @inheritdoc IGrants
    function revoke(Range calldata range, bytes calldata handleProof) external {
        if (range.paid) revert Grants_WrongKind(range.paid);
        _consentOfCaller(resolve(range.stream, handleProof));
        bytes32 id = grantId(range);
        if (_grants[id].consents == 0) revert Grants_NotGranted(id);
        delete _grants[id];
        emit Revoked(range.stream, range.party, msg.sender, range);
    }

    /// @inheritdoc IGrants
    function beginKeyEpoch(bytes32 stream, bytes calldata handleProof) external returns (uint64 keyEpoch) {
        _consentOfCaller(resolve(stream, handleProof));
        keyEpoch = ++keyEpochOf[stream];
        emit KeyEpochBegun(stream, msg.sender, keyEpoch);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IGrants
    function grantId(Range calldata range) public pure returns (bytes32) {
        return keccak256(abi.encode(range));
    }

    /// @inheritdoc IGrants
    function grantOf(bytes32 id) external view returns (Grant memory) {
        return _grants[id];
    }

    /// @inheritdoc IGrants
    function isGranted(Range calldata range, bytes calldata handleProof, uint64 sequence) external view returns (bool) {
        (bool ok, Rights memory rights) = Handles.resolve(address(vehicles), range.stream, handleProof);
        if (!ok || sequence < range.first || sequence > range.last) return false;
        Grant memory given = _grants[grantId(range)];
        uint8 needed = rights.dataClass == Agreements.USER ? _BY_OWNER : rights.dataClass == Agreements.OEM ? _BY_OEM : _BY_OWNER | _BY_OEM;
        return given.consents & needed == needed && block.timestamp <= range.expiry
            && (range.paid || given.keyEpoch == keyEpochOf[range.stream]);
    }

    // ---------------------------------------------------------------- internal

    /// @dev Consents add up, those of a former key epoch do not.
    function _grant(Range calldata range, bytes calldata handleProof, uint64 keyEpoch, bytes32 termsHash) private {
        if (range.party == address(0)) revert Grants_ZeroAddress();
        if (range.first > range.last) revert Grants_EmptyRange(range.first, range.last);
        if (block.timestamp > range.expiry) revert Grants_Expired(range.expiry, block.timestamp);
        uint8 consents = _consentOfCaller(resolve(range.stream, handleProof));

        Grant storage given = _grants[grantId(range)];
        if (given.keyEpoch == keyEpoch) consents |= given.consents;
        (given.keyEpoch, given.consents) = (keyEpoch, consents);
        emit Granted(range.stream, range.party, msg.sender, range, termsHash);
    }

    /// @dev What the caller's consent is worth for a stream's class.
    function _consentOfCaller(Rights memory rights) private view returns (uint8 consent) {
        if (rights.dataClass != Agreements.OEM && msg.sender == vehicles.ownerInEpoch(rights.vehicle, rights.epoch)) consent = _BY_OWNER;
        if (rights.dataClass != Agreements.USER && msg.sender == vehicles.oemOf(rights.vehicle)) consent |= _BY_OEM;
        if (consent == 0) revert Grants_NotPrincipal(msg.sender);
    }
}
