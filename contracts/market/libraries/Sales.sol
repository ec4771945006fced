// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title Sales
/// @notice The two packed words of a {Sale}.
/// @dev Bits of `party`, from the highest: buyer 160, whom data, refunds and slashed bonds go to; feeBps 16, the protocol fee;
/// priceBps 16, what is paid of the order's prices (10,000, or what the hook said); partiesBps 16, what the agreement's
/// parties get of the price after the fee (10,000, or a resale's royalty; the rest is the seller's); deliverBy 48, the last
/// second before which nobody can refund but the seller.
///
/// Bits of `fee`, from the highest: recipient 160; inspectBy 48, the last second in which the buyer may reject freely, zero
/// for a purchase by the buyer himself; nonce 48, chosen by the buyer so that one order can be bought twice.
library Sales {
    /// @notice Packs `party`.
    function party(address buyer_, uint256 feeBps_, uint256 priceBps_, uint256 partiesBps_, uint256 deliverBy_)
        internal
        pure
        returns (bytes32)
    {
        return bytes32(
            (uint256(uint160(buyer_)) << 96) | (feeBps_ << 80) | (priceBps_ << 64) | (partiesBps_ << 48) | deliverBy_
        );
    }

    /// @notice Packs `fee`.
    function fee(address recipient_, uint256 inspectBy_, uint48 nonce_) internal pure returns (bytes32) {
        return bytes32((uint256(uint160(recipient_)) << 96) | (inspectBy_ << 48) | nonce_);
    }

    function buyer(bytes32 word) internal pure returns (address) {
        return address(bytes20(word));
    }

    function feeBps(bytes32 word) internal pure returns (uint256) {
        return uint16(uint256(word) >> 80);
    }

    function priceBps(bytes32 word) internal pure returns (uint256) {
        return uint16(uint256(word) >> 64);
    }

    function partiesBps(bytes32 word) internal pure returns (uint256) {
        return uint16(uint256(word) >> 48);
    }

    function deliverBy(bytes32 word) internal pure returns (uint256) {
        return uint48(uint256(word));
    }

    function recipient(bytes32 word) internal pure returns (address) {
        return address(bytes20(word));
    }

    function inspectBy(bytes32 word) internal pure returns (uint256) {
        return uint48(uint256(word) >> 48);
    }
}
