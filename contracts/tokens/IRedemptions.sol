// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title IRedemptionTypes
/// @notice Structs, events and errors of {IRedemptions}.
interface IRedemptionTypes {
    /// @notice On what terms tokens are redeemed; they never change. Both times are at most 90 days; on every chain but a local
    /// one there is at least a day to pay and a week to object.
    /// @param redemptionTime Seconds from a request to its deadline.
    /// @param objectionTime Seconds in which the redeemer may object to an attested payment.
    /// @param least Smallest amount of a request, so that nobody floods the bank with orders of a cent.
    struct RedemptionTerms {
        uint48 redemptionTime;
        uint48 objectionTime;
        uint128 least;
    }

    /// @notice An open request. All zero where there is none any more, or there never was.
    /// @param redeemer Who asked, and whose tokens these are.
    /// @param deadline Last second in which the issuer is in time.
    /// @param objectBy Last second in which the redeemer may object to the attested payment; 0 where none is attested.
    /// @param amount Tokens in custody.
    /// @param previous The open request before it, 0 for none.
    /// @param next The open request after it, 0 for none.
    struct Redemption {
        // slot 0
        address redeemer;
        uint48 deadline;
        uint48 objectBy;
        // slot 1
        uint128 amount;
        uint64 previous;
        uint64 next;
    }

    // ---------------------------------------------------------------- events

    event RedemptionQueued(
        uint256 indexed id, address indexed redeemer, uint256 amount, uint256 deadline, bytes32 payoutHash
    );
    event RedemptionConfirmed(uint256 indexed id, address indexed redeemer, uint256 amount);
    event RedemptionAttested(uint256 indexed id, address indexed auditor, bytes32 documentHash, uint256 objectBy);
    event RedemptionDisputed(uint256 indexed id, address indexed redeemer);
    event RedemptionSettled(uint256 indexed id, address indexed redeemer, uint256 amount);
    event RedemptionTakenBack(uint256 indexed id, address indexed redeemer, uint256 amount);
    event RedemptionSentBack(
        uint256 indexed id, address indexed redeemer, uint256 amount, address indexed auditor, bytes32 documentHash
    );

    // ---------------------------------------------------------------- errors

    error Redemptions_TimeOutOfRange(uint256 given, uint256 least, uint256 most);
    error Redemptions_NoPayout();
    error Redemptions_NoDocument();
    error Redemptions_TooSmall(uint256 amount, uint256 least);
    error Redemptions_NotOpen(uint256 id);
    error Redemptions_NotRedeemer(address caller, address redeemer);
    error Redemptions_BadReceipt(address redeemer);
    error Redemptions_AlreadyAttested(uint256 id);
    error Redemptions_NotAttested(uint256 id);
    error Redemptions_NotYet(uint256 end, uint256 timestamp);
    error Redemptions_TooLate(uint256 end, uint256 timestamp);
    error Redemptions_Overdue(uint256 id, uint256 deadline);
}

/// @title IRedemptions
/// @notice Tokens in, dollars out: the tokens wait in the contract's custody until it is settled that the dollars have come.
/// @dev Notes:
/// - Tokens in custody stay in the supply, so that a request makes no room to mint while the bank still owes the dollars.
/// - They leave custody in four ways: burnt by the redeemer's receipt; burnt after the auditor attested the payment and the
///   redeemer let the objection time pass; back to the redeemer by himself, past the deadline; back to him by the auditor, past
///   the deadline. There is no fifth: nobody can send them to anybody else.
/// - From the second after a deadline nothing is minted until that request is closed in one of these ways ({overdue}). A
///   redeemer who was paid and keeps silent, objects for ever, or gave a payout address that does not exist cannot hold that
///   up: silence lets the attested payment settle, an objection past the deadline *is* his taking back, and what cannot be paid
///   the auditor sends back.
/// - No pause and no list stands in the way of any of these four.
/// - A redeemer who is not paid must look in once per objection time: to an attestation that is wrong he has to object.
interface IRedemptions is IRedemptionTypes {
    // ---------------------------------------------------------------- redeemer

