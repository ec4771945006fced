// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { IVehicleRegistry } from "../identity/IVehicleRegistry.sol";
import { IDataRegistry } from "../rights/IDataRegistry.sol";
import { Handles, Rights } from "../rights/libraries/Handles.sol";
import { Header, Headers } from "../rights/libraries/Headers.sol";
import { IQoodShares } from "../shares/IQoodShares.sol";
import { Ledger } from "../shares/Ledger.sol";
import { Agreements, TokenFloor, VersionTerms } from "../shares/libraries/Agreements.sol";
import { IEscrow } from "./IEscrow.sol";
import { IKeyDeliveryVerifier } from "./IKeyDeliveryVerifier.sol";
import { SellOrders } from "./SellOrders.sol";
import { BabyJub } from "./libraries/BabyJub.sol";
import { Deals, Page, SellOrder, Terms } from "./libraries/Deals.sol";

/// @title Escrow
/// @notice See {IEscrow}, which holds the documentation.
contract Escrow is IEscrow, SellOrders, Ledger, AccessManaged {
    using SafeERC20 for IERC20;

    // ---------------------------------------------------------------- constants

    /// @notice The highest protocol fee that can ever be set, in basis points.
    uint16 public constant MAX_FEE_BPS = 500;

    /// @notice The longest time to deliver and the longest complaint window: every deal can be ended.
    uint256 public constant MAX_WINDOW = 90 days;

    /// @notice The shortest window of a deployment to any chain but a local one: twice a rollup's force-inclusion delay.
    uint256 public constant LEAST_PUBLIC_WINDOW = 48 hours;

    /// @notice Chain id of local chains, on which windows may be seconds.
    uint256 public constant LOCAL_CHAIN = 31337;

    /// @notice Poseidon(DOM_KEY, 0): the second commitment of a header with one key.
    uint256 public constant COMMITMENT_OF_ZERO = 11314548607448721259923455803722730104993980843467008612519806744655242809012;

    bytes32 private constant _RECEIPT_TYPEHASH = keccak256("Receipt(bytes32 dealId,uint256 page)");

    // ---------------------------------------------------------------- what it works with

    IVehicleRegistry public immutable vehicles;
    IDataRegistry public immutable dataRegistry;
    IQoodShares public immutable shares;
    IKeyDeliveryVerifier public immutable verifier;

    /// @notice The shortest time to deliver and the shortest complaint window of this deployment, in seconds.
    uint256 public immutable leastWindow;

    // ---------------------------------------------------------------- storage

    struct Config {
        // slot 0
        address feeRecipient;
        uint16 feeBps;
        bool paused;
    }

    Config private _config;
    mapping(address token => bool) public isListed;
    mapping(bytes32 dealId => Deal) private _deals;

    constructor(
        address authority,
        IVehicleRegistry vehicles_,
        IDataRegistry dataRegistry_,
        IQoodShares shares_,
        IKeyDeliveryVerifier verifier_,
        uint256 leastWindow_
    ) EIP712("Escrow", "1") AccessManaged(authority) {
        if (
            address(vehicles_) == address(0) || address(dataRegistry_) == address(0) || address(shares_) == address(0)
                || address(verifier_) == address(0)
        ) revert Escrow_ZeroAddress();
        uint256 least = block.chainid == LOCAL_CHAIN ? 1 : LEAST_PUBLIC_WINDOW;
        if (leastWindow_ < least) revert Escrow_WindowTooShort(leastWindow_, least);
        if (leastWindow_ > MAX_WINDOW) revert Escrow_WindowTooLong(leastWindow_, MAX_WINDOW);
        vehicles = vehicles_;
        dataRegistry = dataRegistry_;
        shares = shares_;
        verifier = verifier_;
        leastWindow = leastWindow_;
    }

    // ---------------------------------------------------------------- foundation and guardian

    /// @inheritdoc IEscrow
    function setToken(address token, bool listed) external restricted {
        if (token == address(0)) revert Escrow_ZeroAddress();
        isListed[token] = listed;
        emit TokenListed(token, listed);
    }

    /// @inheritdoc IEscrow
    function setFee(uint16 feeBps, address recipient) external restricted {
        if (feeBps > MAX_FEE_BPS) revert Escrow_FeeTooHigh(feeBps, MAX_FEE_BPS);
        if (feeBps != 0 && recipient == address(0)) revert Escrow_ZeroAddress();
        _config.feeBps = feeBps;
        _config.feeRecipient = recipient;
        emit FeeSet(feeBps, recipient);
    }

    /// @inheritdoc IEscrow
    function pausePurchases(bool paused) external restricted {
        _config.paused = paused;
        emit PurchasesPaused(paused);
    }

    // ---------------------------------------------------------------- buyer

    /// @inheritdoc IEscrow
    function buy(Purchase calldata purchase) external nonReentrant returns (bytes32 dealId) {
        return _buy(purchase);
    }

    /// @inheritdoc IEscrow
    function buyWithPermit(Purchase calldata purchase, Permit calldata permit) external nonReentrant returns (bytes32 dealId) {
        address token = purchase.order.token;
        if (!isListed[token]) revert Escrow_TokenNotListed(token);
        try IERC20Permit(token).permit(
            msg.sender, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s
        ) { } catch { } // Somebody may have submitted the same permit first; the allowance decides.
        return _buy(purchase);
    }

    // ---------------------------------------------------------------- seller

    /// @inheritdoc IEscrow
    function deliverProven(Terms calldata terms, Opening calldata opening, KeyDelivery calldata delivery) external {
        (bytes32 dealId, Deal memory deal) = _load(terms);
        if (deal.state != State.Funded) revert Escrow_WrongState(dealId, deal.state);
        _checkLots(terms, deal, opening);
        if (opening.lots.length != 1) revert Escrow_NoVerifier(opening.lots.length);

        uint256[7] memory pub = [
            Deals.contextOf(dealId, 0),
            terms.keyX,
            terms.keyY,
            opening.lots[0].header.kc1,
            delivery.r[0],
            delivery.r[1],
            delivery.c
        ];
        // The verifier refuses every public input that is not below the field's order.
        if (!verifier.verifyProof(delivery.proofA, delivery.proofB, delivery.proofC, pub)) revert Escrow_BadProof();

        deal.state = State.DeliveredProven;
        deal.deliveredAt = uint40(block.timestamp);
        _deals[dealId] = deal;
        emit DeliveredProven(dealId, 0, delivery.r[0], delivery.r[1], delivery.c);
    }

    /// @inheritdoc IEscrow
    function concede(Terms calldata terms) external {
        (bytes32 dealId, Deal memory deal) = _load(terms);
        if (deal.state != State.Funded && deal.state != State.DeliveredProven) revert Escrow_WrongState(dealId, deal.state);
        if (msg.sender != terms.seller) revert Escrow_NotSeller(msg.sender, terms.seller);
        _refund(dealId, terms, true);
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IEscrow
    function settleByReceipt(
        Terms calldata terms,
        VersionTerms calldata agreement,
        Opening calldata opening,
        bytes calldata signature
    ) external {
        (bytes32 dealId, Deal memory deal) = _load(terms);
        if (deal.state == State.Funded) _checkLots(terms, deal, opening);
        else if (deal.state != State.DeliveredProven) revert Escrow_WrongState(dealId, deal.state);

        if (msg.sender != terms.buyer) {
            bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(_RECEIPT_TYPEHASH, dealId, 0)));
            if (!SignatureChecker.isValidSignatureNowCalldata(terms.buyer, digest, signature)) {
                revert Escrow_BadReceipt(terms.buyer);
            }
        }
        _settle(dealId, terms, agreement, true);
    }

    /// @inheritdoc IEscrow
    function settle(Terms calldata terms, VersionTerms calldata agreement) external {
        (bytes32 dealId, Deal memory deal) = _load(terms);
        if (deal.state != State.DeliveredProven) revert Escrow_WrongState(dealId, deal.state);
        uint256 end = uint256(deal.deliveredAt) + terms.complaintWindow;
        if (block.timestamp <= end) revert Escrow_NotYet(end, block.timestamp);
        _settle(dealId, terms, agreement, false);
    }

    /// @inheritdoc IEscrow
    function refund(Terms calldata terms) external {
        (bytes32 dealId, Deal memory deal) = _load(terms);
        if (deal.state != State.Funded) revert Escrow_WrongState(dealId, deal.state);
        if (block.timestamp <= terms.deliverBy) revert Escrow_NotYet(terms.deliverBy, block.timestamp);
        _refund(dealId, terms, false);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IEscrow
    function dealOf(bytes32 dealId) external view returns (Deal memory) {
        return _deals[dealId];
    }

    /// @inheritdoc IEscrow
    function dealIdOf(Terms calldata terms) external view returns (bytes32) {
        return Deals.idOfCalldata(terms);
    }

    /// @inheritdoc IEscrow
    function contextOf(bytes32 dealId, uint256 page) external view returns (uint256) {
        return Deals.contextOf(dealId, page);
    }

    /// @inheritdoc IEscrow
    function config() external view returns (uint16 feeBps, address feeRecipient, bool paused) {
        return (_config.feeBps, _config.feeRecipient, _config.paused);
    }

    // ---------------------------------------------------------------- purchase

    function _buy(Purchase calldata purchase) private returns (bytes32 dealId) {
        SellOrder calldata order = purchase.order;
        Config memory settings = _config;
        if (settings.paused) revert Escrow_Paused();
        if (!isListed[order.token]) revert Escrow_TokenNotListed(order.token);
        if (settings.feeBps > order.maxFeeBps) revert Escrow_FeeTooHigh(settings.feeBps, order.maxFeeBps);
        _checkForm(order);
        if (!BabyJub.isValidKey(purchase.keyX, purchase.keyY)) revert Escrow_BadDeliveryKey(purchase.keyX, purchase.keyY);
        uint40 versionStart = _checkAgreement(purchase);

        bytes32 orderHash = _fill(order, purchase.sellerSignature, msg.sender);
        _checkFloor(purchase, orderHash);

        Terms memory terms = _termsOf(purchase, settings, orderHash);
        dealId = Deals.idOf(terms);
        if (_deals[dealId].state != State.None) revert Escrow_DealExists(dealId);
        _deals[dealId] =
            Deal({ state: State.Funded, purchasedAt: uint40(block.timestamp), versionStart: versionStart, deliveredAt: 0 });
        emit Bought(dealId, order.seller, msg.sender, terms);
        _pull(order.token, order.pages[0].price);
    }

    /// @dev What this version of the exchange can carry out, and the bounds of the windows.
    function _checkForm(SellOrder calldata order) private view {
        if (order.pages.length != 1) revert Escrow_PageCount(order.pages.length);
        Page calldata page = order.pages[0];
        if (page.lotCount == 0 || page.lotCount > Deals.MAX_LOTS) revert Escrow_LotCount(page.lotCount);
        if (page.challengeDeposit != 0) revert Escrow_TermNotSupported("challengeDeposit", page.challengeDeposit);
        if (page.bond != 0) revert Escrow_TermNotSupported("bond", page.bond);
        if (order.answerTime != 0) revert Escrow_TermNotSupported("answerTime", order.answerTime);
        if (order.hook != address(0)) revert Escrow_TermNotSupported("hook", uint160(order.hook));
        if (order.hookCodeHash != 0) revert Escrow_TermNotSupported("hookCodeHash", uint256(order.hookCodeHash));
        if (order.flags & ~(Deals.ALL_OR_NOTHING | Deals.RESALE | Deals.PROVEN_ONLY) != 0) {
            revert Escrow_TermNotSupported("flags", order.flags);
        }
        // DISPUTED deals need two pages.
        if (order.dataClass != Agreements.OEM && order.dataClass != Agreements.USER) {
            revert Escrow_TermNotSupported("dataClass", order.dataClass);
        }
        if (order.privacy != Agreements.ORDINARY && order.privacy != Agreements.PRIVATE) {
            revert Escrow_TermNotSupported("privacy", order.privacy);
        }
        _checkWindow(order.deliverTime);
        _checkWindow(order.complaintWindow);
    }

    function _checkWindow(uint256 window) private view {
        if (window < leastWindow) revert Escrow_WindowTooShort(window, leastWindow);
        if (window > MAX_WINDOW) revert Escrow_WindowTooLong(window, MAX_WINDOW);
    }

    /// @dev The pinned version is in force, authorises the pair, and names the seller as agent.
    function _checkAgreement(Purchase calldata purchase) private view returns (uint40 versionStart) {
        SellOrder calldata order = purchase.order;
        uint256 pair = Agreements.pairIndex(order.dataClass, order.privacy);
        uint32 inForce;
        uint8 denied;
        bytes27 digest;
        (inForce, denied, versionStart, digest) = shares.current(order.agreementId);
        if (inForce == 0 || inForce != order.version) {
            revert Escrow_VersionNotInForce(order.agreementId, order.version, inForce);
        }
        if (Agreements.digest(order.agreementId, inForce, purchase.agreement) != digest) {
            revert Escrow_WrongAgreement(order.agreementId, inForce);
        }
        if ((denied >> pair) & 1 != 0 || !Agreements.isAuthorised(purchase.agreement.shares, pair)) {
            revert Escrow_PairDenied(order.dataClass, order.privacy);
        }
        if (order.seller != purchase.agreement.agent) revert Escrow_SellerNotAgent(order.seller, purchase.agreement.agent);
    }

    /// @dev The token is one of the agreement's; below the floor, and for nothing, the class's principal has signed too.
    function _checkFloor(Purchase calldata purchase, bytes32 orderHash) private view {
        bytes32 tokensHash = Agreements.hashTokens(purchase.tokens);
        if (tokensHash != purchase.agreement.tokensHash) {
            revert Escrow_WrongTokenList(tokensHash, purchase.agreement.tokensHash);
        }
        SellOrder calldata order = purchase.order;
        if (purchase.tokenIndex >= purchase.tokens.length) revert Escrow_TokenNotAgreed(order.token);
        TokenFloor calldata accepted = purchase.tokens[purchase.tokenIndex];
        if (accepted.token != order.token) revert Escrow_TokenNotAgreed(order.token);

        uint256 least = Agreements.floorOf(accepted, order.dataClass) * order.pages[0].lotCount;
        uint256 price = order.pages[0].price;
        if (price >= least && price != 0) return;
        address principal = order.dataClass == Agreements.USER ? purchase.agreement.owner : purchase.agreement.oem;
        if (!SignatureChecker.isValidSignatureNowCalldata(principal, orderHash, purchase.principalSignature)) {
            revert Escrow_BelowFloor(price, least, principal);
        }
    }

    function _termsOf(Purchase calldata purchase, Config memory settings, bytes32 orderHash)
        private
        view
        returns (Terms memory terms)
    {
        SellOrder calldata order = purchase.order;
        terms.orderHash = orderHash;
        terms.buyer = msg.sender;
        terms.seller = order.seller;
        terms.token = order.token;
        terms.feeBps = settings.feeBps;
        terms.feeRecipient = settings.feeRecipient;
        terms.keyX = purchase.keyX;
        terms.keyY = purchase.keyY;
        terms.agreementId = order.agreementId;
        terms.version = order.version;
        terms.dataClass = order.dataClass;
        terms.privacy = order.privacy;
        terms.flags = order.flags;
        terms.hook = order.hook;
        terms.hookCodeHash = order.hookCodeHash;
        terms.pages = order.pages;
        terms.deliverBy = uint64(block.timestamp + order.deliverTime);
        terms.answerTime = order.answerTime;
        terms.complaintWindow = order.complaintWindow;
        terms.nonce = purchase.nonce;
    }

    /// @dev The last act of a purchase, and the only one that calls a token.
    function _pull(address token, uint256 amount) private {
        if (amount == 0) return;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert Escrow_WrongAmountReceived(received, amount);
    }

    // ---------------------------------------------------------------- opening of headers

    /// @dev The lots are those sold, and each is the agreement's data under an anchor of its agent.
    function _checkLots(Terms calldata terms, Deal memory deal, Opening calldata opening) private view {
        uint256 count = opening.lots.length;
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = _checkLot(terms, deal, opening, opening.lots[i]);
        }
        bytes32 lotsHash = keccak256(abi.encodePacked(hashes));
        // The hash is of whole words, so that it binds their number too.
        if (lotsHash != terms.pages[0].lotsHash) revert Escrow_NotTheLotsSold(lotsHash, terms.pages[0].lotsHash);
        if (count != terms.pages[0].lotCount) revert Escrow_LotCount(count);
    }

    function _checkLot(Terms calldata terms, Deal memory deal, Opening calldata opening, Lot calldata lot)
        private
        view
        returns (bytes32 headerHash)
    {
        Header calldata header = lot.header;
        headerHash = Headers.hash(header);
        if (header.flags & Headers.EXCLUSIVE != 0) revert Escrow_HeaderExclusive(headerHash);
        if (header.kc2 != COMMITMENT_OF_ZERO) revert Escrow_SecondKey(headerHash);
        if (lot.path.length > Headers.MAX_DEPTH) revert Escrow_PathTooLong(lot.path.length);

        uint256 anchoredAt = dataRegistry.anchorOf(header.tsp, Headers.rootOf(headerHash, lot.path)).time;
        if (anchoredAt == 0) revert Escrow_HeaderNotAnchored(headerHash, header.tsp);
        if (anchoredAt > deal.purchasedAt) revert Escrow_AnchoredAfterPurchase(anchoredAt, deal.purchasedAt);

        _checkStream(terms, header.stream, lot.handleProof, anchoredAt);
        if (!_wasAgent(terms, deal, opening, lot, anchoredAt)) revert Escrow_NotAgentAtAnchor(header.tsp, anchoredAt);
    }

    /// @dev The stream is of the agreement's vehicle, epoch, class and privacy, and its epoch was not over.
    function _checkStream(Terms calldata terms, bytes32 stream, bytes calldata proof, uint256 anchoredAt) private view {
        (bool ok, Rights memory rights) = Handles.resolve(address(vehicles), stream, proof);
        if (
            !ok || Agreements.id(rights.vehicle, rights.epoch) != terms.agreementId || rights.dataClass != terms.dataClass
                || rights.privacy != terms.privacy
        ) revert Escrow_StreamNotOfAgreement(stream, terms.agreementId);

        uint256 epochEnd = vehicles.epochEnd(rights.vehicle, rights.epoch);
        if (epochEnd != 0 && anchoredAt > epochEnd) revert Escrow_AnchoredAfterEpoch(anchoredAt, epochEnd);
    }

    /// @dev The pinned version was in force at purchase and the anchor is not younger, so its start alone tells whether it
    /// was in force at the anchor's time; the seller is its agent. Older data shows the version of its own time.
    function _wasAgent(Terms calldata terms, Deal memory deal, Opening calldata opening, Lot calldata lot, uint256 anchoredAt)
        private
        view
        returns (bool)
    {
        if (lot.former == 0) return lot.header.tsp == terms.seller && anchoredAt >= deal.versionStart;
        FormerVersion calldata former = opening.formers[lot.former - 1];
        return shares.agentAt(terms.agreementId, former.version, former.terms, anchoredAt) == lot.header.tsp;
    }

    // ---------------------------------------------------------------- ends

    function _load(Terms calldata terms) private view returns (bytes32 dealId, Deal memory deal) {
        dealId = Deals.idOfCalldata(terms);
        deal = _deals[dealId];
    }

    function _refund(bytes32 dealId, Terms calldata terms, bool conceded) private {
        uint256 amount = terms.pages[0].price;
        _deals[dealId].state = State.Refunded;
        _credit(terms.buyer, terms.token, amount);
        emit Refunded(dealId, conceded, amount);
    }

    /// @dev Fee, OEM, agent and storage are rounded down; what is left is the owner's. The parts sum to the price.
    function _settle(bytes32 dealId, Terms calldata terms, VersionTerms calldata agreement, bool byReceipt) private {
        if (
            shares.versionOf(terms.agreementId, terms.version).digest
                != Agreements.digest(terms.agreementId, terms.version, agreement)
        ) revert Escrow_WrongAgreement(terms.agreementId, terms.version);
        _deals[dealId].state = State.Settled;

        address token = terms.token;
        uint256 price = terms.pages[0].price;
        uint256 fee = price * terms.feeBps / Agreements.WHOLE;
        (uint256 oemPart, uint256 agentPart, uint256 storagePart) =
            Agreements.sharesOf(agreement.shares, Agreements.pairIndex(terms.dataClass, terms.privacy));
        // From basis points to amounts.
        oemPart = (price - fee) * oemPart / Agreements.WHOLE;
        agentPart = (price - fee) * agentPart / Agreements.WHOLE;
        storagePart = (price - fee) * storagePart / Agreements.WHOLE;
        uint256 ownerPart = price - fee - oemPart - agentPart - storagePart;

        _credit(agreement.owner, token, ownerPart);
        _credit(agreement.oem, token, oemPart);
        _credit(agreement.agent, token, agentPart);
        _credit(agreement.storagePayee, token, storagePart);
        _credit(terms.feeRecipient, token, fee);
        emit Settled(dealId, byReceipt, ownerPart, oemPart, agentPart, storagePart, fee);
    }
}
