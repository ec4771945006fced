// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Header } from "../../rights/libraries/Headers.sol";

/// @title ISampleBeacon
/// @notice Fixes once for everyone which leaves of a batch are opened before payment, by randomness of the chain that nobody
/// knew when the batch was anchored.
/// @dev How a batch gets its sample:
///
/// 1. Its TSP anchors it.
/// 2. Within `showWithin` blocks of the anchor anyone shows its header here ({show}). The sample block is `distance` blocks
///    after the anchor, the earliest one shown. At that time nobody can know the randomness of the sample block, so who
///    anchors a batch several times cannot choose among samples.
/// 3. When the sample block is there, anyone captures its randomness ({capture}) while the chain still knows its hash: 256
///    blocks, 8,191 where EIP-2935 is in force. It is kept for ever.
///
/// Notes:
/// - A batch that missed a step has no sample and never gets one. Its data can be sold by orders without the hook.
/// - Sources: `BlockHash` is the hash of the sample block, which its proposer can influence by what it puts in.
///   `Prevrandao` is the randomness that the block's header carries, which a proposer of Ethereum can only throw away together
///   with its block; on a rollup of the OP stack it is that of Ethereum. `None` makes no claim and gives no samples.
/// - On Arbitrum neither is random: the constructor refuses there everything but `None`.
/// - Warning: a TSP that seals the same records again under another sequence gets another sample. {HeaderShown} makes it
///   visible: streams whose sequences have gaps or repeat, and device counters that overlap, are not worth trusting.
interface ISampleBeacon {
    // ---------------------------------------------------------------- types

    /// @notice Where the randomness comes from.
    enum Source {
        None,
        BlockHash,
        Prevrandao
    }

    // ---------------------------------------------------------------- events

    event HeaderShown(bytes32 indexed headerHash, address indexed tsp, bytes32 indexed stream, uint64 sequence, uint256 sampleBlock);
    event Captured(uint256 indexed blockNumber, bytes32 value);

    // ---------------------------------------------------------------- errors

    error SampleBeacon_NoRandomness(uint256 chainId);
    error SampleBeacon_BadDistance(uint256 showWithin, uint256 distance);
    error SampleBeacon_ShownTooLate(uint256 lastBlock, uint256 blockNumber);
    error SampleBeacon_UnknownBlock(uint256 blockNumber);
    error SampleBeacon_NotTheBlock(bytes32 given, bytes32 expected);
    error SampleBeacon_NoValue(uint256 blockNumber);
    error SampleBeacon_NotFixed(bytes32 headerHash);
    error SampleBeacon_SampleSize(uint256 n, uint256 leafCount);

    // ---------------------------------------------------------------- moves

    /// @notice Shows a header under an anchor of its TSP, which fixes the block that its sample comes from.
    /// @dev Emits {HeaderShown}, unless an anchor as early was shown before.
    ///
    /// Requirements:
    /// - This chain has a source of randomness.
    /// - The header opens, see {IDataRegistry-openHeader}.
    /// - At most `showWithin` blocks were made since the anchor.
    function show(Header calldata header, bytes32[] calldata path) external returns (bytes32 headerHash, uint256 sampleBlock);

    /// @notice Keeps the randomness of a past block.
    /// @dev Emits {Captured}, unless it is kept already.
    ///
    /// Requirements:
    /// - This chain has a source of randomness.
    /// - The chain still knows the block's hash.
    /// - Source `Prevrandao`: `header` is the block's RLP-encoded header.
    function capture(uint256 blockNumber, bytes calldata header) external returns (bytes32 value);

    // ---------------------------------------------------------------- reading

    /// @notice Where the randomness comes from on this chain.
    function source() external view returns (Source);

    /// @notice Blocks from an anchor to the block that its samples come from.
    function distance() external view returns (uint256);

    /// @notice Blocks after an anchor in which its headers can be shown.
    function showWithin() external view returns (uint256);

    /// @notice The block that a header's sample comes from, zero where it was not shown.
    function sampleBlockOf(bytes32 headerHash) external view returns (uint256);

    /// @notice The kept randomness of a block, zero where it was not captured.
    function valueOf(uint256 blockNumber) external view returns (bytes32);

    /// @notice Whether the samples of all these batches are fixed.
    function areFixed(bytes32[] calldata headers) external view returns (bool);

    /// @notice The leaves that are opened of a batch: for i = 0, 1, …
    /// SHA-256(headerHash ‖ value of the sample block ‖ i as uint32) mod leafCount, without those that came before.
    /// @dev The number of leaves is bound by the batch's root, not by its header: who asks has checked it.
    ///
    /// Requirements:
    /// - The batch's sample is fixed.
    /// - `n` is 1 to 32, `leafCount` 1 to 2^32 - 1.
    /// @return indices `n` different ones, or all leaves of a batch that has no more.
    function sampleOf(bytes32 headerHash, uint256 leafCount, uint256 n) external view returns (uint256[] memory indices);
}
