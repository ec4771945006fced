// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { ChaCha20 } from "../market/libraries/ChaCha20.sol";

/// @title ChaCha20Probe
/// @notice Test only: what the cipher makes of a message, and what it costs.
contract ChaCha20Probe {
    function crypt(bytes calldata input, uint256 offset, uint256 key, uint256 firstBlock) external pure returns (bytes memory data) {
        data = input;
        ChaCha20.crypt(data, offset, key, firstBlock);
    }

    /// @notice The gas of the cipher alone, for a message of zeros.
    function gasOf(uint256 length, uint256 key, uint256 firstBlock) external view returns (uint256 gas) {
        bytes memory data = new bytes(length);
        gas = gasleft();
        ChaCha20.crypt(data, 0, key, firstBlock);
        gas -= gasleft();
    }

    /// @notice Encrypts a message between two others; true if the others stayed as they were.
    function keepsToItself(bytes calldata input, bytes calldata before, bytes calldata behind) external pure returns (bool) {
        bytes memory first = before;
        bytes memory data = input;
        bytes memory last = behind;
        ChaCha20.crypt(data, 0, 1, 0);
        return keccak256(first) == keccak256(before) && keccak256(last) == keccak256(behind);
    }
}
