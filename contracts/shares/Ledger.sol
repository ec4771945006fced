// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { ILedger } from "./ILedger.sol";

/// @title Ledger
/// @notice See {ILedger}, which holds the documentation.
/// @dev Inherited by the exchange: a ledger of its own would cost every settlement a further call.
abstract contract Ledger is ILedger, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 private constant _WITHDRAWAL_TYPEHASH =
        keccak256("Withdrawal(address account,address token,address to,uint256 amount,uint256 nonce,uint64 deadline)");

    mapping(address account => mapping(address token => uint256)) private _credits;
    mapping(address account => uint256) public withdrawalNonce;

    // ---------------------------------------------------------------- moves

    /// @inheritdoc ILedger
    function withdraw(address token, address to, uint256 amount) external nonReentrant {
        _withdraw(msg.sender, token, to, amount);
    }

    /// @inheritdoc ILedger
    function withdrawFor(
        address account,
        address token,
        address to,
        uint256 amount,
        uint64 deadline,
        bytes calldata signature
    ) external nonReentrant {
        if (block.timestamp > deadline) revert Ledger_Expired(deadline, block.timestamp);
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(_WITHDRAWAL_TYPEHASH, account, token, to, amount, withdrawalNonce[account], deadline))
        );
        if (!SignatureChecker.isValidSignatureNowCalldata(account, digest, signature)) revert Ledger_BadSignature(account);
        withdrawalNonce[account] += 1;
        _withdraw(account, token, to, amount);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ILedger
    function creditOf(address account, address token) external view returns (uint256) {
        return _credits[account][token];
    }

    // ---------------------------------------------------------------- internal

    /// @dev The caller has made sure that the contract holds the amount.
    function _credit(address account, address token, uint256 amount) internal {
        if (amount != 0) _credits[account][token] += amount;
    }

    function _withdraw(address account, address token, address to, uint256 amount) private {
        if (to == address(0)) revert Ledger_NoReceiver();
        uint256 credit = _credits[account][token];
        if (credit < amount) revert Ledger_NotEnough(account, token, credit, amount);
        unchecked {
            // Cannot underflow: compared in the line above.
            _credits[account][token] = credit - amount;
        }
        emit Withdrawn(account, token, to, amount);
        IERC20(token).safeTransfer(to, amount);
    }
}
