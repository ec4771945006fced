// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { ISellOrders } from "./ISellOrders.sol";
import { OrderBook } from "./OrderBook.sol";
import { SellOrder } from "./libraries/Deals.sol";

/// @title SellOrders
/// @notice See {ISellOrders}, which holds the documentation.
abstract contract SellOrders is ISellOrders, OrderBook {
    // ---------------------------------------------------------------- moves

    /// @inheritdoc ISellOrders
    function cancelOrder(uint256 nonce) external {
        _cancel(msg.sender, nonce >> 8, 1 << (nonce & 0xff));
    }

    /// @inheritdoc ISellOrders
    function cancelOrders(uint256 word, uint256 mask) external {
        _cancel(msg.sender, word, mask);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ISellOrders
    function isCancelled(address seller, uint256 nonce) external view returns (bool) {
        return _cancelled[seller][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @inheritdoc ISellOrders
    function fillsOf(bytes32 orderHash) external view returns (uint32) {
        return _fills[orderHash];
    }

    /// @inheritdoc ISellOrders
    function hashOrder(SellOrder calldata order) external view returns (bytes32) {
        return _orderHash(order);
    }

    // ---------------------------------------------------------------- internal

    function _cancel(address seller, uint256 word, uint256 mask) private {
        _cancelled[seller][word] |= mask;
        emit OrdersCancelled(seller, word, mask);
    }
}
