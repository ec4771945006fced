// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title Awkward1271
/// @notice Test only: an account that answers with any bytes when it is asked for a signature, or reverts with them.
contract Awkward1271 {
    bytes public answer;
    bool public isReverting;

    function set(bytes calldata answer_, bool isReverting_) external {
        (answer, isReverting) = (answer_, isReverting_);
    }

    // solhint-disable-next-line no-complex-fallback
    fallback() external {
        bytes memory data = answer;
        if (isReverting) {
            assembly ("memory-safe") {
                revert(add(data, 0x20), mload(data))
            }
        }
        assembly ("memory-safe") {
            return(add(data, 0x20), mload(data))
        }
    }
}
