// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Signatures } from "../libraries/Signatures.sol";

/// @title SignaturesProbe
/// @notice Test only: what the library says of any account, digest and signature.
contract SignaturesProbe {
    function isValid(address signer, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return Signatures.isValid(signer, digest, signature);
    }
}
