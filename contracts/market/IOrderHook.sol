// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title IOrderHook
/// @notice A contract that a seller names in an order and that the exchange asks before it takes the order's next step.
/// @dev Both functions are called by `staticcall` with 100,000 gas, and 32 bytes of the answer are read. A hook that reverts,
/// runs out of its gas or answers with something else refuses. Refusing a purchase leaves the buyer's money with the buyer;
/// refusing a delivery ends in a refund at `deliverBy`. No other move asks a hook, so none can hold money.
interface IOrderHook {
    /// @notice What the buyer pays, in basis points of the order's prices.
    /// @param orderHash EIP-712 digest of the order.
    /// @param buyer Who buys.
    /// @param listPrice Sum of the pages' prices.
    /// @param lots Number of lots on all pages.
    /// @param data What the buyer brought for the hook.
    /// @return bps 1 to 10,000; 0 and everything above 10,000 refuse.
    function onPurchase(bytes32 orderHash, address buyer, uint256 listPrice, uint256 lots, bytes calldata data)
        external
        view
        returns (uint256 bps);

    /// @notice Whether a page may be delivered on chain now. A buyer's receipt needs no hook.
    /// @param dealId The deal.
    /// @param page The page.
    /// @return allowed 1 allows, everything else refuses.
    function onDelivery(bytes32 dealId, uint256 page) external view returns (uint256 allowed);
}
