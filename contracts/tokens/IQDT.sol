// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title IQDT
/// @notice QoodBlock token: 18 decimals, at most 2,100,000,000 of it, ERC-2612 permit, votes by ERC-5805.
/// @dev Notes:
/// - Votes count from the moment an account delegates, to itself or another. The clock is Unix time (ERC-6372): blocks of a
///   rollup come at no even pace.
/// - Nobody can burn, move, freeze or pause anybody's tokens. There is no burning at all, so that the cap is of all that was ever
///   minted.
/// - Permits and signed delegations use one and the same sequence of nonces.
interface IQDT {
    event Emitted(address indexed by, address indexed to, uint256 amount, uint256 supply);

    /// @notice Mints to an account.
    /// @dev Emits {Emitted}.
    ///
    /// Requirements:
    /// - The caller has the emission role in the access manager.
    /// - Supply + amount is at most the cap.
    /// - `to` is not zero.
    function mint(address to, uint256 amount) external;
}
