// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Refusal } from "./Refusal.sol";

/// @title RefusalTest
/// @notice What the walks take for a guard's word: a custom error, and nothing that a wall says.
contract RefusalTest {
    error Own();
    error OwnWith(uint256 value);

    function test_aGuardSaysNoByItsOwnError() public pure {
        assert(Refusal.isOfAGuard(abi.encodeWithSelector(Own.selector)));
        assert(Refusal.isOfAGuard(abi.encodeWithSelector(OwnWith.selector, 1)));
        assert(!Refusal.isOfAGuard(""));
        assert(!Refusal.isOfAGuard(hex"123456"));
        assert(!Refusal.isOfAGuard(abi.encodeWithSignature("Panic(uint256)", 0x11)));
        assert(!Refusal.isOfAGuard(abi.encodeWithSignature("Error(string)", "no")));
    }

    function check(bytes memory reason) external pure {
        Refusal.check(reason);
    }

    function test_aWallFailsTheWalk() public view {
        this.check(abi.encodeWithSelector(Own.selector));
        try this.check(abi.encodeWithSignature("Panic(uint256)", 0x11)) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == Refusal.Refusal_Broke.selector);
        }
    }
}
