// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IQoodShares } from "../../../contracts/shares/IQoodShares.sol";
import { Agreement, PairShares, TokenFloor, VersionTerms } from "../../../contracts/shares/libraries/Agreements.sol";
import { Readers } from "./Readers.sol";
import { RightsMove } from "./Stage.sol";

/// @title Signing
/// @notice Agreements and their versions, as {IQoodShares} has them.
abstract contract Signing is Readers {
    struct Recorded {
        uint256 start;
        uint8 denied;
        bool isEnd;
        bytes27 digest;
        uint256 shares;
    }

    struct Deal {
        Recorded[] versions;
        uint32 nonce;
        uint32 notice;
    }

    mapping(uint256 agreementId => Deal) private _deals;
    uint256[] internal _agreements;
    /// @dev Terms of every version, for who asks for its agent.
    mapping(bytes27 digest => VersionTerms) private _terms;

    function _agreementOf(uint256 car, uint64 epoch) private view returns (uint256) {
        return (_cars[car].id << 64) | epoch;
    }

    // ---------------------------------------------------------------- texts

    function _text(uint256 car, uint64 epoch) private returns (Agreement memory text) {
        (text.vehicle, text.epoch) = (_cars[car].id, epoch);
        bool begun = _hasBegun(car, epoch);
        text.owner = begun && !_rarely(10) ? _cars[car].owners[epoch - 1] : _owner(car);
        text.oem = _rarely(12) ? who[OEM] : _cars[car].oem;
        text.agent = _actor(who[HONEST_TSP + _pick(2)]);
        text.storagePayee = _rarely(8) ? address(0) : who[ACTORS - 1];
        text.pairs = new PairShares[](_rarely(24) ? 5 : 6);
        // Of an unconfirmed vehicle mostly its owner's data only.
        bool ownersOnly = !_cars[car].confirmed && !_rarely(4);
        for (uint256 i = 0; i < text.pairs.length; ++i) {
            text.pairs[i] = _pair(i, ownersOnly);
        }
        text.tokens = new TokenFloor[](_rarely(20) ? 9 * _pick(2) : 1 + _pick(8));
        text.noticePeriod = uint32(_rarely(12) ? 180 days + _pick(2) : (1 + _pick(20)) * 1 days);
        text.nonce = _deals[_agreementOf(car, epoch)].nonce + (_rarely(10) ? 1 : 0);
        text.deadline = _deadline();
    }

    function _pair(uint256 i, bool ownersOnly) private returns (PairShares memory pair) {
        (pair.dataClass, pair.privacy) = (uint8(i / 2 + 1), uint8(i % 2 + 1));
        pair.authorised = (i / 2 == 1 || !ownersOnly) && !_rarely(3);
        uint256 slip = _pick(60);
        if (slip == 0) pair.privacy = 3 - pair.privacy;
        if (pair.authorised) {
            pair.ownerBps = uint16(_pick(10_001));
            pair.oemBps = uint16(_pick(10_001 - pair.ownerBps));
            pair.agentBps = uint16(_rarely(2) ? 10_000 - pair.ownerBps - pair.oemBps : _pick(10_001 - pair.ownerBps - pair.oemBps));
            pair.storageBps = 10_000 - pair.ownerBps - pair.oemBps - pair.agentBps;
            if (slip == 1) (pair.ownerBps, pair.oemBps, pair.agentBps, pair.storageBps) = (0, 0, 0, 10_000);
        }
        if (slip == 2) pair.agentBps += 1;
    }

    /// @dev What {IQoodShares-agree} asks of a text by itself.
    function _isGood(Agreement memory text, bool confirmed) private pure returns (bool) {
        if (text.pairs.length != 6 || text.tokens.length == 0 || text.tokens.length > 8 || text.noticePeriod > 180 days) return false;
        for (uint256 i = 0; i < 6; ++i) {
            PairShares memory p = text.pairs[i];
            if (p.dataClass != i / 2 + 1 || p.privacy != i % 2 + 1) return false;
            uint256 sum = uint256(p.ownerBps) + p.oemBps + p.agentBps + p.storageBps;
            if (sum != (p.authorised ? 10_000 : 0)) return false;
            if (p.authorised && !confirmed && p.dataClass != 2) return false;
            if (p.storageBps == 10_000 || (p.storageBps != 0 && text.storagePayee == address(0))) return false;
        }
        return true;
    }

    /// @dev Six times owner, OEM and agent, 14 bits each.
    function _packed(Agreement memory text) private pure returns (uint256 packed) {
        for (uint256 i = 0; i < 6; ++i) {
            PairShares memory p = text.pairs[i];
            packed |= ((uint256(p.ownerBps) << 28) | (uint256(p.oemBps) << 14) | p.agentBps) << (42 * i);
        }
    }

    // ---------------------------------------------------------------- moves

    function _agree() internal {
        uint256 car = _pick(_cars.length);
        uint64 epoch = _anyEpoch(car);
        Agreement memory text = _text(car, epoch);
        (bytes32 tokensHash, bytes32 textHash) = _probe.text(text);
        bytes32 digest = _typed("QoodShares", address(_shares), textHash);
        bool[2] memory by = [!_rarely(12), !_rarely(12)];
        uint256 id = _agreementOf(car, epoch);
        bool allowed = _time <= text.deadline && text.nonce == _deals[id].nonce && _hasBegun(car, epoch) && by[0] && by[1];
        allowed = allowed && text.owner == _cars[car].owners[epoch - 1] && text.oem == _cars[car].oem && _isTsp[text.agent]
            && _isGood(text, _cars[car].confirmed);
        bytes memory data =
            abi.encodeCall(IQoodShares.agree, (text, _signAs(text.owner, by[0], digest), _signAs(text.oem, by[1], digest)));
        bytes memory version = _try(RightsMove.Agree, who[_pick(ACTORS)], address(_shares), data, allowed);
        if (!allowed) return;
        VersionTerms memory terms =
            VersionTerms(text.owner, text.oem, text.storagePayee, textHash, text.agent, _packed(text), tokensHash);
        _record(id, terms, text.noticePeriod);
        _require(abi.decode(version, (uint32)) == _deals[id].versions.length, "number of a version");
        _checkAgreement(id);
    }

    function _record(uint256 id, VersionTerms memory terms, uint32 notice) private {
        Deal storage deal = _deals[id];
        if (deal.versions.length == 0) _agreements.push(id);
        // An end whose notice is running is overtaken.
        else if (_latest(deal).isEnd && _latest(deal).start > _time) _latest(deal).start = _time;
        (deal.nonce, deal.notice) = (deal.nonce + 1, notice);
        bytes32 parties = keccak256(abi.encode(terms.owner, terms.oem, terms.storagePayee, terms.textHash));
        bytes27 digest = bytes27(
            keccak256(abi.encode(id, uint32(deal.versions.length + 1), parties, terms.agent, terms.shares, terms.tokensHash))
        );
        deal.versions.push(Recorded(_time, 0, false, digest, terms.shares));
        _terms[digest] = terms;
    }

    function _latest(Deal storage deal) private view returns (Recorded storage) {
        return deal.versions[deal.versions.length - 1];
    }

    function _isSide(uint256 car, uint64 epoch, address account) private view returns (bool) {
        return _hasBegun(car, epoch) && (account == _cars[car].owners[epoch - 1] || account == _cars[car].oem);
    }

    function _anySide(uint256 car, uint64 epoch) private returns (address) {
        return _actor(_rarely(2) || !_hasBegun(car, epoch) ? _cars[car].oem : _cars[car].owners[epoch - 1]);
    }

    /// @dev Mostly an agreement that there is.
    function _anyAgreement() private returns (uint256 car, uint64 epoch) {
        for (uint256 i = 0; i < 12; ++i) {
            car = _pick(_cars.length);
            epoch = _anyEpoch(car);
            if (_deals[_agreementOf(car, epoch)].versions.length != 0) break;
        }
    }

    function _deny() internal {
        (uint256 car, uint64 epoch) = _anyAgreement();
        address sender = _anySide(car, epoch);
        (uint8 dataClass, uint8 privacy) = (uint8(_pick(3) + 1), uint8(_pick(2) + 1));
        if (_rarely(12)) dataClass = _rarely(2) ? 0 : 4;
        if (_rarely(12)) privacy = _rarely(2) ? 0 : 3;
        bool exists = dataClass != 0 && dataClass < 4 && privacy != 0 && privacy < 3;
        uint256 id = _agreementOf(car, epoch);
        Deal storage deal = _deals[id];
        bool allowed = exists && _isSide(car, epoch, sender) && deal.versions.length != 0;
        uint8 bit = exists ? uint8(1 << ((dataClass - 1) * 2 + privacy - 1)) : 0;
        // Of the latest text: an end is none.
        uint256 place = deal.versions.length == 0 ? 0 : deal.versions.length - (_latest(deal).isEnd ? 2 : 1);
        allowed = allowed && deal.versions[place].denied & bit == 0;
        bytes memory data = abi.encodeCall(IQoodShares.deny, (_cars[car].id, epoch, dataClass, privacy));
        _try(RightsMove.Deny, sender, address(_shares), data, allowed);
        if (!allowed) return;
        deal.versions[place].denied |= bit;
        ++deal.nonce;
        _checkAgreement(id);
    }

    function _end() internal {
        (uint256 car, uint64 epoch) = _anyAgreement();
        address sender = _anySide(car, epoch);
        uint256 id = _agreementOf(car, epoch);
        Deal storage deal = _deals[id];
        bool allowed = _isSide(car, epoch, sender) && deal.versions.length != 0 && !_latest(deal).isEnd;
        _try(RightsMove.End, sender, address(_shares), abi.encodeCall(IQoodShares.end, (_cars[car].id, epoch)), allowed);
        if (!allowed) return;
        deal.versions.push(Recorded(_time + deal.notice, 0, true, 0, 0));
        ++deal.nonce;
        _checkAgreement(id);
    }

    // ---------------------------------------------------------------- what holds

    /// @dev "Version v was in force at time t" is start(v) <= t < start(v + 1).
    function _wasInForce(Deal storage deal, uint256 v, uint256 time) private view returns (bool) {
        Recorded storage version = deal.versions[v];
        return !version.isEnd && version.start <= time && (v + 1 == deal.versions.length || time < deal.versions[v + 1].start);
    }

    function _checkAgreement(uint256 id) internal {
        Deal storage deal = _deals[id];
        IQoodShares.Head memory head = _shares.headOf(id);
        _require(head.latest == deal.versions.length && head.nonce == deal.nonce && head.noticePeriod == deal.notice, "head");
        uint256 v = _pick(deal.versions.length);
        Recorded storage version = deal.versions[v];
        IQoodShares.Version memory found = _shares.versionOf(id, uint32(v + 1));
        _require(found.start == version.start && found.digest == version.digest, "version");
        _require(found.marks & 0x3f == version.denied, "denied pairs");
        (, uint32 start, bytes27 digest) = _shares.inForce(id, uint32(v + 1));
        bool isIn = _wasInForce(deal, v, _time);
        _require(start == (isIn ? version.start : 0) && digest == (isIn ? version.digest : bytes27(0)), "in force");
        _checkCurrent(id, deal);
        if (!version.isEnd) _checkShares(version.shares);
        uint256 time = version.start + _pick(3) * 1 days - _pick(2);
        VersionTerms memory terms = _terms[version.digest];
        bool was = !version.isEnd && _wasInForce(deal, v, time);
        _require(_shares.agentAt(id, uint32(v + 1), terms, time) == (was ? terms.agent : address(0)), "agent at a time");
    }

    function _checkCurrent(uint256 id, Deal storage deal) private view {
        uint256 expected;
        for (uint256 v = 0; v < deal.versions.length; ++v) {
            if (_wasInForce(deal, v, _time)) expected = v + 1;
        }
        (uint32 current, uint8 denied,,) = _shares.current(id);
        _require(current == expected, "current version");
        _require(expected == 0 || denied == deal.versions[expected - 1].denied, "denied now");
    }

    /// @dev The word whose hash was recorded gives every authorised pair a whole, as who pays reads it.
    function _checkShares(uint256 shares) private view {
        for (uint256 i = 0; i < 6; ++i) {
            uint256 word = (shares >> (42 * i)) & ((1 << 42) - 1);
            if (word == 0) continue;
            (uint256 oem, uint256 agent, uint256 store) = _probe.sharesOf(shares, i);
            _require((word >> 28) + oem + agent + store == 10_000, "sum of shares");
        }
    }
}
