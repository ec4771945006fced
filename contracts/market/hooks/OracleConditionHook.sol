// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IAggregatorV3 } from "../../tokens/IAggregatorV3.sol";
import { IOrderHook } from "../IOrderHook.sol";

/// @title OracleConditionHook
/// @notice An order with this hook can be bought, delivered or both only while an oracle's value is at least, or at most, a
/// threshold, and fresh. Values, feed and steps are part of the code.
contract OracleConditionHook is IOrderHook {
    /// @notice Bits of `steps`.
    uint8 public constant AT_PURCHASE = 1;
    uint8 public constant AT_DELIVERY = 2;

    IAggregatorV3 public immutable feed;
    int256 public immutable threshold;
    /// @notice Whether the value must be at least the threshold, or at most.
    bool public immutable atLeast;
    /// @notice The oldest value that counts, seconds.
    uint256 public immutable maxAge;
    /// @notice In which steps the condition must hold.
    uint8 public immutable steps;

    error OracleConditionHook_NoFeed();
    error OracleConditionHook_UnknownSteps(uint8 steps);

    constructor(IAggregatorV3 feed_, int256 threshold_, bool atLeast_, uint256 maxAge_, uint8 steps_) {
        if (address(feed_).code.length == 0) revert OracleConditionHook_NoFeed();
        if (steps_ == 0 || steps_ > AT_PURCHASE + AT_DELIVERY) revert OracleConditionHook_UnknownSteps(steps_);
        feed = feed_;
        threshold = threshold_;
        atLeast = atLeast_;
        maxAge = maxAge_;
        steps = steps_;
    }

    /// @inheritdoc IOrderHook
    function onPurchase(bytes32, address, uint256, uint256, bytes calldata) external view returns (uint256 bps) {
        return steps & AT_PURCHASE == 0 || holds() ? 10_000 : 0;
    }

    /// @inheritdoc IOrderHook
    function onDelivery(bytes32, uint256) external view returns (uint256 allowed) {
        return steps & AT_DELIVERY == 0 || holds() ? 1 : 0;
    }

    /// @notice Whether the condition holds now. A value from the future counts as little as one that is too old.
    function holds() public view returns (bool) {
        (, int256 answer,, uint256 updatedAt,) = feed.latestRoundData();
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > maxAge) return false;
        return atLeast ? answer >= threshold : answer <= threshold;
    }
}
