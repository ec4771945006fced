// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { Complaint } from "../../../contracts/market/libraries/Complaints.sol";
import { Terms } from "../../../contracts/market/libraries/Deals.sol";
import { KeyDelivery } from "../../../contracts/market/libraries/Proofs.sol";
import { Header } from "../../../contracts/rights/libraries/Headers.sol";
import { VersionTerms } from "../../../contracts/shares/libraries/Agreements.sol";
import { BuyOrderMoves } from "./BuyOrderMoves.sol";
import { Toy } from "./Doubles.sol";

/// @title Bring
/// @notice What a move brings along: terms, headers, wrapped keys, proofs; rightly, unless a flaw is asked for.
abstract contract Bring is BuyOrderMoves {
    function _terms(uint256 i) internal view returns (Terms memory) {
        return abi.decode(_deals[i].terms, (Terms));
    }

    /// @dev One word of the terms changed for the caller's good.
    function _tamper(Terms memory terms, address caller, uint256 which) internal pure {
        if (which == 0) terms.sale.party = bytes32(abi.encodePacked(caller, uint96(uint256(terms.sale.party))));
        if (which == 1) terms.order.seller = caller;
        if (which == 2) terms.order.pages[0].price += 1;
        if (which == 3) terms.order.pages[0].bond += 1;
        if (which == 4) terms.sale.party = bytes32(uint256(terms.sale.party) - 1);
        if (which == 5) terms.order.flags ^= ALL_OR_NOTHING;
    }

    function _pinned(uint256 i) internal view returns (VersionTerms memory) {
        return _versions[_deals[i].g][_deals[i].version - 1];
    }

    // ---------------------------------------------------------------- headers

    function _lotCount(uint256 i, uint256 p, bool whole) private view returns (uint256 count) {
        for (uint256 q = 0; q < _pages[i].length; ++q) {
            if (whole || q == p) count += _pages[i][q].lots.length;
        }
    }

    /// @dev Header hashes of a page, or of all pages one after the other.
    function _hashes(uint256 i, uint256 p, bool whole) internal view returns (bytes32[] memory list) {
        list = new bytes32[](_lotCount(i, p, whole));
        uint256 count;
        for (uint256 q = 0; q < _pages[i].length; ++q) {
            if (!whole && q != p) continue;
            for (uint256 k = 0; k < _pages[i][q].lots.length; ++k) {
                list[count++] = _batches[_pages[i][q].lots[k]].hash;
            }
        }
    }

    function _headers(uint256 i, uint256 p) internal view returns (Header[] memory list) {
        uint256[] storage lots = _pages[i][p].lots;
        list = new Header[](lots.length);
        for (uint256 k = 0; k < lots.length; ++k) {
            list[k] = _batches[lots[k]].header;
        }
    }

    function _opening(uint256 i, uint256 p, bool whole) internal view returns (IEscrowTypes.Opening memory opening) {
        opening.lots = new IEscrowTypes.Lot[](_lotCount(i, p, whole));
        opening.formers = _formers(_deals[i].g);
        uint256 count;
        for (uint256 q = 0; q < _pages[i].length; ++q) {
            if (!whole && q != p) continue;
            for (uint256 k = 0; k < _pages[i][q].lots.length; ++k) {
                opening.lots[count++] = _lot(i, _batches[_pages[i][q].lots[k]]);
            }
        }
    }

    /// @dev All versions of an agreement, of which a lot names its own.
    function _formers(uint256 g) private view returns (IEscrowTypes.FormerVersion[] memory list) {
        list = new IEscrowTypes.FormerVersion[](_versions[g].length);
        for (uint256 v = 0; v < list.length; ++v) {
            list[v] = IEscrowTypes.FormerVersion(uint32(v + 1), _versions[g][v]);
        }
    }

    function _lot(uint256 i, Batch storage batch) private view returns (IEscrowTypes.Lot memory lot) {
        lot.header = batch.header;
        lot.path = _pathOf(batch);
        lot.schema = SCHEMA;
        if (!_isOfSeller(i, batch)) lot.former = _versionAt(batch.g, batch.anchoredAt);
    }

    // ---------------------------------------------------------------- keys

    /// @dev The page's wrapped keys with a proof.
    /// @param right Whether the keys are the committed ones; no proof holds for others.
    function _delivery(uint256 i, uint256 p, uint256 salt, bool right) internal view returns (KeyDelivery memory delivery) {
        uint256[] storage lots = _pages[i][p].lots;
        uint256 context =
            uint256(keccak256(abi.encode(keccak256("qood/context/v1"), block.chainid, address(exchange), _deals[i].id, p))) >> 8;
        delivery.r = [salt + 1, salt + 2];
        delivery.c = new uint256[](lots.length == 1 ? 1 : 8);
        for (uint256 k = 0; k < delivery.c.length; ++k) {
            Header storage header = _batches[lots[k < lots.length ? k : lots.length - 1]].header;
            uint256 commitment = p == 1 && _isDisputed(i) ? header.kc2 : header.kc1;
            delivery.c[k] = Toy.wrap(commitment, context, KEY_X, delivery.r[0]);
        }
        if (!right) delivery.c[delivery.c.length - 1] += 1;
        delivery.proofA[0] = 1;
    }

    /// @dev A complaint; a right one where the batch was spoiled.
    function _complaint(bool honest) internal pure returns (Complaint memory complaint) {
        complaint.leafCount = 2;
        complaint.leaf = honest ? 1 : 0;
    }
}
