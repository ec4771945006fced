// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { RightsFault } from "./rights/FaultyRights.sol";
import { RightsWalk } from "./rights/RightsWalk.sol";
import { RightsMove, RightsStage } from "./rights/Stage.sol";

/// @notice What the runner may call: a step of the walk, and nothing else.
contract RightsHandler {
    RightsWalk public immutable walk;

    constructor(RightsWalk walk_) {
        walk = walk_;
    }

    function step(uint256 seed) external {
        walk.step(seed);
    }
}

/// @title RightsInvariantTest
/// @notice Runs of the walk as the runner draws them. A step that breaks an invariant reverts, and so fails its run.
contract RightsInvariantTest {
    RightsWalk public walk;
    RightsHandler public handler;

    function setUp() public {
        walk = new RightsWalk(RightsFault.None, 0x51);
        handler = new RightsHandler(walk);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_everyStepIsAsTheInterfacesSay() public view {
        assert(address(handler.walk()) == address(walk));
    }

    function afterInvariant() public {
        walk.windUp();
    }
}

/// @title RightsWalkTest
/// @notice One long walk whose moves are counted, and walks over registries with a fault, which must not get far.
contract RightsWalkTest {
    uint256 private constant STEPS = 10_000;
    uint256 private constant LEAST = 10;

    error Seldom(RightsMove move, uint256 allowed, uint256 refused);
    error NotBitten(RightsFault fault);

    function test_everyMoveIsMadeAndRefusedOften() public {
        RightsWalk walk = new RightsWalk(RightsFault.None, 1);
        for (uint256 i = 0; i < STEPS; ++i) {
            walk.step(i);
        }
        walk.windUp();
        for (uint256 m = 0; m <= uint256(type(RightsMove).max); ++m) {
            (uint256 allowed, uint256 refused) = (walk.allowedCount(RightsMove(m)), walk.refusedCount(RightsMove(m)));
            // There are no more vehicles than tags.
            uint256 least = m <= uint256(RightsMove.Confirm) ? 5 : LEAST;
            if (allowed < least || refused < LEAST) revert Seldom(RightsMove(m), allowed, refused);
        }
    }

    function test_theWalkBites() public {
        for (uint256 f = 1; f <= uint256(type(RightsFault).max); ++f) {
            if (!_bites(RightsFault(f))) revert NotBitten(RightsFault(f));
        }
    }

    function _bites(RightsFault fault) private returns (bool) {
        RightsWalk walk = new RightsWalk(fault, 1);
        for (uint256 i = 0; i < STEPS; ++i) {
            try walk.step(i) { }
            catch (bytes memory reason) {
                // Not by a wall that the walk itself runs into.
                bytes4 selector = bytes4(reason);
                return selector == RightsStage.Rights_Forbidden.selector || selector == RightsStage.Rights_Refused.selector
                    || selector == RightsStage.Rights_Wrong.selector;
            }
        }
        return false;
    }
}
