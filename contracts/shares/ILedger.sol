// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title ILedgerTypes
/// @notice Events and errors of {ILedger}.
interface ILedgerTypes {
    // ---------------------------------------------------------------- events

    event Deposited(address indexed account, address indexed token, address indexed by, uint256 amount);
    event OperatorSet(address indexed account, address indexed operator, bool approved);
    event CreditTransferred(address indexed from, address indexed token, address indexed to, uint256 amount);
    event Withdrawn(address indexed account, address indexed token, address indexed to, uint256 amount);

    // ---------------------------------------------------------------- errors

    error Ledger_NotEnough(address account, address token, uint256 credit, uint256 asked);
    error Ledger_NoReceiver();
    error Ledger_NotOperator(address account, address caller);
    error Ledger_WrongAmountReceived(uint256 received, uint256 expected);
    error Ledger_Expired(uint64 deadline, uint256 timestamp);
    error Ledger_BadSignature(address account);
}

/// @title ILedger
/// @notice What each account may withdraw of each token. Payouts are credits: no payee can block another.
/// @dev Notes:
/// - Leaving one unit behind keeps the slot from being cleared and makes the next credit 17,100 gas cheaper for everyone.
///   The contract does not force it; clients do it.
/// - Credits are also the standing balance out of which bonds are locked and, by an operator, purchases are paid.
interface ILedger is ILedgerTypes {
    // ---------------------------------------------------------------- moves

    /// @notice Pays the caller's tokens in for an account's credit.
    /// @dev Emits {Deposited}.
    ///
    /// Requirements:
    /// - `account` is not zero.
    /// - The token is listed.
    /// - Exactly the amount is received.
    function deposit(address token, address account, uint256 amount) external;

    /// @notice Lets an operator move the caller's credit and buy in the caller's name, or takes that back.
    /// @dev Emits {OperatorSet}. An operator can spend everything: it should be a contract whose code is known.
    function setOperator(address operator, bool approved) external;

    /// @notice Moves credit from one account to another; no token moves.
    /// @dev Emits {CreditTransferred}.
    ///
    /// Requirements:
    /// - The caller is `from` or its operator.
    /// - `to` is not zero.
    /// - The credit is at least `amount`.
    function transferCredit(address from, address token, address to, uint256 amount) external;

    /// @notice Pays out part of the caller's credit to any address.
    /// @dev Emits {Withdrawn}.
    ///
    /// Requirements:
    /// - `to` is not zero.
    /// - The credit is at least `amount`.
    /// - The token's transfer succeeds.
    function withdraw(address token, address to, uint256 amount) external;

    /// @notice Pays out part of an account's credit by its signature; anyone may submit it.
    /// @dev Emits {Withdrawn}. EIP-712
    /// `Withdrawal(address account,address token,address to,uint256 amount,uint256 nonce,uint64 deadline)`, where the nonce
    /// is `withdrawalNonce(account)`. ERC-1271 accounts count.
    ///
    /// Requirements:
    /// - The deadline has not passed.
    /// - The account has signed with its present nonce.
    /// - And those of {withdraw}.
    function withdrawFor(
        address account,
        address token,
        address to,
        uint256 amount,
        uint64 deadline,
        bytes calldata signature
    ) external;

    // ---------------------------------------------------------------- reading

    /// @notice What an account may withdraw of a token.
    function creditOf(address account, address token) external view returns (uint256);

    /// @notice Whether an operator may act for an account.
    function isOperator(address account, address operator) external view returns (bool);

    /// @notice The nonce of an account's next signed withdrawal.
    function withdrawalNonce(address account) external view returns (uint256);
}
