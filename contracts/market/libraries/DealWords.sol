// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrowTypes } from "../IEscrowTypes.sol";

/// @title DealWords
/// @notice Writes the packed word of {IEscrowTypes-Deal} where a move changes only its head: state, marks and end, bits 0-55.
/// @dev One write a move. Two would cost gas, and one that is a second one in its slot cannot be estimated: it is cheap, and
/// refused where less than the stipend of a call is left.
library DealWords {
    uint256 private constant _HEAD = 2 ** 56 - 1;

    /// @notice Changes the head. What else stands in the slot stays.
    function turn(IEscrowTypes.Deal storage deal, IEscrowTypes.State state, uint8 marks, uint40 endsAt) internal {
        _write(deal, (_read(deal) & ~_HEAD) | _head(state, marks, endsAt));
    }

    /// @notice Puts the hash of a delivery in place of all that is not the head.
    /// @param marks Tell that it stands there.
    function keepDelivery(
        IEscrowTypes.Deal storage deal,
        IEscrowTypes.State state,
        uint8 marks,
        uint40 endsAt,
        bytes25 delivered
    ) internal {
        _write(deal, uint256(bytes32(delivered)) | _head(state, marks, endsAt));
    }

    /// @notice What stands in place of all that is not the head.
    function deliveryIn(IEscrowTypes.Deal storage deal) internal view returns (bytes25) {
        return bytes25(bytes32(_read(deal)));
    }

    function _head(IEscrowTypes.State state, uint8 marks, uint40 endsAt) private pure returns (uint256) {
        return (uint256(endsAt) << 16) | (uint256(marks) << 8) | uint8(state);
    }

    function _read(IEscrowTypes.Deal storage deal) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(deal.slot)
        }
    }

    function _write(IEscrowTypes.Deal storage deal, uint256 word) private {
        assembly ("memory-safe") {
            sstore(deal.slot, word)
        }
    }
}
