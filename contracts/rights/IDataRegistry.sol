// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Header } from "./libraries/Headers.sol";
import { Rights } from "./libraries/Handles.sol";

/// @title IDataRegistry
/// @notice Anchors: one transaction vouches for the batches of all vehicles of a TSP, and any header opens under it for ever.
/// @dev Notes:
/// - The slot is keyed by (TSP, root): who copies a root out of the mempool anchors it under its own name only.
/// - Anyone may anchor. What an anchor is worth is decided where a header is opened: the TSP named in the header must be
///   the one that anchored it, and the agent of an agreement.
/// - The chain sees roots only. Two different headers of one (stream, sequence) can both be anchored; that is evidence.
interface IDataRegistry {
    // ---------------------------------------------------------------- types

    /// @notice One anchor, in one slot.
    struct Anchor {
        uint64 sequence; // the TSP's own count of anchors
        uint64 time; // Unix seconds, 0 where there is no anchor
        uint64 blockNumber;
    }

    // ---------------------------------------------------------------- events

    /// @param leavesHash keccak256 of the packed header hashes in the order of the tree's leaves.
    /// @param listDigest sha2-256 digest of the CID under which that list is published.
    event Anchored(address indexed tsp, bytes32 indexed root, uint64 sequence, bytes32 leavesHash, bytes32 listDigest);

    // ---------------------------------------------------------------- errors

    error DataRegistry_AlreadyAnchored(address tsp, bytes32 root);
    error DataRegistry_NotAnchored(address tsp, bytes32 root);
    error DataRegistry_PathTooLong(uint256 depth);
    error DataRegistry_UnknownHandle(bytes32 handle);

    // ---------------------------------------------------------------- moves

    /// @notice Anchors the Merkle root of header hashes under the caller's name.
    /// @dev Emits {Anchored}.
    ///
    /// Requirements:
    /// - The caller has not anchored this root before.
    function anchor(bytes32 root, uint64 sequence, bytes32 leavesHash, bytes32 listDigest) external;

    // ---------------------------------------------------------------- reading

    /// @notice The anchor of (tsp, root); all zero where there is none.
    function anchorOf(address tsp, bytes32 root) external view returns (Anchor memory);

    /// @notice When a TSP anchored a root, Unix seconds; 0 where it did not.
    function anchorTime(address tsp, bytes32 root) external view returns (uint256);

    /// @notice Opens a header under an anchor of the TSP that it names.
    /// @dev Requirements:
    /// - The path has at most 20 nodes.
    /// - The root that the path leads to was anchored by `header.tsp`.
    /// @param header The header's words.
    /// @param path Siblings from the leaf up, OpenZeppelin's sorted pairs.
    /// @return headerHash The leaf.
    /// @return anchored The anchor.
    function openHeader(Header calldata header, bytes32[] calldata path) external view returns (bytes32 headerHash, Anchor memory anchored);

    /// @notice Whose data a stream handle stands for.
    /// @dev `proof` of a named handle is `abi.encode(uint8(1), vehicle, epoch, dataClass, privacy, schema)`. Further kinds of
    /// handles get further first words.
    ///
    /// Requirements:
    /// - The proof is of a known kind and hashes to the handle, on this chain and for this vehicle registry.
    function resolve(bytes32 handle, bytes calldata proof) external view returns (Rights memory);
}
