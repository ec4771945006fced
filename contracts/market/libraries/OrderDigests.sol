// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { MessageHashUtils } from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import { Agreements } from "../../shares/libraries/Agreements.sol";
import { Deals, SellOrder } from "./Deals.sol";

/// @title OrderDigests
/// @notice What contracts beside the exchange need to know of a sell order: its digest, and that headers are its lots.
library OrderDigests {
    bytes32 private constant _DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    error OrderDigests_NotTheLots(uint256 page);

    /// @notice EIP-712 digest of an order on an exchange, the same as its `hashOrder`.
    function digest(address exchange, SellOrder calldata order) internal view returns (bytes32) {
        bytes32 domain =
            keccak256(abi.encode(_DOMAIN_TYPEHASH, keccak256("Escrow"), keccak256("1"), block.chainid, exchange));
        return MessageHashUtils.toTypedDataHash(domain, Deals.hashOrder(order));
    }

    /// @notice Pages that have lots of their own: the two of DISPUTED data are over the same lots.
    function ownPages(SellOrder calldata order) internal pure returns (uint256) {
        return order.dataClass == Agreements.DISPUTED && order.pages.length != 0 ? 1 : order.pages.length;
    }

    /// @notice Checks that header hashes are the lots of an order's pages, one page after the other.
    function requireLots(SellOrder calldata order, bytes32[] memory hashes) internal pure {
        uint256 count = ownPages(order);
        uint256 from;
        for (uint256 i = 0; i < count; ++i) {
            uint256 lots = order.pages[i].lotCount;
            if (lots > hashes.length - from) revert OrderDigests_NotTheLots(i);
            bytes32 found;
            assembly ("memory-safe") {
                found := keccak256(add(add(hashes, 0x20), shl(5, from)), shl(5, lots))
            }
            if (found != order.pages[i].lotsHash) revert OrderDigests_NotTheLots(i);
            from += lots;
        }
        if (from != hashes.length) revert OrderDigests_NotTheLots(count);
    }
}
