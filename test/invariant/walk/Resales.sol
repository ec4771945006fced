// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { Page, SellOrder } from "../../../contracts/market/libraries/Deals.sol";
import { Purchases } from "./Purchases.sol";
import { Move, Sight } from "./Stage.sol";

/// @title Resales
/// @notice Who has bought with the right to sell on does so, or tries to without it, as docs/ownership-trade.md has it.
abstract contract Resales is Purchases {
    function _resell() internal {
        (uint256 i, uint256 p) = _boughtBefore();
        _buyPlanned(_planResale(i, p), Move.Resell);
    }

    /// @dev Mostly a page that may be sold on; now and then one that has been of late.
    function _boughtBefore() private returns (uint256 i, uint256 p) {
        for (uint256 tries = 0; tries < 12 && _rarely(2); ++tries) {
            GhostDeal storage late = _deals[_deals.length - 1 - _pick(_deals.length < 12 ? _deals.length : 12)];
            if (late.right != 0) return (late.right - 1, late.rightPage);
        }
        for (uint256 tries = 0; tries < 12; ++tries) {
            i = _deals.length - 1 - _pick(_deals.length < 40 ? _deals.length : 40);
            p = _pick(_pages[i].length);
            if (_is(i, p, IEscrowTypes.State.Settled) && _deals[i].flags & RESALE != 0 && !_rarely(6)) break;
        }
    }

    /// @dev In one page, by the buyer or now and then by somebody else, now and then over other lots.
    function _planResale(uint256 i, uint256 p) private returns (Plan memory plan) {
        GhostDeal storage former = _deals[i];
        (plan.right, plan.rightPage, plan.g) = (i + 1, p, former.g);
        plan.token = _anyToken();
        plan.seller = _rarely(12) ? _pick(ACTORS) : _positionOf(former.buyer);
        SellOrder memory order = plan.bought.order;
        order.dataClass = _rarely(15) ? former.dataClass % 2 + 1 : former.dataClass;
        _chooseFlags(order, former);
        _fillTerms(plan, order);
        plan.lots = new uint256[][](1);
        plan.lots[0] = _rarely(12) ? _pages[i][0].lots : _pages[i][p].lots;
        order.pages = new Page[](1);
        order.pages[0] = _page(plan, order, 0, false);
        _spoilOrder(plan, order);
    }

    function _chooseFlags(SellOrder memory order, GhostDeal storage former) private {
        if (_rarely(3)) order.flags |= PROVEN_ONLY;
        if (_rarely(2)) order.flags |= NO_COPY_KEPT;
        if (_rarely(former.flags & EXCLUSIVE == 0 ? 12 : 3)) order.flags |= EXCLUSIVE;
        order.repeatable = order.flags & (NO_COPY_KEPT | EXCLUSIVE) == 0 && _rarely(2);
        if (_rarely(3)) return;
        order.flags |= RESALE;
        uint256 royalty = uint256(former.royaltyBps) + _pick(500);
        order.royaltyBps = uint16(_rarely(6) ? _pick(3001) : royalty > 10_000 ? 10_000 : royalty);
    }

    // ---------------------------------------------------------------- who may

    /// @dev The buyer of a settled page that may be sold on, over the same lots, as long as he has not passed it on; exclusively
    /// only what was bought so, and with no smaller royalty. DISPUTED data is not sold on.
    function _mayBeSold(Plan memory plan) internal view override returns (bool) {
        if (plan.right == 0) return super._mayBeSold(plan);
        (uint256 i, uint256 p) = (plan.right - 1, plan.rightPage);
        GhostDeal storage former = _deals[i];
        SellOrder memory order = plan.bought.order;
        if (!_is(i, p, IEscrowTypes.State.Settled) || former.buyer != order.seller || former.flags & RESALE == 0) return false;
        if (_statePage(i, p).passedOn || order.dataClass != former.dataClass || !_areLots(plan.lots[0], _pages[i][p].lots)) return false;
        if (order.flags & EXCLUSIVE != 0 && former.flags & EXCLUSIVE == 0) return false;
        return order.flags & RESALE == 0 || order.royaltyBps >= former.royaltyBps;
    }

    function _areLots(uint256[] memory given, uint256[] memory sold) private pure returns (bool) {
        return keccak256(abi.encode(given)) == keccak256(abi.encode(sold));
    }

    // ---------------------------------------------------------------- headers

    /// @dev Notes where a header goes from who had it for himself to who has bought it from him.
    function _reserveHeaders(uint256 i, uint256 p) internal override {
        Batch storage first = _batches[_pages[i][p].lots[0]];
        uint256 holder = first.holder;
        super._reserveHeaders(i, p);
        _see(Sight.PassedOn, holder != 0 && first.holder != holder && _deals[i].right == holder);
    }
}
