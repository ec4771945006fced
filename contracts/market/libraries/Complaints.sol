// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice One leaf of a sealed batch with the key of its segment.
/// @param leafCount Leaves of the batch, as its root binds them.
/// @param leaf Index of the leaf in the batch, j.
/// @param interval Interval that it lies in.
/// @param segment Segment in the interval.
/// @param firstBlock Offset in the segment, in blocks of 64 bytes: the cipher's counter.
/// @param cipher The leaf's ciphertext, 1 to 4096 bytes.
/// @param dataHash What the batch commits to as the hash of the leaf's plaintext.
/// @param path Siblings from the leaf up.
/// @param segmentKey The key of that interval and segment, a field element.
/// @param proofA Proof of SegmentKey, point of G1.
/// @param proofB Point of G2.
/// @param proofC Point of G1.
struct Complaint {
    uint32 leafCount;
    uint32 leaf;
    uint32 interval;
    uint32 segment;
    uint32 firstBlock;
    bytes cipher;
    bytes32 dataHash;
    bytes32[] path;
    uint256 segmentKey;
    uint256[2] proofA;
    uint256[2][2] proofB;
    uint256[2] proofC;
}

/// @title Complaints
/// @notice Hashes of a batch's tree: SHA-256, numbers big-endian, each kind of input with a tag and a length of its own, so that
/// no node passes for a leaf and no leaf for a node.
library Complaints {
    /// @notice The longest leaf, in bytes.
    uint256 internal constant MAX_LEAF = 4096;

    /// @notice Bytes before the plaintext in what `dataHash` hashes.
    uint256 internal constant PLAIN_AT = 33;

    /// @notice Length of the path of every leaf of a batch.
    function depthOf(uint256 leafCount) internal pure returns (uint256) {
        return Math.log2(leafCount, Math.Rounding.Ceil);
    }

    /// @notice The root that the leaf and its path lead to.
    function rootOf(Complaint calldata complaint) internal pure returns (bytes32) {
        bytes32 node = _hashLeaf(complaint);
        uint256 side = complaint.leaf;
        for (uint256 i = 0; i < complaint.path.length; ++i) {
            bytes32 sibling = complaint.path[i];
            node = side & 1 == 0 ? _hashNode(node, sibling) : _hashNode(sibling, node);
            side >>= 1;
        }
        return sha256(abi.encodePacked(uint8(3), complaint.leafCount, node));
    }

    /// @notice What the data hash hashes, with the ciphertext where the plaintext belongs ({PLAIN_AT}): tag, salt, data.
    function saltedCipher(Complaint calldata complaint) internal pure returns (bytes memory) {
        bytes32 salt = sha256(abi.encodePacked("qood/salt/v1", complaint.segmentKey, complaint.leaf));
        return abi.encodePacked(uint8(2), salt, complaint.cipher);
    }

    function _hashLeaf(Complaint calldata complaint) private pure returns (bytes32) {
        return sha256(
            abi.encodePacked(
                uint8(0),
                complaint.leaf,
                complaint.interval,
                complaint.segment,
                complaint.firstBlock,
                uint32(complaint.cipher.length),
                sha256(complaint.cipher),
                complaint.dataHash
            )
        );
    }

    function _hashNode(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(1), left, right));
    }
}
