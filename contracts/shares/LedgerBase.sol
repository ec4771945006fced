// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { ILedgerTypes } from "./ILedger.sol";

/// @title LedgerBase
/// @notice The credits of {Ledger} and what may be done to them from inside: the exchange credits and debits in both of its
/// halves, and one of them has the accounts' own moves.
abstract contract LedgerBase is ILedgerTypes, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    mapping(address token => mapping(address account => uint256)) internal _credits;
    mapping(address account => uint256) internal _withdrawalNonces;
    mapping(address account => mapping(address operator => bool)) internal _operators;

    /// @dev The caller has made sure that the contract holds the amount.
    function _credit(address account, address token, uint256 amount) internal {
        _creditIn(_credits[token], account, amount);
    }

    /// @dev As {_credit}, for who credits many accounts in one token.
    function _creditIn(mapping(address account => uint256) storage credits, address account, uint256 amount) internal {
        if (amount != 0) credits[account] += amount;
    }

    /// @dev Reverts where the credit does not suffice.
    function _debit(address account, address token, uint256 amount) internal {
        if (amount == 0) return;
        uint256 credit = _credits[token][account];
        if (credit < amount) revert Ledger_NotEnough(account, token, credit, amount);
        unchecked {
            // Cannot underflow: compared in the line above.
            _credits[token][account] = credit - amount;
        }
    }

    /// @dev Takes tokens from the caller: the last act of a move, and with withdrawals the only one that calls a token.
    /// @param exact Whether the token's code is known to move what it is told to; of every other one the balances are compared.
    function _pull(address token, uint256 amount, bool exact) internal {
        if (amount == 0) return;
        if (exact) {
            IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
            return;
        }
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert Ledger_WrongAmountReceived(received, amount);
    }

    /// @dev Whether somebody may act for an account.
    function _mayActFor(address account, address caller) internal view returns (bool) {
        return account == caller || _operators[account][caller];
    }
}
