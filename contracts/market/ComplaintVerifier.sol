// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IComplaintVerifier } from "./IComplaintVerifier.sol";
import { ISegmentKeyVerifier } from "./ISegmentKeyVerifier.sol";
import { BabyJub } from "./libraries/BabyJub.sol";
import { ChaCha20 } from "./libraries/ChaCha20.sol";
import { Complaint, Complaints } from "./libraries/Complaints.sol";

/// @title ComplaintVerifier
/// @notice See {IComplaintVerifier}, which holds the documentation.
contract ComplaintVerifier is IComplaintVerifier {
    ISegmentKeyVerifier public immutable segmentKeyVerifier;

    constructor(ISegmentKeyVerifier segmentKeyVerifier_) {
        if (address(segmentKeyVerifier_) == address(0)) revert ComplaintVerifier_ZeroAddress();
        segmentKeyVerifier = segmentKeyVerifier_;
    }

    /// @inheritdoc IComplaintVerifier
    function check(bytes32 root, uint256 kc1, uint256 kc2, Complaint calldata complaint) external view {
        _checkForm(complaint);

        bytes32 found = Complaints.rootOf(complaint);
        if (found != root) revert ComplaintVerifier_NotUnderRoot(found, root);

        uint256[5] memory pub = [kc1, kc2, complaint.interval, complaint.segment, complaint.segmentKey];
        if (!segmentKeyVerifier.verifyProof(complaint.proofA, complaint.proofB, complaint.proofC, pub)) {
            revert ComplaintVerifier_BadProof(complaint.interval, complaint.segment, complaint.segmentKey);
        }

        bytes memory salted = Complaints.saltedCipher(complaint);
        ChaCha20.crypt(salted, Complaints.PLAIN_AT, complaint.segmentKey, complaint.firstBlock);
        if (sha256(salted) == complaint.dataHash) revert ComplaintVerifier_LeafIsRight(complaint.leaf, complaint.dataHash);
    }

    /// @dev What a complaint must look like before anything is computed.
    function _checkForm(Complaint calldata complaint) private pure {
        uint256 length = complaint.cipher.length;
        if (length == 0 || length > Complaints.MAX_LEAF) revert ComplaintVerifier_CipherLength(length, Complaints.MAX_LEAF);
        if (complaint.leaf >= complaint.leafCount) revert ComplaintVerifier_NoSuchLeaf(complaint.leaf, complaint.leafCount);
        uint256 depth = Complaints.depthOf(complaint.leafCount);
        if (complaint.path.length != depth) revert ComplaintVerifier_PathLength(complaint.path.length, depth);
        if (complaint.segmentKey >= BabyJub.P) revert ComplaintVerifier_KeyTooLarge(complaint.segmentKey);
    }
}
