// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import { ERC3009 } from "./ERC3009.sol";
import { IAggregatorV3 } from "./IAggregatorV3.sol";
import { IQDD } from "./IQDD.sol";
import { Redemptions } from "./Redemptions.sol";

/// @title QDD
/// @notice See {IQDD}, {IRedemptions} and {IERC3009Signed}, which hold the documentation.
contract QDD is IQDD, ERC20, ERC20Permit, ERC3009, Redemptions {
    /// @dev Bit of {_switches}.
    uint256 private constant _PAUSED = 1 << 255;

    /// @inheritdoc IQDD
    uint256 public immutable maxAge;

    /// @inheritdoc IQDD
    IAggregatorV3 public feed;

    /// @dev All that a transfer asks while nothing is stopped, in one slot: number of frozen accounts, and whether there is a pause.
    uint256 private _switches;
    mapping(address account => bool) private _frozen;

    constructor(address authority, IAggregatorV3 feed_, uint256 maxAge_, RedemptionTerms memory terms)
        ERC20("QoodBlock Dollar", "QDD")
        ERC20Permit("QoodBlock Dollar")
        AccessManaged(authority)
        Redemptions(terms)
    {
        if (address(feed_) == address(0)) revert QDD_ZeroAddress();
        feed = feed_;
        maxAge = maxAge_;
    }

    // ---------------------------------------------------------------- issuer

    /// @inheritdoc IQDD
    function mint(address to, uint256 amount) external restricted {
        _checkNoneOverdue();
        uint256 held = reserve();
        uint256 supplyAfter = totalSupply() + amount;
        if (supplyAfter > held) revert QDD_ReserveTooSmall(supplyAfter, held);
        _mint(to, amount);
        emit Minted(msg.sender, to, amount, supplyAfter, held);
    }

    // ---------------------------------------------------------------- reserve

    /// @inheritdoc IQDD
    function setFeed(IAggregatorV3 feed_) external restricted {
        if (address(feed_) == address(0)) revert QDD_ZeroAddress();
        uint256 held = _reserveOf(feed_);
        emit FeedChanged(msg.sender, address(feed), address(feed_), held);
        feed = feed_;
    }

    // ---------------------------------------------------------------- guardian and lister

    /// @inheritdoc IQDD
    function pause() external restricted {
        if (isPaused()) revert QDD_Paused();
        _switches |= _PAUSED;
        emit Paused(msg.sender);
    }

    /// @inheritdoc IQDD
    function unpause() external restricted {
        if (!isPaused()) revert QDD_NotPaused();
        _switches &= ~_PAUSED;
        emit Unpaused(msg.sender);
    }

    /// @inheritdoc IQDD
    function freeze(address account, bytes32 orderHash) external restricted {
        if (orderHash == 0) revert QDD_NoOrder();
        if (account == address(0) || account == address(this)) revert QDD_CannotFreeze(account);
        if (_frozen[account]) revert QDD_AlreadyFrozen(account);
        _frozen[account] = true;
        _switches += 1;
        emit Frozen(account, orderHash, msg.sender);
    }

    /// @inheritdoc IQDD
    function unfreeze(address account, bytes32 orderHash) external restricted {
        if (orderHash == 0) revert QDD_NoOrder();
        if (!_frozen[account]) revert QDD_NotFrozen(account);
        _frozen[account] = false;
        _switches -= 1;
        emit Unfrozen(account, orderHash, msg.sender);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @inheritdoc IQDD
    function isPaused() public view returns (bool) {
        return _switches & _PAUSED != 0;
    }

    /// @inheritdoc IQDD
    function isFrozen(address account) external view returns (bool) {
        return _frozen[account];
    }

    /// @inheritdoc IQDD
    function reserve() public view returns (uint256) {
        return _reserveOf(feed);
    }

    // ---------------------------------------------------------------- internal

    /// @dev Transfers and mints; redemptions move custody past it. Flags of accounts are looked at while any account is frozen.
    function _update(address from, address to, uint256 value) internal override {
        // Custody is in by request alone, so that it is this contract's balance to the unit.
        if (to == address(this)) revert ERC20InvalidReceiver(to);
        uint256 switches = _switches;
        if (switches != 0) {
            if (switches & _PAUSED != 0) revert QDD_Paused();
            _checkNotFrozen(from);
            _checkNotFrozen(to);
            if (msg.sender != from) _checkNotFrozen(msg.sender);
        }
        super._update(from, to, value);
    }

    function _checkNotFrozen(address account) internal view override {
        if (_frozen[account]) revert QDD_AccountFrozen(account);
    }

    function _reserveOf(IAggregatorV3 source) private view returns (uint256) {
        (, int256 answer,, uint256 updatedAt,) = source.latestRoundData();
        if (answer <= 0) revert QDD_ReserveNotPositive(answer);
        if (updatedAt > block.timestamp) revert QDD_ReserveInFuture(updatedAt, block.timestamp);
        if (block.timestamp - updatedAt > maxAge) revert QDD_ReserveStale(updatedAt, maxAge);

        uint8 scale = source.decimals();
        if (scale < 6) return uint256(answer) * 10 ** (6 - scale);
        return uint256(answer) / 10 ** (scale - 6);
    }
}
