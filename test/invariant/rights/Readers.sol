// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IGrants } from "../../../contracts/rights/IGrants.sol";
import { Batches } from "./Batches.sol";
import { RightsMove } from "./Stage.sol";

/// @title Readers
/// @notice Rights to read, as {IGrants} has them: who has consented to what, since when.
abstract contract Readers is Batches {
    struct Given {
        IGrants.Range range;
        Source source;
        uint64 keyEpoch;
        uint256 round; // consents of an earlier round do not count
    }

    Given[] internal _given;
    mapping(bytes32 grantId => uint256) private _place; // 1 + position
    mapping(bytes32 grantId => mapping(uint256 round => mapping(address => bool))) private _consented;
    mapping(bytes32 stream => uint64) internal _keyEpoch;

    function _idOf(IGrants.Range memory range) private pure returns (bytes32) {
        return keccak256(abi.encode(range));
    }

    function _isPrincipal(Source memory s, address account) private view returns (bool) {
        // The maker's own data has the same principal in every epoch, also in one to come; for the owner's word there must be one.
        if (s.dataClass == 1) return account == _cars[s.car].oem;
        if (!_hasBegun(s.car, s.epoch)) return false;
        return account == _cars[s.car].owners[s.epoch - 1] || (s.dataClass != 2 && account == _cars[s.car].oem);
    }

    function _anyPrincipal(Source memory s) private returns (address) {
        bool owner = s.dataClass == 2 || (s.dataClass == 3 && _rarely(2));
        return _actor(owner && _hasBegun(s.car, s.epoch) ? _cars[s.car].owners[s.epoch - 1] : _cars[s.car].oem);
    }

    // ---------------------------------------------------------------- moves

    function _newRange(Source memory s, bool paid) private returns (IGrants.Range memory range) {
        range.stream = _streamOf(s);
        range.party = _rarely(12) ? address(0) : who[_pick(ACTORS)];
        range.first = uint64(_pick(4));
        range.last = range.first + uint64(_pick(4)) - (_rarely(12) && range.first != 0 ? 1 : 0);
        range.expiry = uint64(_rarely(10) ? _time - 1 : _time + _pick(60) * 1 days);
        range.paid = paid;
    }

    /// @dev Also one that is given already: the second principal's consent, or the same one's again.
    function _grantFree() internal {
        bool again = _given.length != 0 && _rarely(2);
        uint256 place = again ? _pick(_given.length) : 0;
        Source memory s = again ? _given[place].source : _anySource();
        // A paid one is no free one.
        IGrants.Range memory range = again ? _given[place].range : _newRange(s, _rarely(12));
        address sender = _anyPrincipal(s);
        bool allowed = !range.paid && _isGood(range) && _isPrincipal(s, sender);
        bytes memory data = abi.encodeCall(IGrants.grantFree, (range, _proofOf(s), bytes32(_step)));
        _try(RightsMove.GrantFree, sender, address(_data), data, allowed);
        if (allowed) _consent(range, s, sender);
    }

    function _grantPaid() internal {
        uint256 position = _anyBatch();
        uint256 root = _anyRoot(position);
        Source memory s = _batches[position].source;
        IGrants.Range memory range = _newRange(s, !_rarely(12));
        uint64 sequence = _batches[position].header.sequence;
        (range.first, range.last) = (uint64(_pick(sequence + 1)), sequence + (_rarely(10) ? 1 : 0));
        bool again = _given.length != 0 && _rarely(2);
        if (again) (range, s) = _paidOver(range, s, position);
        // What is brought need not be of the stream.
        bool ofStream = range.stream == _batches[position].header.stream && range.last == sequence;
        address sender = _anyPrincipal(s);
        bool allowed = range.paid && ofStream && _openedAt(position, root) != 0 && _isGood(range) && _isPrincipal(s, sender);
        bytes memory data =
            abi.encodeCall(IGrants.grantPaid, (range, _proofOf(s), bytes32(_step), _batches[position].header, _path(position, root)));
        _try(RightsMove.GrantPaid, sender, address(_data), data, allowed);
        if (allowed) _consent(range, s, sender);
    }

    /// @dev A range that was given before, if one fits the batch.
    function _paidOver(IGrants.Range memory range, Source memory s, uint256 position)
        private
        returns (IGrants.Range memory, Source memory)
    {
        uint256 start = _pick(_given.length);
        for (uint256 i = 0; i < _given.length; ++i) {
            Given storage g = _given[(start + i) % _given.length];
            if (g.range.paid && g.range.stream == _batches[position].header.stream) return (g.range, g.source);
        }
        return (range, s);
    }

    function _isGood(IGrants.Range memory range) private view returns (bool) {
        return range.party != address(0) && range.first <= range.last && _time <= range.expiry;
    }

    function _consent(IGrants.Range memory range, Source memory s, address sender) private {
        bytes32 id = _idOf(range);
        if (_place[id] == 0) {
            Given storage made = _given.push();
            (made.range, made.source, _place[id]) = (range, s, _given.length);
        }
        Given storage g = _given[_place[id] - 1];
        // Of a former key epoch: made anew.
        if (!range.paid && g.keyEpoch != _keyEpoch[range.stream]) (g.keyEpoch, g.round) = (_keyEpoch[range.stream], g.round + 1);
        _consented[id][g.round][sender] = true;
        _checkGrant(_place[id] - 1);
    }

    function _revoke() internal {
        if (_given.length == 0) return;
        uint256 place = _pick(_given.length);
        Given storage g = _given[place];
        address sender = _anyPrincipal(g.source);
        bytes32 id = _idOf(g.range);
        bool allowed = !g.range.paid && _isPrincipal(g.source, sender) && _isRecorded(g, id);
        _try(RightsMove.Revoke, sender, address(_data), abi.encodeCall(IGrants.revoke, (g.range, _proofOf(g.source))), allowed);
        if (allowed) (g.round, g.keyEpoch) = (g.round + 1, 0);
        _checkGrant(place);
    }

    function _beginKeyEpoch() internal {
        bool known = _given.length != 0 && !_rarely(3);
        Source memory s = known ? _given[_pick(_given.length)].source : _anySource();
        address sender = _anyPrincipal(s);
        bool allowed = _isPrincipal(s, sender);
        bytes32 stream = _streamOf(s);
        _try(RightsMove.BeginKeyEpoch, sender, address(_data), abi.encodeCall(IGrants.beginKeyEpoch, (stream, _proofOf(s))), allowed);
        if (allowed) ++_keyEpoch[stream];
        _require(_data.keyEpochOf(stream) == _keyEpoch[stream], "key epoch");
    }

    // ---------------------------------------------------------------- what holds

    function _byOwner(Given storage g, bytes32 id) private view returns (bool) {
        return g.source.dataClass != 1 && _consented[id][g.round][_cars[g.source.car].owners[g.source.epoch - 1]];
    }

    function _byOem(Given storage g, bytes32 id) private view returns (bool) {
        return g.source.dataClass != 2 && _consented[id][g.round][_cars[g.source.car].oem];
    }

    function _isRecorded(Given storage g, bytes32 id) private view returns (bool) {
        return _byOwner(g, id) || _byOem(g, id);
    }

    /// @dev What is given counts until it is over; of a paid one nothing else ends it.
    function _checkGrant(uint256 place) internal {
        Given storage g = _given[place];
        bytes32 id = _idOf(g.range);
        bool complete = (g.source.dataClass == 1 || _byOwner(g, id)) && (g.source.dataClass == 2 || _byOem(g, id));
        bool alive = complete && _time <= g.range.expiry && (g.range.paid || g.keyEpoch == _keyEpoch[g.range.stream]);
        uint64 sequence = g.range.first + uint64(_pick(g.range.last - g.range.first + 2));
        bytes memory proof = _proofOf(g.source);
        _require(_data.isGranted(g.range, proof, sequence) == (alive && sequence <= g.range.last), "grant");
        IGrants.Grant memory found = _data.grantOf(id);
        _require(found.consents == (_byOwner(g, id) ? 1 : 0) + (_byOem(g, id) ? 2 : 0), "consents");
        _require(found.keyEpoch == g.keyEpoch, "key epoch of a grant");
    }
}
