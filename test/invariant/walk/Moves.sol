// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { Terms } from "../../../contracts/market/libraries/Deals.sol";
import { KeyDelivery } from "../../../contracts/market/libraries/Proofs.sol";
import { Header } from "../../../contracts/rights/libraries/Headers.sol";
import { Bring } from "./Bring.sol";
import { Move, Sight } from "./Stage.sol";

/// @title Moves
/// @notice The moves of a deal, by anybody at any time: who may and when, as the document's table has it, row by row.
abstract contract Moves is Bring {
    /// @dev A move in the making. `fair` is false where it brings something wrong, so that nobody may make it.
    struct Try {
        uint256 i;
        uint256 p;
        address sender;
        bool fair;
        Terms terms;
    }

    function _deal(uint256 i, uint256 p, address sender) internal returns (Try memory t) {
        (t.i, t.p, t.sender, t.fair) = (i, p, sender, true);
        t.terms = _terms(i);
        if (_rarely(16)) {
            t.fair = false;
            uint256 which = _pick(6);
            // Changed to what it is already, it would be right.
            bool same = (which == 0 && sender == _deals[i].buyer) || (which == 1 && sender == _deals[i].seller);
            _tamper(t.terms, sender, same ? 2 : which);
        }
    }

    /// @dev Makes the move; then the page is in the ghost's state, and everybody has the ghost's credit.
    function _make(Move move, Try memory t, bytes memory data, bool allowed) internal returns (bool ok) {
        return _moveState(move, _deals[t.i].token, t.sender, data, allowed && t.fair);
    }

    function _check(Move move, Try memory t) internal view {
        (,, IEscrowTypes.Deal memory real) = exchange.pageOf(t.terms, t.p);
        IEscrowTypes.State state = _statePage(t.i, t.p).state;
        if (real.state != state) revert Walk_WrongState(t.i, t.p, real.state, state);
        _checkMoney(move, _deals[t.i].token, t.sender);
    }

    /// @dev Notes under what changed circumstances a deal settles by its old terms.
    function _settleSeen(Move move, Try memory t) internal {
        GhostDeal storage deal = _deals[t.i];
        IEscrowTypes.TokenTerms storage terms = _tokenTerms[deal.token];
        _see(Sight.FeeChanged, deal.feeBps != terms.feeBps);
        _see(Sight.VersionChanged, deal.version != _versions[deal.g].length);
        _see(Sight.Dissent, (_denied[deal.g] >> ((deal.dataClass - 1) * 2)) & 1 != 0);
        _see(Sight.Stopped, terms.stopped || !terms.listed);
        _see(Sight.WholeSettled, _isWhole(t.i) && !_isDisputed(t.i));
        _see(Sight.DisputedSettled, _isDisputed(t.i));
        _see(Sight.Transferred, _epochEnd[deal.g] != 0);
        Batch storage first = _batches[_pages[t.i][t.p].lots[0]];
        _see(Sight.FormerAgent, deal.right == 0 && first.header.tsp != deal.seller);
        _see(Sight.SoldLate, first.admitted);
        _see(Sight.Resold, deal.right != 0 && deal.partiesBps != 0);
        _see(Sight.ResoldAgain, deal.right != 0 && _deals[deal.right - 1].right != 0);
        _see(Sight.Filled, deal.wish != 0 && deal.inspectBy != 0);
        _see(Sight.Answered, deal.wish != 0 && deal.inspectBy == 0);
        _settleGhost(t.i, t.p);
        _check(move, t);
    }

    /// @dev Notes what alone stood in the way of a delivery.
    function _seeObstacle(Try memory t, bool otherwise) private {
        _see(Sight.AfterEpoch, otherwise && !_isInEpoch(_batches[_pages[t.i][t.p].lots[0]]));
        _see(Sight.Barred, otherwise && !_canBeOpened(t.i, t.p) && _hookAllows(t.i));
        _see(Sight.RightGone, otherwise && _isPassedOn(t.i));
        _see(Sight.HookRefused, otherwise && _canBeOpened(t.i, t.p) && !_hookAllows(t.i));
    }

    function _isFirst(uint256 i, uint256 p) internal view returns (bool) {
        return p == 0 || !_isWhole(i);
    }

    // ---------------------------------------------------------------- reserved

    function _accept(Try memory t) internal {
        GhostDeal storage deal = _deals[t.i];
        bool allowed = t.sender == deal.buyer && _is(t.i, 0, IEscrowTypes.State.Funded) && _isReserved(t.i);
        if (!_make(Move.Accept, t, abi.encodeCall(exchange.accept, (t.terms)), allowed)) return;
        deal.accepted = true;
        _check(Move.Accept, t);
    }

    function _reject(Try memory t) internal {
        GhostDeal storage deal = _deals[t.i];
        bool allowed = t.sender == deal.buyer && _is(t.i, 0, IEscrowTypes.State.Funded) && _isReserved(t.i);
        if (!_make(Move.Reject, t, abi.encodeCall(exchange.reject, (t.terms)), allowed)) return;
        for (uint256 p = 0; p < _pages[t.i].length; ++p) {
            _free(deal.token, deal.buyer, _pages[t.i][p].price + _pages[t.i][p].deposit);
            _pages[t.i][p].state = IEscrowTypes.State.Cancelled;
        }
        _see(Sight.FilledRejected, deal.wish != 0);
        _check(Move.Reject, t);
    }

    // ---------------------------------------------------------------- deliveries

    function _hookAllows(uint256 i) private view returns (bool) {
        return !_deals[i].hooked || _hookAgrees(1, 1);
    }

    function _deliverUnproven(Try memory t) internal {
        GhostDeal storage deal = _deals[t.i];
        GhostPage storage page = _pages[t.i][t.p];
        (uint256 salt, bool right) = (_pick(1000), !_rarely(3));
        KeyDelivery memory keys = _delivery(t.i, t.p, salt, right);
        bool allowed = _isFunded(t.i, t.p) && t.sender == deal.seller && deal.flags & PROVEN_ONLY == 0 && _hookAllows(t.i)
            && _canBeOpened(t.i, t.p) && _credits[deal.token][deal.seller] >= page.bond;
        bytes memory data = abi.encodeCall(exchange.deliverUnproven, (t.terms, t.p, _opening(t.i, t.p, false), keys.r, keys.c));
        _seeObstacle(t, t.fair && _isFunded(t.i, t.p) && t.sender == deal.seller && deal.flags & PROVEN_ONLY == 0);
        if (!_make(Move.DeliverUnproven, t, data, allowed)) return;
        _see(Sight.LateDelivery, block.timestamp > deal.deliverBy);
        _lockBond(t.i, t.p);
        _reserveHeaders(t.i, t.p);
        (page.salt, page.right) = (salt, right);
        _deliver(t.i, t.p, IEscrowTypes.State.DeliveredUnproven);
        _check(Move.DeliverUnproven, t);
    }

    function _deliverProven(Try memory t) internal {
        GhostDeal storage deal = _deals[t.i];
        GhostPage storage page = _pages[t.i][t.p];
        bool right = !_rarely(5);
        KeyDelivery memory keys = _delivery(t.i, t.p, _pick(1000), right);
        bool allowed = right && _isFunded(t.i, t.p) && !_isDisputed(t.i) && !page.delivered && _hookAllows(t.i)
            && _canBeOpened(t.i, t.p) && _credits[deal.token][deal.seller] >= page.bond;
        bytes memory data = abi.encodeCall(exchange.deliverProven, (t.terms, t.p, _opening(t.i, t.p, false), keys));
        _seeObstacle(t, t.fair && right && _isFunded(t.i, t.p) && !_isDisputed(t.i) && !page.delivered);
        if (!_make(Move.DeliverProven, t, data, allowed)) return;
        _lockBond(t.i, t.p);
        _reserveHeaders(t.i, t.p);
        if (_isWhole(t.i)) page.delivered = true;
        if (!_isWhole(t.i) || _allDelivered(t.i)) _deliver(t.i, t.p, IEscrowTypes.State.DeliveredProven);
        _check(Move.DeliverProven, t);
    }

    function _deliverDisputed(Try memory t) internal {
        GhostPage storage page = _pages[t.i][t.p];
        bool right = !_rarely(5);
        KeyDelivery memory keys = _delivery(t.i, t.p, _pick(1000), right);
        bool first = _isDisputed(t.i) && !_pages[t.i][0].delivered && !_pages[t.i][1].delivered;
        bool allowed = right && _isFunded(t.i, t.p) && _isDisputed(t.i) && !page.delivered && _hookAllows(t.i)
            && _canBeOpened(t.i, t.p) && (!first || _canLockThree(t.i));
        bytes memory data = abi.encodeCall(exchange.deliverDisputed, (t.terms, t.p, _pinned(t.i), _opening(t.i, t.p, false), keys));
        if (!_make(Move.DeliverDisputed, t, data, allowed)) return;
        if (first) _lockThree(t.i);
        page.delivered = true;
        if (_allDelivered(t.i)) _deliver(t.i, t.p, IEscrowTypes.State.DeliveredProven);
        _check(Move.DeliverDisputed, t);
    }

    // ---------------------------------------------------------------- challenges

    function _challenge(Try memory t) internal {
        GhostPage storage page = _statePage(t.i, t.p);
        bool allowed = page.state == IEscrowTypes.State.DeliveredUnproven && t.sender == _deals[t.i].buyer && block.timestamp <= page.endsAt;
        if (!_make(Move.Challenge, t, abi.encodeCall(exchange.challenge, (t.terms, t.p)), allowed)) return;
        _see(Sight.LastSecond, block.timestamp == page.endsAt);
        (page.state, page.endsAt) = (IEscrowTypes.State.Challenged, block.timestamp + _deals[t.i].answerTime);
        _check(Move.Challenge, t);
    }

    /// @dev With what was delivered, or with right keys under another R, or with a proof that is none.
    function _answer(Try memory t) internal {
        GhostDeal storage deal = _deals[t.i];
        GhostPage storage page = _pages[t.i][t.p];
        bool same = !_rarely(4);
        KeyDelivery memory keys = _delivery(t.i, t.p, same ? page.salt : page.salt + 1, !same || page.right);
        if (_rarely(6)) keys.proofA[0] = 2;
        bool allowed = page.state == IEscrowTypes.State.Challenged && same && page.right && keys.proofA[0] == 1 && !_pageHasBad(t.i, t.p);
        Header[] memory headers = _headers(t.i, t.p);
        if (!_make(Move.Answer, t, abi.encodeCall(exchange.answer, (t.terms, t.p, headers, keys)), allowed)) return;
        _see(Sight.LateAnswer, block.timestamp > page.endsAt);
        _deliver(t.i, t.p, IEscrowTypes.State.DeliveredProven);
        page.depositGone = true;
        _free(deal.token, deal.seller, page.deposit);
        _check(Move.Answer, t);
    }

    // ---------------------------------------------------------------- complaints

    function _complain(Try memory t) internal {
        uint256 k = _pick(_pages[t.i][t.p].lots.length);
        Batch storage batch = _batches[_pages[t.i][t.p].lots[k]];
        bool honest = !_rarely(5);
        bool challenged = _is(t.i, t.p, IEscrowTypes.State.Challenged);
        bool inTime = challenged || (_isDelivered(t.i, t.p) && block.timestamp <= _statePage(t.i, t.p).endsAt);
        bytes memory data =
            abi.encodeCall(exchange.complain, (t.terms, t.p, _hashes(t.i, t.p, false), k, batch.header, _complaint(honest)));
        if (!_make(Move.Complain, t, data, inTime && honest && batch.spoiled)) return;
        batch.bad = true;
        _see(Sight.LastSecond, !challenged && block.timestamp == _statePage(t.i, t.p).endsAt);
        _see(Sight.WholeSlashed, _isWhole(t.i) && !_isDisputed(t.i));
        _see(Sight.DisputedSlashed, _isDisputed(t.i));
        _refundGhost(t.i, t.p, Bonds.Slashed);
        _check(Move.Complain, t);
    }

    function _refundBad(Try memory t) internal {
        uint256 k = _pick(_pages[t.i][t.p].lots.length);
        Batch storage batch = _batches[_pages[t.i][t.p].lots[k]];
        bool bad = batch.bad || (batch.shown && _isFunded(t.i, t.p));
        bytes memory data = abi.encodeCall(exchange.refundBad, (t.terms, t.p, _hashes(t.i, t.p, false), k));
        bool before = _isFunded(t.i, t.p);
        if (!_make(Move.RefundBad, t, data, bad && _isLive(t.i, t.p))) return;
        _see(Sight.Contradicted, !batch.bad);
        _refundGhost(t.i, t.p, before ? Bonds.Freed : Bonds.Slashed);
        _check(Move.RefundBad, t);
    }

    // ---------------------------------------------------------------- ends

    /// @dev Before the last page nothing is lost; of DISPUTED data the missing page's party pays for the delay.
    function _bondsBeforeDelivery(uint256 i) private view returns (Bonds) {
        return _isDisputed(i) && block.timestamp > _deals[i].deliverBy ? Bonds.Late : Bonds.Freed;
    }

    function _refund(Try memory t) internal {
        bool late = _isFunded(t.i, t.p) && block.timestamp > _deals[t.i].deliverBy;
        bool unanswered = _is(t.i, t.p, IEscrowTypes.State.Challenged) && block.timestamp > _statePage(t.i, t.p).endsAt;
        bool allowed = (late || unanswered) && _isFirst(t.i, t.p);
        if (!_make(Move.Refund, t, abi.encodeCall(exchange.refund, (t.terms, t.p)), allowed)) return;
        _see(Sight.FirstSecond, block.timestamp == 1 + (unanswered ? _statePage(t.i, t.p).endsAt : _deals[t.i].deliverBy));
        _see(Sight.WithheldPage, late && _isDisputed(t.i) && _pages[t.i][0].delivered != _pages[t.i][1].delivered);
        _refundGhost(t.i, t.p, unanswered ? Bonds.Slashed : _bondsBeforeDelivery(t.i));
        _check(Move.Refund, t);
    }

    function _concede(Try memory t) internal {
        bool before = _isFunded(t.i, t.p);
        bool allowed = _isLive(t.i, t.p) && t.sender == _deals[t.i].seller && _isFirst(t.i, t.p);
        if (!_make(Move.Concede, t, abi.encodeCall(exchange.concede, (t.terms, t.p)), allowed)) return;
        bool half = _isDisputed(t.i) && _pages[t.i][0].delivered != _pages[t.i][1].delivered;
        _see(Sight.ConcededLate, half && block.timestamp > _deals[t.i].deliverBy);
        _refundGhost(t.i, t.p, before ? _bondsBeforeDelivery(t.i) : Bonds.Slashed);
        _check(Move.Concede, t);
    }

    function _settle(Try memory t) internal {
        bool over = _isDelivered(t.i, t.p) && block.timestamp > _statePage(t.i, t.p).endsAt;
        bytes32[] memory headers = _hashes(t.i, t.p, _isWhole(t.i));
        if (_rarely(12)) (headers[0], t.fair) = (bytes32(uint256(2)), false);
        bool allowed = over && !_hasBad(t.i, t.p) && _isFirst(t.i, t.p);
        if (!_make(Move.Settle, t, abi.encodeCall(exchange.settle, (t.terms, t.p, _pinned(t.i), headers)), allowed)) return;
        _see(Sight.FirstSecond, block.timestamp == 1 + _statePage(t.i, t.p).endsAt);
        _settleSeen(Move.Settle, t);
    }

    /// @dev By the buyer, or by anybody with the buyer's signature, or with a stranger's.
    function _receipt(Try memory t) internal {
        uint256 signer = _rarely(3) ? _pick(ACTORS) : _deals[t.i].buyer == who[BUYER_WALLET] ? BUYER_WALLET : _positionOf(_deals[t.i].buyer);
        bytes32 message = keccak256(abi.encode(keccak256("Receipt(bytes32 dealId,uint256 page)"), _deals[t.i].id, t.p));
        bytes memory signature = _sign(signer, _typed("Escrow", address(exchange), message));
        bool bySender = t.sender == _deals[t.i].buyer;
        bool signed = bySender || (who[signer] == _deals[t.i].buyer && _standsBy(signer));
        bool fromFunded = _isFunded(t.i, t.p);
        bool allowed = signed && _isFirst(t.i, t.p) && _isLive(t.i, t.p)
            && (fromFunded ? _canAllBeOpened(t.i, t.p) : !_hasBad(t.i, t.p));
        _see(Sight.WalletRefused, t.fair && !signed && who[signer] == _deals[t.i].buyer && _isLive(t.i, t.p));
        Move move = bySender ? Move.Receipt : Move.SignedReceipt;
        if (!_make(move, t, _receiptCall(t, signature), allowed)) return;
        if (fromFunded) _reserveAll(t.i, t.p);
        _settleSeen(move, t);
    }

    function _receiptCall(Try memory t, bytes memory signature) private view returns (bytes memory) {
        IEscrowTypes.Opening memory opening = _opening(t.i, t.p, _isWhole(t.i) && !_isDisputed(t.i));
        bytes32[] memory headers = _hashes(t.i, t.p, _isWhole(t.i));
        return abi.encodeCall(exchange.settleByReceipt, (t.terms, t.p, _pinned(t.i), opening, headers, signature));
    }

    function _reserveAll(uint256 i, uint256 p) private {
        for (uint256 q = 0; q < _pages[i].length; ++q) {
            if (q == p || _isWhole(i)) _reserveHeaders(i, q);
        }
    }
}
