// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IOrderHook } from "../IOrderHook.sol";
import { SellOrder } from "../libraries/Deals.sol";
import { HookData } from "../libraries/HookData.sol";
import { OrderDigests } from "../libraries/OrderDigests.sol";
import { ISampleBeacon } from "./ISampleBeacon.sol";

/// @title SampledHook
/// @notice An order with this hook can be bought only when the sample of each of its batches is fixed: which leaves the seller
/// opens before payment, the same for every buyer. The seller opens them off chain; a buyer who is not shown them, or whom
/// they do not please, does not buy.
/// @dev Hook data: `abi.encode(SellOrder order, bytes32[] headerHashes)`, the headers of all pages in order, those of DISPUTED
/// data once. Orders of up to 32 lots stay below a hook's gas. Where the beacon has no source of randomness, nothing is sold.
contract SampledHook is IOrderHook {
    address public immutable exchange;
    ISampleBeacon public immutable beacon;

    /// @notice How many leaves of each batch are opened.
    uint256 public immutable samples;

    error SampledHook_WrongOrder(bytes32 given, bytes32 expected);
    error SampledHook_NotFixed();
    error SampledHook_SampleSize(uint256 samples);

    constructor(address exchange_, ISampleBeacon beacon_, uint256 samples_) {
        if (samples_ == 0 || samples_ > 32) revert SampledHook_SampleSize(samples_);
        exchange = exchange_;
        beacon = beacon_;
        samples = samples_;
    }

    /// @inheritdoc IOrderHook
    function onPurchase(bytes32 orderHash, address, uint256, uint256, bytes calldata data) external view returns (uint256 bps) {
        SellOrder calldata order = HookData.orderOf(data);
        bytes32 given = OrderDigests.digest(exchange, order);
        if (given != orderHash) revert SampledHook_WrongOrder(given, orderHash);
        bytes32[] memory headers = HookData.hashesOf(data);
        OrderDigests.requireLots(order, headers);
        if (!beacon.areFixed(headers)) revert SampledHook_NotFixed();
        return 10_000;
    }

    /// @inheritdoc IOrderHook
    function onDelivery(bytes32, uint256) external pure returns (uint256 allowed) {
        return 1;
    }
}
