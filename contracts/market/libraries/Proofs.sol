// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @notice Wrapped keys with the proof that they open the headers' commitments for the deal's delivery key.
/// @param r R = r * Base8.
/// @param c Wrapped keys, as many as the circuit instance has lots: where the page has fewer, its last lot is repeated.
/// @param proofA Groth16 point.
/// @param proofB Groth16 point.
/// @param proofC Groth16 point.
struct KeyDelivery {
    uint256[2] r;
    uint256[] c;
    uint256[2] proofA;
    uint256[2][2] proofB;
    uint256[2] proofC;
}

/// @title Proofs
/// @notice KeyDelivery(m) for m of 1, 8 and 32: chooses the instance, names its public signals, asks its verifier.
library Proofs {
    /// @notice Order of BN254's scalar field.
    uint256 internal constant P = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    error Proofs_KeyCount(uint256 given, uint256 needed);

    /// @notice The lots of the smallest instance that a page of so many lots fits in.
    function sizeFor(uint256 lots) internal pure returns (uint256) {
        return lots == 1 ? 1 : lots <= 8 ? 8 : 32;
    }

    /// @notice Whether the proof holds. Verifiers refuse every public input that is not below the field's order.
    /// @param commitments Those of the page's lots; padded here by the last.
    function verify(
        address verifier,
        uint256 size,
        uint256 context,
        uint256 keyX,
        uint256 keyY,
        uint256[] memory commitments,
        KeyDelivery calldata delivery
    ) internal view returns (bool) {
        uint256[] calldata keys = delivery.c;
        if (keys.length != size) revert Proofs_KeyCount(keys.length, size);
        if (commitments.length == 0 || commitments.length > size) revert Proofs_KeyCount(commitments.length, size);
        bytes4 selector = _selector(size);
        uint256 last = commitments.length - 1;
        bool ok;
        assembly ("memory-safe") {
            // Selector, proof (8 words), then the public signals in the circuit's order: context, P, commitment[m], R, c[m].
            let start := mload(0x40)
            mstore(start, selector)
            let at := add(start, 4)
            calldatacopy(at, add(delivery, 0x60), 0x100)
            mstore(add(at, 0x100), context)
            mstore(add(at, 0x120), keyX)
            mstore(add(at, 0x140), keyY)
            at := add(at, 0x160)
            for { let i := 0 } lt(i, size) { i := add(i, 1) } {
                let position := i
                if gt(i, last) { position := last }
                mstore(at, mload(add(add(commitments, 0x20), shl(5, position))))
                at := add(at, 0x20)
            }
            calldatacopy(at, delivery, 0x40)
            calldatacopy(add(at, 0x40), keys.offset, shl(5, size))
            at := add(add(at, 0x40), shl(5, size))
            ok := staticcall(gas(), verifier, start, sub(at, start), 0x00, 0x20)
            ok := and(and(ok, eq(returndatasize(), 0x20)), eq(mload(0x00), 1))
        }
        return ok;
    }

    /// @notice What an unproven delivery is remembered by, and the answer to a challenge is held against.
    /// @dev 25 bytes, so that it has room beside a page's state: 2^100 tries for two deliveries with the same one, as many as
    /// the proof's own curve asks for.
    function deliveryHash(uint256[2] calldata r, uint256[] calldata c) internal pure returns (bytes25) {
        return bytes25(keccak256(abi.encodePacked(r, c)));
    }

    /// @notice Whether all values are below the field's order, as those of every proof are.
    function isCanonical(uint256[2] calldata r, uint256[] calldata c) internal pure returns (bool) {
        if (r[0] >= P || r[1] >= P) return false;
        for (uint256 i = 0; i < c.length; ++i) {
            if (c[i] >= P) return false;
        }
        return true;
    }

    function _selector(uint256 size) private pure returns (bytes4) {
        if (size == 1) return bytes4(keccak256("verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[7])"));
        if (size == 8) return bytes4(keccak256("verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[21])"));
        return bytes4(keccak256("verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[69])"));
    }
}
