// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title TokenWords
/// @notice Reads the packed word of {IEscrowTypes-TokenTerms}, field by field: a purchase needs few of them.
library TokenWords {
    function isListed(uint256 word) internal pure returns (bool) {
        return uint8(word) != 0;
    }

    function isStopped(uint256 word) internal pure returns (bool) {
        return uint8(word >> 8) != 0;
    }

    function isExact(uint256 word) internal pure returns (bool) {
        return uint8(word >> 232) != 0;
    }

    function feeBps(uint256 word) internal pure returns (uint256) {
        return uint16(word >> 24);
    }

    /// @notice The highest deposit and the least bond of a page, in the token's smallest unit.
    /// @param lots 1 to 32.
    function depositAndBond(uint256 word, uint256 lots) internal pure returns (uint256 most, uint256 least) {
        unchecked {
            // Below 2^32 x 10^18. The bonds stand 96 bits above the deposits.
            uint256 unit = 10 ** uint8(word >> 16);
            uint256 fields = word >> (lots == 1 ? 40 : lots <= 8 ? 72 : 104);
            return (uint32(fields) * unit, uint32(fields >> 96) * unit);
        }
    }
}
