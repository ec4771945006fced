// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Header } from "./libraries/Headers.sol";

/// @title IEquivocations
/// @notice Proofs that a TSP has anchored two stories about the same data: neither can be sold any more, and the TSP is marked.
/// @dev Notes:
/// - The chain sees roots only, so it cannot refuse a second header; it can only be shown one.
/// - A header's hash has no signature in it: a header that was signed or sent again is the same header.
/// - A device that starts again after a reset has a new key, and counts from 0 under it: no overlap.
/// - Warning: a deal whose key was delivered before the proof goes on. What was sold is what was committed to.
interface IEquivocations {
    // ---------------------------------------------------------------- types

    /// @notice A header with what opens it under its TSP's anchor.
    /// @param path Siblings from the leaf up, OpenZeppelin's sorted pairs.
    struct Opened {
        Header header;
        bytes32[] path;
    }

    // ---------------------------------------------------------------- events

    /// @param reason 1 two headers of one sequence, 2 overlapping counters of one device key.
    event Equivocated(address indexed tsp, bytes32 indexed stream, bytes32 first, bytes32 second, uint8 reason);

    // ---------------------------------------------------------------- errors

    error Equivocations_SameHeader(bytes32 headerHash);
    error Equivocations_OtherStream(bytes32 first, bytes32 second);
    error Equivocations_OtherTsp(address first, address second);
    error Equivocations_OtherSequence(uint64 first, uint64 second);
    error Equivocations_WrongRest(bytes32 headerHash);
    error Equivocations_OtherDevice(bytes32 first, bytes32 second);
    error Equivocations_NoOverlap(uint256 firstEnd, uint256 secondStart);
    error Equivocations_AlreadyProven(bytes32 first, bytes32 second);

    // ---------------------------------------------------------------- moves

    /// @notice Proves two headers of one (stream, sequence) under one TSP's anchors. By anyone.
    /// @dev Emits {Equivocated}.
    ///
    /// Requirements:
    /// - Both open under an anchor of the TSP that they name, as in {IDataRegistry-openHeader}.
    /// - They name the same TSP, stream and sequence.
    /// - Their hashes differ.
    /// - They are not both marked already.
    function proveTwoOfOneSequence(Opened calldata first, Opened calldata second) external;

    /// @notice Proves two headers of one stream that claim the same messages of one device key. By anyone.
    /// @dev Emits {Equivocated}.
    ///
    /// Requirements:
    /// - Both open under an anchor of the TSP that they name, as in {IDataRegistry-openHeader}.
    /// - They name the same TSP and stream, and their hashes differ.
    /// - The rests are the headers', and name the same device key, which is not zero.
    /// - The counters of `first` begin at or before those of `second`, and end at or after their beginning.
    /// - They are not both marked already.
    function proveOverlap(
        Opened calldata first,
        bytes calldata firstRest,
        Opened calldata second,
        bytes calldata secondRest
    ) external;

    // ---------------------------------------------------------------- reading

    /// @notice Whether a header is one of two that cannot both be true.
    function isEquivocated(bytes32 headerHash) external view returns (bool);

    /// @notice How many equivocations were proven of a TSP.
    function equivocationsOf(address tsp) external view returns (uint256);
}
