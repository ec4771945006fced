// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { IFaucet } from "./IFaucet.sol";

/// @title Faucet
/// @notice See {IFaucet}, which holds the documentation.
contract Faucet is IFaucet {
    using SafeERC20 for IERC20;

    /// @inheritdoc IFaucet
    IERC20 public immutable token;
    /// @inheritdoc IFaucet
    uint256 public immutable amount;
    /// @inheritdoc IFaucet
    uint256 public immutable claimsPerDay;

    // slot 0: the last day on which anybody claimed, counted from 1970, and the claims of that day
    uint64 private _day;
    uint192 private _claims;
    mapping(address account => uint256 day) private _claimedOn;

    constructor(IERC20 token_, uint256 amount_, uint256 claimsPerDay_) {
        if (amount_ == 0 || claimsPerDay_ == 0) revert Faucet_BadTerms(amount_, claimsPerDay_);
        (token, amount, claimsPerDay) = (token_, amount_, claimsPerDay_);
    }

    // ---------------------------------------------------------------- giving

    /// @inheritdoc IFaucet
    function claim() external {
        uint256 today = _today();
        uint256 claims = _claimsOn(today);
        if (_claimedOn[msg.sender] == today) revert Faucet_AlreadyClaimed(msg.sender, _end(today));
        if (claims >= claimsPerDay) revert Faucet_DayExhausted(claimsPerDay, _end(today));
        uint256 balance = token.balanceOf(address(this));
        if (balance < amount) revert Faucet_Empty(balance, amount);

        _claimedOn[msg.sender] = today;
        (_day, _claims) = (uint64(today), uint192(claims + 1));
        emit FaucetClaimed(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IFaucet
    function claimsLeft() external view returns (uint256) {
        return claimsPerDay - _claimsOn(_today());
    }

    /// @inheritdoc IFaucet
    function nextClaimAt(address account) external view returns (uint256) {
        uint256 today = _today();
        return _claimedOn[account] == today || _claimsOn(today) >= claimsPerDay ? _end(today) : block.timestamp;
    }

    // ---------------------------------------------------------------- internal

    function _today() private view returns (uint256) {
        return block.timestamp / 1 days;
    }

    function _end(uint256 day) private pure returns (uint256) {
        return (day + 1) * 1 days;
    }

    function _claimsOn(uint256 day) private view returns (uint256) {
        return _day == day ? _claims : 0;
    }
}
