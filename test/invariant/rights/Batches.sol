// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IDataRegistry } from "../../../contracts/rights/IDataRegistry.sol";
import { IEquivocations } from "../../../contracts/rights/IEquivocations.sol";
import { ILateHeaders } from "../../../contracts/rights/ILateHeaders.sol";
import { Header } from "../../../contracts/rights/libraries/Headers.sol";
import { Keys } from "./Keys.sol";
import { RightsMove } from "./Stage.sol";

/// @title Batches
/// @notice Headers, their anchors, admissions of late ones and proofs of equivocation, as {IDataRegistry}, {ILateHeaders} and
/// {IEquivocations} have them.
abstract contract Batches is Keys {
    uint256 internal constant GRACE = 35 days;
    bytes32 internal constant SCHEMA = keccak256("trip-obd@1");
    /// @dev Roots that each header may be anchored under.
    uint256 internal constant ROOTS = 3;

    struct Source {
        uint256 car;
        uint64 epoch;
        uint8 dataClass;
    }

    struct Batch {
        Header header;
        bytes32 hash;
        Source source;
        uint256 key; // 1 + position of the one that the rest names, 0 for none
        uint256 lastTime; // milliseconds
        uint256 firstCounter;
        uint256 lastCounter;
        bytes32 chainAfter;
        bool chained; // the chain has the header's stream and last counter in it
        bool admitted;
        bool marked;
    }

    Batch[] internal _batches;
    /// @dev When somebody anchored a root, 0 where he did not.
    mapping(address account => mapping(bytes32 root => uint256)) internal _anchoredAt;
    mapping(address tsp => uint256) internal _proofs;
    /// @dev What an honest TSP counts: batches of a stream, messages of a key.
    mapping(bytes32 stream => uint64) private _nextSequence;
    mapping(uint256 key => uint256) private _nextCounter;

    // ---------------------------------------------------------------- batches

    function _streamOf(Source memory s) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("qood/handle/v1"),
                block.chainid,
                address(_vehicles),
                _cars[s.car].id,
                s.epoch,
                s.dataClass,
                uint8(1),
                SCHEMA
            )
        );
    }

    function _proofOf(Source memory s) internal view returns (bytes memory) {
        return abi.encode(uint8(1), _cars[s.car].id, s.epoch, s.dataClass, uint8(1), SCHEMA);
    }

    /// @dev Often the stream of the last batch.
    function _anySource() internal returns (Source memory s) {
        if (_batches.length != 0 && _rarely(3)) return _batches[_batches.length - 1].source;
        s.car = _pick(_cars.length);
        s.epoch = _anyEpoch(s.car);
        s.dataClass = 1 + uint8(_pick(3));
    }

    /// @dev Mostly of an epoch that ended lately.
    function _lateSource() private returns (Source memory s) {
        s = _anySource();
        for (uint256 i = 0; i < 8; ++i) {
            s.car = _pick(_cars.length);
            s.epoch = _epoch(s.car) - (_epoch(s.car) == 1 ? 0 : 1);
            if (_endOf(s.car, s.epoch) + GRACE > _time) break;
        }
    }

    function _rest(uint256 position) internal view returns (bytes memory) {
        Batch storage b = _batches[position];
        uint256[22] memory words;
        words[0] = position;
        words[10] = b.lastTime;
        words[17] = b.key == 0 ? 0 : uint256(_keys[b.key - 1].name);
        (words[18], words[19], words[21]) = (b.firstCounter, b.lastCounter, uint256(b.chainAfter));
        return abi.encode(words);
    }

    function _previous(uint256 position) private pure returns (bytes32) {
        return keccak256(abi.encode("previous", position));
    }

    function _seal() internal returns (uint256 position) {
        position = _batches.length;
        Source memory s = _rarely(3) ? _lateSource() : _anySource();
        Batch storage b = _batches.push();
        b.source = s;
        b.header.stream = _streamOf(s);
        b.header.tsp = who[_rarely(3) ? HONEST_TSP : TSP_2];
        b.header.flags = _rarely(5) ? _pick(2) * 3 + _pick(2) : 2;
        uint256 end = _hasBegun(s.car, s.epoch) && _endOf(s.car, s.epoch) != 0 ? _endOf(s.car, s.epoch) : _time;
        b.key = _rarely(8) ? _pick(2) * (1 + _keyOfCar(_pick(_cars.length))) : 1 + _keyOfTime(s.car, end);
        // Often the key of the last batch too, as in a drive of many batches.
        if (position != 0 && _batches[position - 1].source.car == s.car && !_rarely(3)) b.key = _batches[position - 1].key;
        _count(b);
        b.lastTime = end * 1000 - _pick(3) * 1000 + (_rarely(12) ? 1 : 0);
        b.chained = !_rarely(10);
        // The next owner's drives: the device has signed them for that owner's stream.
        Source memory next = Source(s.car, s.epoch + 1, s.dataClass);
        bytes32 stream = b.chained ? b.header.stream : _streamOf(next);
        b.chainAfter = sha256(
            abi.encodePacked("qood/msg/v1", _previous(position), stream, uint64(b.lastCounter), keccak256(abi.encode("rows", position)))
        );
        b.header.root = bytes32(position);
        b.header.restHash = keccak256(_rest(position));
        b.hash = keccak256(abi.encode(keccak256("qood/header/v1"), b.header));
    }

    /// @dev A key of the car that was there at a time, if chance finds one.
    function _keyOfTime(uint256 car, uint256 time) private returns (uint256 key) {
        for (uint256 i = 0; i < 8; ++i) {
            key = _keyOfCar(car);
            if (_keys[key].setUpAt <= time && _endOfKey(key) == 0) break;
        }
    }

    /// @dev The honest TSP counts on; the other one tells a story again or from the middle.
    function _count(Batch storage b) private {
        if (b.header.tsp == who[HONEST_TSP]) {
            b.header.sequence = _nextSequence[b.header.stream]++;
            b.firstCounter = _nextCounter[b.key];
            b.lastCounter = b.firstCounter + _pick(3);
            _nextCounter[b.key] = b.lastCounter + 1;
            return;
        }
        b.header.sequence = uint64(_pick(3));
        b.firstCounter = _pick(6);
        b.lastCounter = b.firstCounter + _pick(3);
    }

    // ---------------------------------------------------------------- anchors

    function _sibling(uint256 position, uint256 root) internal pure returns (bytes32) {
        return keccak256(abi.encode("beside", position, root));
    }

    function _path(uint256 position, uint256 root) internal pure returns (bytes32[] memory path) {
        path = new bytes32[](1);
        path[0] = _sibling(position, root);
    }

    function _rootOf(uint256 position, uint256 root) internal view returns (bytes32) {
        (bytes32 a, bytes32 b) = (_batches[position].hash, _sibling(position, root));
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }

    /// @dev When the TSP that a header names anchored it, 0 where it did not.
    function _openedAt(uint256 position, uint256 root) internal view returns (uint256) {
        return _anchoredAt[_batches[position].header.tsp][_rootOf(position, root)];
    }

    /// @dev A root under which the header opens, if there is one.
    function _anyRoot(uint256 position) internal returns (uint256 root) {
        root = _pick(ROOTS);
        if (_rarely(10)) return root;
        for (uint256 i = 0; i < ROOTS; ++i) {
            if (_openedAt(position, (root + i) % ROOTS) != 0) return (root + i) % ROOTS;
        }
    }

    function _anyBatch() internal returns (uint256) {
        return _batches.length == 0 ? _seal() : _pick(_batches.length);
    }

    function _anchor() internal {
        uint256 position = _rarely(2) ? _seal() : _anyBatch();
        uint256 root = _pick(ROOTS);
        address sender = _actor(_batches[position].header.tsp);
        bytes32 hash = _rootOf(position, root);
        bool allowed = _anchoredAt[sender][hash] == 0;
        bytes memory data = abi.encodeCall(IDataRegistry.anchor, (hash, uint64(_step), 0, 0));
        _try(RightsMove.Anchor, sender, address(_data), data, allowed);
        if (allowed) _anchoredAt[sender][hash] = _time;
        _require(_data.anchorTime(sender, hash) == _anchoredAt[sender][hash], "time of an anchor");
    }

    // ---------------------------------------------------------------- late headers

    /// @dev What is brought beside the header, and what is wrong with it.
    struct Brought {
        uint256 position;
        uint256 root;
        uint256 wrong; // 0 to 4, else nothing
        uint256 by; // who signs the chain
    }

    function _admit() internal {
        Brought memory a = Brought(_lateBatch(), 0, _pick(14), 0);
        a.root = _anyRoot(a.position);
        Batch storage b = _batches[a.position];
        a.by = b.key == 0 || a.wrong == 0 ? _keyOfCar(_pick(_cars.length)) : b.key - 1;
        bool allowed = _mayBeAdmitted(a);
        bytes memory data = abi.encodeCall(
            ILateHeaders.admit, (b.header, _path(a.position, a.root), _broughtProof(a), _broughtRest(a), _message(a))
        );
        _try(RightsMove.Admit, who[_pick(ACTORS)], address(_data), data, allowed);
        if (allowed) b.admitted = true;
        _require(_data.isAdmitted(b.hash) == b.admitted, "admission");
    }

    /// @dev Often one that can be admitted.
    function _lateBatch() private returns (uint256 position) {
        uint256 tries = _pick(60);
        for (uint256 i = 0; i < tries; ++i) {
            position = _anyBatch();
            uint256 key = _batches[position].key;
            if (key != 0 && _mayBeAdmitted(Brought(position, _anyRoot(position), type(uint256).max, key - 1))) return position;
        }
        return _anyBatch();
    }

    /// @dev {ILateHeaders-admit}, requirement by requirement.
    function _mayBeAdmitted(Brought memory a) private view returns (bool) {
        Batch storage b = _batches[a.position];
        uint256 anchored = _openedAt(a.position, a.root);
        if (anchored == 0 || a.wrong == 1 || b.admitted || !_hasBegun(b.source.car, b.source.epoch)) return false;
        uint256 end = _endOf(b.source.car, b.source.epoch);
        if (end == 0 || anchored <= end || anchored > end + GRACE) return false;
        if (a.wrong == 2 || b.lastTime > end * 1000) return false;
        if (b.header.flags & 6 == 0 || b.key == 0 || a.by != b.key - 1) return false;
        Key storage key = _keys[a.by];
        if (!key.known || key.car != b.source.car || key.setUpAt > end) return false;
        if (_endOfKey(a.by) != 0 && anchored > _endOfKey(a.by) + GRACE) return false;
        return b.chained && a.wrong != 3 && a.wrong != 4;
    }

    function _broughtProof(Brought memory a) private view returns (bytes memory) {
        Source memory s = _batches[a.position].source;
        if (a.wrong == 1) s.epoch += 1;
        return _proofOf(s);
    }

    function _broughtRest(Brought memory a) private view returns (bytes memory rest) {
        rest = _rest(a.position);
        // Another number of the batch: the last record's time would do as well.
        if (a.wrong == 2) rest[31] ^= 0x01;
    }

    function _message(Brought memory a) private view returns (ILateHeaders.LastMessage memory) {
        Key storage key = _keys[a.by];
        bytes32 rows = keccak256(abi.encode("rows", a.wrong == 3 ? a.position + 1 : a.position));
        uint256 signer = a.wrong == 4 ? (a.by + 1) % _keys.length : a.by;
        bytes memory signature = _signDevice(signer, _batches[a.position].chainAfter);
        if (signer == a.by && a.wrong == 4) signature[0] ^= 0x01;
        return ILateHeaders.LastMessage(_previous(a.position), rows, key.x, key.y, signature);
    }

    // ---------------------------------------------------------------- equivocations

    function _opened(uint256 position, uint256 root) private view returns (IEquivocations.Opened memory) {
        return IEquivocations.Opened(_batches[position].header, _path(position, root));
    }

    function _isPair(uint256 a, uint256 b) private view returns (bool) {
        Header storage one = _batches[a].header;
        Header storage other = _batches[b].header;
        return a != b && one.tsp == other.tsp && one.stream == other.stream;
    }

    function _fits(uint256 a, uint256 b, bool ofOneKey) private view returns (bool) {
        return ofOneKey ? _overlap(_batches[a], _batches[b]) : _batches[a].header.sequence == _batches[b].header.sequence;
    }

    /// @dev Mostly two of one stream and TSP, or of one key too.
    function _twoBatches(bool ofOneKey) private returns (uint256 a, uint256 b) {
        for (uint256 i = 0; i < 60; ++i) {
            (a, b) = (_anyBatch(), _anyBatch());
            if (_rarely(2)) b = (a + 1 + _pick(5)) % _batches.length;
            if (_isPair(a, b) && !_batches[b].marked && (_rarely(6) || _fits(a, b, ofOneKey))) break;
        }
    }

    function _prove(bool overlap) internal {
        (uint256 a, uint256 b) = _twoBatches(overlap);
        uint256[2] memory root = [_anyRoot(a), _anyRoot(b)];
        bool wrongRest = overlap && _rarely(10);
        (Batch storage one, Batch storage other) = (_batches[a], _batches[b]);
        bool allowed = _openedAt(a, root[0]) != 0 && _openedAt(b, root[1]) != 0 && _isPair(a, b) && !(one.marked && other.marked);
        allowed = allowed && !wrongRest && (overlap ? _overlap(one, other) : one.header.sequence == other.header.sequence);
        bytes memory data = overlap
            ? abi.encodeCall(
                IEquivocations.proveOverlap, (_opened(a, root[0]), _rest(wrongRest ? b : a), _opened(b, root[1]), _rest(wrongRest ? a : b))
            )
            : abi.encodeCall(IEquivocations.proveTwoOfOneSequence, (_opened(a, root[0]), _opened(b, root[1])));
        if (wrongRest && a == b) allowed = false;
        RightsMove move = overlap ? RightsMove.Overlap : RightsMove.TwoOfOneSequence;
        _try(move, who[_pick(ACTORS)], address(_data), data, allowed);
        if (allowed) {
            (one.marked, other.marked) = (true, true);
            ++_proofs[one.header.tsp];
        }
        _require(_data.isEquivocated(one.hash) == one.marked && _data.isEquivocated(other.hash) == other.marked, "mark");
        _require(_data.equivocationsOf(one.header.tsp) == _proofs[one.header.tsp], "count of proofs");
    }

    function _overlap(Batch storage one, Batch storage other) private view returns (bool) {
        return one.key != 0 && one.key == other.key && one.firstCounter <= other.firstCounter && one.lastCounter >= other.firstCounter;
    }

    // ---------------------------------------------------------------- what holds in the end

    function _checkBatch(uint256 position) internal view {
        Batch storage b = _batches[position];
        _require(_data.isAdmitted(b.hash) == b.admitted, "admission at the end");
        _require(_data.isEquivocated(b.hash) == b.marked, "mark at the end");
        if (b.admitted) _checkAdmitted(position);
        if (!b.marked) return;
        _require(b.header.tsp != who[HONEST_TSP], "an honest TSP is marked");
        for (uint256 i = 0; i < _batches.length; ++i) {
            if (_isPair(position, i) && _isAnchored(i) && _contradict(b, _batches[i])) return;
        }
        _require(false, "marked without a second story");
    }

    function _contradict(Batch storage a, Batch storage b) private view returns (bool) {
        return a.header.sequence == b.header.sequence || _overlap(a, b) || _overlap(b, a);
    }

    function _isAnchored(uint256 position) private view returns (bool) {
        for (uint256 i = 0; i < ROOTS; ++i) {
            if (_openedAt(position, i) != 0) return true;
        }
        return false;
    }

    /// @dev Whenever it was admitted: anchored within the grace, by a key of that time, over that stream.
    function _checkAdmitted(uint256 position) private view {
        Batch storage b = _batches[position];
        uint256 end = _endOf(b.source.car, b.source.epoch);
        bool inGrace;
        for (uint256 i = 0; i < ROOTS; ++i) {
            uint256 anchored = _openedAt(position, i);
            inGrace = inGrace || (anchored > end && anchored <= end + GRACE);
        }
        _require(end != 0 && inGrace, "admitted after the grace");
        _require(b.key != 0 && b.chained && b.lastTime <= end * 1000, "admitted without a device");
        _require(_keys[b.key - 1].car == b.source.car && _keys[b.key - 1].setUpAt <= end, "admitted by a later device");
    }
}
