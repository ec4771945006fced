// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import { Agreements, TokenFloor, VersionTerms } from "../shares/libraries/Agreements.sol";
import { EscrowBase } from "./EscrowBase.sol";
import { IEscrowTrade } from "./IEscrowTrade.sol";
import { BabyJub } from "./libraries/BabyJub.sol";
import { Deals, Page, Sale, SellOrder, Terms } from "./libraries/Deals.sol";
import { Hooks } from "./libraries/Hooks.sol";
import { KeyDelivery, Proofs } from "./libraries/Proofs.sol";
import { Signatures } from "../shares/libraries/Signatures.sol";

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
        if (disputes_.code.length == 0 || EscrowBase(disputes_).partsHash() != partsHash) revert Escrow_OtherParts(disputes_);
        disputes = disputes_;
    }

    /// @dev Everything that {IEscrowDisputes} declares.
    fallback() external {
        address half = disputes;
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
        (dealId, total) = _open(purchase, msg.sender, 0);
        _pull(purchase.order.token, total);
    }

    /// @inheritdoc IEscrowTrade
    function buyWithPermit(Purchase calldata purchase, Permit calldata permit) external nonReentrant returns (bytes32 dealId) {
        address token = purchase.order.token;
        if (!_tokens[token].listed) revert Escrow_TokenNotListed(token);
        try IERC20Permit(token).permit(
            msg.sender, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s
        ) { } catch { } // Somebody may have submitted the same permit first; the allowance decides.
        uint256 total;
        (dealId, total) = _open(purchase, msg.sender, 0);
        _pull(token, total);
    }

    /// @inheritdoc IEscrowTrade
    function buyFor(Purchase calldata purchase, address buyer, uint64 inspectTime) external nonReentrant returns (bytes32 dealId) {
        if (!_mayActFor(buyer, msg.sender)) revert Escrow_NotOperator(buyer, msg.sender);
        if (inspectTime > MAX_WINDOW) revert Escrow_WindowTooLong(inspectTime, MAX_WINDOW);
        uint256 total;
        (dealId, total) = _open(purchase, buyer, inspectTime);
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
        if (msg.sender != terms.order.seller) revert Escrow_NotSeller(msg.sender, terms.order.seller);
        if (Deals.has(terms.order, Deals.PROVEN_ONLY)) revert Escrow_ProvenOnly(dealId);
        uint256 size = Proofs.sizeFor(terms.order.pages[page].lotCount);
        if (c.length != size) revert Proofs.Proofs_KeyCount(c.length, size);
        // What no proof could ever answer for is not taken in the first place.
        if (!Proofs.isCanonical(r, c)) revert Escrow_NotCanonical();
        _openLots(terms, page, key, deal, opening, 0, opening.lots.length);

        _debit(terms.order.seller, terms.order.token, terms.order.pages[page].bond);
        deal.state = State.DeliveredUnproven;
        deal.endsAt = uint40(block.timestamp + terms.order.complaintWindow);
        _deals[key] = deal;
        _delivered[key] = Proofs.deliveryHash(r, c);
        emit DeliveredUnproven(dealId, page, r, c);
    }

    /// @inheritdoc IEscrowTrade
    function deliverProven(Terms calldata terms, uint256 page, Opening calldata opening, KeyDelivery calldata delivery) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _load(terms, page);
        _checkDelivery(terms, page, dealId, key, deal);
        if (_isDisputed(terms)) revert Escrow_WrongClass(terms.order.dataClass);
        if ((deal.delivered >> page) & 1 != 0) revert Escrow_AlreadyDelivered(page);
        uint256[] memory commitments = _openLots(terms, page, key, deal, opening, 0, opening.lots.length);
        _checkProof(terms, page, dealId, commitments, delivery);

        _debit(terms.order.seller, terms.order.token, terms.order.pages[page].bond);
        bool last = true;
        if (Deals.has(terms.order, Deals.ALL_OR_NOTHING)) {
            deal.delivered |= uint32(1 << page);
            last = deal.delivered == (uint256(1) << terms.order.pages.length) - 1;
        }
        if (last) {
            deal.state = State.DeliveredProven;
            deal.endsAt = uint40(block.timestamp + terms.order.complaintWindow);
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
        _requireOpen(terms, key, deal);
        if (deal.state == State.Funded) _openAll(terms, page, key, deal, opening);
        else _checkNotBad(terms, page, headers);
        if (msg.sender != terms.sale.buyer) {
            bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(_RECEIPT_TYPEHASH, dealId, page)));
            if (!Signatures.isValid(terms.sale.buyer, digest, signature)) revert Escrow_BadReceipt(terms.sale.buyer);
        }
        _settle(dealId, key, terms, page, deal, agreement, true);
    }

    /// @inheritdoc IEscrowTrade
    function settle(Terms calldata terms, uint256 page, VersionTerms calldata agreement, bytes32[] calldata headers) external {
        (bytes32 dealId, bytes32 key, Deal memory deal) = _loadEnd(terms, page);
        _requireDelivered(key, deal, false);
        if (block.timestamp <= deal.endsAt) revert Escrow_NotYet(deal.endsAt, block.timestamp);
        _checkNotBad(terms, page, headers);
        _settle(dealId, key, terms, page, deal, agreement, false);
    }

    // ---------------------------------------------------------------- purchase

    bytes32 private constant _RECEIPT_TYPEHASH = keccak256("Receipt(bytes32 dealId,uint256 page)");

    /// @dev Opens a deal. The caller of this has to take the total afterwards, as the last act.
    function _open(Purchase calldata purchase, address buyer, uint64 inspectTime) private returns (bytes32 dealId, uint256 total) {
        SellOrder calldata order = purchase.order;
        TokenTerms memory token = _tokens[order.token];
        if (!token.listed) revert Escrow_TokenNotListed(order.token);
        if (token.stopped) revert Escrow_TokenStopped(order.token);
        if (token.feeBps > order.maxFeeBps) revert Escrow_FeeTooHigh(token.feeBps, order.maxFeeBps);
        _checkForm(order);
        if (!BabyJub.isValidKey(purchase.keyX, purchase.keyY)) revert Escrow_BadDeliveryKey(purchase.keyX, purchase.keyY);

        Sale memory sale;
        uint40 versionStart;
        (versionStart, sale.agreementDigest) = _checkAgreement(purchase);
        bytes32 orderHash = _fill(order, purchase.sellerSignature);
        (sale.rightKey, sale.partiesBps) = _checkSeller(purchase);
        _checkBuyer(purchase, buyer);
        sale.priceBps = _priceBps(purchase, orderHash, buyer);
        total = _checkPages(purchase, token, sale.priceBps, orderHash);
        if (total > purchase.maxTotal) revert Escrow_TooExpensive(total, purchase.maxTotal);

        sale.buyer = buyer;
        if (token.feeBps != 0) (sale.feeBps, sale.feeRecipient) = (token.feeBps, _feeRecipient);
        sale.keyX = purchase.keyX;
        sale.keyY = purchase.keyY;
        if (inspectTime != 0) sale.inspectBy = uint64(block.timestamp) + inspectTime;
        sale.deliverBy = uint64(block.timestamp) + inspectTime + order.deliverTime;
        sale.nonce = purchase.nonce;

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

    /// @dev What can be carried out at all, and the bounds of the windows.
    function _checkForm(SellOrder calldata order) private view {
        uint8 flags = order.flags;
        if (flags & ~Deals.ALL_FLAGS != 0) revert Escrow_UnknownFlags(flags);
        if (order.dataClass == 0 || order.dataClass > 3 || order.privacy == 0 || order.privacy > 2) {
            revert Escrow_UnknownPair(order.dataClass, order.privacy);
        }
        // Pages that end together are proven, so that there is one window and no challenge among them. What is sold to one
        // alone is not offered repeatedly.
        if (
            (flags & Deals.ALL_OR_NOTHING != 0 && flags & Deals.PROVEN_ONLY == 0)
                || (flags & (Deals.EXCLUSIVE | Deals.NO_COPY_KEPT) != 0 && order.repeatable)
        ) revert Escrow_FlagsDoNotFit(flags);
        if (order.royaltyBps > (flags & Deals.RESALE == 0 ? 0 : Deals.WHOLE)) revert Escrow_RoyaltyTooHigh(order.royaltyBps);
        if (order.dataClass == Agreements.DISPUTED) _checkDisputed(order);

        _checkWindow(order.deliverTime);
        _checkWindow(order.complaintWindow);
        if (flags & Deals.PROVEN_ONLY == 0) _checkWindow(order.answerTime);
        else if (order.answerTime != 0) revert Escrow_AnswerTimeWithoutChallenge(order.answerTime);
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
        if (window < leastWindow) revert Escrow_WindowTooShort(window, leastWindow);
        if (window > MAX_WINDOW) revert Escrow_WindowTooLong(window, MAX_WINDOW);
    }

    /// @dev The pinned version is in force and authorises the pair; the agreement accepts the token.
    function _checkAgreement(Purchase calldata purchase) private view returns (uint40 versionStart, bytes27 digest) {
        SellOrder calldata order = purchase.order;
        uint256 pair = Agreements.pairIndex(order.dataClass, order.privacy);
        uint32 inForce;
        uint8 denied;
        (inForce, denied, versionStart, digest) = shares.current(order.agreementId);
        if (inForce == 0 || inForce != order.version) {
            revert Escrow_VersionNotInForce(order.agreementId, order.version, inForce);
        }
        if (Agreements.digestOfCalldata(order.agreementId, inForce, purchase.agreement) != digest) {
            revert Escrow_WrongAgreement(order.agreementId, inForce);
        }
        if ((denied >> pair) & 1 != 0 || !Agreements.isAuthorised(purchase.agreement.shares, pair)) {
            revert Escrow_PairDenied(order.dataClass, order.privacy);
        }
        bytes32 tokensHash = Agreements.hashTokens(purchase.tokens);
        if (tokensHash != purchase.agreement.tokensHash) revert Escrow_WrongTokenList(tokensHash, purchase.agreement.tokensHash);
        if (purchase.tokenIndex >= purchase.tokens.length || purchase.tokens[purchase.tokenIndex].token != order.token) {
            revert Escrow_TokenNotAgreed(order.token);
        }
    }

    /// @dev The seller is the version's agent, or was the buyer of a settled page that may be sold on, over the same lots.
    function _checkSeller(Purchase calldata purchase) private view returns (bytes32 rightKey, uint16 partiesBps) {
        SellOrder calldata order = purchase.order;
        if (purchase.extras.length == 0 || purchase.extras[0].right.length == 0) {
            if (order.seller != purchase.agreement.agent) revert Escrow_SellerNotAgent(order.seller, purchase.agreement.agent);
            return (0, uint16(Deals.WHOLE));
        }
        Terms calldata right = purchase.extras[0].right[0];
        uint256 page = purchase.extras[0].rightPage;
        Deal memory deal;
        (, rightKey, deal) = _load(right, page);
        Page calldata held = right.order.pages[page];
        if (
            deal.state != State.Settled || right.sale.buyer != order.seller || !Deals.has(right.order, Deals.RESALE)
                || order.pages.length != 1 || held.lotsHash != order.pages[0].lotsHash || held.lotCount != order.pages[0].lotCount
                || order.flags & ~right.order.flags & Deals.EXCLUSIVE != 0 || order.agreementId != right.order.agreementId
                || order.dataClass != right.order.dataClass || order.privacy != right.order.privacy
        ) revert Escrow_NoResaleRight(order.seller, rightKey);
        if (deal.marks & _RIGHT_SPENT != 0) revert Escrow_RightSpent(rightKey);
        partiesBps = right.order.royaltyBps;
        if (Deals.has(order, Deals.RESALE) && order.royaltyBps < partiesBps) {
            revert Escrow_RoyaltyTooLow(order.royaltyBps, partiesBps);
        }
    }

    /// @dev Anyone, the one that the order names, or one of its list.
    function _checkBuyer(Purchase calldata purchase, address buyer) private pure {
        SellOrder calldata order = purchase.order;
        if (order.buyer != address(0) && order.buyer != buyer) revert Escrow_NotForThisBuyer(buyer);
        if (order.buyersRoot == 0) return;
        bytes32 leaf = keccak256(abi.encode(keccak256(abi.encode(buyer))));
        if (purchase.extras.length == 0 || !MerkleProof.verifyCalldata(purchase.extras[0].buyerPath, order.buyersRoot, leaf)) {
            revert Escrow_NotForThisBuyer(buyer);
        }
    }

    function _priceBps(Purchase calldata purchase, bytes32 orderHash, address buyer) private view returns (uint16) {
        SellOrder calldata order = purchase.order;
        if (order.hook == address(0)) return uint16(Deals.WHOLE);
        uint256 listPrice;
        uint256 lots;
        for (uint256 i = 0; i < order.pages.length; ++i) {
            listPrice += order.pages[i].price;
            lots += order.pages[i].lotCount;
        }
        bytes calldata data = purchase.extras.length == 0 ? msg.data[:0] : purchase.extras[0].hookData;
        uint256 bps = Hooks.askPurchase(order.hook, order.hookCodeHash, orderHash, buyer, listPrice, lots, data);
        if (bps == 0 || bps > Deals.WHOLE) revert Escrow_HookRefused(order.hook);
        return uint16(bps);
    }

    /// @dev Each page has its lots, a deposit and a bond within the token's terms, and a price that reaches the floor, or the
    /// principals' consent. DISPUTED data always needs both principals.
    /// @return total Prices and deposits.
    function _checkPages(Purchase calldata purchase, TokenTerms memory token, uint256 priceBps, bytes32 orderHash)
        private
        view
        returns (uint256 total)
    {
        SellOrder calldata order = purchase.order;
        uint256 count = order.pages.length;
        if (count == 0 || count > Deals.MAX_PAGES) revert Escrow_PageCount(count);
        bool disputed = order.dataClass == Agreements.DISPUTED;
        bool provenOnly = Deals.has(order, Deals.PROVEN_ONLY);
        uint256 floor = Agreements.floorOf(purchase.tokens[purchase.tokenIndex], order.dataClass);
        bool consented = false;
        for (uint256 i = 0; i < count; ++i) {
            Page calldata page = order.pages[i];
            uint256 lots = page.lotCount;
            if (lots == 0 || lots > Deals.MAX_LOTS) revert Escrow_LotCount(lots);
            (uint256 most, uint256 least) = _depositAndBond(token, lots);
            uint256 deposit = page.challengeDeposit;
            if (provenOnly) most = 0;
            if (deposit > most) revert Escrow_DepositTooHigh(i, deposit, most);
            if (page.bond < least) revert Escrow_BondTooLow(i, page.bond, least);
            uint256 price = uint256(page.price) * priceBps / Deals.WHOLE;
            total += price + deposit;
            if (consented || (!disputed && price >= floor * lots && price != 0)) continue;
            _checkConsent(purchase, orderHash, i, price, floor * lots);
            consented = true;
        }
    }

    /// @dev The highest deposit and the least bond of a page.
    function _depositAndBond(TokenTerms memory token, uint256 lots) private pure returns (uint256 most, uint256 least) {
        if (lots == 1) (most, least) = (token.deposit1, token.bond1);
        else if (lots <= 8) (most, least) = (token.deposit8, token.bond8);
        else (most, least) = (token.deposit32, token.bond32);
        uint256 unit = 10 ** token.scale;
        return (most * unit, least * unit);
    }

    /// @dev The principals of the class have signed the same order: USER the owner, OEM the OEM, DISPUTED both.
    function _checkConsent(Purchase calldata purchase, bytes32 orderHash, uint256 page, uint256 price, uint256 least) private view {
        uint8 dataClass = purchase.order.dataClass;
        if (purchase.extras.length == 0) revert Escrow_BelowFloor(page, price, least);
        Extras calldata extras = purchase.extras[0];
        if (dataClass != Agreements.OEM && !Signatures.isValid(purchase.agreement.owner, orderHash, extras.ownerSignature)) {
            revert Escrow_NoConsent(purchase.agreement.owner);
        }
        if (dataClass != Agreements.USER && !Signatures.isValid(purchase.agreement.oem, orderHash, extras.oemSignature)) {
            revert Escrow_NoConsent(purchase.agreement.oem);
        }
    }

    // ---------------------------------------------------------------- settlement

    /// @dev From Funded: the page's lots, or those of all pages one after the other where they end together. The two pages of
    /// a DISPUTED deal have the same lots.
    function _openAll(Terms calldata terms, uint256 page, bytes32 key, Deal memory deal, Opening calldata opening) private {
        if (!Deals.has(terms.order, Deals.ALL_OR_NOTHING) || _isDisputed(terms)) {
            _openLots(terms, page, key, deal, opening, 0, opening.lots.length);
            return;
        }
        uint256 from;
        for (uint256 i = 0; i < terms.order.pages.length; ++i) {
            uint256 count = terms.order.pages[i].lotCount;
            _openLots(terms, i, key, deal, opening, from, count);
            from += count;
        }
    }

    /// @dev No complaint was right about any of the lots.
    function _checkNotBad(Terms calldata terms, uint256 page, bytes32[] calldata headers) private view {
        if (!Deals.has(terms.order, Deals.ALL_OR_NOTHING)) {
            _checkPageNotBad(terms.order.pages[page], headers);
            return;
        }
        uint256 from;
        for (uint256 i = 0; i < terms.order.pages.length; ++i) {
            uint256 to = from + terms.order.pages[i].lotCount;
            if (to > headers.length) revert Escrow_LotCount(headers.length);
            _checkPageNotBad(terms.order.pages[i], headers[from:to]);
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
        Terms calldata terms,
        uint256 page,
        Deal memory deal,
        VersionTerms calldata agreement,
        bool byReceipt
    ) private {
        SellOrder calldata order = terms.order;
        if (Agreements.digestOfCalldata(order.agreementId, order.version, agreement) != terms.sale.agreementDigest) {
            revert Escrow_WrongAgreement(order.agreementId, order.version);
        }
        _deals[key].state = State.Settled;
        (uint256 price, uint256 deposit) = _heldFor(terms, page, deal);
        _endBonds(dealId, terms, page, deal, false, false);
        _credit(terms.sale.buyer, order.token, deposit);
        _split(dealId, terms, page, agreement, price, byReceipt);
    }

    function _split(
        bytes32 dealId,
        Terms calldata terms,
        uint256 page,
        VersionTerms calldata agreement,
        uint256 price,
        bool byReceipt
    ) private {
        address token = terms.order.token;
        uint256 fee = price * terms.sale.feeBps / Deals.WHOLE;
        uint256 net = price - fee;
        uint256 parties = net * terms.sale.partiesBps / Deals.WHOLE;
        (uint256 oemPart, uint256 agentPart, uint256 storagePart) =
            Agreements.sharesOf(agreement.shares, Agreements.pairIndex(terms.order.dataClass, terms.order.privacy));
        // From basis points to amounts.
        oemPart = parties * oemPart / Deals.WHOLE;
        agentPart = parties * agentPart / Deals.WHOLE;
        storagePart = parties * storagePart / Deals.WHOLE;
        uint256 ownerPart = parties - oemPart - agentPart - storagePart;

        _credit(agreement.owner, token, ownerPart);
        _credit(agreement.oem, token, oemPart);
        _credit(agreement.agent, token, agentPart);
        _credit(agreement.storagePayee, token, storagePart);
        _credit(terms.order.seller, token, net - parties);
        _credit(terms.sale.feeRecipient, token, fee);
        emit Settled(dealId, page, byReceipt, ownerPart, oemPart, agentPart, storagePart, net - parties, fee);
    }
}
