// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IOrderHook } from "../IOrderHook.sol";

/// @title Hooks
/// @notice Asks a hook so that it can neither hold the caller up, nor be starved on purpose by whoever sends the transaction.
library Hooks {
    /// @notice What a hook may use.
    uint256 internal constant GAS = 100_000;

    /// @dev What must be left for a call with {GAS} (EIP-150 keeps 1/64 back) and for the exchange after it.
    uint256 private constant _LEAST_GAS = GAS * 64 / 63 + 150_000;

    error Hooks_NotEnoughGas(uint256 left, uint256 needed);
    error Hooks_CodeChanged(address hook, bytes32 codeHash);

    /// @notice The answer to a purchase; 0 where the hook fails.
    function askPurchase(
        address hook,
        bytes32 codeHash,
        bytes32 orderHash,
        address buyer,
        uint256 listPrice,
        uint256 lots,
        bytes calldata data
    ) internal view returns (uint256) {
        return _ask(hook, codeHash, abi.encodeCall(IOrderHook.onPurchase, (orderHash, buyer, listPrice, lots, data)));
    }

    /// @notice Whether a delivery is allowed; no where the hook fails.
    function askDelivery(address hook, bytes32 codeHash, bytes32 dealId, uint256 page) internal view returns (bool) {
        return _ask(hook, codeHash, abi.encodeCall(IOrderHook.onDelivery, (dealId, page))) == 1;
    }

    function _ask(address hook, bytes32 codeHash, bytes memory data) private view returns (uint256 answer) {
        if (hook.codehash != codeHash) revert Hooks_CodeChanged(hook, hook.codehash);
        if (gasleft() < _LEAST_GAS) revert Hooks_NotEnoughGas(gasleft(), _LEAST_GAS);
        uint256 limit = GAS;
        bool ok;
        assembly ("memory-safe") {
            // 32 bytes are copied at most: a long answer costs the hook's own gas.
            ok := staticcall(limit, hook, add(data, 0x20), mload(data), 0x00, 0x20)
            ok := and(ok, eq(returndatasize(), 0x20))
            answer := mload(0x00)
        }
        if (!ok) answer = 0;
    }
}
