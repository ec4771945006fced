// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IAggregatorV3 } from "../../tokens/IAggregatorV3.sol";
import { AgeVolumeHook } from "./AgeVolumeHook.sol";
import { AttestationConditionHook } from "./AttestationConditionHook.sol";
import { OracleConditionHook } from "./OracleConditionHook.sol";

/// @title HookFactory
/// @notice Makes the hooks that have settings of their own, so that a seller needs a wallet and no compiler.
/// @dev The address follows from the settings: the same ones give the same hook, whoever asks first, and it is made once. It
/// has no owner and no role.
contract HookFactory {
    address public immutable exchange;

    /// @param codeHash What orders pin beside the address.
    event HookMade(address indexed hook, bytes32 codeHash, string kind);

    constructor(address exchange_) {
        exchange = exchange_;
    }

    /// @notice Makes an {AgeVolumeHook}.
    /// @dev Emits {HookMade} where it was not there.
    function ageVolume(uint32[] calldata ages, uint32[] calldata lots, uint16[] calldata bps) external returns (address hook) {
        return _make(abi.encodePacked(type(AgeVolumeHook).creationCode, abi.encode(exchange, ages, lots, bps)), "AgeVolumeHook");
    }

    /// @notice Makes an {OracleConditionHook}.
    /// @dev Emits {HookMade} where it was not there.
    function oracleCondition(IAggregatorV3 feed, int256 threshold, bool atLeast, uint256 maxAge, uint8 steps)
        external
        returns (address hook)
    {
        bytes memory settings = abi.encode(feed, threshold, atLeast, maxAge, steps);
        return _make(abi.encodePacked(type(OracleConditionHook).creationCode, settings), "OracleConditionHook");
    }

    /// @notice Makes an {AttestationConditionHook}.
    /// @dev Emits {HookMade} where it was not there.
    function attestationCondition(address attester, uint8 steps) external returns (address hook) {
        bytes memory settings = abi.encode(attester, steps);
        return _make(abi.encodePacked(type(AttestationConditionHook).creationCode, settings), "AttestationConditionHook");
    }

    /// @dev CREATE2 with salt 0. The constructor's own error comes through.
    function _make(bytes memory creation, string memory kind) private returns (address hook) {
        bytes32 place = keccak256(abi.encodePacked(bytes1(0xff), address(this), bytes32(0), keccak256(creation)));
        hook = address(uint160(uint256(place)));
        if (hook.code.length != 0) return hook;
        assembly ("memory-safe") {
            hook := create2(0, add(creation, 0x20), mload(creation), 0)
            if iszero(hook) {
                let at := mload(0x40)
                returndatacopy(at, 0, returndatasize())
                revert(at, returndatasize())
            }
        }
        emit HookMade(hook, hook.codehash, kind);
    }
}
