// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { P256 } from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @title DeviceKeys
/// @notice Names of device keys and their signatures, on P-256 (by the precompile of EIP-7951, or in Solidity) and secp256k1.
library DeviceKeys {
    /// @dev Half the order of secp256k1, rounded down: of the two signatures (r, s) and (r, n - s) the lower counts.
    uint256 private constant _HALF_N = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice The name of a key.
    function nameOf(uint256 x, uint256 y) internal pure returns (bytes32) {
        return keccak256(abi.encode(x, y));
    }

    /// @notice Whether the key (x, y) has signed a digest.
    function hasSigned(uint256 x, uint256 y, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (signature.length != 64 && signature.length != 65) return false;
        bytes32 r = bytes32(signature[:32]);
        bytes32 s = bytes32(signature[32:64]);
        // No point but few lies on both curves, and whoever finds one signs with the same key on either.
        if (P256.isValidPublicKey(bytes32(x), bytes32(y))) return P256.verify(digest, r, s, bytes32(x), bytes32(y));
        if (uint256(s) > _HALF_N) return false;
        // The address of a secp256k1 key is the low 20 bytes of the hash that names it here. The recovery byte is not asked
        // for: a device's message carries none.
        address signer = address(uint160(uint256(nameOf(x, y))));
        return signer != address(0) && (ecrecover(digest, 27, r, s) == signer || ecrecover(digest, 28, r, s) == signer);
    }
}
