// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrow } from "./IEscrow.sol";
import { IEscrowTypes } from "./IEscrowTypes.sol";
import { BuyOrder, OfferedLot } from "./libraries/BuyRules.sol";

/// @title IBuyOrders
/// @notice Buyers say what they look for and put the money beside it; agents answer, or whoever finds a fitting sell order
/// reserves it by the buyer's own rule.
/// @dev Notes:
/// - Uses the exchange through its public functions only and has no rights there but those that accounts give it: who places
///   an order or answers one names this contract its operator ({ILedger-setOperator}). It moves a caller's credit only in
///   the caller's own call, and buys in the name of a buyer only what {accept} and {fill} say.
/// - The money of all orders is this contract's credit in the exchange; each order's own part is `left`. No order can spend
///   more than it, whatever the others hold.
/// - Nobody has a role here, nothing can be changed or stopped. After the deadline anyone can {close} an order; before it the
///   buyer can at any time. No function loops over anything but what its caller brings.
/// - What a purchase cost is gone from the order. The money of a reserved deal that the buyer rejects is refunded by the
///   exchange to the buyer's credit, and the order does not reopen for it by itself: the buyer puts it back with {fund}, in
///   the same moment if it wishes. Lots that were reserved once are not reserved again for the same order.
/// - By rule: the rule names TSPs, or a maker together with devices that vouch for the data. Everything that the rule says is
///   checked against opened and anchored headers. Place and vehicle attributes are not on the chain: agents read them, and
///   the buyer in its inspection time, in which it may reject for any reason.
///
/// Deposits against spam: an answer costs its agent `answerDeposit`, at most the exchange's least bond for one lot. It comes
/// back when the answer is accepted, when the order is closed or past its deadline, and in any case 7 days after the answer.
/// Within these the buyer may mark the answer as junk: then the deposit is lost, and as much of the buyer's own order with it.
/// Both are credited to an address that nobody holds. So nobody earns by collecting deposits, neither buyer nor foundation;
/// who marks honest answers as junk pays as much as it destroys; who sends junk risks the deposit every time. Both can be
/// counted in {AnswerJunked}, before answering and before placing.
interface IBuyOrders {
    // ---------------------------------------------------------------- types

    /// @notice What an order is in.
    enum Status {
        None, // never placed
        Open, // money may be spent until the deadline
        Closed // what was left is back with the buyer; final
    }

    /// @notice State of an order, in one slot.
    struct BuyState {
        Status status; // bits 0-7
        uint128 left; // bits 8-135, what may still be spent
    }

    // ---------------------------------------------------------------- events

    event BuyOrderPlaced(bytes32 indexed id, address indexed buyer, bytes32 indexed schema, BuyOrder wanted, uint256 amount);
    event BuyOrderFunded(bytes32 indexed id, uint256 amount);
    event BuyOrderClosed(bytes32 indexed id, uint256 returned);
    /// @param orderHash EIP-712 digest of the sell order that is the answer.
    /// @param offerDigest sha2-256 digest of the CID of the offer file.
    event AnswerGiven(bytes32 indexed id, address indexed agent, bytes32 indexed orderHash, bytes32 offerDigest);
    event AnswerAccepted(bytes32 indexed id, bytes32 indexed dealId, address indexed agent, bytes32 orderHash, uint256 spent);
    event AnswerReturned(bytes32 indexed id, address indexed agent, bytes32 indexed orderHash, uint256 deposit);
    /// @param burnt Deposit of the agent and the same amount of the buyer's.
    event AnswerJunked(bytes32 indexed id, address indexed agent, bytes32 indexed orderHash, uint256 burnt);
    event BuyOrderFilled(bytes32 indexed id, bytes32 indexed dealId, address indexed seller, uint256 spent, uint256 lots);

    // ---------------------------------------------------------------- errors

    error BuyOrders_NotBuyer(address caller, address buyer);
    error BuyOrders_Exists(bytes32 id);
    error BuyOrders_WrongStatus(bytes32 id, Status status);
    error BuyOrders_TooLate(uint256 end, uint256 timestamp);
    error BuyOrders_NotYet(uint256 end, uint256 timestamp);
    error BuyOrders_BadDeliveryKey(uint256 x, uint256 y);
    error BuyOrders_InspectTimeTooLong(uint256 given, uint256 most);
    error BuyOrders_RuleNamesNobody();
    error BuyOrders_DepositTooHigh(uint256 deposit, uint256 most);
    error BuyOrders_NotListed(address agent);
    error BuyOrders_AnsweredBefore(bytes32 id, address agent, bytes32 orderHash);
    error BuyOrders_NoAnswer(bytes32 id, address agent, bytes32 orderHash);
    error BuyOrders_NoDeposit(bytes32 id);
    error BuyOrders_TooLittleLeft(uint256 left, uint256 needed);
    error BuyOrders_NoRule(bytes32 id);
    /// @param term What does not fit, as short text.
    error BuyOrders_DoesNotFit(bytes32 term);
    /// @param lot Its position among those brought.
    error BuyOrders_LotDoesNotFit(bytes32 term, uint256 lot);

    // ---------------------------------------------------------------- buyer

