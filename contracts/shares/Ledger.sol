// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ILedger } from "./ILedger.sol";
import { LedgerBase } from "./LedgerBase.sol";
import { Signatures } from "../libraries/Signatures.sol";

/// @title Ledger
/// @notice See {ILedger}, which holds the documentation.
/// @dev Inherited by the exchange: a ledger of its own would cost every settlement a further call.
abstract contract Ledger is ILedger, LedgerBase {
    using SafeERC20 for IERC20;

    bytes32 private constant _WITHDRAWAL_TYPEHASH =
        keccak256("Withdrawal(address account,address token,address to,uint256 amount,uint256 nonce,uint64 deadline)");

    // ---------------------------------------------------------------- moves

    /// @inheritdoc ILedger
    function deposit(address token, address account, uint256 amount) external nonReentrant {
        if (account == address(0)) revert Ledger_NoReceiver();
        _checkToken(token);
        _credit(account, token, amount);
        emit Deposited(account, token, msg.sender, amount);
        _pull(token, amount, false);
    }

    /// @inheritdoc ILedger
    function setOperator(address operator, bool approved) external {
        _operators[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
    }

    /// @inheritdoc ILedger
    function transferCredit(address from, address token, address to, uint256 amount) external {
        if (to == address(0)) revert Ledger_NoReceiver();
        if (!_mayActFor(from, msg.sender)) revert Ledger_NotOperator(from, msg.sender);
        _debit(from, token, amount);
        _credit(to, token, amount);
        emit CreditTransferred(from, token, to, amount);
    }

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
            keccak256(abi.encode(_WITHDRAWAL_TYPEHASH, account, token, to, amount, _withdrawalNonces[account], deadline))
        );
        if (!Signatures.isValid(account, digest, signature)) revert Ledger_BadSignature(account);
        _withdrawalNonces[account] += 1;
        _withdraw(account, token, to, amount);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ILedger
    function creditOf(address account, address token) external view returns (uint256) {
        return _credits[token][account];
    }

    /// @inheritdoc ILedger
    function isOperator(address account, address operator) external view returns (bool) {
        return _operators[account][operator];
    }

    /// @inheritdoc ILedger
    function withdrawalNonce(address account) external view returns (uint256) {
        return _withdrawalNonces[account];
    }

    // ---------------------------------------------------------------- internal

    /// @dev Reverts for a token that may not be paid in.
    function _checkToken(address token) internal view virtual;

    function _withdraw(address account, address token, address to, uint256 amount) private {
        if (to == address(0)) revert Ledger_NoReceiver();
        _debit(account, token, amount);
        emit Withdrawn(account, token, to, amount);
        IERC20(token).safeTransfer(to, amount);
    }
}
