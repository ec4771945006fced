// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title BlockHeaders
/// @notice Hashes of past blocks, and the randomness that a block's header carries.
library BlockHeaders {
    /// @notice The contract in which the last 8,191 hashes stand where EIP-2935 is in force; `blockhash` knows 256.
    address internal constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    /// @dev Position of `mixHash` among a header's fields; since the Merge it is the block's `prevrandao` (EIP-4399).
    uint256 private constant _MIX_HASH = 13;

    error BlockHeaders_Malformed();

    /// @notice Hash of a past block of this chain, zero where it is too old or not made yet.
    function hashOf(uint256 number) internal view returns (bytes32 found) {
        found = blockhash(number);
        if (found != 0 || number >= block.number) return found;
        (bool ok, bytes memory answer) = HISTORY.staticcall(abi.encode(number));
        if (ok && answer.length == 32) found = bytes32(answer);
    }

    /// @notice `prevrandao` out of an RLP-encoded header. The caller compares the header's hash.
    function mixHashOf(bytes calldata header) internal pure returns (bytes32) {
        (uint256 start, uint256 end) = _items(header);
        for (uint256 i = 0; i < _MIX_HASH; ++i) {
            start = _next(header, start, end);
        }
        // A string of 32 bytes.
        if (start + 33 > end || uint8(header[start]) != 0xa0) revert BlockHeaders_Malformed();
        return bytes32(header[start + 1:start + 33]);
    }

    /// @dev Where the items of the one list begin and end.
    function _items(bytes calldata header) private pure returns (uint256 start, uint256 end) {
        // Every header is longer than 55 bytes: the prefix tells how many bytes its length has.
        if (header.length == 0 || uint8(header[0]) < 0xf8) revert BlockHeaders_Malformed();
        uint256 size = uint8(header[0]) - 0xf7;
        start = 1 + size;
        if (header.length < start) revert BlockHeaders_Malformed();
        end = start + (uint256(bytes32(header[1:start])) >> (8 * (32 - size)));
        if (end != header.length) revert BlockHeaders_Malformed();
    }

    /// @dev Where the item after the one at `start` begins. Lists do not stand before the mix hash.
    function _next(bytes calldata header, uint256 start, uint256 end) private pure returns (uint256 next) {
        if (start >= end) revert BlockHeaders_Malformed();
        uint256 prefix = uint8(header[start]);
        if (prefix < 0x80) return start + 1;
        if (prefix < 0xb8) return start + 1 + prefix - 0x80;
        uint256 size = prefix - 0xb7;
        if (prefix >= 0xc0 || start + 1 + size > end) revert BlockHeaders_Malformed();
        next = start + 1 + size + (uint256(bytes32(header[start + 1:start + 1 + size])) >> (8 * (32 - size)));
    }
}