    /// @notice Places an order and moves `amount` of the caller's credit to it.
    /// @dev Emits {BuyOrderPlaced}.
    ///
    /// Requirements:
    /// - The caller is the order's buyer and has made this contract its operator; its credit suffices.
    /// - The same order was not placed before; its deadline has not passed.
    /// - The delivery key is one that the exchange takes.
    /// - The inspection time is at most 90 days, and where it is not zero, the rule names TSPs, or a maker together with origins
    ///   that devices vouch for.
    /// - `answerDeposit` is at most the exchange's least bond for a page of one lot in the order's token.
    function place(BuyOrder calldata wanted, uint128 amount) external returns (bytes32 id);

    /// @notice Moves more of the caller's credit to an order.
    /// @dev Emits {BuyOrderFunded}.
    ///
    /// Requirements:
    /// - The caller is the order's buyer; the order is open and its deadline has not passed.
    function fund(BuyOrder calldata wanted, uint128 amount) external;

    /// @notice Accepts an agent's answer: buys its sell order out of this order's money. The agent's deposit comes back.
    /// @dev Emits {AnswerAccepted} and {AnswerReturned}, the exchange {IEscrowTypes-Bought}.
    ///
    /// Requirements:
    /// - The caller is the order's buyer; the order is open and its deadline has not passed.
    /// - `agent` has answered with the hash of `purchase.order`.
    /// - Token and delivery key are the buy order's; `purchase.maxTotal` is at most what is left.
    /// - And those of {IEscrowTrade-buyFor}.
    function accept(BuyOrder calldata wanted, address agent, IEscrowTypes.Purchase calldata purchase)
        external
        returns (bytes32 dealId);

    /// @notice Marks an answer as junk: its deposit and as much of what is left are lost.
    /// @dev Emits {AnswerJunked}.
    ///
    /// Requirements:
    /// - The caller is the order's buyer; the order is open and its deadline has not passed.
    /// - The answer was given at most `JUNK_TIME` ago, and a deposit with it.
    /// - What is left suffices.
    function markJunk(BuyOrder calldata wanted, address agent, bytes32 orderHash) external;

    // ---------------------------------------------------------------- agents

    /// @notice Answers an order by the hash of a sell order; the offer with it goes where its CID says.
    /// @dev Emits {AnswerGiven}. A sell order that names the buyer cannot be bought by others meanwhile.
    ///
    /// Requirements:
    /// - The order is open and its deadline has not passed.
    /// - The caller is in the order's list of TSPs, if it has one.
    /// - The caller has not answered with the same hash before, unless that answer has ended.
    /// - Where the order asks a deposit: the caller has made this contract its operator, and its credit suffices.
    function answer(BuyOrder calldata wanted, bytes32 orderHash, bytes32 offerDigest, bytes32[] calldata agentPath) external;

    // ---------------------------------------------------------------- anyone

    /// @notice Ends an answer that was neither accepted nor marked as junk: its deposit goes back to the agent.
    /// @dev Emits {AnswerReturned}.
    ///
    /// Requirements:
    /// - There is such an answer.
    /// - It is older than `JUNK_TIME`, or the order is closed or past its deadline.
    function returnDeposit(BuyOrder calldata wanted, address agent, bytes32 orderHash) external;

    /// @notice Reserves a sell order by the buyer's rule: a deal of the exchange that the buyer may reject freely within its
    /// inspection time.
    /// @dev Emits {BuyOrderFilled}, the exchange {IEscrowTypes-Bought}.
    ///
    /// Requirements:
    /// - The order is open, its deadline has not passed, and it has an inspection time.
    /// - Token, class, privacy, delivery key, and where the order names them maker, terms of use and flags are the wanted ones;
    ///   time to deliver and complaint window are within the wanted bounds.
    /// - The seller is in the order's list of TSPs, if it has one: a stranger with a resale right cannot use up the order.
    /// - At least `minLots` lots, for at most `maxPrice` each and deposits (`purchase.maxTotal`), which is at most what is left.
    /// - `lots` are the sell order's, page by page (those of DISPUTED data once), and of each: the stream is of the sell order's
    ///   agreement, class and privacy and of the wanted schema; it opens under an anchor of its TSP in the wanted time; its
    ///   TSP is listed, its origin wanted, its records within the wanted range; it may be sold in this deal, was not shown bad
    ///   and not reserved for this order before.
    /// - And those of {IEscrowTrade-buyFor}.
    function fill(
        BuyOrder calldata wanted,
        IEscrowTypes.Purchase calldata purchase,
        OfferedLot[] calldata lots,
        bytes32[] calldata sellerPath
    ) external returns (bytes32 dealId);

    /// @notice Ends an order: what is left goes back to the buyer's credit.
    /// @dev Emits {BuyOrderClosed}. Deals go on.
    ///
    /// Requirements:
    /// - The order is open.
    /// - The caller is its buyer, or the deadline has passed.
    function close(BuyOrder calldata wanted) external;

    // ---------------------------------------------------------------- reading

    /// @notice The exchange whose orders are bought here.
    function exchange() external view returns (IEscrow);

    /// @notice The id of an order, by which its state is kept.
    function idOf(BuyOrder calldata wanted) external view returns (bytes32);

    /// @notice State of an order.
    function stateOf(bytes32 id) external view returns (BuyState memory);

    /// @notice When an agent has answered (Unix seconds), zero where there is no answer or it has ended.
    function answeredAt(bytes32 id, address agent, bytes32 orderHash) external view returns (uint256);

    /// @notice Whether a header was reserved for an order by its rule.
    function wasTaken(bytes32 id, bytes32 headerHash) external view returns (bool);
}
