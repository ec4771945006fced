// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IERC3009, IERC3009Cancel } from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";

/// @title IERC3009Signed
/// @notice ERC-3009 in full, and the same three functions with a signature as bytes, so that contract wallets (ERC-1271) count.
/// @dev `validAfter` and `validBefore` are Unix seconds and both excluded, as the standard's text has it. Nonces are 32 random
/// bytes and independent of each other and of ERC-2612's.
interface IERC3009Signed is IERC3009, IERC3009Cancel {
    error ERC3009_NotYetValid(uint256 validAfter, uint256 timestamp);
    error ERC3009_Expired(uint256 validBefore, uint256 timestamp);
    error ERC3009_Used(address authorizer, bytes32 nonce);
    error ERC3009_BadSignature(address authorizer);
    error ERC3009_NotPayee(address to, address caller);

    /// @notice Transfers by the payer's signature, whoever submits it.
    /// @dev Emits {IERC3009-AuthorizationUsed}. EIP-712 `TransferWithAuthorization(address from,address to,uint256
    /// value,uint256 validAfter,uint256 validBefore,bytes32 nonce)`. A contract that is paid so must take
    /// {receiveWithAuthorization}: this call can be made before its own.
    ///
    /// Requirements:
    /// - `validAfter` has passed, `validBefore` has not come.
    /// - The nonce was neither used nor cancelled.
    /// - `from` has signed, by its key or by ERC-1271.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice Transfers to the caller by the payer's signature.
    /// @dev Emits {IERC3009-AuthorizationUsed}. EIP-712 `ReceiveWithAuthorization(address from,address to,uint256 value,uint256
    /// validAfter,uint256 validBefore,bytes32 nonce)`.
    ///
    /// Requirements:
    /// - The caller is `to`.
    /// - And those of {transferWithAuthorization}.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice Makes a nonce unusable by its owner's signature, whoever submits it.
    /// @dev Emits {IERC3009Cancel-AuthorizationCanceled}. EIP-712 `CancelAuthorization(address authorizer,bytes32 nonce)`.
    ///
    /// Requirements:
    /// - The nonce was neither used nor cancelled.
    /// - `authorizer` has signed, by its key or by ERC-1271.
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external;
}
