// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Fault } from "./walk/PlantedFault.sol";
import { Move, Sight, Stage } from "./walk/Stage.sol";
import { Walk } from "./walk/Walk.sol";

/// @notice What the runner may call: a step of the walk, and nothing else.
contract ExchangeHandler {
    Walk public immutable walk;

    constructor(Walk walk_) {
        walk = walk_;
    }

    function step(uint256 seed) external {
        walk.step(seed);
    }
}

/// @title ExchangeInvariantTest
/// @notice Runs of the walk as the runner draws them. A step that breaks an invariant reverts, and so fails its run.
contract ExchangeInvariantTest {
    Walk public walk;
    ExchangeHandler public handler;

    function setUp() public {
        walk = new Walk(Fault.None, 0x51);
        handler = new ExchangeHandler(walk);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_everyStepIsAsTheDocumentSays() public view {
        assert(address(handler.walk()) == address(walk));
    }

    function afterInvariant() public {
        walk.windUp();
    }
}

/// @title ExchangeWalkTest
/// @notice One long walk whose moves are counted, and walks over exchanges with a fault, which must not get far.
contract ExchangeWalkTest {
    uint256 private constant STEPS = 16_000;
    uint256 private constant LEAST = 10;

    /// @dev What the walk has counted, in the order of the moves and of the sights.
    error Seldom(uint256[] allowed, uint256[] refused, uint256[] seen);
    error NotBitten(Fault fault);

    function test_everyMoveIsMadeAndRefusedOften() public {
        Walk walk = new Walk(Fault.None, 1);
        for (uint256 i = 0; i < STEPS; ++i) {
            walk.step(i);
        }
        walk.windUp();
        uint256[] memory allowed = new uint256[](uint256(type(Move).max) + 1);
        uint256[] memory refused = new uint256[](allowed.length);
        bool often = true;
        for (uint256 m = 0; m < allowed.length; ++m) {
            (allowed[m], refused[m]) = (walk.allowedCount(Move(m)), walk.refusedCount(Move(m)));
            // An operator is anybody's own choice, and so is taking an order back: nobody is refused.
            bool isFree = Move(m) == Move.SetOperator || Move(m) == Move.Cancel;
            often = often && allowed[m] >= LEAST && (refused[m] >= LEAST || isFree);
        }
        uint256[] memory seen = new uint256[](uint256(type(Sight).max) + 1);
        for (uint256 s = 0; s < seen.length; ++s) {
            seen[s] = walk.sights(Sight(s));
            often = often && seen[s] != 0;
        }
        if (!often) revert Seldom(allowed, refused, seen);
    }

    function test_theWalkBites() public {
        for (uint256 f = 1; f <= uint256(type(Fault).max); ++f) {
            if (!_bites(Fault(f))) revert NotBitten(Fault(f));
        }
    }

    function _bites(Fault fault) private returns (bool) {
        Walk walk = new Walk(fault, 1);
        for (uint256 i = 0; i < STEPS; ++i) {
            try walk.step(i) { }
            catch (bytes memory reason) {
                return _isViolation(bytes4(reason));
            }
        }
        return false;
    }

    /// @dev One of the invariants, not a wall that the walk itself runs into.
    function _isViolation(bytes4 selector) private pure returns (bool) {
        return selector == Stage.Walk_Forbidden.selector || selector == Stage.Walk_Refused.selector || selector == Stage.Walk_Broke.selector
            || selector == Stage.Walk_WrongCredit.selector || selector == Stage.Walk_NotMine.selector || selector == Stage.Walk_Insolvent.selector
            || selector == Stage.Walk_WrongState.selector || selector == Stage.Walk_WrongWish.selector
            || selector == Stage.Walk_WrongReply.selector;
    }
}
