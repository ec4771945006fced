// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IOrderHook } from "../market/IOrderHook.sol";

/// @title ExactHook
/// @notice Test only: a hook that spends some gas and then answers, if it was asked exactly what it expects.
contract ExactHook is IOrderHook {
    bytes32 public expected;
    uint256 public answer;
    uint256 public spends;

    error ExactHook_Unexpected(bytes question);

    /// @param question Hash of the whole calldata, or zero to answer whatever is asked.
    function set(bytes32 question, uint256 answer_, uint256 spends_) external {
        (expected, answer, spends) = (question, answer_, spends_);
    }

    function onPurchase(bytes32, address, uint256, uint256, bytes calldata) external view returns (uint256) {
        return _answer();
    }

    function onDelivery(bytes32, uint256) external view returns (uint256) {
        return _answer();
    }

    function _answer() private view returns (uint256) {
        uint256 start = gasleft();
        if (expected != 0 && keccak256(msg.data) != expected) revert ExactHook_Unexpected(msg.data);
        uint256 spend = spends;
        while (start - gasleft() < spend) { }
        return answer;
    }
}
