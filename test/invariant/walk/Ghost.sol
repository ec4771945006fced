// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { Batches } from "./Batches.sol";

/// @title Ghost
/// @notice The exchange as docs/protocol.md has it, kept beside the real one: what each page is in, who has what credit, which
/// moves are allowed, and what money they move. Written from the document's table, with nothing of the contracts' code.
abstract contract Ghost is Batches {
    uint8 internal constant ALL_OR_NOTHING = 1;
    uint8 internal constant RESALE = 2;
    uint8 internal constant EXCLUSIVE = 4;
    uint8 internal constant PROVEN_ONLY = 8;
    uint8 internal constant NO_COPY_KEPT = 16;
    uint8 internal constant DISPUTED = 3;

    struct GhostDeal {
        bytes32 id;
        bytes terms; // abi.encode(Terms)
        uint8 g; // whose agreement
        uint8 token;
        uint8 dataClass;
        uint8 flags;
        uint32 version;
        uint16 feeBps;
        address feeTaker;
        address buyer;
        address seller;
        bool hooked;
        bool accepted;
        uint16 royaltyBps; // that resales owe the agreement's parties
        uint16 partiesBps; // what they have of this price
        uint32 right; // 1 + position of the deal that the seller's right comes from, 0 for the agent's own sale
        uint32 rightPage;
        uint32 wish; // 1 + position of the buy order that it was bought for
        uint256 inspectBy;
        uint256 deliverBy;
        uint256 answerTime;
        uint256 complaintWindow;
    }

    struct GhostPage {
        uint256[] lots; // positions in the batches
        uint256 price; // paid, the hook's reduction taken off
        uint256 deposit;
        uint256 bond;
        IEscrowTypes.State state;
        uint256 endsAt;
        bool depositGone;
        bool delivered; // of an all-or-nothing deal
        bool passedOn; // the buyer has sold it on without keeping a copy
        bool right; // the keys delivered are the committed ones
        uint256 salt; // of the delivery
    }

    GhostDeal[] internal _deals;
    mapping(uint256 deal => GhostPage[]) internal _pages;

    // ---------------------------------------------------------------- money

    mapping(uint256 token => mapping(address account => uint256)) internal _credits;
    /// @dev Prices, deposits and bonds of live deals.
    uint256[3] internal _held;
    /// @dev Paid in and not yet withdrawn.
    uint256[3] internal _inside;
    /// @dev Whose credit may fall in this step beside the sender's own.
    mapping(uint256 step => mapping(address account => bool)) internal _mayFall;
    uint256 internal _step;

    function _lock(uint256 token, address account, uint256 amount) internal {
        _credits[token][account] -= amount;
        _held[token] += amount;
        _mayFall[_step][account] = true;
    }

    function _free(uint256 token, address account, uint256 amount) internal {
        _held[token] -= amount;
        _credits[token][account] += amount;
    }

    // ---------------------------------------------------------------- states

    function _isWhole(uint256 i) internal view returns (bool) {
        return _deals[i].flags & ALL_OR_NOTHING != 0;
    }

    /// @dev The page that keeps the state: pages of an all-or-nothing deal have one.
    function _statePage(uint256 i, uint256 p) internal view returns (GhostPage storage) {
        return _pages[i][_isWhole(i) ? 0 : p];
    }

    function _is(uint256 i, uint256 p, IEscrowTypes.State state) internal view returns (bool) {
        return _statePage(i, p).state == state;
    }

    function _isReserved(uint256 i) internal view returns (bool) {
        return block.timestamp <= _deals[i].inspectBy && !_deals[i].accepted;
    }

    /// @dev Funded and not reserved.
    function _isFunded(uint256 i, uint256 p) internal view returns (bool) {
        return _is(i, p, IEscrowTypes.State.Funded) && !_isReserved(i);
    }

    function _isDelivered(uint256 i, uint256 p) internal view returns (bool) {
        return _is(i, p, IEscrowTypes.State.DeliveredUnproven) || _is(i, p, IEscrowTypes.State.DeliveredProven);
    }

    function _isLive(uint256 i, uint256 p) internal view returns (bool) {
        return _isFunded(i, p) || _isDelivered(i, p) || _is(i, p, IEscrowTypes.State.Challenged);
    }

    function _hasEnded(uint256 i, uint256 p) internal view returns (bool) {
        return _statePage(i, p).state >= IEscrowTypes.State.Settled;
    }

    function _isDisputed(uint256 i) internal view returns (bool) {
        return _deals[i].dataClass == DISPUTED;
    }

    function _allDelivered(uint256 i) internal view returns (bool) {
        for (uint256 p = 0; p < _pages[i].length; ++p) {
            if (!_pages[i][p].delivered) return false;
        }
        return true;
    }

    // ---------------------------------------------------------------- headers

    /// @dev The version, from 1, that was in force: of those that begin in one second the last.
    function _versionAt(uint256 g, uint256 time) internal view returns (uint256 version) {
        while (version < _versionStarts[g].length && _versionStarts[g][version] <= time) ++version;
    }

    /// @dev Under the deal's own version by its seller, the agent: such a header needs no other version beside it.
    function _isOfSeller(uint256 i, Batch storage batch) internal view returns (bool) {
        return _deals[i].right == 0 && batch.header.tsp == _deals[i].seller && batch.anchoredAt >= _versionStarts[_deals[i].g][_deals[i].version - 1];
    }

    /// @dev Sealed by who was the agent when it was anchored; DISPUTED data by the seller itself.
    function _isOfAgent(uint256 i, Batch storage batch) private view returns (bool) {
        uint256 g = _deals[i].g;
        if (_isDisputed(i) && batch.header.tsp != _deals[i].seller) return false;
        return _isOfSeller(i, batch) || _versions[g][_versionAt(g, batch.anchoredAt) - 1].agent == batch.header.tsp;
    }

    function _pageHasBad(uint256 i, uint256 p) internal view returns (bool) {
        uint256[] storage lots = _pages[i][p].lots;
        for (uint256 k = 0; k < lots.length; ++k) {
            if (_batches[lots[k]].bad) return true;
        }
        return false;
    }

    /// @dev Of the page, or of the whole deal where it ends together.
    function _hasBad(uint256 i, uint256 p) internal view returns (bool) {
        if (!_isWhole(i)) return _pageHasBad(i, p);
        for (uint256 q = 0; q < _pages[i].length; ++q) {
            if (_pageHasBad(i, q)) return true;
        }
        return false;
    }

    /// @dev Before its vehicle was sold, or in the second of the sale, or admitted since.
    function _isInEpoch(Batch storage batch) internal view returns (bool) {
        return _epochEnd[batch.g] == 0 || batch.anchoredAt <= _epochEnd[batch.g] || batch.admitted;
    }

    /// @dev None of the headers was shown bad or contradicted, each is an agent's and of the epoch, and nobody else has one for
    /// himself, but who sells on what he has. Who has passed it on has nothing to sell any more.
    function _canBeOpened(uint256 i, uint256 p) internal view returns (bool) {
        if (_isPassedOn(i)) return false;
        uint256[] storage lots = _pages[i][p].lots;
        for (uint256 k = 0; k < lots.length; ++k) {
            Batch storage batch = _batches[lots[k]];
            if (batch.bad || batch.shown || !_isInEpoch(batch) || !_isOfAgent(i, batch)) return false;
            if (batch.holder == 0) continue;
            (uint256 j, uint256 q) = (batch.holder - 1, batch.holderPage);
            bool mine = (j == i && (q == p || _isWhole(i))) || _comesFrom(i, j, q);
            if (!mine && !_is(j, q, IEscrowTypes.State.Refunded)) return false;
        }
        return true;
    }

    function _canAllBeOpened(uint256 i, uint256 p) internal view returns (bool) {
        if (!_isWhole(i)) return _canBeOpened(i, p);
        for (uint256 q = 0; q < _pages[i].length; ++q) {
            if (!_canBeOpened(i, q)) return false;
        }
        return true;
    }

    /// @dev Whether a deal's right to sell is that of a page.
    function _comesFrom(uint256 i, uint256 j, uint256 q) internal view returns (bool) {
        return _deals[i].right == j + 1 && (_deals[i].rightPage == q || _isWhole(j));
    }

    function _isPassedOn(uint256 i) internal view returns (bool) {
        GhostDeal storage deal = _deals[i];
        return deal.right != 0 && _statePage(deal.right - 1, deal.rightPage).passedOn;
    }

    /// @dev The first delivery or receipt of a deal that is exclusive, or without a copy kept, reserves the headers; of a resale
    /// those that its seller had for himself, and it ends his right.
    function _reserveHeaders(uint256 i, uint256 p) internal virtual {
        GhostDeal storage deal = _deals[i];
        if (deal.flags & (EXCLUSIVE | NO_COPY_KEPT) == 0) return;
        uint256[] storage lots = _pages[i][p].lots;
        for (uint256 k = 0; k < lots.length; ++k) {
            Batch storage batch = _batches[lots[k]];
            bool wasHis = deal.right == 0 || (batch.holder != 0 && _comesFrom(i, batch.holder - 1, batch.holderPage));
            if (wasHis) (batch.holder, batch.holderPage) = (uint32(i + 1), uint32(p));
        }
        if (deal.right != 0) _statePage(deal.right - 1, deal.rightPage).passedOn = true;
    }

    // ---------------------------------------------------------------- moves between states

    function _deliver(uint256 i, uint256 p, IEscrowTypes.State state) internal {
        GhostPage storage page = _statePage(i, p);
        (page.state, page.endsAt) = (state, block.timestamp + _deals[i].complaintWindow);
    }

    function _lockBond(uint256 i, uint256 p) internal {
        _lock(_deals[i].token, _deals[i].seller, _pages[i][p].bond);
    }

    /// @dev The first page of DISPUTED data locks the bonds of owner, OEM and sealer.
    function _canLockThree(uint256 i) internal view returns (bool) {
        GhostDeal storage deal = _deals[i];
        mapping(address account => uint256) storage credit = _credits[deal.token];
        uint256 ofOwner = _pages[i][0].bond;
        return credit[who[_ownerOf(deal.g)]] >= ofOwner && credit[who[OEM]] >= _pages[i][1].bond && credit[deal.seller] >= ofOwner;
    }

    function _lockThree(uint256 i) internal {
        GhostDeal storage deal = _deals[i];
        _lock(deal.token, who[_ownerOf(deal.g)], _pages[i][0].bond);
        _lock(deal.token, who[OEM], _pages[i][1].bond);
        _lock(deal.token, deal.seller, _pages[i][0].bond);
    }

    // ---------------------------------------------------------------- ends

    /// @dev What is done with the bonds.
    enum Bonds {
        Freed,
        Slashed,
        Late // of DISPUTED data with a page missing: to who has delivered

    }

    /// @dev Price and deposit to the buyer, the bond too where it is slashed.
    function _refundGhost(uint256 i, uint256 p, Bonds bonds) internal {
        GhostDeal storage deal = _deals[i];
        (uint256 price, uint256 deposit) = _paidFor(i, p);
        _free(deal.token, deal.buyer, price + deposit);
        _endBonds(i, p, bonds);
        _statePage(i, p).state = IEscrowTypes.State.Refunded;
    }

    /// @dev The price by the split, the deposit back, the bond back.
    function _settleGhost(uint256 i, uint256 p) internal {
        (uint256 price, uint256 deposit) = _paidFor(i, p);
        _free(_deals[i].token, _deals[i].buyer, deposit);
        _endBonds(i, p, Bonds.Freed);
        _split(i, price);
        _statePage(i, p).state = IEscrowTypes.State.Settled;
    }

    function _paidFor(uint256 i, uint256 p) internal view returns (uint256 price, uint256 deposit) {
        if (!_isWhole(i)) return (_pages[i][p].price, _pages[i][p].depositGone ? 0 : _pages[i][p].deposit);
        for (uint256 q = 0; q < _pages[i].length; ++q) {
            price += _pages[i][q].price;
        }
    }

    /// @dev Fee, OEM, agent and storage rounded down, the owner has the rest; of a resale they share the royalty so, and the rest
    /// is the seller's.
    function _split(uint256 i, uint256 price) private {
        GhostDeal storage deal = _deals[i];
        uint256 fee = price * deal.feeBps / 10_000;
        uint256 net = (price - fee) * deal.partiesBps / 10_000;
        uint256 ownerBps = _ownerBps[deal.g][deal.version - 1] - uint256(deal.dataClass - 1) * 200;
        uint256 oem = net * 1500 / 10_000;
        uint256 agent = net * 2000 / 10_000;
        uint256 pinner = net * (6500 - ownerBps) / 10_000;
        _free(deal.token, deal.feeTaker, fee);
        _free(deal.token, deal.seller, price - fee - net);
        _free(deal.token, who[OEM], oem);
        _free(deal.token, _versions[deal.g][deal.version - 1].agent, agent);
        _free(deal.token, who[STORAGE], pinner);
        _free(deal.token, who[_ownerOf(deal.g)], net - oem - agent - pinner);
    }

    function _endBonds(uint256 i, uint256 p, Bonds bonds) private {
        GhostDeal storage deal = _deals[i];
        if (_isDisputed(i)) {
            _endThree(i, bonds);
            return;
        }
        uint256 locked;
        if (!_isWhole(i)) {
            if (!_is(i, p, IEscrowTypes.State.Funded)) locked = _pages[i][p].bond;
        } else {
            for (uint256 q = 0; q < _pages[i].length; ++q) {
                if (_pages[i][q].delivered) locked += _pages[i][q].bond;
            }
        }
        _free(deal.token, bonds == Bonds.Slashed ? deal.buyer : deal.seller, locked);
    }

    function _endThree(uint256 i, Bonds bonds) private {
        GhostDeal storage deal = _deals[i];
        (bool byOwner, bool byOem) = (_pages[i][0].delivered, _pages[i][1].delivered);
        if (!byOwner && !byOem) return;
        (address owner, address oem) = (who[_ownerOf(deal.g)], who[OEM]);
        if (bonds == Bonds.Late && byOwner != byOem) (owner, oem) = byOwner ? (owner, owner) : (oem, oem);
        _free(deal.token, owner, _pages[i][0].bond);
        _free(deal.token, oem, _pages[i][1].bond);
        _free(deal.token, bonds == Bonds.Slashed ? deal.buyer : deal.seller, _pages[i][0].bond);
    }
}
