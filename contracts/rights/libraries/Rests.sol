// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title Rests
/// @notice Reads the second level of a header, word by word: the bytes whose hash is the header's `restHash`.
library Rests {
    /// @notice Bytes of a rest: 22 words.
    uint256 internal constant LENGTH = 704;

    uint256 private constant _FIRST_TIME = 9;
    uint256 private constant _LAST_TIME = 10;
    uint256 private constant _DEVICE_KEY = 17;
    uint256 private constant _FIRST_COUNTER = 18;
    uint256 private constant _LAST_COUNTER = 19;
    uint256 private constant _CHAIN_AFTER = 21;

    /// @notice Whether bytes are the rest of a header: its length and hash.
    function isOf(bytes calldata rest, bytes32 restHash) internal pure returns (bool) {
        return rest.length == LENGTH && keccak256(rest) == restHash;
    }

    /// @notice Times of the first and the last record, Unix milliseconds.
    function times(bytes calldata rest) internal pure returns (uint256 first, uint256 last) {
        return (uint256(_word(rest, _FIRST_TIME)), uint256(_word(rest, _LAST_TIME)));
    }

    /// @notice Name of the device's key, zero where no device has signed.
    function deviceKey(bytes calldata rest) internal pure returns (bytes32) {
        return _word(rest, _DEVICE_KEY);
    }

    /// @notice Counters of the first and the last device message.
    function counters(bytes calldata rest) internal pure returns (uint256 first, uint256 last) {
        return (uint256(_word(rest, _FIRST_COUNTER)), uint256(_word(rest, _LAST_COUNTER)));
    }

    /// @notice Chain hash after the last device message.
    function chainAfter(bytes calldata rest) internal pure returns (bytes32) {
        return _word(rest, _CHAIN_AFTER);
    }

    function _word(bytes calldata rest, uint256 index) private pure returns (bytes32) {
        return bytes32(rest[index * 32:index * 32 + 32]);
    }
}
