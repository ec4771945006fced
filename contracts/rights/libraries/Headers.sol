// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @notice The words of a batch header; everything else of it lies behind `restHash`.
/// @param stream 32-byte handle of the stream.
/// @param sequence Number of the batch in its stream.
/// @param tsp Who vouches for it, and under whose anchors alone it opens.
/// @param root Root of the tree over ciphertext and data hashes.
/// @param kc1 Commitment to the batch key (or to its first part).
/// @param kc2 Commitment to the second part; that of key 0 where there is one key.
/// @param flags Bit 0 exclusive, bits 1 and 2 origin, the others zero.
/// @param restHash Hash of the remaining fields.
struct Header {
    bytes32 stream;
    uint64 sequence;
    address tsp;
    bytes32 root;
    uint256 kc1;
    uint256 kc2;
    uint256 flags;
    bytes32 restHash;
}

/// @title Headers
/// @notice Hash of a header and the anchor root that a path leads to.
library Headers {
    /// @notice The longest path that is followed: a million headers under one anchor.
    uint256 internal constant MAX_DEPTH = 20;

    /// @notice Flag of a header that may be sold by exclusive deals only.
    uint256 internal constant EXCLUSIVE = 1;

    /// @notice Origin of a header that no device vouches for.
    uint256 internal constant TSP_ATTESTED = 0;

    bytes32 private constant _TAG = keccak256("qood/header/v1");

    /// @notice The header hash, the leaf of the anchor's tree. Its preimage has 288 bytes, so it is never taken for a node.
    /// @dev The words are copied as they lie: a word that does not fit its type gives a hash that nobody has anchored.
    function hash(Header calldata header) internal pure returns (bytes32 headerHash) {
        bytes32 tag = _TAG;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, tag)
            calldatacopy(add(at, 0x20), header, 0x100)
            headerHash := keccak256(at, 0x120)
        }
    }

    /// @notice Who vouches for a header's records: 0 the TSP alone, 1 a device by its signatures, 2 a device that has sealed them.
    function originOf(uint256 flags) internal pure returns (uint256) {
        return (flags >> 1) & 3;
    }

    /// @notice The root that a header hash and its path (sorted pairs, keccak256) lead to.
    /// @dev What OpenZeppelin's `MerkleProof.processProofCalldata` gives, at half its gas: every delivery and receipt pays it.
    function rootOf(bytes32 headerHash, bytes32[] calldata path) internal pure returns (bytes32 root) {
        root = headerHash;
        assembly ("memory-safe") {
            let end := add(path.offset, shl(5, path.length))
            for { let at := path.offset } lt(at, end) { at := add(at, 0x20) } {
                let sibling := calldataload(at)
                // The smaller one comes first.
                let place := shl(5, gt(root, sibling))
                mstore(place, root)
                mstore(xor(place, 0x20), sibling)
                root := keccak256(0x00, 0x40)
            }
        }
    }
}
