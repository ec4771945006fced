// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { SellOrder } from "./libraries/Deals.sol";

/// @title ISellOrdersTypes
/// @notice Events and errors of {ISellOrders}.
interface ISellOrdersTypes {
    // ---------------------------------------------------------------- events

    /// @param mask The bits newly or again set.
    event OrdersCancelled(address indexed seller, uint256 indexed word, uint256 mask);

    // ---------------------------------------------------------------- errors

    error SellOrders_Expired(uint64 expiry, uint256 timestamp);
    error SellOrders_Cancelled(address seller, uint256 nonce);
    error SellOrders_AllFilled(bytes32 orderHash, uint32 maxFills);
    error SellOrders_BadSellerSignature(address seller);
}

/// @title ISellOrders
/// @notice Orders that live off chain until they are bought, and how their seller takes them back.
/// @dev Notes:
/// - Nonces are bits of an unordered bitmap: a set bit means cancelled, or bought for an order that is not repeatable.
interface ISellOrders is ISellOrdersTypes {
    // ---------------------------------------------------------------- moves

    /// @notice Cancels the caller's orders of one nonce.
    /// @dev Emits {OrdersCancelled}.
    function cancelOrder(uint256 nonce) external;

    /// @notice Cancels the caller's orders of up to 256 nonces: those of `mask` in the word `word` (nonce >> 8).
    /// @dev Emits {OrdersCancelled}.
    function cancelOrders(uint256 word, uint256 mask) external;

    // ---------------------------------------------------------------- reading

    /// @notice Whether a nonce of a seller can no longer be bought.
    function isCancelled(address seller, uint256 nonce) external view returns (bool);

    /// @notice How often an order with a limit has been bought.
    function fillsOf(bytes32 orderHash) external view returns (uint32);

    /// @notice EIP-712 digest of an order on this exchange.
    function hashOrder(SellOrder calldata order) external view returns (bytes32);
}
