// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title Vm
/// @notice The cheatcodes that the Solidity tests use.
interface Vm {
    function assume(bool condition) external pure;
    function prank(address sender) external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
