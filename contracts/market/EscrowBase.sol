// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { IVehicleRegistry } from "../identity/IVehicleRegistry.sol";
import { IDataRegistry } from "../rights/IDataRegistry.sol";
import { ILateHeaders } from "../rights/ILateHeaders.sol";
import { Handles } from "../rights/libraries/Handles.sol";
import { Header, Headers } from "../rights/libraries/Headers.sol";
import { IQoodShares } from "../shares/IQoodShares.sol";
import { LedgerBase } from "../shares/LedgerBase.sol";
import { Agreements } from "../shares/libraries/Agreements.sol";
import { IComplaintVerifier } from "./IComplaintVerifier.sol";
import { IEscrowTypes } from "./IEscrowTypes.sol";
import { OrderBook } from "./OrderBook.sol";
import { Deals, Page, Sale, SellOrder, Terms } from "./libraries/Deals.sol";
import { Hooks } from "./libraries/Hooks.sol";
import { KeyDelivery, Proofs } from "./libraries/Proofs.sol";
import { Sales } from "./libraries/Sales.sol";

/// @title EscrowBase
/// @notice Storage of the exchange and what its two halves share: finding a deal, opening its headers, checking its keys,
/// ending it. See {IEscrow}, which holds the documentation.
abstract contract EscrowBase is IEscrowTypes, OrderBook, LedgerBase, AccessManaged {
    // ---------------------------------------------------------------- constants

    // What people read of constants and parts has its getter in {EscrowDisputes} alone, as the code of {Escrow} has a limit.

    /// @dev The longest time to deliver, to answer and to complain: every deal can be ended.
    uint256 internal constant _MAX_WINDOW = 90 days;

    /// @dev The shortest window of a deployment to any chain but a local one: twice a rollup's force-inclusion delay.
    uint256 internal constant _LEAST_PUBLIC_WINDOW = 48 hours;

    /// @dev Chain id of local chains, on which windows may be seconds.
    uint256 internal constant _LOCAL_CHAIN = 31337;

    /// @dev Poseidon(DOM_KEY, 0): the second commitment of a header with one key.
    uint256 internal constant _COMMITMENT_OF_ZERO = 11314548607448721259923455803722730104993980843467008612519806744655242809012;

    /// @dev Mark of a header about which a right complaint was made.
    bytes32 internal constant _BAD = bytes32(uint256(1));

    /// @dev Mark of a header that was shown to contradict another one of its TSP. Weaker: what is delivered stays delivered.
    bytes32 internal constant _EQUIVOCATED = bytes32(uint256(2));

    /// @dev Bits of {Deal-marks}.
    uint8 internal constant _ACCEPTED = 1;
    uint8 internal constant _DEPOSIT_GONE = 2;
    uint8 internal constant _RIGHT_SPENT = 4;
    uint8 internal constant _DELIVERY_HERE = 8;

    // ---------------------------------------------------------------- what it works with

    IVehicleRegistry internal immutable _vehicles;
    IDataRegistry internal immutable _dataRegistry;
    IQoodShares internal immutable _shares;
    address internal immutable _verifier1;
    address internal immutable _verifier8;
    address internal immutable _verifier32;
    IComplaintVerifier internal immutable _complaints;

    /// @dev The shortest window of this deployment, in seconds.
    uint256 internal immutable _leastWindow;

    /// @dev Hash of all that the two halves must have in common.
    bytes32 internal immutable _partsHash;

    // ---------------------------------------------------------------- storage, the same in both halves

    mapping(address token => TokenTerms) internal _tokens;
    mapping(bytes32 key => Deal) internal _deals;
    /// @dev Of page 0 of several; all other unproven deliveries stand in {_deals}.
    mapping(bytes32 key => bytes25) internal _delivered;
    mapping(bytes32 headerHash => bytes32) internal _marks;
    mapping(bytes32 dealId => Parties) internal _parties;
    address internal _feeRecipient;

    constructor(Parts memory parts) EIP712("Escrow", "1") AccessManaged(parts.authority) {
        if (
            address(parts.vehicles) == address(0) || address(parts.dataRegistry) == address(0)
                || address(parts.shares) == address(0) || parts.verifier1 == address(0) || parts.verifier8 == address(0)
                || parts.verifier32 == address(0) || address(parts.complaints) == address(0)
        ) revert Escrow_ZeroAddress();
        uint256 least = block.chainid == _LOCAL_CHAIN ? 1 : _LEAST_PUBLIC_WINDOW;
        if (parts.leastWindow < least) revert Escrow_WindowTooShort(parts.leastWindow, least);
        if (parts.leastWindow > _MAX_WINDOW) revert Escrow_WindowTooLong(parts.leastWindow, _MAX_WINDOW);
        _vehicles = parts.vehicles;
        _dataRegistry = parts.dataRegistry;
        _shares = parts.shares;
        _verifier1 = parts.verifier1;
        _verifier8 = parts.verifier8;
        _verifier32 = parts.verifier32;
        _complaints = parts.complaints;
        _leastWindow = parts.leastWindow;
        _partsHash = keccak256(abi.encode(parts));
    }

    // ---------------------------------------------------------------- finding a deal

    /// @dev A page that nobody has moved yet reads as Funded, unless the buyer has rejected the whole deal. The pages of an
    /// all-or-nothing deal have one state, that of page 0.
    function _load(Terms calldata terms, uint256 page) internal view returns (bytes32 dealId, bytes32 key, Deal memory deal) {
        SellOrder calldata order = terms.order;
        if (page >= order.pages.length) revert Escrow_NoSuchPage(page, order.pages.length);
        dealId = Deals.idOfCalldata(_orderHash(order), terms.sale);
        if (page == 0 || Deals.has(order, Deals.ALL_OR_NOTHING)) return (dealId, dealId, _deals[dealId]);
        key = Deals.keyOf(dealId, page);
        deal = _deals[key];
        if (deal.state == State.None) {
            deal = _deals[dealId];
            // Of page 0 nothing else holds for this one.
            deal.endsAt = 0;
            deal.marks &= _ACCEPTED;
            if (deal.state != State.None && deal.state != State.Cancelled) deal.state = State.Funded;
        }
    }

    /// @dev As {_load}, for moves that end something: an all-or-nothing deal ends as one, by its page 0.
    function _loadEnd(Terms calldata terms, uint256 page) internal view returns (bytes32 dealId, bytes32 key, Deal memory deal) {
        if (page != 0 && Deals.has(terms.order, Deals.ALL_OR_NOTHING)) revert Escrow_NoSuchPage(page, 1);
        return _load(terms, page);
    }

    function _requireDelivered(bytes32 key, Deal memory deal, bool orChallenged) internal pure {
        if (
            deal.state != State.DeliveredUnproven && deal.state != State.DeliveredProven
                && !(orChallenged && deal.state == State.Challenged)
        ) revert Escrow_WrongState(key, deal.state);
    }

    /// @dev Funded, delivered or Challenged. Of a reserved deal only the buyer disposes, and of the whole: a rejection pays every
    /// page back, so that none may have ended before.
    function _requireOpen(Sale calldata sale, bytes32 key, Deal memory deal) internal view {
        if (deal.state != State.Funded) _requireDelivered(key, deal, true);
        else _requireNotReserved(sale, deal);
    }

    function _requireNotReserved(Sale calldata sale, Deal memory deal) internal view {
        if (_isReserved(sale, deal)) revert Escrow_Reserved(Sales.inspectBy(sale.fee), block.timestamp);
    }

    // ---------------------------------------------------------------- delivery

    /// @dev What both kinds of delivery on chain check first.
    function _checkDelivery(Terms calldata terms, uint256 page, bytes32 dealId, bytes32 key, Deal memory deal) internal view {
        if (deal.state != State.Funded) revert Escrow_WrongState(key, deal.state);
        _requireNotReserved(terms.sale, deal);
        SellOrder calldata order = terms.order;
        address hook = order.hook;
        if (hook != address(0) && !Hooks.askDelivery(hook, order.hookCodeHash, dealId, page)) {
            revert Escrow_HookRefused(hook);
        }
    }

    function _isReserved(Sale calldata sale, Deal memory deal) internal view returns (bool) {
        return block.timestamp <= Sales.inspectBy(sale.fee) && deal.marks & _ACCEPTED == 0;
    }

    /// @dev The wrapped keys open the headers' commitments. DISPUTED data has a key of two parts, one a page.
    function _checkProof(
        uint256 page,
        bytes32 dealId,
        Sale calldata sale,
        uint256[] memory commitments,
        KeyDelivery calldata delivery
    ) internal view {
        uint256 size = Proofs.sizeFor(commitments.length);
        address verifier = size == 1 ? _verifier1 : size == 8 ? _verifier8 : _verifier32;
        bool ok =
            Proofs.verify(verifier, size, Deals.contextOf(dealId, page), sale.keyX, sale.keyY, commitments, delivery);
        if (!ok) revert Escrow_BadProof();
    }

    // ---------------------------------------------------------------- opening of headers

    /// @dev The lots are those sold; each is the agreement's data under an anchor of its agent, and can be sold in this deal.
    /// @param lots Those of the opening, of which the page has `count` from `from` on.
    function _openLots(
        SellOrder calldata order,
        bytes32 rightKey,
        uint256 page,
        bytes32 key,
        Deal memory deal,
        Opening calldata opening,
        Lot[] calldata lots,
        uint256 from,
        uint256 count
    ) internal {
        uint8 flags = order.flags;
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            Lot calldata lot = lots[from + i];
            bytes32 headerHash = _openLot(order, rightKey, deal, opening, lot);
            _bind(flags, rightKey, key, headerHash, lot.header.flags);
            hashes[i] = headerHash;
        }
        _checkSold(order.pages[page], Deals.hashLots(hashes), count);
        if (rightKey != 0) _useRight(flags, rightKey);
    }

    /// @dev The key commitments that a page delivers: DISPUTED data has a second key on its page 1.
    function _commitments(SellOrder calldata order, uint256 page, Lot[] calldata lots)
        internal
        pure
        returns (uint256[] memory commitments)
    {
        bool second = page == 1 && order.dataClass == Agreements.DISPUTED;
        commitments = new uint256[](lots.length);
        for (uint256 i = 0; i < lots.length; ++i) {
            Header calldata header = lots[i].header;
            commitments[i] = second ? header.kc2 : header.kc1;
        }
    }

    /// @dev The hash is of whole words, so that it binds their number too; the count in the page is the seller's word.
    function _checkSold(Page calldata sold, bytes32 lotsHash, uint256 count) internal pure {
        if (lotsHash != sold.lotsHash) revert Escrow_NotTheLotsSold(lotsHash, sold.lotsHash);
        if (count != sold.lotCount) revert Escrow_LotCount(count);
    }

    function _openLot(
        SellOrder calldata order,
        bytes32 rightKey,
        Deal memory deal,
        Opening calldata opening,
        Lot calldata lot
    ) private view returns (bytes32 headerHash) {
        Header calldata header = lot.header;
        address tsp = header.tsp;
        headerHash = Headers.hash(header);
        if (order.dataClass != Agreements.DISPUTED) {
            if (header.kc2 != _COMMITMENT_OF_ZERO) revert Escrow_SecondKey(headerHash);
        } else if (tsp != order.seller) {
            // Whoever sealed has opened the whole batch and answers for it.
            revert Escrow_NotTheSealer(order.seller, tsp);
        }
        bytes32[] calldata path = lot.path;
        if (path.length > Headers.MAX_DEPTH) revert Escrow_PathTooLong(path.length);

        uint256 anchoredAt = _dataRegistry.anchorTime(tsp, Headers.rootOf(headerHash, path));
        if (anchoredAt == 0) revert Escrow_HeaderNotAnchored(headerHash, tsp);
        if (anchoredAt > deal.purchasedAt) revert Escrow_AnchoredAfterPurchase(anchoredAt, deal.purchasedAt);

        _checkStream(order, headerHash, header.stream, lot.schema, anchoredAt);
        // The pinned version was in force at purchase and the anchor is not younger, so its start alone tells whether it was
        // in force at the anchor's time; the seller of an agent's own sale is its agent. Everything else shows the version of
        // its own time.
        uint256 former = lot.former;
        bool wasAgent = former == 0
            ? rightKey == 0 && tsp == order.seller && anchoredAt >= deal.versionStart
            : _wasAgent(order.agreementId, opening.formers[former - 1], tsp, anchoredAt);
        if (!wasAgent) revert Escrow_NotAgentAtAnchor(tsp, anchoredAt);
    }

    /// @dev The stream is of the agreement's vehicle, epoch, class and privacy, and its epoch was not over, or the header was
    /// admitted by what its device has signed.
    function _checkStream(SellOrder calldata order, bytes32 headerHash, bytes32 stream, bytes32 schema, uint256 anchoredAt)
        private
        view
    {
        uint256 agreementId = order.agreementId;
        (uint256 vehicle, uint64 epoch) = (agreementId >> 64, uint64(agreementId));
        if (Handles.named(address(_vehicles), vehicle, epoch, order.dataClass, order.privacy, schema) != stream) {
            revert Escrow_StreamNotOfAgreement(stream, agreementId);
        }
        uint256 epochEnd = _vehicles.epochEnd(vehicle, epoch);
        if (epochEnd == 0 || anchoredAt <= epochEnd) return;
        if (!ILateHeaders(address(_dataRegistry)).isAdmitted(headerHash)) revert Escrow_AnchoredAfterEpoch(anchoredAt, epochEnd);
    }

    function _wasAgent(uint256 agreementId, FormerVersion calldata former, address tsp, uint256 anchoredAt) private view returns (bool) {
        return _shares.agentAt(agreementId, former.version, former.terms, anchoredAt) == tsp;
    }

    /// @dev A header that a complaint has shown to be bad, or that contradicts another one, is not sold; one that is reserved
    /// only by who holds the reservation. A reservation ends with the refund of the page that made it.
    function _bind(uint8 flags, bytes32 rightKey, bytes32 key, bytes32 headerHash, uint256 headerFlags) private {
        if (headerFlags & Headers.EXCLUSIVE != 0 && flags & Deals.EXCLUSIVE == 0) revert Escrow_HeaderExclusive(headerHash);
        bytes32 mark = _marks[headerHash];
        if (mark != 0) {
            if (mark == _BAD || mark == _EQUIVOCATED) revert Escrow_HeaderBad(headerHash);
            if (mark != key && mark != rightKey && _deals[mark].state != State.Refunded) {
                revert Escrow_HeaderReserved(headerHash, mark);
            }
        }
        if (flags & (Deals.EXCLUSIVE | Deals.NO_COPY_KEPT) != 0 && (rightKey == 0 || mark == rightKey)) {
            _marks[headerHash] = key;
        }
    }

    /// @dev A right that was passed on without keeping a copy is gone, also for deals that were bought before.
    function _useRight(uint8 flags, bytes32 rightKey) private {
        Deal storage right = _deals[rightKey];
        if (right.marks & _RIGHT_SPENT != 0) revert Escrow_RightSpent(rightKey);
        if (flags & (Deals.EXCLUSIVE | Deals.NO_COPY_KEPT) != 0) right.marks |= _RIGHT_SPENT;
    }

    // ---------------------------------------------------------------- ends

    /// @dev What the exchange holds of the buyer for a page, or for all pages where they end together.
    function _heldFor(SellOrder calldata order, Sale calldata sale, uint256 page, Deal memory deal)
        internal
        pure
        returns (uint256 price, uint256 deposit)
    {
        if (Deals.has(order, Deals.ALL_OR_NOTHING)) {
            for (uint256 i = 0; i < order.pages.length; ++i) {
                price += Deals.priceOf(order, sale, i);
            }
            return (price, 0); // Proven deliveries only: no challenges, no deposits.
        }
        price = Deals.priceOf(order, sale, page);
        if (deal.marks & _DEPOSIT_GONE == 0) deposit = order.pages[page].challengeDeposit;
    }

    /// @dev Frees the bonds that a page, or an all-or-nothing deal, has locked, or takes them.
    /// @return taken What goes to the buyer.
    function _endBonds(bytes32 dealId, SellOrder calldata order, uint256 page, Deal memory deal, bool slash, bool late)
        internal
        returns (uint256 taken)
    {
        uint256 locked;
        if (!Deals.has(order, Deals.ALL_OR_NOTHING)) {
            if (deal.state != State.Funded) locked = order.pages[page].bond;
        } else if (order.dataClass == Agreements.DISPUTED) {
            return deal.delivered == 0 ? 0 : _endDisputedBonds(dealId, order, deal, slash, late);
        } else {
            for (uint256 i = 0; i < order.pages.length; ++i) {
                if ((deal.delivered >> i) & 1 != 0) locked += order.pages[i].bond;
            }
        }
        if (slash) return locked;
        _credit(order.seller, order.token, locked);
    }

    /// @dev Owner and OEM lock the bonds of their pages, the sealer that of page 0 once more. A right complaint costs the
    /// sealer alone; a page missing at the deadline costs its party, for the one that has delivered.
    function _endDisputedBonds(bytes32 dealId, SellOrder calldata order, Deal memory deal, bool slash, bool late)
        private
        returns (uint256 taken)
    {
        Parties memory parties = _parties[dealId];
        address token = order.token;
        uint256 ofOwner = order.pages[0].bond;
        uint256 ofOem = order.pages[1].bond;
        if (late && deal.delivered != 3) {
            _credit(deal.delivered == 1 ? parties.owner : parties.oem, token, ofOwner + ofOem);
        } else {
            _credit(parties.owner, token, ofOwner);
            _credit(parties.oem, token, ofOem);
        }
        if (slash) return ofOwner;
        _credit(order.seller, token, ofOwner);
    }
}
