// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrow } from "../IEscrow.sol";
import { IEscrowTypes } from "../IEscrowTypes.sol";
import { IOrderHook } from "../IOrderHook.sol";

/// @title TranchesHook
/// @notice A page can be delivered on chain only when the page before it is settled: the buyer verifies tranche by tranche, and
/// a seller whose page is refunded gives no further one away.
/// @dev All pages share one `deliverBy`. Without receipts each page takes its whole complaint window, so the order's time to
/// deliver should be windows × pages; what is not delivered by then is refunded. Not for all-or-nothing orders, whose pages
/// settle together: none would ever be delivered beyond the first.
contract TranchesHook is IOrderHook {
    IEscrow public immutable exchange;

    constructor(IEscrow exchange_) {
        exchange = exchange_;
    }

    /// @inheritdoc IOrderHook
    function onPurchase(bytes32, address, uint256, uint256, bytes calldata) external pure returns (uint256 bps) {
        return 10_000;
    }

    /// @inheritdoc IOrderHook
    function onDelivery(bytes32 dealId, uint256 page) external view returns (uint256 allowed) {
        if (page == 0) return 1;
        bytes32 before = exchange.keyOf(dealId, page - 1);
        return exchange.dealOf(before).state == IEscrowTypes.State.Settled ? 1 : 0;
    }
}
