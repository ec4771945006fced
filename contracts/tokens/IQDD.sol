// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IAggregatorV3 } from "./IAggregatorV3.sol";

/// @title IQDD
/// @notice QoodBlock dollar: 6 decimals, ERC-2612 permit, minted only within an attested reserve.
/// @dev Warning: a reserve that falls after a mint does not undo the mint. The issuer can mint within the reserve and nothing
/// else: not burn, move, freeze or pause anybody's tokens.
interface IQDD {
    event Minted(address indexed issuer, address indexed to, uint256 amount, uint256 supply, uint256 reserve);

    error QDD_ZeroAddress();
    error QDD_ReserveNotPositive(int256 answer);
    error QDD_ReserveInFuture(uint256 updatedAt, uint256 timestamp);
    error QDD_ReserveStale(uint256 updatedAt, uint256 maxAge);
    error QDD_ReserveTooSmall(uint256 supplyAfter, uint256 reserve);

    /// @notice Mints to an account.
    /// @dev Emits {Minted}.
    ///
    /// Requirements:
    /// - The caller has the issuer's role in the access manager.
    /// - The feed's answer is positive, not from the future and not older than `maxAge`.
    /// - Supply + amount is at most the reserve, scaled to 6 decimals rounding down.
    function mint(address to, uint256 amount) external;

    /// @notice The reserve that the feed vouches for now, in units of 6 decimals.
    /// @dev Reverts as {mint} does where the feed does not count.
    function reserve() external view returns (uint256);

    /// @notice The feed.
    function feed() external view returns (IAggregatorV3);

    /// @notice The oldest attestation that counts, in seconds.
    function maxAge() external view returns (uint256);
}
