// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IAggregatorV3 } from "./IAggregatorV3.sol";

/// @title IQDD
/// @notice QoodBlock dollar: 6 decimals, ERC-2612, ERC-3009, minted only within an attested reserve, redeemed by {IRedemptions}.
/// @dev What the issuer, the foundation and every role together can never do:
/// - move, burn or take anybody's tokens: a balance falls by its owner's transfer, allowance, signature or request alone;
/// - touch tokens in custody in another way than {IRedemptions} names: by receipt, or by attestation and silence;
/// - mint past the reserve that the feed vouches for, or while a redemption is overdue;
/// - freeze or release an account without an event that names the order's hash; a freeze takes nothing, it holds;
/// - keep a holder who is not frozen from asking for redemption: a pause does not stop it;
/// - change decimals, name, times of redemption or code: nothing of it is stored where it could be changed.
/// The feed, which is the one thing that can be changed, changes with the longest delay that the access manager knows.
///
/// Warning: a reserve that falls after a mint does not undo the mint. An auditor who lies, together with the issuer, can mint
/// what no bank holds: this contract believes its feed.
///
/// A pause stops transfers of every kind and minting. It stops no approval, no cancellation, no redemption.
interface IQDD {
    event Minted(address indexed issuer, address indexed to, uint256 amount, uint256 supply, uint256 reserve);
    event FeedChanged(address indexed by, address indexed from, address indexed to, uint256 reserve);
    event Paused(address indexed by);
    event Unpaused(address indexed by);
    event Frozen(address indexed account, bytes32 indexed orderHash, address indexed by);
    event Unfrozen(address indexed account, bytes32 indexed orderHash, address indexed by);

    error QDD_ZeroAddress();
    error QDD_ReserveNotPositive(int256 answer);
    error QDD_ReserveInFuture(uint256 updatedAt, uint256 timestamp);
    error QDD_ReserveStale(uint256 updatedAt, uint256 maxAge);
    error QDD_ReserveTooSmall(uint256 supplyAfter, uint256 reserve);
    error QDD_Paused();
    error QDD_NotPaused();
    error QDD_NoOrder();
    error QDD_CannotFreeze(address account);
    error QDD_AlreadyFrozen(address account);
    error QDD_NotFrozen(address account);
    error QDD_AccountFrozen(address account);

    // ---------------------------------------------------------------- issuer

    /// @notice Mints to an account.
    /// @dev Emits {Minted}.
    ///
    /// Requirements:
    /// - The caller has the issuer's role in the access manager.
    /// - No redemption is overdue.
    /// - The feed's answer is positive, not from the future and not older than `maxAge`.
    /// - Supply + amount is at most the reserve, scaled to 6 decimals rounding down.
    /// - There is no pause, and neither caller nor `to` is frozen.
    function mint(address to, uint256 amount) external;

    // ---------------------------------------------------------------- reserve

    /// @notice Takes another feed.
    /// @dev Emits {FeedChanged}.
    ///
    /// Requirements:
    /// - The caller has the steward's role in the access manager, which has the longest delay of all.
    /// - The feed is not zero and counts now, as {reserve} asks.
    function setFeed(IAggregatorV3 feed_) external;

    // ---------------------------------------------------------------- guardian and lister

    /// @notice Stops transfers and minting.
    /// @dev Emits {Paused}.
    ///
    /// Requirements:
    /// - The caller has the guardian's role in the access manager.
    /// - There is no pause.
    function pause() external;

    /// @notice Lets transfers and minting go on.
    /// @dev Emits {Unpaused}.
    ///
    /// Requirements:
    /// - The caller has the treasurer's role in the access manager.
    /// - There is a pause.
    function unpause() external;

    /// @notice Holds an account's tokens where they are, as a legal order demands: it neither sends nor receives, nor has it
    /// any transfer made.
    /// @dev Emits {Frozen}.
    ///
    /// Requirements:
    /// - The caller has the lister's role in the access manager.
    /// - The order's hash is not zero.
    /// - The account is neither zero nor this contract, which has the tokens in custody.
    /// - The account is not frozen.
    function freeze(address account, bytes32 orderHash) external;

    /// @notice Ends an account's freeze.
    /// @dev Emits {Unfrozen}.
    ///
    /// Requirements:
    /// - The caller has the lister's role in the access manager.
    /// - The order's hash is not zero.
    /// - The account is frozen.
    function unfreeze(address account, bytes32 orderHash) external;

    // ---------------------------------------------------------------- reading

    /// @notice The reserve that the feed vouches for now, in units of 6 decimals.
    /// @dev Reverts as {mint} does where the feed does not count.
    function reserve() external view returns (uint256);

    /// @notice The feed.
    function feed() external view returns (IAggregatorV3);

    /// @notice The oldest attestation that counts, in seconds.
    function maxAge() external view returns (uint256);

    /// @notice Whether transfers and minting are stopped.
    function isPaused() external view returns (bool);

    /// @notice Whether an account is frozen.
    function isFrozen(address account) external view returns (bool);
}
