// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IAggregatorV3 } from "./IAggregatorV3.sol";

/// @title IAttestedReserveFeed
/// @notice A reserve feed written by an auditor: what the bank held at a date, by which document.
interface IAttestedReserveFeed is IAggregatorV3 {
    event ReserveAttested(uint80 indexed round, address indexed auditor, bytes32 documentHash, uint64 asOf, uint256 amount);

    error AttestedReserveFeed_NoDocument();
    error AttestedReserveFeed_InFuture(uint64 asOf, uint256 timestamp);
    error AttestedReserveFeed_OlderThanLast(uint64 asOf, uint64 last);
    error AttestedReserveFeed_AmountTooLarge(uint256 amount);
    error AttestedReserveFeed_UnknownRound(uint80 round);

    /// @notice Attests the reserve at a date.
    /// @dev Emits {ReserveAttested}. The round's `updatedAt` is `asOf`, so that freshness counts from the date of the
    /// statement, not from the day on which it was written here.
    ///
    /// Requirements:
    /// - The caller has the auditor's role in the access manager.
    /// - There is a document; the date is not in the future and not before the last one.
    function attest(bytes32 documentHash, uint64 asOf, uint256 amount) external;

    /// @notice Hash of the document of a round.
    function documentOf(uint80 round) external view returns (bytes32);
}
