// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IERC3009, IERC3009Cancel } from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { Signatures } from "../libraries/Signatures.sol";
import { IERC3009Signed } from "./IERC3009Signed.sol";

/// @title ERC3009
/// @notice See {IERC3009Signed}, which holds the documentation.
/// @dev Not OpenZeppelin's body: that one reads times above 2^47 as block numbers and hides the type hashes, both against the
/// standard's text, and its variant with bytes wants nonces in sequence.
abstract contract ERC3009 is IERC3009Signed, ERC20, EIP712 {
    /// @notice The standard's type hash of a transfer.
    bytes32 public constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    /// @notice The standard's type hash of a transfer to the caller.
    bytes32 public constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    /// @notice The standard's type hash of a cancellation.
    bytes32 public constant CANCEL_AUTHORIZATION_TYPEHASH = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    mapping(address authorizer => mapping(bytes32 nonce => bool used)) private _used;

    // ---------------------------------------------------------------- by key

    /// @inheritdoc IERC3009
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 text = _textOf(TRANSFER_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        _checkKey(from, text, v, r, s);
        _spend(from, to, value, validAfter, validBefore, nonce);
    }

    /// @inheritdoc IERC3009
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (to != msg.sender) revert ERC3009_NotPayee(to, msg.sender);
        bytes32 text = _textOf(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        _checkKey(from, text, v, r, s);
        _spend(from, to, value, validAfter, validBefore, nonce);
    }

    /// @inheritdoc IERC3009Cancel
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external {
        _cancel(authorizer, nonce);
        _checkKey(authorizer, keccak256(abi.encode(CANCEL_AUTHORIZATION_TYPEHASH, authorizer, nonce)), v, r, s);
    }

    // ---------------------------------------------------------------- by key or wallet

    /// @inheritdoc IERC3009Signed
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        bytes32 text = _textOf(TRANSFER_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        _checkSignature(from, text, signature);
        _spend(from, to, value, validAfter, validBefore, nonce);
    }

    /// @inheritdoc IERC3009Signed
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        if (to != msg.sender) revert ERC3009_NotPayee(to, msg.sender);
        bytes32 text = _textOf(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        _checkSignature(from, text, signature);
        _spend(from, to, value, validAfter, validBefore, nonce);
    }

    /// @inheritdoc IERC3009Signed
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external {
        _cancel(authorizer, nonce);
        _checkSignature(authorizer, keccak256(abi.encode(CANCEL_AUTHORIZATION_TYPEHASH, authorizer, nonce)), signature);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IERC3009
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool) {
        return _used[authorizer][nonce];
    }

    // ---------------------------------------------------------------- internal

    /// @dev EIP-712 struct hash of either transfer: their words are the same.
    function _textOf(
        bytes32 typehash,
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(typehash, from, to, value, validAfter, validBefore, nonce));
    }

    /// @dev Comes after the signature: a wallet is asked by a call that can change nothing.
    function _spend(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce) private {
        if (block.timestamp <= validAfter) revert ERC3009_NotYetValid(validAfter, block.timestamp);
        if (block.timestamp >= validBefore) revert ERC3009_Expired(validBefore, block.timestamp);
        _use(from, nonce);
        emit AuthorizationUsed(from, nonce);
        _transfer(from, to, value);
    }

    function _cancel(address authorizer, bytes32 nonce) private {
        _use(authorizer, nonce);
        emit AuthorizationCanceled(authorizer, nonce);
    }

    function _use(address authorizer, bytes32 nonce) private {
        if (_used[authorizer][nonce]) revert ERC3009_Used(authorizer, nonce);
        _used[authorizer][nonce] = true;
    }

    function _checkKey(address authorizer, bytes32 text, uint8 v, bytes32 r, bytes32 s) private view {
        // Zero where the signature is malformed; nobody can sign for the zero address.
        (address signer,,) = ECDSA.tryRecover(_hashTypedDataV4(text), v, r, s);
        if (signer == address(0) || signer != authorizer) revert ERC3009_BadSignature(authorizer);
    }

    function _checkSignature(address authorizer, bytes32 text, bytes calldata signature) private view {
        if (!Signatures.isValid(authorizer, _hashTypedDataV4(text), signature)) revert ERC3009_BadSignature(authorizer);
    }
}
