// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title IFaucet
/// @notice Gives a fixed amount of a token to whoever asks, once a day: for testnets, where the token is worth nothing.
/// @dev Notes:
/// - Nobody owns it. Whoever wants it to give transfers tokens to it; what is in it leaves by {claim} alone, so that there is no
///   key whose loss or theft could empty it, and nobody takes back what was given to all.
/// - A day is one of UTC: it begins when `block.timestamp` is a multiple of 86,400.
/// - An account costs nothing to make: the limit per account keeps people from a slip, the limit of all accounts is the one that
///   nobody can pass.
interface IFaucet {
    event FaucetClaimed(address indexed account, uint256 amount);

    error Faucet_BadTerms(uint256 amount, uint256 claimsPerDay);
    error Faucet_AlreadyClaimed(address account, uint256 nextAt);
    error Faucet_DayExhausted(uint256 claimsPerDay, uint256 nextAt);
    error Faucet_Empty(uint256 balance, uint256 amount);

    /// @notice Gives the caller the fixed amount.
    /// @dev Emits {FaucetClaimed}.
    ///
    /// Requirements:
    /// - The caller has not claimed today.
    /// - Fewer than {claimsPerDay} claims were made today, by all accounts together.
    /// - There is as much in it as it gives.
    function claim() external;

    /// @notice The token that it gives.
    function token() external view returns (IERC20);

    /// @notice How much a claim gives, in the token's smallest unit.
    function amount() external view returns (uint256);

    /// @notice How many claims all accounts together may make in a day.
    function claimsPerDay() external view returns (uint256);

    /// @notice How many claims of today are left to all accounts together.
    function claimsLeft() external view returns (uint256);

    /// @notice From when on an account can claim, Unix seconds: the present time where it can now, the beginning of the next day
    /// where it, or all accounts together, have had what today gives. Whether there are tokens is not looked at.
    function nextClaimAt(address account) external view returns (uint256);
}
