// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Header } from "../../rights/libraries/Headers.sol";
import { SellOrder } from "./Deals.sol";

/// @notice A header with the path that opens it.
struct HeaderProof {
    Header header;
    bytes32[] path;
}

/// @title HookData
/// @notice Reads what a buyer brought for a hook where it lies in the calldata: copying an order to memory would use up much
/// of a hook's gas. A hook is told the order's hash only, so the buyer brings the order along.
/// @dev Positions are taken as they are given. Nothing read by them counts before its hash was compared with the order's.
library HookData {
    error HookData_TooShort(uint256 length);

    /// @notice `abi.encode(order, list)`: the order, and where the list's number of items stands.
    function orderOf(bytes calldata data) internal pure returns (SellOrder calldata order) {
        if (data.length < 0x40) revert HookData_TooShort(data.length);
        assembly ("memory-safe") {
            order := add(data.offset, calldataload(data.offset))
        }
    }

    /// @notice The list where it is one of hashes.
    function hashesOf(bytes calldata data) internal pure returns (bytes32[] calldata hashes) {
        assembly ("memory-safe") {
            let list := add(data.offset, calldataload(add(data.offset, 0x20)))
            hashes.offset := add(list, 0x20)
            hashes.length := calldataload(list)
        }
    }

    /// @notice The list where it is one of headers with their paths.
    function proofsOf(bytes calldata data) internal pure returns (HeaderProof[] calldata proofs) {
        assembly ("memory-safe") {
            let list := add(data.offset, calldataload(add(data.offset, 0x20)))
            proofs.offset := add(list, 0x20)
            proofs.length := calldataload(list)
        }
    }
}
