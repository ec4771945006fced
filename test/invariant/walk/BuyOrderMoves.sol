// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IBuyOrders } from "../../../contracts/market/IBuyOrders.sol";
import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { BuyOrder, OfferedLot } from "../../../contracts/market/libraries/BuyRules.sol";
import { vm } from "../Vm.sol";
import { Move, Sight } from "./Stage.sol";
import { Wishes } from "./Wishes.sol";

/// @title BuyOrderMoves
/// @notice The moves of buy orders, by anybody at any time: who may and when, as {IBuyOrders} has it, requirement by requirement.
abstract contract BuyOrderMoves is Wishes {
    function _wish() internal {
        uint256 kind = _pick(30);
        if (_wishes.length == 0 || kind < 4) return _place();
        uint256 w = _anyWish();
        if (kind < 6) _fund(w);
        else if (kind < 11) _answer(w);
        else if (kind < 16) _acceptAnswer(_anyReply(w));
        else if (kind < 18) _markJunk(_anyReply(w));
        else if (kind < 20) _returnDeposit(_anyReply(w));
        else if (kind < 29) _fill(w);
        else _close(w, _buyerOr(w));
    }

    function _anyWish() private returns (uint256 w) {
        for (uint256 tries = 0; tries < 12; ++tries) {
            w = _wishes.length - 1 - _pick(_wishes.length < 10 ? _wishes.length : 10);
            if (_isOpen(w) && !_rarely(8)) break;
        }
    }

    function _buyerOr(uint256 w) private returns (address) {
        return _rarely(6) ? who[_pick(ACTORS)] : _wishes[w].buyer;
    }

    // ---------------------------------------------------------------- placing

    function _place() private {
        BuyOrder memory wanted = _planWish();
        uint256 token = _anyToken();
        wanted.token = address(tokens[token]);
        if (wanted.answerDeposit != 0) wanted.answerDeposit = uint128(_pick(_bond1(token) + (_rarely(4) ? 50 : 1)));
        address sender = _rarely(8) ? who[_pick(ACTORS)] : wanted.buyer;
        uint256 amount = _rarely(8) ? _pick(2_000_000) : _between(2_000_000, 9_000_000);
        bool allowed = _mayBePlaced(wanted, token) && sender == wanted.buyer && _operators[sender][who[ORDERS]]
            && _credits[token][sender] >= amount;
        uint256 w = _wishes.length;
        Wish storage wish = _wishes.push();
        wish.token = uint8(token);
        bytes memory data = abi.encodeCall(IBuyOrders.place, (wanted, uint128(amount)));
        (bool ok, bytes memory result) = _moveWish(Move.PlaceWish, w, sender, data, allowed);
        if (!ok) return _wishes.pop();
        (wish.id, wish.wanted, wish.buyer) = (abi.decode(result, (bytes32)), abi.encode(wanted), wanted.buyer);
        (wish.open, wish.left, wish.deadline, wish.deposit) = (true, amount, wanted.deadline, wanted.answerDeposit);
        _credits[token][sender] -= amount;
        _credits[token][who[ORDERS]] += amount;
        _checkWish(Move.PlaceWish, w, sender);
        // The same order again is none.
        if (_rarely(3)) _moveWish(Move.PlaceWish, w, sender, abi.encodeCall(IBuyOrders.place, (wanted, uint128(0))), false);
    }

    /// @dev For a rule or for answers only, most of it any.
    function _planWish() private returns (BuyOrder memory wanted) {
        wanted.buyer = who[_rarely(3) ? _pick(ACTORS) : _rarely(2) ? BUYER : BUYER_WALLET];
        wanted.schema = _rarely(20) ? keccak256("other@1") : SCHEMA;
        wanted.dataClass = uint8(_between(1, 3));
        wanted.privacy = _rarely(20) ? 2 : 1;
        if (_rarely(12)) wanted.flags = PROVEN_ONLY;
        if (_rarely(10)) wanted.legalHash = _termsOfUse(0);
        wanted.minLots = uint32(_rarely(8) ? 2 : 1);
        wanted.maxPrice = uint128((wanted.dataClass + 1) * 1_000_000 - (_rarely(4) ? _pick(1_000_000) : 0));
        if (_rarely(8)) wanted.maxDeliverTime = uint32(_between(1000, 2000));
        if (_rarely(8)) wanted.minComplaintWindow = uint32(_pick(500));
        if (!_rarely(5)) wanted.inspectTime = uint32(_between(50, 500));
        wanted.deadline = uint64(block.timestamp + (_rarely(5) ? 60 days : _between(2000, 12_000)));
        wanted.answerDeposit = uint128(_pick(4));
        (wanted.keyX, wanted.keyY, wanted.nonce) = (KEY_X, KEY_Y, _nextNonce++);
        if (_rarely(2)) wanted.agentsRoot = _listRoot();
        else (wanted.oem, wanted.origins) = (who[OEM], 2);
        _chooseTimes(wanted);
        _spoilWish(wanted);
    }

    function _chooseTimes(BuyOrder memory wanted) private {
        if (_rarely(8)) wanted.firstTime = uint64(_lately() * 1000);
        if (_rarely(8)) wanted.lastTime = uint64((block.timestamp + _pick(600)) * 1000);
        if (_rarely(8)) wanted.anchoredFrom = uint64(_lately());
        if (_rarely(8)) wanted.anchoredTo = uint64(block.timestamp + _pick(600));
    }

    function _lately() private returns (uint256) {
        uint256 ago = _pick(300);
        return block.timestamp > ago ? block.timestamp - ago : 0;
    }

    function _spoilWish(BuyOrder memory wanted) private {
        uint256 flaw = _pick(30);
        if (flaw == 0) wanted.deadline = uint64(block.timestamp - 1);
        if (flaw == 1) (wanted.keyX, wanted.keyY) = (0, 1);
        if (flaw == 2) wanted.inspectTime = 90 days + 1;
        if (flaw == 3) (wanted.agentsRoot, wanted.oem) = (0, address(0));
        if (flaw == 4) (wanted.agentsRoot, wanted.oem, wanted.origins) = (0, who[OEM], 3);
        if (flaw == 5) wanted.oem = who[STRANGER];
    }

    function _mayBePlaced(BuyOrder memory wanted, uint256 token) private view returns (bool) {
        if (wanted.deadline < block.timestamp || wanted.keyX != KEY_X || wanted.inspectTime > 90 days) return false;
        return (wanted.inspectTime == 0 || _namesSomebody(wanted)) && wanted.answerDeposit <= _bond1(token);
    }

    function _fund(uint256 w) private {
        (address sender, uint256 amount) = (_buyerOr(w), _between(0, 3_000_000));
        Wish storage wish = _wishes[w];
        bool allowed = _isOpen(w) && sender == wish.buyer && _operators[sender][who[ORDERS]] && _credits[wish.token][sender] >= amount;
        (bool ok,) = _moveWish(Move.FundWish, w, sender, abi.encodeCall(IBuyOrders.fund, (_wantedOf(w), uint128(amount))), allowed);
        if (!ok) return;
        wish.left += amount;
        _credits[wish.token][sender] -= amount;
        _credits[wish.token][who[ORDERS]] += amount;
        _checkWish(Move.FundWish, w, sender);
    }

    // ---------------------------------------------------------------- answers

    function _anyReply(uint256 w) private returns (uint256 r) {
        if (_replies.length == 0) _answer(w);
        if (_replies.length == 0) return 0;
        for (uint256 tries = 0; tries < 12; ++tries) {
            r = _replies.length - 1 - _pick(_replies.length < 8 ? _replies.length : 8);
            if (_replies[r].since != 0 && _isOpen(_replies[r].wish) && !_rarely(8)) break;
        }
    }

    /// @dev What fits the order in class and token, mostly by its seller; now and then what somebody has answered before.
    function _answer(uint256 w) private {
        Wish storage wish = _wishes[w];
        Reply memory reply;
        reply.wish = w;
        if (_replies.length != 0 && _rarely(6)) {
            Reply storage before = _replies[_replies.length - 1];
            (reply.agent, reply.orderHash, reply.plan) = (before.agent, before.orderHash, before.plan);
        } else {
            Plan memory plan = _planFor(w);
            reply.agent = _rarely(4) ? who[_pick(ACTORS)] : plan.bought.order.seller;
            (reply.orderHash, reply.plan) = (plan.orderHash, abi.encode(plan));
        }
        bool listed = _wantedOf(w).agentsRoot == 0 || _isNamed(reply.agent);
        bool canPay = wish.deposit == 0 || (_operators[reply.agent][who[ORDERS]] && _credits[wish.token][reply.agent] >= wish.deposit);
        bool allowed = _isOpen(w) && listed && canPay && !_hasReplied(w, reply.agent, reply.orderHash);
        bytes memory data = abi.encodeCall(IBuyOrders.answer, (_wantedOf(w), reply.orderHash, bytes32(w), _pathInList(reply.agent)));
        (bool ok,) = _moveWish(Move.AnswerWish, w, reply.agent, data, allowed);
        if (!ok) return;
        _credits[wish.token][reply.agent] -= wish.deposit;
        _credits[wish.token][who[ORDERS]] += wish.deposit;
        _checkWish(Move.AnswerWish, w, reply.agent);
        _checkReply(_keepReply(reply));
    }

    /// @dev A sell order of the wanted class and token, with or without other flaws.
    function _planFor(uint256 w) private returns (Plan memory plan) {
        Wish storage wish = _wishes[w];
        uint256 token = _rarely(12) ? _pick(3) : wish.token;
        plan = _plan(_anyAgreement(), token, _rarely(12) ? 0 : _wantedOf(w).dataClass);
        (plan.buyer, plan.sender, plan.wish) = (wish.buyer, who[ORDERS], w + 1);
        _complete(plan);
    }

    function _endReply(uint256 r, address to, uint256 amount) private {
        Reply storage reply = _replies[r];
        uint256 token = _wishes[reply.wish].token;
        reply.since = 0;
        _credits[token][who[ORDERS]] -= amount;
        _credits[token][to] += amount;
        _checkReply(r);
    }

    /// @dev The sell order as it was answered, signed and paid as things are now.
    function _acceptAnswer(uint256 r) private {
        if (r >= _replies.length) return;
        Reply storage reply = _replies[r];
        uint256 w = reply.wish;
        Plan memory plan = abi.decode(reply.plan, (Plan));
        (plan.buyer, plan.wish) = (_wishes[w].buyer, w + 1);
        plan.bought.extras = new IEscrowTypes.Extras[](0);
        _complete(plan);
        plan.bought.nonce = uint48(_nextNonce++);
        address sender = _buyerOr(w);
        bool allowed = _isOpen(w) && sender == _wishes[w].buyer && reply.since != 0 && plan.orderHash == reply.orderHash && _canPay(w, plan);
        bytes memory data = abi.encodeCall(IBuyOrders.accept, (_wantedOf(w), reply.agent, plan.bought));
        (bool ok, bytes memory result) = _moveWish(Move.AcceptAnswer, w, sender, data, allowed);
        if (!ok) return;
        _openFor(w, plan, abi.decode(result, (bytes32)));
        _endReply(r, reply.agent, _wishes[w].deposit);
        _checkWish(Move.AcceptAnswer, w, sender);
    }

    function _markJunk(uint256 r) private {
        if (r >= _replies.length) return;
        Reply storage reply = _replies[r];
        (uint256 w, address sender) = (reply.wish, _buyerOr(reply.wish));
        Wish storage wish = _wishes[w];
        uint256 end = reply.since + JUNK_TIME;
        if (_rarely(8) && _isOpen(w) && wish.deadline > end && end > block.timestamp) vm.warp(end + _pick(2));
        bool right = _isOpen(w) && sender == wish.buyer && reply.since != 0 && wish.deposit != 0 && wish.left >= wish.deposit;
        bool inTime = block.timestamp <= end;
        _see(Sight.JunkTooLate, right && !inTime);
        bytes memory data = abi.encodeCall(IBuyOrders.markJunk, (_wantedOf(w), reply.agent, reply.orderHash));
        (bool ok,) = _moveWish(Move.MarkJunk, w, sender, data, right && inTime);
        if (!ok) return;
        // The deposit is lost, and as much of the order's money.
        wish.left -= wish.deposit;
        _endReply(r, who[JUNKYARD], 2 * wish.deposit);
        _checkWish(Move.MarkJunk, w, sender);
    }

    function _returnDeposit(uint256 r) private {
        if (r < _replies.length) _returnBy(r, who[_pick(ACTORS)]);
    }

    function _returnBy(uint256 r, address sender) internal {
        Reply storage reply = _replies[r];
        uint256 w = reply.wish;
        bool allowed = reply.since != 0 && (!_isOpen(w) || block.timestamp > reply.since + JUNK_TIME);
        bytes memory data = abi.encodeCall(IBuyOrders.returnDeposit, (_wantedOf(w), reply.agent, reply.orderHash));
        (bool ok,) = _moveWish(Move.ReturnDeposit, w, sender, data, allowed);
        if (!ok) return;
        _endReply(r, reply.agent, _wishes[w].deposit);
        _checkWish(Move.ReturnDeposit, w, sender);
    }

    // ---------------------------------------------------------------- rules

    /// @dev By anybody, with the lots that are sold or now and then with others.
    function _fill(uint256 w) private {
        Plan memory plan = _planFor(w);
        BuyOrder memory wanted = _wantedOf(w);
        plan.inspectTime = wanted.inspectTime;
        uint256[] memory lots = _soldLots(plan);
        bool same = !_rarely(10);
        if (!same) lots[0] = (lots[0] + 1) % _batches.length;
        bool allowed = _isOpen(w) && wanted.inspectTime != 0 && (same || _batches.length == 1) && _fitsRule(wanted, plan, lots.length)
            && _areWanted(w, wanted, plan, lots) && _canPay(w, plan);
        address sender = who[_pick(ACTORS)];
        bytes memory data =
            abi.encodeCall(IBuyOrders.fill, (wanted, plan.bought, _offered(lots), _pathInList(plan.bought.order.seller)));
        (bool ok, bytes memory result) = _moveWish(Move.FillWish, w, sender, data, allowed);
        if (!ok) return;
        for (uint256 k = 0; k < lots.length; ++k) {
            _wasTaken[w][lots[k]] = true;
        }
        _openFor(w, plan, abi.decode(result, (bytes32)));
        _checkWish(Move.FillWish, w, sender);
    }

    /// @dev Page by page, those of DISPUTED data once.
    function _soldLots(Plan memory plan) private pure returns (uint256[] memory lots) {
        uint256 pages = plan.bought.order.dataClass == DISPUTED ? 1 : plan.lots.length;
        uint256 count;
        for (uint256 p = 0; p < pages; ++p) {
            count += plan.lots[p].length;
        }
        lots = new uint256[](count);
        for (uint256 p = pages; p > 0; --p) {
            for (uint256 k = plan.lots[p - 1].length; k > 0; --k) {
                lots[--count] = plan.lots[p - 1][k - 1];
            }
        }
    }

    function _offered(uint256[] memory lots) private view returns (OfferedLot[] memory offered) {
        offered = new OfferedLot[](lots.length);
        for (uint256 k = 0; k < lots.length; ++k) {
            Batch storage batch = _batches[lots[k]];
            offered[k] = OfferedLot(batch.header, _pathOf(batch), _rest(lots[k]), _pathInList(batch.header.tsp));
        }
    }

    // ---------------------------------------------------------------- ends

    function _close(uint256 w, address sender) internal {
        Wish storage wish = _wishes[w];
        bool late = block.timestamp > wish.deadline;
        bool allowed = wish.open && (late || sender == wish.buyer);
        (bool ok,) = _moveWish(Move.CloseWish, w, sender, abi.encodeCall(IBuyOrders.close, (_wantedOf(w))), allowed);
        if (!ok) return;
        _see(Sight.ClosedByOther, sender != wish.buyer);
        _credits[wish.token][who[ORDERS]] -= wish.left;
        _credits[wish.token][wish.buyer] += wish.left;
        (wish.open, wish.left) = (false, 0);
        _checkWish(Move.CloseWish, w, sender);
    }

    /// @dev Long after every deadline a stranger ends what is left of orders and answers, and nothing stays behind.
    function _endWishes() internal {
        for (uint256 w = 0; w < _wishes.length; ++w) {
            if (_wishes[w].open) _close(w, who[STRANGER]);
            // What is closed stays so.
            _close(w, who[STRANGER]);
        }
        for (uint256 r = 0; r < _replies.length; ++r) {
            if (_replies[r].since != 0) _returnBy(r, who[STRANGER]);
        }
        for (uint256 token = 0; token < 3; ++token) {
            uint256 credit = _credits[token][who[ORDERS]];
            if (credit != 0) revert Walk_LeftBehind(token, credit);
        }
    }
}
