// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title IKeyDeliveryVerifier
/// @notice Groth16 verifier of KeyDelivery(1), generated from its proving key.
interface IKeyDeliveryVerifier {
    /// @notice Whether a proof holds for the public inputs: context, P.x, P.y, commitment, R.x, R.y, c.
    function verifyProof(uint256[2] calldata a, uint256[2][2] calldata b, uint256[2] calldata c, uint256[7] calldata pub)
        external
        view
        returns (bool);
}
