// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title Vm
/// @notice The cheatcodes that the Solidity tests use.
interface Vm {
    function assume(bool condition) external pure;
    function prank(address sender) external;
    function roll(uint256 blockNumber) external;
    function warp(uint256 timestamp) external;
    function deal(address account, uint256 balance) external;
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function getCode(string calldata artifact) external view returns (bytes memory creationCode);
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
