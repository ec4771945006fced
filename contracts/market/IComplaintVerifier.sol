// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Complaint } from "./libraries/Complaints.sol";

/// @title IComplaintVerifier
/// @notice Decides whether a leaf of a batch decrypts to something else than the batch commits to.
/// @dev A complaint opens one leaf: its place, ciphertext and data hash under the header's root, and the key of its segment with a
/// proof that it is that key. The contract decrypts the leaf, salts and hashes it, and compares with the data hash.
///
/// Notes:
/// - It covers ciphertext against data hash, nothing else: a payload that contradicts the header (device chain, record count) is evidence
///   against the TSP, not a complaint.
/// - Where a leaf lies is bound by its hash and not checked here: who checks a batch before paying computes the root from the one
///   accepted layout, so that a leaf with another interval, segment, first block or length gives another root.
/// - It reveals one segment's key. It is bound to a header and to no deal, so it holds in every deal about that header, and who
///   brings it does not matter.
/// - `root`, `kc1` and `kc2` are the words of the header; the caller knows which header it asks about.
/// - Stateless: nobody can change or stop it.
interface IComplaintVerifier {
    error ComplaintVerifier_ZeroAddress();
    error ComplaintVerifier_CipherLength(uint256 given, uint256 most);
    error ComplaintVerifier_NoSuchLeaf(uint256 leaf, uint256 leafCount);
    error ComplaintVerifier_PathLength(uint256 given, uint256 needed);
    error ComplaintVerifier_KeyTooLarge(uint256 segmentKey);
    error ComplaintVerifier_NotUnderRoot(bytes32 given, bytes32 root);
    error ComplaintVerifier_BadProof(uint256 interval, uint256 segment, uint256 segmentKey);
    error ComplaintVerifier_LeafIsRight(uint256 leaf, bytes32 dataHash);

    /// @notice Returns if the complaint is right and reverts with the reason if it is wrong.
    ///
    /// Requirements:
    /// - The ciphertext has 1 to 4096 bytes.
    /// - The leaf is one of `leafCount`; the path has ceil(log2 leafCount) nodes.
    /// - The segment key is below the field's order.
    /// - Leaf and path lead to `root`.
    /// - The proof shows that the segment key is that of the leaf's interval and segment under the key behind `kc1` and `kc2`.
    /// - The decrypted leaf does not hash to `dataHash`.
    function check(bytes32 root, uint256 kc1, uint256 kc2, Complaint calldata complaint) external view;
}
