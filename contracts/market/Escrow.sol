// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import { Agreements, TokenFloor, VersionBrief, VersionParties, VersionTerms } from "../shares/libraries/Agreements.sol";
import { EscrowBase } from "./EscrowBase.sol";
import { IEscrowDisputes } from "./IEscrowDisputes.sol";
import { IEscrowTrade } from "./IEscrowTrade.sol";
import { BabyJub } from "./libraries/BabyJub.sol";
import { DealWords } from "./libraries/DealWords.sol";
import { Deals, Page, Sale, SellOrder, Terms } from "./libraries/Deals.sol";
import { Hooks } from "./libraries/Hooks.sol";
import { KeyDelivery, Proofs } from "./libraries/Proofs.sol";
import { Sales } from "./libraries/Sales.sol";
import { TokenWords } from "./libraries/TokenWords.sol";
import { Signatures } from "../libraries/Signatures.sol";

/// @title Escrow
/// @notice See {IEscrow}, which holds the documentation. This half has the moves of a trade that goes well; disputes and
/// settings are in {EscrowDisputes}.
/// @dev One contract of this size is not allowed on Ethereum. The other half is an immutable address whose code runs here by
/// `delegatecall` for every function that this half does not have; both inherit all storage from {EscrowBase}. Nothing can
/// ever change that address.
contract Escrow is IEscrowTrade, EscrowBase {
    /// @notice The other half.
    address public immutable disputes;

    constructor(Parts memory parts, address disputes_) EscrowBase(parts) {
        if (disputes_.code.length == 0 || IEscrowDisputes(disputes_).partsHash() != _partsHash) revert Escrow_OtherParts(disputes_);
        disputes = disputes_;
    }

    /// @dev Everything that {IEscrowDisputes} declares.
    /* solhint-disable-next-line no-complex-fallback */
    fallback() external {
        address half = disputes;
        // Not marked as memory-safe on purpose: the compiler then inlines less, and this half stays within the limit.
        assembly {
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), half, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(ok) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }

    // ---------------------------------------------------------------- buyer

    /// @inheritdoc IEscrowTrade
    function buy(Purchase calldata purchase) external nonReentrant returns (bytes32 dealId) {
        uint256 total;
        bool exact;
        (dealId, total, exact) = _open(purchase, msg.sender, 0);
        _pull(purchase.order.token, total, exact);
    }

    /// @inheritdoc IEscrowTrade
    function buyWithPermit(Purchase calldata purchase, Permit calldata permit) external nonReentrant returns (bytes32 dealId) {
        address token = purchase.order.token;
        if (!_tokens[token].listed) revert Escrow_TokenNotListed(token);
        try IERC20Permit(token).permit(
            msg.sender, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s
        ) { } catch { } // Somebody may have submitted the same permit first; the allowance decides.
        uint256 total;
        bool exact;
        (dealId, total, exact) = _open(purchase, msg.sender, 0);
        _pull(token, total, exact);
    }

    /// @inheritdoc IEscrowTrade
    function buyFor(Purchase calldata purchase, address buyer, uint64 inspectTime) external nonReentrant returns (bytes32 dealId) {
        if (!_mayActFor(buyer, msg.sender)) revert Escrow_NotOperator(buyer, msg.sender);
        if (inspectTime > _MAX_WINDOW) revert Escrow_WindowTooLong(inspectTime, _MAX_WINDOW);
        uint256 total;
        (dealId, total,) = _open(purchase, buyer, inspectTime);
        _debit(msg.sender, purchase.order.token, total);
    }

    // ---------------------------------------------------------------- seller

    /// @inheritdoc IEscrowTrade
    function deliverUnproven(
        Terms calldata terms,
        uint256 page,
        Opening calldata opening,
        uint256[2] calldata r,
        uint256[] calldata c
    ) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _load(terms, page);
        _checkDelivery(terms, page, dealId, key, deal);
        SellOrder calldata order = terms.order;
        if (msg.sender != order.seller) revert Escrow_NotSeller(msg.sender, order.seller);
        if (Deals.has(order, Deals.PROVEN_ONLY)) revert Escrow_ProvenOnly(dealId);
        uint256 size = Proofs.sizeFor(order.pages[page].lotCount);
        if (c.length != size) revert Proofs.Proofs_KeyCount(c.length, size);
        // What no proof could ever answer for is not taken in the first place.
        if (!Proofs.isCanonical(r, c)) revert Escrow_NotCanonical();
        Lot[] calldata lots = opening.lots;
        _openLots(order, terms.sale.rightKey, page, key, deal, opening, lots, 0, lots.length);

        _debit(order.seller, order.token, order.pages[page].bond);
        deal.state = State.DeliveredUnproven;
        deal.endsAt = uint40(block.timestamp + order.complaintWindow);
        _keepDelivery(key, deal, Proofs.deliveryHash(r, c), page == 0 && order.pages.length != 1);
        emit DeliveredUnproven(dealId, page, r, c);
    }

    /// @inheritdoc IEscrowTrade
    function deliverProven(Terms calldata terms, uint256 page, Opening calldata opening, KeyDelivery calldata delivery) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _load(terms, page);
        _checkDelivery(terms, page, dealId, key, deal);
        SellOrder calldata order = terms.order;
        if (order.dataClass == Agreements.DISPUTED) revert Escrow_WrongClass(order.dataClass);
        if ((deal.delivered >> page) & 1 != 0) revert Escrow_AlreadyDelivered(page);
        Lot[] calldata lots = opening.lots;
        _openLots(order, terms.sale.rightKey, page, key, deal, opening, lots, 0, lots.length);
        _checkProof(page, dealId, terms.sale, _commitments(order, page, lots), delivery);

        _debit(order.seller, order.token, order.pages[page].bond);
        bool last = true;
        if (Deals.has(order, Deals.ALL_OR_NOTHING)) {
            deal.delivered |= uint32(1 << page);
            last = deal.delivered == (uint256(1) << order.pages.length) - 1;
        }
        if (last) {
            deal.state = State.DeliveredProven;
            deal.endsAt = uint40(block.timestamp + order.complaintWindow);
        }
        _deals[key] = deal;
        emit DeliveredProven(dealId, page, delivery.r, delivery.c);
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IEscrowTrade
    function settleByReceipt(
        Terms calldata terms,
        uint256 page,
        VersionTerms calldata agreement,
        Opening calldata opening,
        bytes32[] calldata headers,
        bytes calldata signature
    ) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _loadEnd(terms, page);
        SellOrder calldata order = terms.order;
        Sale calldata sale = terms.sale;
        _requireOpen(sale, key, deal);
        if (deal.state == State.Funded) _openAll(order, sale.rightKey, page, key, deal, opening);
        else _checkNotBad(order, page, headers);
        address buyer = Sales.buyer(sale.party);
        if (msg.sender != buyer) {
            bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(_RECEIPT_TYPEHASH, dealId, page)));
            if (!Signatures.isValid(buyer, digest, signature)) revert Escrow_BadReceipt(buyer);
        }
        _settle(dealId, key, order, sale, page, deal, agreement, true);
    }

    /// @inheritdoc IEscrowTrade
    function settle(Terms calldata terms, uint256 page, VersionTerms calldata agreement, bytes32[] calldata headers) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _loadEnd(terms, page);
        _requireDelivered(key, deal, false);
        if (block.timestamp <= deal.endsAt) revert Escrow_NotYet(deal.endsAt, block.timestamp);
        SellOrder calldata order = terms.order;
        _checkNotBad(order, page, headers);
        _settle(dealId, key, order, terms.sale, page, deal, agreement, false);
    }

    // ---------------------------------------------------------------- purchase

    bytes32 private constant _RECEIPT_TYPEHASH = keccak256("Receipt(bytes32 dealId,uint256 page)");

    /// @dev Opens a deal. The caller of this has to take the total afterwards, as the last act.
    /// @return dealId The deal.
    /// @return total What to take.
    /// @return exact Whether the token is known to move what it is told to.
    function _open(Purchase calldata purchase, address buyer, uint256 inspectTime)
        private
        returns (bytes32 dealId, uint256 total, bool exact)
    {
        SellOrder calldata order = purchase.order;
        Extras[] calldata extras = purchase.extras;
        address agent = purchase.agreement.agent;
        Sale memory sale;
        uint32 versionStart;
        uint256 floor;
        (versionStart, sale.agreementDigest, floor) =
            _checkAgreement(order, purchase.agreement, purchase.tokens, purchase.tokenIndex);
        bytes32 orderHash = _fill(order, purchase.sellerSignature);
        uint256 partiesBps = Deals.WHOLE;
        if (extras.length == 0) {
            if (order.seller != agent) revert Escrow_SellerNotAgent(order.seller, agent);
            if (order.buyersRoot != 0) revert Escrow_NotForThisBuyer(buyer);
        } else {
            (sale.rightKey, partiesBps) = _checkSeller(order, agent, extras[0]);
            if (order.buyersRoot != 0) _checkListed(order.buyersRoot, buyer, extras[0].buyerPath);
        }
        address only = order.buyer;
        if (only != address(0) && only != buyer) revert Escrow_NotForThisBuyer(buyer);

        uint256 deliverTime = _checkForm(order);
        uint256 word = _tokenWord(order);
        uint256 priceBps = order.hook == address(0) ? Deals.WHOLE : _askHook(order, extras, orderHash, buyer);
        total = _checkPages(order, purchase, word, priceBps, floor, orderHash);
        if (total > purchase.maxTotal) revert Escrow_TooExpensive(total, purchase.maxTotal);

        exact = TokenWords.isExact(word);
        uint256 feeBps = TokenWords.feeBps(word);
        uint256 inspectBy = inspectTime == 0 ? 0 : block.timestamp + inspectTime;
        sale.party = Sales.party(buyer, feeBps, priceBps, partiesBps, block.timestamp + inspectTime + deliverTime);
        sale.fee = Sales.fee(feeBps == 0 ? address(0) : _feeRecipient, inspectBy, purchase.nonce);
        (sale.keyX, sale.keyY) = (purchase.keyX, purchase.keyY);
        if (!BabyJub.isValidKey(sale.keyX, sale.keyY)) revert Escrow_BadDeliveryKey(sale.keyX, sale.keyY);

        dealId = Deals.idOf(orderHash, sale);
        if (_deals[dealId].state != State.None) revert Escrow_DealExists(dealId);
        _deals[dealId] = Deal({
            state: State.Funded,
            marks: 0,
            purchasedAt: uint40(block.timestamp),
            versionStart: versionStart,
            endsAt: 0,
            delivered: 0
        });
        emit Bought(dealId, order.seller, buyer, orderHash, sale);
    }

    /// @dev The token's terms, packed; it is taken, at a fee that the seller accepts.
    function _tokenWord(SellOrder calldata order) private view returns (uint256 word) {
        address token = order.token;
        TokenTerms storage terms = _tokens[token];
        assembly ("memory-safe") {
            word := sload(terms.slot)
        }
        if (!TokenWords.isListed(word)) revert Escrow_TokenNotListed(token);
        if (TokenWords.isStopped(word)) revert Escrow_TokenStopped(token);
        if (TokenWords.feeBps(word) > order.maxFeeBps) revert Escrow_FeeTooHigh(TokenWords.feeBps(word), order.maxFeeBps);
    }

    /// @dev What can be carried out at all, and the bounds of the windows.
    /// @return deliverTime Seconds to deliver.
    function _checkForm(SellOrder calldata order) private view returns (uint256 deliverTime) {
        uint256 flags = order.flags;
        uint256 dataClass = order.dataClass;
        if (flags > Deals.ALL_FLAGS) revert Escrow_UnknownFlags(uint8(flags));
        // Pages that end together are proven, so that there is one window and no challenge among them. What is sold to one
        // alone is not offered repeatedly.
        if (flags & (Deals.ALL_FLAGS - Deals.PROVEN_ONLY) != 0 || dataClass == Agreements.DISPUTED) {
            if (
                (flags & Deals.ALL_OR_NOTHING != 0 && flags & Deals.PROVEN_ONLY == 0)
                    || (flags & (Deals.EXCLUSIVE | Deals.NO_COPY_KEPT) != 0 && order.repeatable)
            ) revert Escrow_FlagsDoNotFit(uint8(flags));
            if (dataClass == Agreements.DISPUTED) _checkDisputed(order);
        }
        if (order.royaltyBps > (flags & Deals.RESALE == 0 ? 0 : Deals.WHOLE)) revert Escrow_RoyaltyTooHigh(order.royaltyBps);

        deliverTime = order.deliverTime;
        _checkWindow(deliverTime);
        _checkWindow(order.complaintWindow);
        uint256 answerTime = order.answerTime;
        if (flags & Deals.PROVEN_ONLY == 0) _checkWindow(answerTime);
        else if (answerTime != 0) revert Escrow_AnswerTimeWithoutChallenge(answerTime);
    }

    /// @dev Two pages over the same lots: the owner's part of the keys with the price, the OEM's part for nothing.
    function _checkDisputed(SellOrder calldata order) private pure {
        if (
            !Deals.has(order, Deals.ALL_OR_NOTHING) || Deals.has(order, Deals.RESALE) || order.pages.length != 2
                || order.pages[0].lotsHash != order.pages[1].lotsHash || order.pages[0].lotCount != order.pages[1].lotCount
                || order.pages[1].price != 0
        ) revert Escrow_DisputedForm();
    }

    function _checkWindow(uint256 window) private view {
        if (window < _leastWindow) revert Escrow_WindowTooShort(window, _leastWindow);
        if (window > _MAX_WINDOW) revert Escrow_WindowTooLong(window, _MAX_WINDOW);
    }

    /// @dev The pinned version is in force and authorises the pair; the agreement accepts the token,
    /// for no less than `floor` a lot without consent.
    function _checkAgreement(
        SellOrder calldata order,
        VersionBrief calldata agreement,
        TokenFloor[] calldata tokens,
        uint256 tokenIndex
    ) private view returns (uint32 versionStart, bytes27 digest, uint256 floor) {
        (uint8 dataClass, uint8 privacy) = (order.dataClass, order.privacy);
        if (dataClass == 0 || dataClass > 3 || privacy == 0 || privacy > 2) revert Escrow_UnknownPair(dataClass, privacy);
        (uint256 id, uint32 version) = (order.agreementId, order.version);
        uint8 denied;
        (denied, versionStart, digest) = _shares.inForce(id, version);
        if (digest == 0) revert Escrow_VersionNotInForce(id, version);
        if (Agreements.digestOfBrief(id, version, agreement, Agreements.hashTokens(tokens)) != digest) {
            revert Escrow_WrongAgreement(id, version);
        }
        uint256 pair = Agreements.pairIndex(dataClass, privacy);
        if ((denied >> pair) & 1 != 0 || !Agreements.isAuthorised(agreement.shares, pair)) {
            revert Escrow_PairDenied(dataClass, privacy);
        }
        if (tokenIndex >= tokens.length || tokens[tokenIndex].token != order.token) revert Escrow_TokenNotAgreed(order.token);
        floor = Agreements.floorOf(tokens[tokenIndex], dataClass);
    }

    /// @dev The seller is the version's agent, or was the buyer of a settled page that may be sold on, over the same lots.
    function _checkSeller(SellOrder calldata order, address agent, Extras calldata extras)
        private
        view
        returns (bytes32 rightKey, uint256 partiesBps)
    {
        if (extras.right.length == 0) {
            if (order.seller != agent) revert Escrow_SellerNotAgent(order.seller, agent);
            return (0, Deals.WHOLE);
        }
        Terms calldata right = extras.right[0];
        SellOrder calldata former = right.order;
        Deal memory deal;
        (, rightKey, deal) = _load(right, extras.rightPage);
        Page calldata held = former.pages[extras.rightPage];
        if (
            deal.state != State.Settled || Sales.buyer(right.sale.party) != order.seller || !Deals.has(former, Deals.RESALE)
                || order.pages.length != 1 || held.lotsHash != order.pages[0].lotsHash || held.lotCount != order.pages[0].lotCount
                || order.flags & ~former.flags & Deals.EXCLUSIVE != 0 || order.agreementId != former.agreementId
                || order.dataClass != former.dataClass || order.privacy != former.privacy
        ) revert Escrow_NoResaleRight(order.seller, rightKey);
        if (deal.marks & _RIGHT_SPENT != 0) revert Escrow_RightSpent(rightKey);
        partiesBps = former.royaltyBps;
        if (Deals.has(order, Deals.RESALE) && order.royaltyBps < partiesBps) {
            revert Escrow_RoyaltyTooLow(order.royaltyBps, uint16(partiesBps));
        }
    }

    function _checkListed(bytes32 root, address buyer, bytes32[] calldata path) private pure {
        bytes32 leaf = keccak256(abi.encode(keccak256(abi.encode(buyer))));
        if (!MerkleProof.verifyCalldata(path, root, leaf)) revert Escrow_NotForThisBuyer(buyer);
    }

    function _askHook(SellOrder calldata order, Extras[] calldata extras, bytes32 orderHash, address buyer)
        private
        view
        returns (uint256 bps)
    {
        uint256 listPrice;
        uint256 lots;
        for (uint256 i = 0; i < order.pages.length; ++i) {
            listPrice += order.pages[i].price;
            lots += order.pages[i].lotCount;
        }
        bytes calldata data = extras.length == 0 ? msg.data[:0] : extras[0].hookData;
        bps = Hooks.askPurchase(order.hook, order.hookCodeHash, orderHash, buyer, listPrice, lots, data);
        if (bps == 0 || bps > Deals.WHOLE) revert Escrow_HookRefused(order.hook);
    }

    /// @dev Each page has its lots, a deposit and a bond within the token's terms, and a price that reaches the floor, or the
    /// principals' consent. DISPUTED data always needs both principals.
    /// @return total Prices and deposits.
    function _checkPages(
        SellOrder calldata order,
        Purchase calldata purchase,
        uint256 token,
        uint256 priceBps,
        uint256 floor,
        bytes32 orderHash
    ) private view returns (uint256 total) {
        Page[] calldata pages = order.pages;
        uint256 count = pages.length;
        if (count == 0 || count > Deals.MAX_PAGES) revert Escrow_PageCount(count);
        bool provenOnly = Deals.has(order, Deals.PROVEN_ONLY);
        bool disputed = order.dataClass == Agreements.DISPUTED;
        bool consented = false;
        for (uint256 i = 0; i < count; ++i) {
            Page calldata page = pages[i];
            uint256 lots = page.lotCount;
            if (lots == 0 || lots > Deals.MAX_LOTS) revert Escrow_LotCount(lots);
            (uint256 most, uint256 least) = TokenWords.depositAndBond(token, lots);
            uint256 deposit = page.challengeDeposit;
            if (provenOnly) most = 0;
            if (deposit > most) revert Escrow_DepositTooHigh(i, deposit, most);
            if (page.bond < least) revert Escrow_BondTooLow(i, page.bond, least);
            uint256 price = page.price;
            unchecked {
                // Below 2^128 x 2^16, and sums of 32 of them; a floor is below 2^128 x 2^5.
                if (priceBps != Deals.WHOLE) price = price * priceBps / Deals.WHOLE;
                total += price + deposit;
                if (consented || (!disputed && price >= floor * lots && price != 0)) continue;
                _checkConsent(purchase, orderHash, i, price, floor * lots);
            }
            consented = true;
        }
    }

    /// @dev The principals of the class have signed the same order: USER the owner, OEM the OEM, DISPUTED both.
    function _checkConsent(Purchase calldata purchase, bytes32 orderHash, uint256 page, uint256 price, uint256 least) private view {
        uint8 dataClass = purchase.order.dataClass;
        if (purchase.extras.length == 0) revert Escrow_BelowFloor(page, price, least);
        Extras calldata extras = purchase.extras[0];
        VersionParties calldata parties = extras.parties;
        if (Agreements.hashParties(parties) != purchase.agreement.partiesHash) {
            revert Escrow_WrongAgreement(purchase.order.agreementId, purchase.order.version);
        }
        if (dataClass != Agreements.OEM && !Signatures.isValid(parties.owner, orderHash, extras.ownerSignature)) {
            revert Escrow_NoConsent(parties.owner);
        }
        if (dataClass != Agreements.USER && !Signatures.isValid(parties.oem, orderHash, extras.oemSignature)) {
            revert Escrow_NoConsent(parties.oem);
        }
    }

    // ---------------------------------------------------------------- delivery

    /// @dev See {Deal}.
    /// @param apart Whether what the hash would stand in place of is still needed.
    function _keepDelivery(bytes32 key, Deal memory deal, bytes25 delivered, bool apart) private {
        if (apart) {
            _deals[key] = deal;
            _delivered[key] = delivered;
            return;
        }
        DealWords.keepDelivery(_deals[key], deal.state, deal.marks | _DELIVERY_HERE, deal.endsAt, delivered);
    }

    // ---------------------------------------------------------------- settlement

    /// @dev From Funded: the page's lots, or those of all pages one after the other where they end together. The two pages of
    /// a DISPUTED deal have the same lots.
    function _openAll(
        SellOrder calldata order,
        bytes32 rightKey,
        uint256 page,
        bytes32 key,
        Deal memory deal,
        Opening calldata opening
    ) private {
        Lot[] calldata lots = opening.lots;
        if (!Deals.has(order, Deals.ALL_OR_NOTHING) || order.dataClass == Agreements.DISPUTED) {
            _openLots(order, rightKey, page, key, deal, opening, lots, 0, lots.length);
            return;
        }
        uint256 from;
        for (uint256 i = 0; i < order.pages.length; ++i) {
            uint256 count = order.pages[i].lotCount;
            _openLots(order, rightKey, i, key, deal, opening, lots, from, count);
            from += count;
        }
    }

    /// @dev No complaint was right about any of the lots.
    function _checkNotBad(SellOrder calldata order, uint256 page, bytes32[] calldata headers) private view {
        if (!Deals.has(order, Deals.ALL_OR_NOTHING)) {
            _checkPageNotBad(order.pages[page], headers);
            return;
        }
        uint256 from;
        for (uint256 i = 0; i < order.pages.length; ++i) {
            uint256 to = from + order.pages[i].lotCount;
            if (to > headers.length) revert Escrow_LotCount(headers.length);
            _checkPageNotBad(order.pages[i], headers[from:to]);
            from = to;
        }
    }

    function _checkPageNotBad(Page calldata page, bytes32[] calldata headers) private view {
        _checkSold(page, Deals.hashLotsCalldata(headers), headers.length);
        for (uint256 i = 0; i < headers.length; ++i) {
            if (_marks[headers[i]] == _BAD) revert Escrow_HeaderBad(headers[i]);
        }
    }

    /// @dev Fee, OEM, agent, storage and royalty are rounded down; what is left is the owner's, in a resale the seller's. The
    /// parts sum to the price.
    function _settle(
        bytes32 dealId,
        bytes32 key,
        SellOrder calldata order,
        Sale calldata sale,
        uint256 page,
        Deal memory deal,
        VersionTerms calldata agreement,
        bool byReceipt
    ) private {
        if (Agreements.digestOfCalldata(order.agreementId, order.version, agreement) != sale.agreementDigest) {
            revert Escrow_WrongAgreement(order.agreementId, order.version);
        }
        _deals[key].state = State.Settled;
        (uint256 price, uint256 deposit) = _heldFor(order, sale, page, deal);
        _endBonds(dealId, order, page, deal, false, false);
        _credit(Sales.buyer(sale.party), order.token, deposit);
        _split(dealId, order, sale, page, agreement, price, byReceipt);
    }

    function _split(
        bytes32 dealId,
        SellOrder calldata order,
        Sale calldata sale,
        uint256 page,
        VersionTerms calldata agreement,
        uint256 price,
        bool byReceipt
    ) private {
        mapping(address account => uint256) storage credits = _credits[order.token];
        Amounts memory part = _partsOf(order, sale.party, agreement.shares, price);
        _creditIn(credits, agreement.owner, part.owner);
        _creditIn(credits, agreement.oem, part.oem);
        _creditIn(credits, agreement.agent, part.agent);
        _creditIn(credits, agreement.storagePayee, part.storagePayee);
        _creditIn(credits, order.seller, part.seller);
        _creditIn(credits, Sales.recipient(sale.fee), part.fee);
        emit Settled(dealId, page, byReceipt, part.owner, part.oem, part.agent, part.storagePayee, part.seller, part.fee);
    }

    /// @dev Amounts of one settlement.
    struct Amounts {
        uint256 owner;
        uint256 oem;
        uint256 agent;
        uint256 storagePayee;
        uint256 seller;
        uint256 fee;
    }

    function _partsOf(SellOrder calldata order, bytes32 party, uint256 shares_, uint256 price)
        private
        pure
        returns (Amounts memory part)
    {
        (uint256 oemBps, uint256 agentBps, uint256 storageBps) =
            Agreements.sharesOf(shares_, Agreements.pairIndex(order.dataClass, order.privacy));
        unchecked {
            // A price is below 2^133, and the shares of a pair sum to the whole.
            part.fee = price * Sales.feeBps(party) / Deals.WHOLE;
            uint256 net = price - part.fee;
            uint256 parties = net * Sales.partiesBps(party) / Deals.WHOLE;
            part.seller = net - parties;
            part.oem = parties * oemBps / Deals.WHOLE;
            part.agent = parties * agentBps / Deals.WHOLE;
            part.storagePayee = parties * storageBps / Deals.WHOLE;
            part.owner = parties - part.oem - part.agent - part.storagePayee;
        }
    }
}
