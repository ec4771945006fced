// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title ISegmentKeyVerifier
/// @notice Groth16 verifier of SegmentKey, generated from its proving key.
interface ISegmentKeyVerifier {
    /// @notice Whether a proof holds for the public inputs: both commitments, interval, segment, segment key.
    function verifyProof(uint256[2] calldata a, uint256[2][2] calldata b, uint256[2] calldata c, uint256[5] calldata pub)
        external
        view
        returns (bool);
}
