// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { Signatures } from "../libraries/Signatures.sol";
import { ISellOrdersTypes } from "./ISellOrders.sol";
import { Deals, SellOrder } from "./libraries/Deals.sol";

/// @title OrderBook
/// @notice Which orders can still be bought, see {ISellOrders}. The one half of the exchange fills, the other cancels.
abstract contract OrderBook is ISellOrdersTypes, EIP712 {
    mapping(address seller => mapping(uint256 word => uint256)) internal _cancelled;
    mapping(bytes32 orderHash => uint32) internal _fills;

    function _orderHash(SellOrder calldata order) internal view returns (bytes32) {
        return _hashTypedDataV4(Deals.hashOrder(order));
    }

    /// @dev Checks that the order can be bought now and takes note of the purchase.
    function _fill(SellOrder calldata order, bytes calldata signature) internal returns (bytes32 orderHash) {
        if (block.timestamp > order.expiry) revert SellOrders_Expired(order.expiry, block.timestamp);
        uint256 bit = 1 << (order.nonce & 0xff);
        if (_cancelled[order.seller][order.nonce >> 8] & bit != 0) revert SellOrders_Cancelled(order.seller, order.nonce);
        orderHash = _orderHash(order);
        if (!Signatures.isValid(order.seller, orderHash, signature)) revert SellOrders_BadSellerSignature(order.seller);

        // Read in any case: the hash has the word as it lies, and reading refuses one that does not fit its type.
        uint32 maxFills = order.maxFills;
        if (!order.repeatable) {
            _cancelled[order.seller][order.nonce >> 8] |= bit;
        } else if (maxFills != 0) {
            uint32 fills = _fills[orderHash];
            if (fills >= maxFills) revert SellOrders_AllFilled(orderHash, maxFills);
            _fills[orderHash] = fills + 1;
        }
    }
}