    /// @notice Asks for dollars: the caller's tokens go into custody.
    /// @dev Emits {RedemptionQueued}. Possible while transfers are paused.
    ///
    /// Requirements:
    /// - `payoutHash`, of where and how to be paid, is not zero. What it is the hash of goes to the issuer off chain.
    /// - `amount` is at least {leastRedemption} and at most the caller's balance.
    /// - The caller is not frozen.
    /// @return id Of the request, counted from 1.
    function queueRedemption(uint256 amount, bytes32 payoutHash) external returns (uint256 id);

    /// @notice The redeemer's receipt: the dollars have come, the tokens are burnt.
    /// @dev Emits {RedemptionConfirmed}.
    ///
    /// Requirements:
    /// - The request is open.
    /// - The caller is its redeemer.
    function confirmRedemption(uint256 id) external;

    /// @notice The same by the redeemer's signature; anyone may submit it.
    /// @dev Emits {RedemptionConfirmed}. EIP-712 `RedemptionReceipt(uint256 id)`. ERC-1271 accounts count.
    ///
    /// Requirements:
    /// - The request is open.
    /// - Its redeemer has signed.
    function confirmRedemptionFor(uint256 id, bytes calldata signature) external;

    /// @notice The redeemer says that the attested payment has not come. Before the deadline the request stays open; past it
    /// the tokens go back to him.
    /// @dev Emits {RedemptionDisputed}, and {RedemptionTakenBack} where they go back.
    ///
    /// Requirements:
    /// - The request is open and the caller its redeemer.
    /// - A payment is attested and the objection time has not passed.
    function disputeRedemption(uint256 id) external;

    /// @notice The redeemer takes the tokens back.
    /// @dev Emits {RedemptionTakenBack}.
    ///
    /// Requirements:
    /// - The request is open and the caller its redeemer.
    /// - The deadline has passed.
    /// - No attested payment has outlasted its objection time.
    function takeBackRedemption(uint256 id) external;

    // ---------------------------------------------------------------- auditor and everybody

    /// @notice The auditor attests that the dollars were paid; the objection time begins.
    /// @dev Emits {RedemptionAttested}. Possible again after an objection.
    ///
    /// Requirements:
    /// - The caller has the auditor's role in the access manager.
    /// - There is a document.
    /// - The request is open and no payment is attested.
    function attestRedemption(uint256 id, bytes32 documentHash) external;

    /// @notice The auditor attests that the dollars cannot be paid; the tokens go back to the redeemer.
    /// @dev Emits {RedemptionSentBack}.
    ///
    /// Requirements:
    /// - The caller has the auditor's role in the access manager.
    /// - There is a document.
    /// - The request is open and its deadline has passed.
    /// - No attested payment has outlasted its objection time.
    function sendBackRedemption(uint256 id, bytes32 documentHash) external;

    /// @notice Burns the tokens of a request whose payment was attested and not objected to; by anyone.
    /// @dev Emits {RedemptionSettled}.
    ///
    /// Requirements:
    /// - The request is open and a payment is attested.
    /// - The objection time has passed.
    function settleRedemption(uint256 id) external;

    // ---------------------------------------------------------------- reading

    /// @notice An open request.
    function redemptionOf(uint256 id) external view returns (Redemption memory);

    /// @notice The oldest request past its deadline, which stops minting; 0 where there is none.
    function overdue() external view returns (uint256 id);

    /// @notice How many requests there ever were: the last one's id.
    function redemptionCount() external view returns (uint256);

    /// @notice Seconds from a request to its deadline.
    function redemptionTime() external view returns (uint256);

    /// @notice Seconds to object to an attested payment.
    function objectionTime() external view returns (uint256);

    /// @notice Smallest amount of a request.
    function leastRedemption() external view returns (uint256);
}
