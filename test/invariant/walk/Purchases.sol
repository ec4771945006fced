// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { Page, Sale, SellOrder, Terms } from "../../../contracts/market/libraries/Deals.sol";
import { AwkwardHook } from "../../../contracts/mocks/AwkwardHook.sol";
import { VersionBrief, VersionParties, VersionTerms } from "../../../contracts/shares/libraries/Agreements.sol";
import { MoodyWallet } from "./Doubles.sol";
import { Move, Sight, Stage } from "./Stage.sol";

/// @title Purchases
/// @notice Orders of every kind, right ones and ones with one flaw, bought by anybody.
abstract contract Purchases is Stage {
    /// @dev What can be wrong with an order or a purchase.
    enum Flaw {
        None,
        Expired,
        Cancelled,
        WrongSigner,
        TooExpensive,
        BadKey,
        ShortWindow,
        BelowFloor,
        DepositTooHigh,
        BondTooLow,
        OtherBuyer,
        UnknownFlags,
        FeeNotAccepted,
        OtherVersion,
        NotListed,
        RoyaltyForNothing, // a royalty of resales that the order does not allow
        AloneForMany // exclusive or without a copy kept, and repeatable
    }

    /// @dev A purchase in the making.
    struct Plan {
        uint256 g;
        uint256 token;
        uint256 seller; // position in {who}
        uint256 right; // 1 + position of the deal that its right comes from, 0 for the agent's own sale
        uint256 rightPage;
        uint256 wish; // 1 + position of the buy order that it is for
        Flaw flaw;
        bool consent; // below the floor, with the principal's signature
        bool isListed; // for a list of buyers
        uint256[][] lots;
        address buyer;
        address sender;
        uint256 inspectTime;
        uint256 bps;
        uint256 total;
        bytes32 orderHash;
        IEscrowTypes.Purchase bought;
    }

    IEscrowTypes.TokenTerms[3] internal _tokenTerms;
    address internal _feeTaker;
    mapping(address seller => mapping(uint256 nonce => bool)) internal _cancelled;
    mapping(address account => mapping(address operator => bool)) internal _operators;
    uint256 internal _nextNonce = 1;

    // ---------------------------------------------------------------- planning

    function _anyAgreement() internal returns (uint256) {
        return _rarely(4) ? 1 : _rarely(3) ? _pick(_count) : _latest();
    }

    function _anyToken() internal returns (uint256 token) {
        for (uint256 tries = 0; tries < 4; ++tries) {
            token = _rarely(6) ? HOSTILE : _pick(2);
            if (_tokenTerms[token].listed && !_tokenTerms[token].stopped) break;
        }
    }

    /// @dev A sale by the agent.
    /// @param dataClass 0 for any.
    function _plan(uint256 g, uint256 token, uint8 dataClass) internal returns (Plan memory plan) {
        (plan.g, plan.token, plan.seller) = (g, token, _sellerOf(g));
        SellOrder memory order = plan.bought.order;
        _chooseKind(order, dataClass);
        _fillTerms(plan, order);
        if (_rarely(8)) plan.consent = true;
        _fillPages(plan, order);
        _spoilOrder(plan, order);
    }

    /// @dev All but kind, lots and prices.
    function _fillTerms(Plan memory plan, SellOrder memory order) internal {
        if (_rarely(5)) plan.flaw = Flaw(1 + _pick(uint256(type(Flaw).max)));
        plan.bps = 10_000;
        order.seller = who[plan.seller];
        order.token = address(tokens[plan.token]);
        order.maxFeeBps = 500;
        order.agreementId = _agreementId(plan.g);
        order.version = uint32(_versions[plan.g].length);
        order.privacy = 1;
        order.deliverTime = uint32(_between(200, 2000));
        order.complaintWindow = uint32(_between(100, 1000));
        order.expiry = uint64(FAR);
        order.nonce = _nextNonce++;
        order.legalHash = _termsOfUse(_pick(2));
        if (order.flags & PROVEN_ONLY == 0) order.answerTime = uint32(_between(100, 600));
        if (_rarely(5)) (order.hook, order.hookCodeHash) = (address(_hook), address(_hook).codehash);
        plan.isListed = plan.flaw == Flaw.NotListed || _rarely(6);
    }

    function _termsOfUse(uint256 which) internal pure returns (bytes32) {
        return keccak256(abi.encode("terms of use", which));
    }

    /// @dev Kinds 0 to 2 are of class 1, 7 is DISPUTED data.
    function _chooseKind(SellOrder memory order, uint8 dataClass) private {
        uint256 kind = dataClass == 0 ? _pick(9) : dataClass == 1 ? _pick(3) : dataClass == DISPUTED ? 7 : 8 - _pick(5);
        if (dataClass == 2 && kind == 7) kind = 3;
        order.dataClass = kind < 3 ? 1 : 2;
        order.repeatable = kind % 2 == 0;
        if (kind == 4) order.flags = PROVEN_ONLY;
        if (kind == 5 || kind == 6) order.flags = PROVEN_ONLY | ALL_OR_NOTHING;
        if (kind == 7) order.dataClass = DISPUTED;
        if (kind == 7) order.flags = PROVEN_ONLY | ALL_OR_NOTHING;
        if (kind == 8) (order.flags, order.repeatable) = (EXCLUSIVE, false);
        if (kind == 7 || _rarely(2)) return;
        (order.flags, order.royaltyBps) = (order.flags | RESALE, uint16(_pick(3001)));
        if (!order.repeatable && _rarely(2)) order.flags |= NO_COPY_KEPT;
    }

    function _fillPages(Plan memory plan, SellOrder memory order) private {
        uint256 count = order.dataClass == DISPUTED ? 2 : order.flags & ALL_OR_NOTHING != 0 ? _between(2, 3) : _rarely(3) ? _between(2, 3) : 1;
        order.pages = new Page[](count);
        plan.lots = new uint256[][](count);
        for (uint256 p = 0; p < count; ++p) {
            bool second = p == 1 && order.dataClass == DISPUTED;
            plan.lots[p] = second ? plan.lots[0] : _chooseLots(plan.g, order.dataClass);
            order.pages[p] = _page(plan, order, p, second);
        }
    }

    function _page(Plan memory plan, SellOrder memory order, uint256 p, bool isFree) internal returns (Page memory page) {
        bytes memory packed;
        for (uint256 k = 0; k < plan.lots[p].length; ++k) {
            packed = bytes.concat(packed, _batches[plan.lots[p][k]].hash);
        }
        IEscrowTypes.TokenTerms memory terms = _tokenTerms[plan.token];
        bool one = plan.lots[p].length == 1;
        page.lotsHash = keccak256(packed);
        page.lotCount = uint32(plan.lots[p].length);
        page.price = isFree ? 0 : uint128(_floorOf(order.dataClass) * page.lotCount * 10_000 + _pick(1_000_000));
        if (plan.consent && !isFree) page.price = uint128(_pick(100));
        if (order.flags & PROVEN_ONLY == 0) page.challengeDeposit = uint128(_pick((one ? terms.deposit1 : terms.deposit8) + 1));
        page.bond = uint128((one ? terms.bond1 : terms.bond8) + _pick(50));
    }

    function _floorOf(uint8 dataClass) internal pure returns (uint256) {
        return uint256(dataClass) * 100;
    }

    /// @dev One lot or two, often new ones, others of whoever was agent then.
    function _chooseLots(uint256 g, uint8 dataClass) private returns (uint256[] memory lots) {
        lots = new uint256[](_rarely(4) ? 2 : 1);
        for (uint256 k = 0; k < lots.length; ++k) {
            lots[k] = _known(g, dataClass);
        }
    }

    function _known(uint256 g, uint8 dataClass) private returns (uint256) {
        for (uint256 tries = 0; tries < 6 && _batches.length > 0; ++tries) {
            uint256 position = _batches.length - 1 - _pick(_batches.length < 12 ? _batches.length : 12);
            Batch storage batch = _batches[position];
            bool isSealers = dataClass != DISPUTED || batch.header.tsp == who[_sellerOf(g)];
            if (batch.g == g && batch.dataClass == dataClass && isSealers && !_rarely(3)) return position;
        }
        return _anchorBatch(g, dataClass, _rarely(2), _anyStory());
    }

    function _anyStory() internal returns (Story) {
        return _rarely(4) ? Story(1 + _pick(3)) : Story.Right;
    }

    function _spoilOrder(Plan memory plan, SellOrder memory order) internal {
        Flaw flaw = plan.flaw;
        if (flaw == Flaw.Expired) order.expiry = uint64(block.timestamp - 1);
        if (flaw == Flaw.ShortWindow) order.complaintWindow = uint32(LEAST_WINDOW - 1);
        if (flaw == Flaw.BelowFloor) plan.consent = false;
        if (flaw == Flaw.BelowFloor) order.pages[0].price = uint128(_floorOf(order.dataClass) - 1);
        if (flaw == Flaw.DepositTooHigh) order.pages[0].challengeDeposit = 1_000_000;
        if (flaw == Flaw.BondTooLow) order.pages[0].bond = 1;
        if (flaw == Flaw.OtherBuyer) order.buyer = address(0xdead);
        if (flaw == Flaw.UnknownFlags) order.flags |= 32;
        if (flaw == Flaw.OtherVersion) order.version += 1;
        if (flaw == Flaw.FeeNotAccepted && _tokenTerms[plan.token].feeBps != 0) order.maxFeeBps = _tokenTerms[plan.token].feeBps - 1;
        if (flaw == Flaw.Cancelled) _cancelFlaw(order);
        if (flaw == Flaw.RoyaltyForNothing) order.royaltyBps = order.flags & RESALE == 0 ? 1 : 10_001;
        if (flaw != Flaw.AloneForMany) return;
        if (order.flags & (EXCLUSIVE | NO_COPY_KEPT) == 0) order.flags |= NO_COPY_KEPT;
        order.repeatable = true;
    }

    function _cancelFlaw(SellOrder memory order) private {
        _cancelled[order.seller][order.nonce] = true;
        _moveState(Move.Cancel, NO_TOKEN, order.seller, abi.encodeCall(exchange.cancelOrder, (order.nonce)), true);
    }

    // ---------------------------------------------------------------- signing

    function _complete(Plan memory plan) internal view {
        IEscrowTypes.Purchase memory bought = plan.bought;
        if (plan.isListed) _makeList(plan);
        plan.orderHash = exchange.hashOrder(bought.order);
        uint256 other = plan.seller == STRANGER ? OPERATOR : STRANGER;
        bought.sellerSignature = _sign(plan.flaw == Flaw.WrongSigner ? other : plan.seller, plan.orderHash);
        VersionTerms memory version = _versions[plan.g][_versions[plan.g].length - 1];
        VersionParties memory parties = VersionParties(version.owner, version.oem, version.storagePayee, version.textHash);
        bought.agreement = VersionBrief(keccak256(abi.encode(parties)), version.agent, version.shares);
        bought.tokens = _tokenList();
        bought.tokenIndex = plan.token;
        (bought.keyX, bought.keyY) = plan.flaw == Flaw.BadKey ? (uint256(0), uint256(1)) : (KEY_X, KEY_Y);
        bought.nonce = uint48(bought.order.nonce);
        bool disputed = bought.order.dataClass == DISPUTED;
        if ((disputed && plan.flaw != Flaw.BelowFloor) || plan.consent) {
            if (!plan.isListed) bought.extras = new IEscrowTypes.Extras[](1);
            bought.extras[0].parties = parties;
            if (bought.order.dataClass != 1) bought.extras[0].ownerSignature = _sign(_ownerOf(plan.g), plan.orderHash);
            if (bought.order.dataClass != 2) bought.extras[0].oemSignature = _sign(OEM, plan.orderHash);
        }
        if (plan.right != 0) _bringRight(plan);
        if (bought.order.hook != address(0)) plan.bps = _hook.answer();
        plan.total = 0;
        for (uint256 p = 0; p < bought.order.pages.length; ++p) {
            plan.total += uint256(bought.order.pages[p].price) * plan.bps / 10_000 + bought.order.pages[p].challengeDeposit;
        }
        bought.maxTotal = plan.total;
        if (plan.flaw == Flaw.TooExpensive && plan.total != 0) bought.maxTotal -= 1;
        else if (plan.flaw == Flaw.TooExpensive) plan.flaw = Flaw.None;
    }

    /// @dev The terms of the deal that a resale's right comes from.
    function _bringRight(Plan memory plan) private view {
        if (plan.bought.extras.length == 0) plan.bought.extras = new IEscrowTypes.Extras[](1);
        plan.bought.extras[0].right = new Terms[](1);
        plan.bought.extras[0].right[0] = abi.decode(_deals[plan.right - 1].terms, (Terms));
        plan.bought.extras[0].rightPage = plan.rightPage;
    }

    /// @dev The buyer is one of two on the list, or brings the path of one who is.
    function _makeList(Plan memory plan) private pure {
        bytes32 listed = _leafOf(plan.flaw == Flaw.NotListed ? address(0xdead) : plan.buyer);
        bytes32 other = _leafOf(address(0xbeef));
        (bytes32 a, bytes32 b) = listed < other ? (listed, other) : (other, listed);
        plan.bought.order.buyersRoot = keccak256(abi.encodePacked(a, b));
        plan.bought.extras = new IEscrowTypes.Extras[](1);
        plan.bought.extras[0].buyerPath = new bytes32[](1);
        plan.bought.extras[0].buyerPath[0] = other;
    }

    function _leafOf(address account) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(account))));
    }

    // ---------------------------------------------------------------- who and when

    function _hookAgrees(uint256 least, uint256 most) internal view returns (bool) {
        return _hook.mood() == AwkwardHook.Mood.Answers && _hook.answer() >= least && _hook.answer() <= most;
    }

    /// @dev Whether an account stands by what its key has signed.
    function _standsBy(uint256 actor) internal view returns (bool) {
        return (actor != SELLER_WALLET && actor != BUYER_WALLET) || _walletAgrees(actor);
    }

    function _walletAgrees(uint256 wallet) internal view returns (bool) {
        return MoodyWallet(who[wallet]).mood() == MoodyWallet.Mood.Honest;
    }

    /// @dev Order valid, token listed and not stopped.
    function _mayBeBought(Plan memory plan) internal view returns (bool) {
        SellOrder memory order = plan.bought.order;
        IEscrowTypes.TokenTerms storage terms = _tokenTerms[plan.token];
        // Fee and version may have become right since the order was made.
        bool isFlawed = plan.flaw != Flaw.None && plan.flaw != Flaw.FeeNotAccepted && plan.flaw != Flaw.OtherVersion;
        if (isFlawed || !terms.listed || terms.stopped || terms.feeBps > order.maxFeeBps) return false;
        if (order.version != _versions[plan.g].length || !_mayBeSold(plan)) return false;
        if (_cancelled[order.seller][order.nonce] || (_denied[plan.g] >> ((order.dataClass - 1) * 2)) & 1 != 0) return false;
        if (!_standsBy(plan.seller)) return false;
        if (order.hook != address(0) && !_hookAgrees(1, 10_000)) return false;
        for (uint256 p = 0; p < order.pages.length; ++p) {
            if (!_fitsTerms(order, order.pages[p], terms)) return false;
            // A reduced price may fall below the floor, which the principals have not agreed to then.
            uint256 price = uint256(order.pages[p].price) * plan.bps / 10_000;
            bool needsNone = order.dataClass == DISPUTED || plan.consent;
            if (!needsNone && price < _floorOf(order.dataClass) * order.pages[p].lotCount) return false;
        }
        return true;
    }

    /// @dev Deposit and bond, as the token's terms are now.
    function _fitsTerms(SellOrder memory order, Page memory page, IEscrowTypes.TokenTerms storage terms) private view returns (bool) {
        (uint256 most, uint256 least) = page.lotCount == 1 ? (terms.deposit1, terms.bond1) : (terms.deposit8, terms.bond8);
        if (order.flags & PROVEN_ONLY != 0) most = 0;
        return page.challengeDeposit <= most && page.bond >= least;
    }

    /// @dev By the agent of the version in force, or by who has the right to sell on.
    function _mayBeSold(Plan memory plan) internal view virtual returns (bool) {
        return plan.bought.order.seller == _versions[plan.g][_versions[plan.g].length - 1].agent;
    }

    function _buy() internal {
        _buyPlanned(_plan(_anyAgreement(), _anyToken(), 0), Move.Buy);
    }

    function _buyPlanned(Plan memory plan, Move move) internal {
        (plan.sender, plan.buyer) = (who[_pick(ACTORS)], address(0));
        plan.buyer = plan.sender;
        _complete(plan);
        bool allowed = _mayBeBought(plan) && (_arrives(plan.token) || plan.total == 0);
        bytes memory data = _rarely(4)
            ? abi.encodeCall(exchange.buyWithPermit, (plan.bought, IEscrowTypes.Permit(plan.total, FAR, 27, 0, 0)))
            : abi.encodeCall(exchange.buy, (plan.bought));
        (bool ok, bytes memory result) = _moveMoney(move, plan.token, plan.sender, data, allowed);
        if (!ok) return;
        _inside[plan.token] += plan.total;
        _open(plan, abi.decode(result, (bytes32)));
        _checkMoney(move, plan.token, plan.sender);
        // The same purchase again is the same deal, or a filled order.
        if (_rarely(3)) _moveMoney(move, plan.token, plan.sender, data, false);
    }

    function _buyFor() internal {
        Plan memory plan = _plan(_anyAgreement(), _anyToken(), 0);
        plan.buyer = who[_rarely(2) ? BUYER : BUYER_WALLET];
        plan.sender = _rarely(2) ? plan.buyer : who[_rarely(3) ? _pick(ACTORS) : OPERATOR];
        plan.inspectTime = _rarely(4) ? 0 : _between(50, 500);
        _complete(plan);
        bool allowed = _mayBeBought(plan) && (plan.sender == plan.buyer || _operators[plan.buyer][plan.sender])
            && _credits[plan.token][plan.sender] >= plan.total;
        bytes memory data = abi.encodeCall(exchange.buyFor, (plan.bought, plan.buyer, uint64(plan.inspectTime)));
        (bool ok, bytes memory result) = _moveDead(address(exchange), Move.BuyFor, plan.token, plan.sender, data, allowed);
        if (!ok) return;
        _credits[plan.token][plan.sender] -= plan.total;
        _open(plan, abi.decode(result, (bytes32)));
        _checkMoney(Move.BuyFor, plan.token, plan.sender);
    }

    // ---------------------------------------------------------------- terms, as the document has them

    error Walk_OtherId(bytes32 real, bytes32 ghost);

    function _open(Plan memory plan, bytes32 id) internal {
        SellOrder memory order = plan.bought.order;
        if (!order.repeatable) _cancelled[order.seller][order.nonce] = true;
        Sale memory sale = _saleOf(plan);
        bytes32 expected = keccak256(abi.encode(keccak256("qood/deal/v2"), plan.orderHash, sale));
        if (id != expected) revert Walk_OtherId(id, expected);
        uint256 i = _deals.length;
        GhostDeal storage deal = _deals.push();
        deal.id = id;
        deal.terms = abi.encode(Terms(order, sale));
        (deal.g, deal.token) = (uint8(plan.g), uint8(plan.token));
        (deal.dataClass, deal.flags, deal.version) = (order.dataClass, order.flags, order.version);
        deal.feeBps = _tokenTerms[plan.token].feeBps;
        deal.feeTaker = deal.feeBps == 0 ? address(0) : _feeTaker;
        (deal.buyer, deal.seller) = (plan.buyer, order.seller);
        deal.hooked = order.hook != address(0);
        (deal.royaltyBps, deal.partiesBps) = (order.royaltyBps, _partiesBps(plan));
        (deal.right, deal.rightPage, deal.wish) = (uint32(plan.right), uint32(plan.rightPage), uint32(plan.wish));
        deal.inspectBy = plan.inspectTime == 0 ? 0 : block.timestamp + plan.inspectTime;
        deal.deliverBy = block.timestamp + plan.inspectTime + order.deliverTime;
        (deal.answerTime, deal.complaintWindow) = (order.answerTime, order.complaintWindow);
        for (uint256 p = 0; p < order.pages.length; ++p) {
            GhostPage storage page = _pages[i].push();
            page.lots = plan.lots[p];
            page.price = uint256(order.pages[p].price) * plan.bps / 10_000;
            (page.deposit, page.bond) = (order.pages[p].challengeDeposit, order.pages[p].bond);
            page.state = IEscrowTypes.State.Funded;
        }
        _held[plan.token] += plan.total;
        _see(Sight.Reduced, plan.bps < 10_000);
        _see(Sight.Listed, plan.isListed);
    }

    /// @dev What the agreement's parties get of the price: all, or the royalty.
    function _partiesBps(Plan memory plan) private view returns (uint16) {
        return plan.right == 0 ? 10_000 : _deals[plan.right - 1].royaltyBps;
    }

    /// @dev Of a page, or of an all-or-nothing deal.
    function _rightKey(Plan memory plan) private view returns (bytes32) {
        if (plan.right == 0) return 0;
        bytes32 id = _deals[plan.right - 1].id;
        return plan.rightPage == 0 || _isWhole(plan.right - 1) ? id : keccak256(abi.encode(id, plan.rightPage));
    }

    /// @dev buyer 160, fee 16, paid part 16, agreement's part 16, deliverBy 48; fee recipient 160, inspectBy 48, nonce 48.
    function _saleOf(Plan memory plan) private view returns (Sale memory sale) {
        uint16 feeBps = _tokenTerms[plan.token].feeBps;
        uint256 inspectBy = plan.inspectTime == 0 ? 0 : block.timestamp + plan.inspectTime;
        uint256 deliverBy = block.timestamp + plan.inspectTime + plan.bought.order.deliverTime;
        sale.party = bytes32(abi.encodePacked(plan.buyer, feeBps, uint16(plan.bps), _partiesBps(plan), uint48(deliverBy)));
        sale.rightKey = _rightKey(plan);
        sale.fee = bytes32(abi.encodePacked(feeBps == 0 ? address(0) : _feeTaker, uint48(inspectBy), plan.bought.nonce));
        VersionTerms memory pinned = _versions[plan.g][_versions[plan.g].length - 1];
        bytes32 partiesHash = keccak256(abi.encode(pinned.owner, pinned.oem, pinned.storagePayee, pinned.textHash));
        bytes memory preimage = abi.encode(
            plan.bought.order.agreementId, plan.bought.order.version, partiesHash, pinned.agent, pinned.shares, pinned.tokensHash
        );
        sale.agreementDigest = bytes27(keccak256(preimage));
        (sale.keyX, sale.keyY) = (KEY_X, KEY_Y);
    }
}
