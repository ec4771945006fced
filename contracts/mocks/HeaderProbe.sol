// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { BlockHeaders } from "../market/libraries/BlockHeaders.sol";

/// @title HeaderProbe
/// @notice Test only: the reading of block headers by itself.
contract HeaderProbe {
    function mixHashOf(bytes calldata header) external pure returns (bytes32) {
        return BlockHeaders.mixHashOf(header);
    }

    function hashOf(uint256 number) external view returns (bytes32) {
        return BlockHeaders.hashOf(number);
    }
}
