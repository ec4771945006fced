// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IBuyOrders } from "../../../contracts/market/IBuyOrders.sol";
import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { BuyOrder } from "../../../contracts/market/libraries/BuyRules.sol";
import { SellOrder } from "../../../contracts/market/libraries/Deals.sol";
import { Late } from "./Late.sol";
import { Move } from "./Stage.sol";

/// @title Wishes
/// @notice Buy orders as docs/smart-orders.md has them, kept beside the real ones: what is left of each, who has answered, which
/// lots its rule has taken, and what fits it.
abstract contract Wishes is Late {
    uint256 internal constant JUNK_TIME = 7 days;

    struct Wish {
        bytes32 id;
        bytes wanted; // abi.encode(BuyOrder)
        address buyer;
        uint8 token;
        bool open;
        uint256 left;
        uint256 deadline;
        uint256 deposit; // of an answer
    }

    struct Reply {
        uint256 wish;
        address agent;
        bytes32 orderHash;
        bytes plan; // abi.encode(Plan), of the sell order that it is
        uint256 since; // 0 once it has ended
    }

    Wish[] internal _wishes;
    Reply[] internal _replies;
    mapping(uint256 wish => uint256[]) internal _repliesTo;
    mapping(uint256 wish => mapping(uint256 batch => bool)) internal _wasTaken;

    // ---------------------------------------------------------------- states

    function _isOpen(uint256 w) internal view returns (bool) {
        return _wishes[w].open && block.timestamp <= _wishes[w].deadline;
    }

    function _wantedOf(uint256 w) internal view returns (BuyOrder memory) {
        return abi.decode(_wishes[w].wanted, (BuyOrder));
    }

    /// @dev Where the answer of an agent with this hash is kept, whether it has ended or not.
    function _replyOf(uint256 w, address agent, bytes32 orderHash) private view returns (bool found, uint256 r) {
        for (uint256 k = 0; k < _repliesTo[w].length; ++k) {
            r = _repliesTo[w][k];
            if (_replies[r].agent == agent && _replies[r].orderHash == orderHash) return (true, r);
        }
    }

    function _hasReplied(uint256 w, address agent, bytes32 orderHash) internal view returns (bool) {
        (bool found, uint256 r) = _replyOf(w, agent, orderHash);
        return found && _replies[r].since != 0;
    }

    function _keepReply(Reply memory reply) internal returns (uint256 r) {
        bool found;
        (found, r) = _replyOf(reply.wish, reply.agent, reply.orderHash);
        reply.since = block.timestamp;
        if (found) {
            _replies[r] = reply;
            return r;
        }
        r = _replies.length;
        _repliesTo[reply.wish].push(r);
        _replies.push(reply);
    }

    function _moveWish(Move move, uint256 w, address sender, bytes memory data, bool allowed) internal returns (bool ok, bytes memory result) {
        (ok, result) = _moveDead(address(orders), move, _wishes[w].token, sender, data, allowed);
        // Its credit is that of all orders, which their buyers, agents and rules move.
        if (ok) _mayFall[_step][who[ORDERS]] = true;
    }

    function _checkWish(Move move, uint256 w, address sender) internal view {
        Wish storage wish = _wishes[w];
        IBuyOrders.BuyState memory real = orders.stateOf(wish.id);
        IBuyOrders.Status status = wish.open ? IBuyOrders.Status.Open : IBuyOrders.Status.Closed;
        if (real.status != status || real.left != wish.left) revert Walk_WrongWish(w, real.left, wish.left);
        _checkMoney(move, wish.token, sender);
    }

    /// @dev After each step about an answer.
    function _checkReply(uint256 r) internal view {
        Reply storage reply = _replies[r];
        uint256 real = orders.answeredAt(_wishes[reply.wish].id, reply.agent, reply.orderHash);
        if (real != reply.since) revert Walk_WrongReply(r, real, reply.since);
    }

    // ---------------------------------------------------------------- lists

    /// @dev The list of sellers has two: the first agent and the wallet.
    function _isNamed(address account) internal view returns (bool) {
        return account == who[TSP] || account == who[SELLER_WALLET];
    }

    function _nameOf(address account) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(account))));
    }

    function _listRoot() internal view returns (bytes32) {
        (bytes32 a, bytes32 b) = (_nameOf(who[TSP]), _nameOf(who[SELLER_WALLET]));
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }

    /// @dev Who is not in the list brings another's path.
    function _pathInList(address account) internal view returns (bytes32[] memory path) {
        path = new bytes32[](1);
        path[0] = _nameOf(who[account == who[TSP] ? SELLER_WALLET : TSP]);
    }

    // ---------------------------------------------------------------- what fits

    /// @dev The terms that a rule asks of a sell order.
    function _fitsRule(BuyOrder memory wanted, Plan memory plan, uint256 lots) internal view returns (bool) {
        SellOrder memory order = plan.bought.order;
        if (order.dataClass != wanted.dataClass || order.privacy != wanted.privacy) return false;
        if (order.flags & wanted.flags != wanted.flags) return false;
        if (wanted.legalHash != 0 && order.legalHash != wanted.legalHash) return false;
        if (wanted.oem != address(0) && wanted.oem != who[OEM]) return false;
        if (wanted.maxDeliverTime != 0 && order.deliverTime > wanted.maxDeliverTime) return false;
        if (order.complaintWindow < wanted.minComplaintWindow || lots < wanted.minLots) return false;
        if (wanted.agentsRoot != 0 && !_isNamed(order.seller)) return false;
        uint256 most = wanted.maxPrice * lots;
        for (uint256 p = 0; p < order.pages.length; ++p) {
            most += order.pages[p].challengeDeposit;
        }
        return plan.bought.maxTotal <= most;
    }

    /// @dev And of each lot, none of them brought twice.
    function _areWanted(uint256 w, BuyOrder memory wanted, Plan memory plan, uint256[] memory lots) internal view returns (bool) {
        for (uint256 k = 0; k < lots.length; ++k) {
            if (_wasTaken[w][lots[k]] || !_isWanted(wanted, plan, _batches[lots[k]])) return false;
            for (uint256 other = 0; other < k; ++other) {
                if (lots[other] == lots[k]) return false;
            }
        }
        return true;
    }

    function _isWanted(BuyOrder memory wanted, Plan memory plan, Batch storage batch) private view returns (bool) {
        if (wanted.schema != SCHEMA || batch.g != plan.g || batch.dataClass != wanted.dataClass) return false;
        if (wanted.agentsRoot != 0 && !_isNamed(batch.header.tsp)) return false;
        // Bit 0 for what a TSP alone vouches for, bit 1 for what a device has signed.
        uint8 origin = batch.story == Story.ByTheTspAlone ? 1 : 2;
        if (wanted.origins != 0 && wanted.origins & origin == 0) return false;
        if (batch.lastTime - DRIVE < wanted.firstTime || (wanted.lastTime != 0 && batch.lastTime > wanted.lastTime)) return false;
        if (batch.anchoredAt < wanted.anchoredFrom || (wanted.anchoredTo != 0 && batch.anchoredAt > wanted.anchoredTo)) return false;
        return !batch.bad && !batch.shown;
    }

    /// @dev What both ways of buying ask: its token and key, and enough left.
    function _canPay(uint256 w, Plan memory plan) internal view returns (bool) {
        Wish storage wish = _wishes[w];
        return plan.token == wish.token && plan.bought.maxTotal <= wish.left && _operators[wish.buyer][who[ORDERS]] && _mayBeBought(plan);
    }

    /// @dev Opens the deal that was bought out of a buy order.
    function _openFor(uint256 w, Plan memory plan, bytes32 id) internal {
        _wishes[w].left -= plan.total;
        _credits[plan.token][who[ORDERS]] -= plan.total;
        _open(plan, id);
    }

    /// @dev Rightly, or with one thing in the way.
    function _namesSomebody(BuyOrder memory wanted) internal pure returns (bool) {
        return wanted.agentsRoot != 0 || (wanted.oem != address(0) && wanted.origins != 0 && wanted.origins & 1 == 0);
    }

    function _bond1(uint256 token) internal view returns (uint256) {
        IEscrowTypes.TokenTerms storage terms = _tokenTerms[token];
        return terms.bond1;
    }
}
