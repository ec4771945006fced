// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { ISellOrders } from "./ISellOrders.sol";
import { Deals, SellOrder } from "./libraries/Deals.sol";

/// @title SellOrders
/// @notice See {ISellOrders}, which holds the documentation.
/// @dev Inherited by the exchange, whose EIP-712 domain the orders are signed for.
abstract contract SellOrders is ISellOrders, EIP712 {
    mapping(address seller => mapping(uint256 word => uint256)) private _cancelled;
    mapping(bytes32 orderHash => uint32) public fillsOf;

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
    function isCancelled(address seller, uint256 nonce) public view returns (bool) {
        return _cancelled[seller][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @inheritdoc ISellOrders
    function hashOrder(SellOrder calldata order) public view returns (bytes32) {
        return _hashTypedDataV4(Deals.hashOrder(order));
    }

    // ---------------------------------------------------------------- internal

    /// @dev Checks that the order can be bought by `buyer` now and takes note of the purchase.
    function _fill(SellOrder calldata order, bytes calldata signature, address buyer) internal returns (bytes32 orderHash) {
        if (block.timestamp > order.expiry) revert SellOrders_Expired(order.expiry, block.timestamp);
        if (order.buyer != address(0) && order.buyer != buyer) revert SellOrders_NotForThisBuyer(buyer, order.buyer);
        if (isCancelled(order.seller, order.nonce)) revert SellOrders_Cancelled(order.seller, order.nonce);
        orderHash = hashOrder(order);
        if (!SignatureChecker.isValidSignatureNowCalldata(order.seller, orderHash, signature)) {
            revert SellOrders_BadSellerSignature(order.seller);
        }

        if (!order.repeatable) {
            _cancelled[order.seller][order.nonce >> 8] |= 1 << (order.nonce & 0xff);
        } else if (order.maxFills != 0) {
            uint32 fills = fillsOf[orderHash];
            if (fills >= order.maxFills) revert SellOrders_AllFilled(orderHash, order.maxFills);
            fillsOf[orderHash] = fills + 1;
        }
    }

    function _cancel(address seller, uint256 word, uint256 mask) private {
        _cancelled[seller][word] |= mask;
        emit OrdersCancelled(seller, word, mask);
    }
}
