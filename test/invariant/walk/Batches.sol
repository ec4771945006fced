// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEquivocations } from "../../../contracts/rights/IEquivocations.sol";
import { ILateHeaders } from "../../../contracts/rights/ILateHeaders.sol";
import { Rights } from "../../../contracts/rights/libraries/Handles.sol";
import { Header } from "../../../contracts/rights/libraries/Headers.sol";
import { vm } from "../Vm.sol";
import { World } from "./World.sol";

/// @title Batches
/// @notice What is for sale: headers with all that lies behind them, their anchors, what their device has signed.
abstract contract Batches is World {
    /// @notice What may be wrong with a batch of a device.
    enum Story {
        Right,
        RecordOfTheNextOwner, // a millisecond too late
        SignedForAnotherStream,
        ByTheTspAlone // no device vouches for it
    }

    /// @dev A batch that is for sale. `holder` is 1 + the position of the deal that has it for itself.
    struct Batch {
        Header header;
        bytes32 hash;
        bytes32 sibling;
        uint256 anchoredAt;
        uint256 lastTime; // of its records, milliseconds
        uint8 dataClass;
        uint8 g;
        Story story;
        bool spoiled;
        bool bad;
        bool contradicted; // by another of the same sequence, as the registry of data knows
        bool shown; // so to the exchange
        bool admitted; // though it came after its epoch
        uint32 holder;
        uint32 holderPage;
    }

    Batch[] internal _batches;

    /// @dev Every batch is of half a second.
    uint256 internal constant DRIVE = 500;

    /// @dev Seals a batch and anchors it with another. Of an epoch that is over the last record is of its last second.
    function _anchorBatch(uint256 g, uint8 dataClass, bool spoiled, Story story) internal returns (uint256 position) {
        position = _batches.length;
        Batch storage batch = _batches.push();
        (batch.dataClass, batch.g, batch.spoiled, batch.story) = (dataClass, uint8(g), spoiled, story);
        batch.anchoredAt = block.timestamp;
        batch.lastTime = (_epochEnd[g] == 0 ? block.timestamp : _epochEnd[g]) * 1000;
        if (story == Story.RecordOfTheNextOwner) ++batch.lastTime;
        batch.header = Header({
            stream: _streamOf(g, dataClass),
            sequence: uint64(position),
            tsp: who[_sellerOf(g)],
            root: keccak256(abi.encode("root", position)),
            kc1: uint256(keccak256(abi.encode("kc1", position))) >> 8,
            kc2: dataClass == 3 ? uint256(keccak256(abi.encode("kc2", position))) >> 8 : COMMITMENT_OF_ZERO,
            flags: story == Story.ByTheTspAlone ? 0 : 2,
            restHash: keccak256(_rest(position))
        });
        batch.hash = keccak256(abi.encode(keccak256("qood/header/v1"), batch.header));
        batch.sibling = keccak256(abi.encode("beside", position));
        if (spoiled) _complaints.spoil(batch.header.root);
        _anchor(batch.header, batch.hash, batch.sibling);
    }

    function _streamOf(uint256 g, uint8 dataClass) private view returns (bytes32) {
        return _probe.handle(address(_vehicles), Rights(_vehicle[g], _epoch[g], dataClass, 1, SCHEMA));
    }

    function _anchor(Header memory header, bytes32 hash, bytes32 sibling) private {
        (bytes32 a, bytes32 b) = hash < sibling ? (hash, sibling) : (sibling, hash);
        vm.prank(header.tsp);
        _data.anchor(keccak256(abi.encodePacked(a, b)), header.sequence, 0, 0);
    }

    // ---------------------------------------------------------------- behind a header

    /// @dev 22 words, of which these are read: times of the records, key, counters and chain of the device.
    function _rest(uint256 position) internal view returns (bytes memory) {
        Batch storage batch = _batches[position];
        uint256[22] memory words;
        (words[9], words[10]) = (batch.lastTime - DRIVE, batch.lastTime);
        words[17] = batch.story == Story.ByTheTspAlone ? 0 : uint256(keccak256(abi.encode(DEVICE_X, DEVICE_Y)));
        (words[18], words[19], words[21]) = (position, position, uint256(_chainOf(position)));
        return abi.encode(words);
    }

    /// @dev The device's last message, with its stream in it.
    function _chainOf(uint256 position) private view returns (bytes32) {
        Batch storage batch = _batches[position];
        bytes32 stream = _streamOf(batch.g, batch.story == Story.SignedForAnotherStream ? batch.dataClass % 3 + 1 : batch.dataClass);
        return sha256(abi.encodePacked("qood/msg/v1", bytes32(position), stream, uint64(position), bytes32(~position)));
    }

    function _messageOf(uint256 position, uint256 secret) internal view returns (ILateHeaders.LastMessage memory) {
        bytes memory signature = _signDevice(secret, _chainOf(position));
        return ILateHeaders.LastMessage(bytes32(position), bytes32(~position), DEVICE_X, DEVICE_Y, signature);
    }

    function _handleOf(Batch storage batch) internal view returns (bytes memory) {
        return abi.encode(uint8(1), _vehicle[batch.g], _epoch[batch.g], batch.dataClass, uint8(1), SCHEMA);
    }

    function _pathOf(Batch storage batch) internal view returns (bytes32[] memory path) {
        path = new bytes32[](1);
        path[0] = batch.sibling;
    }

    // ---------------------------------------------------------------- contradictions

    /// @dev The TSP anchors another header of the same sequence, and somebody proves it.
    function _contradict(Batch storage batch) internal {
        IEquivocations.Opened memory first = IEquivocations.Opened(batch.header, _pathOf(batch));
        IEquivocations.Opened memory second = IEquivocations.Opened(batch.header, new bytes32[](1));
        second.header.root = keccak256(abi.encode("another root", batch.hash));
        second.path[0] = bytes32(0);
        _anchor(second.header, keccak256(abi.encode(keccak256("qood/header/v1"), second.header)), bytes32(0));
        IEquivocations(address(_data)).proveTwoOfOneSequence(first, second);
        batch.contradicted = true;
    }
}
