// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title Refusal
/// @notice Tells a guard from a wall: a guard says no by an error of its own, never by a panic, a string or nothing at all.
library Refusal {
    error Refusal_Broke(bytes reason);

    function isOfAGuard(bytes memory reason) internal pure returns (bool) {
        bytes4 selector = bytes4(reason);
        bool isPanic = selector == bytes4(keccak256("Panic(uint256)")) || selector == bytes4(keccak256("Error(string)"));
        return reason.length >= 4 && !isPanic;
    }

    function check(bytes memory reason) internal pure {
        if (!isOfAGuard(reason)) revert Refusal_Broke(reason);
    }
}
