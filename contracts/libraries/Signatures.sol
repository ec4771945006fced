// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Signatures
/// @notice A signature by an account's own key, or what the account says of it (ERC-1271).
/// @dev The key is tried first, which spares the look at a cold account. An account that delegates to code (EIP-7702) can
/// always replace that code by its key, so that its key counts here too.
library Signatures {
    /// @notice Whether `signer` has signed.
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (signature.length == 65) {
            (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
            if (problem == ECDSA.RecoverError.NoError && recovered == signer) return true;
        }
        return signer.code.length != 0 && SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }
}
