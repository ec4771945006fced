// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IVehicleRegistry } from "../identity/IVehicleRegistry.sol";
import { IDataRegistry } from "../rights/IDataRegistry.sol";
import { IEquivocations } from "../rights/IEquivocations.sol";
import { Header, Headers } from "../rights/libraries/Headers.sol";
import { Agreements, VersionTerms } from "../shares/libraries/Agreements.sol";
import { IQoodShares } from "../shares/IQoodShares.sol";
import { Ledger } from "../shares/Ledger.sol";
import { EscrowBase } from "./EscrowBase.sol";
import { Complaint, IComplaintVerifier } from "./IComplaintVerifier.sol";
import { IEscrowDisputes } from "./IEscrowDisputes.sol";
import { IExchangeParts } from "./IExchangeParts.sol";
import { SellOrders } from "./SellOrders.sol";
import { DealWords } from "./libraries/DealWords.sol";
import { Deals, Terms } from "./libraries/Deals.sol";
import { KeyDelivery, Proofs } from "./libraries/Proofs.sol";
import { Sales } from "./libraries/Sales.sol";

/// @title EscrowDisputes
/// @notice See {IEscrow}, which holds the documentation. This half has the moves of a trade that does not go well, deliveries
/// of DISPUTED data, and the settings.
/// @dev Its code runs in {Escrow} by `delegatecall`. Called by itself it finds no deals and holds no money.
contract EscrowDisputes is IEscrowDisputes, IExchangeParts, EscrowBase, SellOrders, Ledger {
    /// @notice The highest protocol fee that can ever be set, in basis points.
    uint16 public constant MAX_FEE_BPS = 500;

    /// @notice The longest time to deliver, to answer and to complain: every deal can be ended.
    uint256 public constant MAX_WINDOW = _MAX_WINDOW;

    /// @notice The shortest window of a deployment to any chain but a local one: twice a rollup's force-inclusion delay.
    uint256 public constant LEAST_PUBLIC_WINDOW = _LEAST_PUBLIC_WINDOW;

    /// @notice Chain id of local chains, on which windows may be seconds.
    uint256 public constant LOCAL_CHAIN = _LOCAL_CHAIN;

    /// @notice The largest scale of a token's deposits and bonds.
    uint8 public constant MAX_SCALE = 18;

    /// @notice Poseidon(DOM_KEY, 0): the second commitment of a header with one key.
    uint256 public constant COMMITMENT_OF_ZERO = _COMMITMENT_OF_ZERO;

    constructor(Parts memory parts) EscrowBase(parts) { }

    // ---------------------------------------------------------------- foundation and guardian

    /// @inheritdoc IEscrowDisputes
    function setToken(address token, TokenTerms calldata terms) external restricted {
        if (token == address(0)) revert Escrow_ZeroAddress();
        if (terms.scale > MAX_SCALE) revert Escrow_ScaleTooLarge(terms.scale, MAX_SCALE);
        if (terms.feeBps > MAX_FEE_BPS) revert Escrow_FeeTooHigh(terms.feeBps, MAX_FEE_BPS);
        if (terms.feeBps != 0 && _feeRecipient == address(0)) revert Escrow_ZeroAddress();
        // A bond pays for a challenge at the least.
        if (terms.deposit1 > terms.bond1) revert Escrow_DepositAboveBond(1);
        if (terms.deposit8 > terms.bond8) revert Escrow_DepositAboveBond(8);
        if (terms.deposit32 > terms.bond32) revert Escrow_DepositAboveBond(32);
        bool stopped = _tokens[token].stopped;
        _tokens[token] = terms;
        _tokens[token].stopped = stopped;
        emit TokenSet(token, _tokens[token]);
    }

    /// @inheritdoc IEscrowDisputes
    function setFeeRecipient(address recipient) external restricted {
        if (recipient == address(0)) revert Escrow_ZeroAddress();
        _feeRecipient = recipient;
        emit FeeRecipientSet(recipient);
    }

    /// @inheritdoc IEscrowDisputes
    function stopToken(address token, bool stopped) external restricted {
        _tokens[token].stopped = stopped;
        emit TokenStopped(token, stopped);
    }

    // ---------------------------------------------------------------- buyer

    /// @inheritdoc IEscrowDisputes
    function accept(Terms calldata terms) external {
        (bytes32 dealId,, Deal memory deal) = _load(terms, 0);
        _checkReserved(terms, dealId, deal);
        _deals[dealId].marks |= _ACCEPTED;
        emit Accepted(dealId);
    }

    /// @inheritdoc IEscrowDisputes
    function reject(Terms calldata terms) external {
        (bytes32 dealId,, Deal memory deal) = _load(terms, 0);
        _checkReserved(terms, dealId, deal);
        _deals[dealId].state = State.Cancelled;
        uint256 amount;
        for (uint256 i = 0; i < terms.order.pages.length; ++i) {
            amount += Deals.priceOf(terms.order, terms.sale, i) + terms.order.pages[i].challengeDeposit;
        }
        _credit(Sales.buyer(terms.sale.party), terms.order.token, amount);
        emit Rejected(dealId, amount);
    }

    /// @inheritdoc IEscrowDisputes
    function challenge(Terms calldata terms, uint256 page) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _load(terms, page);
        if (deal.state != State.DeliveredUnproven) revert Escrow_WrongState(key, deal.state);
        if (msg.sender != Sales.buyer(terms.sale.party)) revert Escrow_NotBuyer(msg.sender, Sales.buyer(terms.sale.party));
        if (block.timestamp > deal.endsAt) revert Escrow_TooLate(deal.endsAt, block.timestamp);
        uint40 answerBy = uint40(block.timestamp + terms.order.answerTime);
        DealWords.turn(_deals[key], State.Challenged, deal.marks, answerBy);
        emit Challenged(dealId, page, answerBy);
    }

    // ---------------------------------------------------------------- seller

    /// @inheritdoc IEscrowDisputes
    function deliverDisputed(
        Terms calldata terms,
        uint256 page,
        VersionTerms calldata agreement,
        Opening calldata opening,
        KeyDelivery calldata delivery
    ) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _load(terms, page);
        _checkDelivery(terms, page, dealId, key, deal);
        if (terms.order.dataClass != Agreements.DISPUTED) revert Escrow_WrongClass(terms.order.dataClass);
        if ((deal.delivered >> page) & 1 != 0) revert Escrow_AlreadyDelivered(page);
        Lot[] calldata lots = opening.lots;
        _openLots(terms.order, terms.sale.rightKey, page, key, deal, opening, lots, 0, lots.length);
        _checkProof(page, dealId, terms.sale, _commitments(terms.order, page, lots), delivery);

        if (deal.delivered == 0) _lockDisputedBonds(dealId, terms, agreement);
        deal.delivered |= uint32(1 << page);
        if (deal.delivered == 3) {
            deal.state = State.DeliveredProven;
            deal.endsAt = uint40(block.timestamp + terms.order.complaintWindow);
        }
        _deals[key] = deal;
        emit DeliveredProven(dealId, page, delivery.r, delivery.c);
    }

    /// @inheritdoc IEscrowDisputes
    function answer(Terms calldata terms, uint256 page, Header[] calldata headers, KeyDelivery calldata delivery) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _load(terms, page);
        if (deal.state != State.Challenged) revert Escrow_WrongState(key, deal.state);
        bytes25 given = Proofs.deliveryHash(delivery.r, delivery.c);
        if (given != deliveryOf(key)) revert Escrow_NotWhatWasDelivered(given, deliveryOf(key));

        uint256 count = headers.length;
        uint256[] memory commitments = new uint256[](count);
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = Headers.hash(headers[i]);
            if (_marks[hashes[i]] == _BAD) revert Escrow_HeaderBad(hashes[i]);
            commitments[i] = headers[i].kc1;
        }
        _checkSold(terms.order.pages[page], Deals.hashLots(hashes), count);
        _checkProof(page, dealId, terms.sale, commitments, delivery);

        uint40 complainBy = uint40(block.timestamp + terms.order.complaintWindow);
        DealWords.turn(_deals[key], State.DeliveredProven, deal.marks | _DEPOSIT_GONE, complainBy);
        _credit(terms.order.seller, terms.order.token, terms.order.pages[page].challengeDeposit);
        emit Answered(dealId, page, complainBy);
    }

    /// @inheritdoc IEscrowDisputes
    function concede(Terms calldata terms, uint256 page) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _loadEnd(terms, page);
        _requireOpen(terms.sale, key, deal);
        if (msg.sender != terms.order.seller) revert Escrow_NotSeller(msg.sender, terms.order.seller);
        _refund(dealId, key, terms, page, deal, Reason.Conceded);
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IEscrowDisputes
    function refund(Terms calldata terms, uint256 page) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _loadEnd(terms, page);
        bool challenged = deal.state == State.Challenged;
        if (!challenged && deal.state != State.Funded) revert Escrow_WrongState(key, deal.state);
        uint256 end = challenged ? deal.endsAt : Sales.deliverBy(terms.sale.party);
        if (block.timestamp <= end) revert Escrow_NotYet(end, block.timestamp);
        _refund(dealId, key, terms, page, deal, challenged ? Reason.Unanswered : Reason.Late);
    }

    /// @inheritdoc IEscrowDisputes
    function complain(
        Terms calldata terms,
        uint256 page,
        bytes32[] calldata headers,
        uint256 index,
        Header calldata header,
        Complaint calldata complaint
    ) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _load(terms, page);
        _requireDelivered(key, deal, true);
        // A challenge that nobody answered can be complained of until the bond is taken: the buyer gets the same.
        if (deal.state != State.Challenged && block.timestamp > deal.endsAt) revert Escrow_TooLate(deal.endsAt, block.timestamp);
        bytes32 headerHash = _soldHeader(terms, page, headers, index);
        if (Headers.hash(header) != headerHash) revert Escrow_NotTheHeader(Headers.hash(header), headerHash);
        _complaints.check(header.root, header.kc1, header.kc2, complaint);
        _marks[headerHash] = _BAD;
        emit HeaderShownBad(headerHash, dealId);
        _refund(dealId, key, terms, page, deal, Reason.Complaint);
    }

    /// @inheritdoc IEscrowDisputes
    function refundBad(Terms calldata terms, uint256 page, bytes32[] calldata headers, uint256 index) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _load(terms, page);
        _requireOpen(terms.sale, key, deal);
        bytes32 headerHash = _soldHeader(terms, page, headers, index);
        bytes32 mark = _marks[headerHash];
        // One that contradicts another can still be paid for, but not be delivered.
        bool undeliverable = mark == _EQUIVOCATED && deal.state == State.Funded;
        if (mark != _BAD && !undeliverable) revert Escrow_HeaderNotBad(headerHash);
        _refund(dealId, key, terms, page, deal, Reason.BadHeader);
    }

    /// @inheritdoc IEscrowDisputes
    function showEquivocated(bytes32 headerHash) external {
        if (!IEquivocations(address(_dataRegistry)).isEquivocated(headerHash)) revert Escrow_NotEquivocated(headerHash);
        bytes32 mark = _marks[headerHash];
        if (mark == _BAD || mark == _EQUIVOCATED) revert Escrow_HeaderBad(headerHash);
        _marks[headerHash] = _EQUIVOCATED;
        emit HeaderShownEquivocated(headerHash);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IEscrowDisputes
    function dealOf(bytes32 key) external view returns (Deal memory) {
        return _shown(_deals[key]);
    }

    /// @inheritdoc IEscrowDisputes
    function pageOf(Terms calldata terms, uint256 page) external view returns (bytes32 dealId, bytes32 key, Deal memory deal) {
        (dealId, key, deal) = _load(terms, page);
        deal = _shown(deal);
    }

    /// @inheritdoc IEscrowDisputes
    function keyOf(bytes32 dealId, uint256 page) external pure returns (bytes32) {
        return Deals.keyOf(dealId, page);
    }

    /// @inheritdoc IEscrowDisputes
    function contextOf(bytes32 dealId, uint256 page) external view returns (uint256) {
        return Deals.contextOf(dealId, page);
    }

    /// @inheritdoc IEscrowDisputes
    function deliveryOf(bytes32 key) public view returns (bytes25 delivered) {
        Deal storage deal = _deals[key];
        if (deal.marks & _DELIVERY_HERE == 0) return _delivered[key];
        return DealWords.deliveryIn(deal);
    }

    /// @inheritdoc IEscrowDisputes
    function markOf(bytes32 headerHash) external view returns (bool bad, bytes32 reservedBy) {
        bytes32 mark = _marks[headerHash];
        bad = mark == _BAD || mark == _EQUIVOCATED;
        if (!bad && _deals[mark].state != State.Refunded) reservedBy = mark;
    }

    /// @inheritdoc IEscrowDisputes
    function tokenTermsOf(address token) external view returns (TokenTerms memory) {
        return _tokens[token];
    }

    /// @inheritdoc IEscrowDisputes
    function feeRecipient() external view returns (address) {
        return _feeRecipient;
    }

    // ---------------------------------------------------------------- what it works with

    /// @inheritdoc IExchangeParts
    function vehicles() external view returns (IVehicleRegistry) {
        return _vehicles;
    }

    /// @inheritdoc IExchangeParts
    function dataRegistry() external view returns (IDataRegistry) {
        return _dataRegistry;
    }

    /// @inheritdoc IEscrowDisputes
    function shares() external view returns (IQoodShares) {
        return _shares;
    }

    /// @inheritdoc IEscrowDisputes
    function verifier1() external view returns (address) {
        return _verifier1;
    }

    /// @inheritdoc IEscrowDisputes
    function verifier8() external view returns (address) {
        return _verifier8;
    }

    /// @inheritdoc IEscrowDisputes
    function verifier32() external view returns (address) {
        return _verifier32;
    }

    /// @inheritdoc IEscrowDisputes
    function complaints() external view returns (IComplaintVerifier) {
        return _complaints;
    }

    /// @inheritdoc IEscrowDisputes
    function leastWindow() external view returns (uint256) {
        return _leastWindow;
    }

    /// @inheritdoc IEscrowDisputes
    function partsHash() external view returns (bytes32) {
        return _partsHash;
    }

    // ---------------------------------------------------------------- internal

    /// @dev Without what only looks like fields.
    function _shown(Deal memory deal) private pure returns (Deal memory) {
        if (deal.marks & _DELIVERY_HERE != 0) (deal.purchasedAt, deal.versionStart, deal.delivered) = (0, 0, 0);
        return deal;
    }

    /// @dev A stopped token can still be paid in for bonds: only purchases stop.
    function _checkToken(address token) internal view override {
        if (!_tokens[token].listed) revert Escrow_TokenNotListed(token);
    }

    /// @dev Price, deposit and, from a delivered state, the bond go to the buyer. Before a delivery counts, bonds go back.
    function _refund(bytes32 dealId, bytes32 key, Terms calldata terms, uint256 page, Deal memory deal, Reason reason) private {
        bool slash = deal.state != State.Funded;
        _deals[key].state = State.Refunded;
        (uint256 price, uint256 deposit) = _heldFor(terms.order, terms.sale, page, deal);
        // Too late also where the seller concedes before anyone asks for the refund: it would spare who withheld a page. A page
        // over a bad header could not be delivered any more.
        bool late = reason != Reason.BadHeader && block.timestamp > Sales.deliverBy(terms.sale.party);
        uint256 bond = _endBonds(dealId, terms.order, page, deal, slash, late);
        _credit(Sales.buyer(terms.sale.party), terms.order.token, price + deposit + bond);
        emit Refunded(dealId, page, reason, price + deposit, bond);
    }

    function _checkReserved(Terms calldata terms, bytes32 dealId, Deal memory deal) private view {
        if (deal.state != State.Funded) revert Escrow_WrongState(dealId, deal.state);
        if (msg.sender != Sales.buyer(terms.sale.party)) revert Escrow_NotBuyer(msg.sender, Sales.buyer(terms.sale.party));
        if (!_isReserved(terms.sale, deal)) revert Escrow_NotReserved(Sales.inspectBy(terms.sale.fee), block.timestamp);
    }

    function _soldHeader(Terms calldata terms, uint256 page, bytes32[] calldata headers, uint256 index)
        private
        pure
        returns (bytes32)
    {
        _checkSold(terms.order.pages[page], Deals.hashLotsCalldata(headers), headers.length);
        if (index >= headers.length) revert Escrow_LotCount(index);
        return headers[index];
    }

    /// @dev Owner and OEM have signed the order, and with it that their balances stand for their parts.
    function _lockDisputedBonds(bytes32 dealId, Terms calldata terms, VersionTerms calldata agreement) private {
        if (
            Agreements.digestOfCalldata(terms.order.agreementId, terms.order.version, agreement) != terms.sale.agreementDigest
        ) revert Escrow_WrongAgreement(terms.order.agreementId, terms.order.version);
        address token = terms.order.token;
        _debit(agreement.owner, token, terms.order.pages[0].bond);
        _debit(agreement.oem, token, terms.order.pages[1].bond);
        _debit(terms.order.seller, token, terms.order.pages[0].bond);
        _parties[dealId] = Parties({ owner: agreement.owner, oem: agreement.oem });
    }
}
