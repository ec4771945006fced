// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Anchors } from "./Anchors.sol";
import { IEquivocations } from "./IEquivocations.sol";
import { Rests } from "./libraries/Rests.sol";

/// @title Equivocations
/// @notice See {IEquivocations}, which holds the documentation.
abstract contract Equivocations is IEquivocations, Anchors {
    uint8 private constant _ONE_SEQUENCE = 1;
    uint8 private constant _OVERLAP = 2;

    /// @inheritdoc IEquivocations
    mapping(bytes32 headerHash => bool) public isEquivocated;

    /// @inheritdoc IEquivocations
    mapping(address tsp => uint256) public equivocationsOf;

    // ---------------------------------------------------------------- moves

    /// @inheritdoc IEquivocations
    function proveTwoOfOneSequence(Opened calldata first, Opened calldata second) external {
        (bytes32 one, bytes32 other) = _openedPair(first, second);
        if (first.header.sequence != second.header.sequence) {
            revert Equivocations_OtherSequence(first.header.sequence, second.header.sequence);
        }
        _mark(first, one, other, _ONE_SEQUENCE);
    }

    /// @inheritdoc IEquivocations
    function proveOverlap(
        Opened calldata first,
        bytes calldata firstRest,
        Opened calldata second,
        bytes calldata secondRest
    ) external {
        (bytes32 one, bytes32 other) = _openedPair(first, second);
        if (!Rests.isOf(firstRest, first.header.restHash)) revert Equivocations_WrongRest(one);
        if (!Rests.isOf(secondRest, second.header.restHash)) revert Equivocations_WrongRest(other);
        bytes32 deviceKey = Rests.deviceKey(firstRest);
        if (deviceKey == 0 || deviceKey != Rests.deviceKey(secondRest)) {
            revert Equivocations_OtherDevice(deviceKey, Rests.deviceKey(secondRest));
        }
        (uint256 firstStart, uint256 firstEnd) = Rests.counters(firstRest);
        (uint256 secondStart,) = Rests.counters(secondRest);
        if (firstStart > secondStart || firstEnd < secondStart) revert Equivocations_NoOverlap(firstEnd, secondStart);
        _mark(first, one, other, _OVERLAP);
    }

    // ---------------------------------------------------------------- internal

    /// @dev Two different headers of one stream under one TSP's anchors.
    function _openedPair(Opened calldata first, Opened calldata second) private view returns (bytes32 one, bytes32 other) {
        (one,) = openHeader(first.header, first.path);
        (other,) = openHeader(second.header, second.path);
        if (one == other) revert Equivocations_SameHeader(one);
        if (first.header.tsp != second.header.tsp) revert Equivocations_OtherTsp(first.header.tsp, second.header.tsp);
        if (first.header.stream != second.header.stream) {
            revert Equivocations_OtherStream(first.header.stream, second.header.stream);
        }
    }

    function _mark(Opened calldata first, bytes32 one, bytes32 other, uint8 reason) private {
        if (isEquivocated[one] && isEquivocated[other]) revert Equivocations_AlreadyProven(one, other);
        isEquivocated[one] = true;
        isEquivocated[other] = true;
        ++equivocationsOf[first.header.tsp];
        emit Equivocated(first.header.tsp, first.header.stream, one, other, reason);
    }
}
