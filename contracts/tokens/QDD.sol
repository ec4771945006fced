// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import { IAggregatorV3 } from "./IAggregatorV3.sol";
import { IQDD } from "./IQDD.sol";

/// @title QDD
/// @notice See {IQDD}, which holds the documentation.
contract QDD is IQDD, ERC20, ERC20Permit, AccessManaged {
    /// @inheritdoc IQDD
    IAggregatorV3 public immutable feed;

    /// @inheritdoc IQDD
    uint256 public immutable maxAge;

    constructor(address authority, IAggregatorV3 feed_, uint256 maxAge_)
        ERC20("QoodBlock Dollar", "QDD")
        ERC20Permit("QoodBlock Dollar")
        AccessManaged(authority)
    {
        if (address(feed_) == address(0)) revert QDD_ZeroAddress();
        feed = feed_;
        maxAge = maxAge_;
    }

    // ---------------------------------------------------------------- issuer

    /// @inheritdoc IQDD
    function mint(address to, uint256 amount) external restricted {
        uint256 held = reserve();
        uint256 supplyAfter = totalSupply() + amount;
        if (supplyAfter > held) revert QDD_ReserveTooSmall(supplyAfter, held);
        _mint(to, amount);
        emit Minted(msg.sender, to, amount, supplyAfter, held);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @inheritdoc IQDD
    function reserve() public view returns (uint256) {
        (, int256 answer,, uint256 updatedAt,) = feed.latestRoundData();
        if (answer <= 0) revert QDD_ReserveNotPositive(answer);
        if (updatedAt > block.timestamp) revert QDD_ReserveInFuture(updatedAt, block.timestamp);
        if (block.timestamp - updatedAt > maxAge) revert QDD_ReserveStale(updatedAt, maxAge);

        uint8 scale = feed.decimals();
        if (scale < 6) return uint256(answer) * 10 ** (6 - scale);
        return uint256(answer) / 10 ** (scale - 6);
    }
}
