// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IVehicleRegistry } from "../identity/IVehicleRegistry.sol";
import { IDataRegistry } from "../rights/IDataRegistry.sol";
import { Handles, Rights } from "../rights/libraries/Handles.sol";
import { Header, Headers } from "../rights/libraries/Headers.sol";
import { IBuyOrders } from "./IBuyOrders.sol";
import { IEscrow } from "./IEscrow.sol";
import { IEscrowTypes } from "./IEscrowTypes.sol";
import { IExchangeParts } from "./IExchangeParts.sol";
import { BabyJub } from "./libraries/BabyJub.sol";
import { BuyOrder, BuyRules, OfferedLot } from "./libraries/BuyRules.sol";
import { Deals, SellOrder } from "./libraries/Deals.sol";
import { OrderDigests } from "./libraries/OrderDigests.sol";

/// @title BuyOrders
/// @notice See {IBuyOrders}, which holds the documentation.
contract BuyOrders is IBuyOrders {
    // ---------------------------------------------------------------- constants

    /// @notice How long after an answer the buyer may mark it as junk.
    uint256 public constant JUNK_TIME = 7 days;

    /// @notice The longest inspection time that the exchange takes.
    uint256 public constant MAX_INSPECT_TIME = 90 days;

    /// @notice Where deposits of junk go. Nobody holds its key.
    address public constant NOBODY = 0x000000000000000000000000000000000000dEaD;

    // ---------------------------------------------------------------- what it works with

    /// @inheritdoc IBuyOrders
    IEscrow public immutable exchange;
    IVehicleRegistry public immutable vehicles;
    IDataRegistry public immutable dataRegistry;

    mapping(bytes32 id => BuyState) private _orders;
    mapping(bytes32 key => uint256) private _answeredAt;
    mapping(bytes32 id => mapping(bytes32 headerHash => bool)) private _taken;

    constructor(IEscrow exchange_) {
        exchange = exchange_;
        vehicles = IExchangeParts(address(exchange_)).vehicles();
        dataRegistry = IExchangeParts(address(exchange_)).dataRegistry();
    }

    // ---------------------------------------------------------------- buyer

    /// @inheritdoc IBuyOrders
    function place(BuyOrder calldata wanted, uint128 amount) external returns (bytes32 id) {
        _requireBuyer(wanted);
        id = BuyRules.idOf(wanted);
        if (_orders[id].status != Status.None) revert BuyOrders_Exists(id);
        if (block.timestamp > wanted.deadline) revert BuyOrders_TooLate(wanted.deadline, block.timestamp);
        if (!BabyJub.isValidKey(wanted.keyX, wanted.keyY)) revert BuyOrders_BadDeliveryKey(wanted.keyX, wanted.keyY);
        if (wanted.inspectTime > MAX_INSPECT_TIME) revert BuyOrders_InspectTimeTooLong(wanted.inspectTime, MAX_INSPECT_TIME);
        if (wanted.inspectTime != 0 && !BuyRules.namesSomebody(wanted)) revert BuyOrders_RuleNamesNobody();
        _checkDeposit(wanted);

        _orders[id] = BuyState({ status: Status.Open, left: amount });
        emit BuyOrderPlaced(id, wanted.buyer, wanted.schema, wanted, amount);
        exchange.transferCredit(wanted.buyer, wanted.token, address(this), amount);
    }

    /// @inheritdoc IBuyOrders
    function fund(BuyOrder calldata wanted, uint128 amount) external {
        _requireBuyer(wanted);
        bytes32 id = _requireOpen(wanted);
        _orders[id].left += amount;
        emit BuyOrderFunded(id, amount);
        exchange.transferCredit(wanted.buyer, wanted.token, address(this), amount);
    }

    /// @inheritdoc IBuyOrders
    function accept(BuyOrder calldata wanted, address agent, IEscrowTypes.Purchase calldata purchase)
        external
        returns (bytes32 dealId)
    {
        _requireBuyer(wanted);
        bytes32 id = _requireOpen(wanted);
        bytes32 orderHash = OrderDigests.digest(address(exchange), purchase.order);
        _endAnswer(id, agent, orderHash);
        emit AnswerReturned(id, agent, orderHash, wanted.answerDeposit);
        _pay(agent, wanted.token, wanted.answerDeposit);
        uint256 spent;
        (dealId, spent) = _buy(id, wanted, purchase, 0);
        emit AnswerAccepted(id, dealId, agent, orderHash, spent);
    }

    /// @inheritdoc IBuyOrders
    function markJunk(BuyOrder calldata wanted, address agent, bytes32 orderHash) external {
        _requireBuyer(wanted);
        bytes32 id = _requireOpen(wanted);
        uint128 deposit = wanted.answerDeposit;
        if (deposit == 0) revert BuyOrders_NoDeposit(id);
        uint256 end = _endAnswer(id, agent, orderHash) + JUNK_TIME;
        if (block.timestamp > end) revert BuyOrders_TooLate(end, block.timestamp);
        uint128 left = _orders[id].left;
        if (left < deposit) revert BuyOrders_TooLittleLeft(left, deposit);

        _orders[id].left = left - deposit;
        emit AnswerJunked(id, agent, orderHash, 2 * uint256(deposit));
        _pay(NOBODY, wanted.token, 2 * uint256(deposit));
    }

    // ---------------------------------------------------------------- agents

    /// @inheritdoc IBuyOrders
    function answer(BuyOrder calldata wanted, bytes32 orderHash, bytes32 offerDigest, bytes32[] calldata agentPath) external {
        bytes32 id = _requireOpen(wanted);
        _requireListed(wanted.agentsRoot, msg.sender, agentPath);
        bytes32 key = BuyRules.answerKey(id, msg.sender, orderHash);
        if (_answeredAt[key] != 0) revert BuyOrders_AnsweredBefore(id, msg.sender, orderHash);

        _answeredAt[key] = block.timestamp;
        emit AnswerGiven(id, msg.sender, orderHash, offerDigest);
        if (wanted.answerDeposit != 0) {
            exchange.transferCredit(msg.sender, wanted.token, address(this), wanted.answerDeposit);
        }
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IBuyOrders
    function returnDeposit(BuyOrder calldata wanted, address agent, bytes32 orderHash) external {
        bytes32 id = BuyRules.idOf(wanted);
        uint256 free = _endAnswer(id, agent, orderHash) + JUNK_TIME;
        if (free > wanted.deadline) free = wanted.deadline;
        if (block.timestamp <= free && _orders[id].status == Status.Open) revert BuyOrders_NotYet(free, block.timestamp);
        emit AnswerReturned(id, agent, orderHash, wanted.answerDeposit);
        _pay(agent, wanted.token, wanted.answerDeposit);
    }

    /// @inheritdoc IBuyOrders
    function fill(
        BuyOrder calldata wanted,
        IEscrowTypes.Purchase calldata purchase,
        OfferedLot[] calldata lots,
        bytes32[] calldata sellerPath
    ) external returns (bytes32 dealId) {
        bytes32 id = _requireOpen(wanted);
        if (wanted.inspectTime == 0) revert BuyOrders_NoRule(id);
        _checkTerms(wanted, purchase, lots.length);
        _requireListed(wanted.agentsRoot, purchase.order.seller, sellerPath);
        _checkLots(id, wanted, purchase.order, lots);
        uint256 spent;
        (dealId, spent) = _buy(id, wanted, purchase, wanted.inspectTime);
        emit BuyOrderFilled(id, dealId, purchase.order.seller, spent, lots.length);
    }

    /// @inheritdoc IBuyOrders
    function close(BuyOrder calldata wanted) external {
        bytes32 id = BuyRules.idOf(wanted);
        BuyState memory state = _orders[id];
        if (state.status != Status.Open) revert BuyOrders_WrongStatus(id, state.status);
        if (block.timestamp <= wanted.deadline) _requireBuyer(wanted);
        _orders[id] = BuyState({ status: Status.Closed, left: 0 });
        emit BuyOrderClosed(id, state.left);
        _pay(wanted.buyer, wanted.token, state.left);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IBuyOrders
    function idOf(BuyOrder calldata wanted) external view returns (bytes32) {
        return BuyRules.idOf(wanted);
    }

    /// @inheritdoc IBuyOrders
    function stateOf(bytes32 id) external view returns (BuyState memory) {
        return _orders[id];
    }

    /// @inheritdoc IBuyOrders
    function answeredAt(bytes32 id, address agent, bytes32 orderHash) external view returns (uint256) {
        return _answeredAt[BuyRules.answerKey(id, agent, orderHash)];
    }

    /// @inheritdoc IBuyOrders
    function wasTaken(bytes32 id, bytes32 headerHash) external view returns (bool) {
        return _taken[id][headerHash];
    }

    // ---------------------------------------------------------------- who and when

    function _requireBuyer(BuyOrder calldata wanted) private view {
        if (msg.sender != wanted.buyer) revert BuyOrders_NotBuyer(msg.sender, wanted.buyer);
    }

    function _requireOpen(BuyOrder calldata wanted) private view returns (bytes32 id) {
        id = BuyRules.idOf(wanted);
        Status status = _orders[id].status;
        if (status != Status.Open) revert BuyOrders_WrongStatus(id, status);
        if (block.timestamp > wanted.deadline) revert BuyOrders_TooLate(wanted.deadline, block.timestamp);
    }

    function _requireListed(bytes32 root, address agent, bytes32[] calldata path) private pure {
        if (root != 0 && !BuyRules.isListed(root, agent, path)) revert BuyOrders_NotListed(agent);
    }

    /// @dev An answer is worth no more to its agent than a delivery of one lot risks.
    function _checkDeposit(BuyOrder calldata wanted) private view {
        if (wanted.answerDeposit == 0) return;
        IEscrowTypes.TokenTerms memory terms = exchange.tokenTermsOf(wanted.token);
        uint256 most = uint256(terms.bond1) * 10 ** terms.scale;
        if (wanted.answerDeposit > most) revert BuyOrders_DepositTooHigh(wanted.answerDeposit, most);
    }

    // ---------------------------------------------------------------- money

    function _pay(address to, address token, uint256 amount) private {
        if (amount != 0) exchange.transferCredit(address(this), token, to, amount);
    }

    /// @dev Takes note that an answer has ended.
    /// @return since When it was given.
    function _endAnswer(bytes32 id, address agent, bytes32 orderHash) private returns (uint256 since) {
        bytes32 key = BuyRules.answerKey(id, agent, orderHash);
        since = _answeredAt[key];
        if (since == 0) revert BuyOrders_NoAnswer(id, agent, orderHash);
        _answeredAt[key] = 0;
    }

    /// @dev Buys out of this order's part of the common credit: it can cost `maxTotal` at most, and that is left. The price may
    /// be less by a hook's word, so what it cost is read. A purchase out of credit calls no token and others only by
    /// `staticcall`; nothing can come back in here and move the credit meanwhile.
    function _buy(bytes32 id, BuyOrder calldata wanted, IEscrowTypes.Purchase calldata purchase, uint64 inspectTime)
        private
        returns (bytes32 dealId, uint256 spent)
    {
        if (purchase.order.token != wanted.token) revert BuyOrders_DoesNotFit("token");
        if (purchase.keyX != wanted.keyX || purchase.keyY != wanted.keyY) revert BuyOrders_DoesNotFit("delivery key");
        uint128 left = _orders[id].left;
        if (purchase.maxTotal > left) revert BuyOrders_TooLittleLeft(left, purchase.maxTotal);

        uint256 before = exchange.creditOf(address(this), wanted.token);
        dealId = exchange.buyFor(purchase, wanted.buyer, inspectTime);
        spent = before - exchange.creditOf(address(this), wanted.token);
        // At most `maxTotal`, hence at most `left`.
        _orders[id].left = left - uint128(spent);
    }

    // ---------------------------------------------------------------- rules

    /// @dev What the order asks of the sell order.
    function _checkTerms(BuyOrder calldata wanted, IEscrowTypes.Purchase calldata purchase, uint256 lots) private view {
        SellOrder calldata order = purchase.order;
        if (order.dataClass != wanted.dataClass) revert BuyOrders_DoesNotFit("class");
        if (order.privacy != wanted.privacy) revert BuyOrders_DoesNotFit("privacy");
        if (order.flags & wanted.flags != wanted.flags) revert BuyOrders_DoesNotFit("flags");
        if (wanted.legalHash != 0 && order.legalHash != wanted.legalHash) revert BuyOrders_DoesNotFit("terms of use");
        // The maker of an agreement is that of its vehicle, for good.
        if (wanted.oem != address(0) && vehicles.oemOf(order.agreementId >> 64) != wanted.oem) revert BuyOrders_DoesNotFit("maker");
        if (wanted.maxDeliverTime != 0 && order.deliverTime > wanted.maxDeliverTime) {
            revert BuyOrders_DoesNotFit("time to deliver");
        }
        if (order.complaintWindow < wanted.minComplaintWindow) revert BuyOrders_DoesNotFit("complaint window");
        if (lots < wanted.minLots) revert BuyOrders_DoesNotFit("number of lots");

        uint256 most = uint256(wanted.maxPrice) * lots;
        for (uint256 i = 0; i < order.pages.length; ++i) {
            most += order.pages[i].challengeDeposit;
        }
        if (purchase.maxTotal > most) revert BuyOrders_DoesNotFit("price");
    }

    /// @dev The lots are those of the sell order, and each is what the order asks for.
    function _checkLots(bytes32 id, BuyOrder calldata wanted, SellOrder calldata order, OfferedLot[] calldata lots) private {
        Rights memory rights = Rights({
            vehicle: order.agreementId >> 64,
            epoch: uint64(order.agreementId),
            dataClass: order.dataClass,
            privacy: order.privacy,
            schema: wanted.schema
        });
        bytes32 stream = Handles.named(address(vehicles), rights);
        bool exclusive = Deals.has(order, Deals.EXCLUSIVE);
        bytes32[] memory hashes = new bytes32[](lots.length);
        // The seller is listed, and so is every TSP whose headers it sells.
        address agent = order.seller;
        for (uint256 i = 0; i < lots.length; ++i) {
            Header calldata header = lots[i].header;
            if (header.stream != stream) revert BuyOrders_LotDoesNotFit("stream", i);
            if (header.tsp != agent) {
                agent = header.tsp;
                _requireListed(wanted.agentsRoot, agent, lots[i].agentPath);
            }
            if (!exclusive && header.flags & Headers.EXCLUSIVE != 0) revert BuyOrders_LotDoesNotFit("exclusive", i);
            hashes[i] = _checkLot(wanted, lots[i], i);
            if (_taken[id][hashes[i]]) revert BuyOrders_LotDoesNotFit("taken before", i);
            _taken[id][hashes[i]] = true;
        }
        OrderDigests.requireLots(order, hashes);
    }

    function _checkLot(BuyOrder calldata wanted, OfferedLot calldata lot, uint256 index) private view returns (bytes32 hash) {
        if (!BuyRules.isOrigin(wanted.origins, lot.header.flags)) revert BuyOrders_LotDoesNotFit("origin", index);
        if (!BuyRules.areTimesWithin(wanted, lot)) revert BuyOrders_LotDoesNotFit("times of records", index);
        IDataRegistry.Anchor memory anchor;
        (hash, anchor) = dataRegistry.openHeader(lot.header, lot.path);
        if (!BuyRules.isWithin(anchor.time, wanted.anchoredFrom, wanted.anchoredTo)) {
            revert BuyOrders_LotDoesNotFit("anchor time", index);
        }
        (bool bad,) = exchange.markOf(hash);
        if (bad) revert BuyOrders_LotDoesNotFit("shown bad", index);
    }
}
