// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { ILateHeaders } from "../../../contracts/rights/ILateHeaders.sol";
import { vm } from "../Vm.sol";
import { Resales } from "./Resales.sol";
import { Move } from "./Stage.sol";

/// @title Late
/// @notice Headers that were anchored after their epoch's end: anybody brings the device's signature, rightly or not. What is
/// admitted is sold like any other.
abstract contract Late is Resales {
    uint256 private constant GRACE = 35 days;

    /// @dev Of the first vehicle; mostly one that was anchored after a transfer.
    function _admit() internal {
        if (_latest() == 0) return;
        uint256 g = _lateAgreement();
        uint256 over = _epochEnd[g] + GRACE;
        // To the last second of the grace, or to the one after it.
        bool toItsEnd = _rarely(12) && block.timestamp < over;
        if (toItsEnd) vm.warp(over + _pick(2));
        uint256 position = toItsEnd || _rarely(3) ? _anchorBatch(g, uint8(_between(1, 3)), _rarely(2), _anyStory()) : _lateBatch();
        Batch storage batch = _batches[position];
        uint256 secret = _rarely(8) ? DEVICE + 1 : DEVICE;
        bool allowed = _mayBeAdmitted(batch) && secret == DEVICE;
        bytes memory data = abi.encodeCall(
            ILateHeaders.admit, (batch.header, _pathOf(batch), _handleOf(batch), _rest(position), _messageOf(position, secret))
        );
        (bool ok,) = _moveDead(address(_data), Move.Admit, NO_TOKEN, who[_pick(ACTORS)], data, allowed);
        if (ok) batch.admitted = true;
    }

    function _lateAgreement() private returns (uint256 g) {
        while (_epochEnd[g] == 0) g = _rarely(2) ? 0 : 2 + _pick(_count - 2);
    }

    function _lateBatch() private returns (uint256 position) {
        for (uint256 tries = 0; tries < 12; ++tries) {
            position = _batches.length - 1 - _pick(_batches.length < 60 ? _batches.length : 60);
            uint256 end = _epochEnd[_batches[position].g];
            if (end != 0 && _batches[position].anchoredAt > end && !_batches[position].admitted) break;
        }
    }

    /// @dev Anchored after the epoch's end and within the grace, with no record of after it, and signed by the device for its own
    /// stream; once.
    function _mayBeAdmitted(Batch storage batch) private view returns (bool) {
        uint256 end = _epochEnd[batch.g];
        bool isLate = end != 0 && batch.anchoredAt > end && batch.anchoredAt <= end + GRACE;
        return isLate && batch.story == Story.Right && !batch.admitted;
    }
}
