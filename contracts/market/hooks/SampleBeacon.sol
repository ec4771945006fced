// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IDataRegistry } from "../../rights/IDataRegistry.sol";
import { Header } from "../../rights/libraries/Headers.sol";
import { BlockHeaders } from "../libraries/BlockHeaders.sol";
import { ISampleBeacon } from "./ISampleBeacon.sol";

/// @title SampleBeacon
/// @notice See {ISampleBeacon}, which holds the documentation.
contract SampleBeacon is ISampleBeacon {
    /// @notice The largest sample.
    uint256 public constant MAX_SAMPLE = 32;

    /// @notice The longest distance: a batch is to be saleable soon.
    uint256 public constant MAX_DISTANCE = 256;

    IDataRegistry public immutable dataRegistry;
    /// @inheritdoc ISampleBeacon
    Source public immutable source;
    /// @inheritdoc ISampleBeacon
    uint256 public immutable distance;
    /// @inheritdoc ISampleBeacon
    uint256 public immutable showWithin;

    mapping(bytes32 headerHash => uint256) private _sampleBlocks;
    mapping(uint256 blockNumber => bytes32) private _values;

    constructor(IDataRegistry dataRegistry_, Source source_, uint256 showWithin_, uint256 distance_) {
        if (source_ != Source.None && _isArbitrum()) revert SampleBeacon_NoRandomness(block.chainid);
        // The last show must come before the randomness: a block's is known when the block before it is.
        if (showWithin_ + 2 > distance_ || distance_ > MAX_DISTANCE) revert SampleBeacon_BadDistance(showWithin_, distance_);
        dataRegistry = dataRegistry_;
        source = source_;
        distance = distance_;
        showWithin = showWithin_;
    }

    // ---------------------------------------------------------------- moves

    /// @inheritdoc ISampleBeacon
    function show(Header calldata header, bytes32[] calldata path) external returns (bytes32 headerHash, uint256 sampleBlock) {
        _requireSource();
        IDataRegistry.Anchor memory anchor;
        (headerHash, anchor) = dataRegistry.openHeader(header, path);
        uint256 last = anchor.blockNumber + showWithin;
        if (block.number > last) revert SampleBeacon_ShownTooLate(last, block.number);
        sampleBlock = anchor.blockNumber + distance;
        uint256 known = _sampleBlocks[headerHash];
        if (known != 0 && known <= sampleBlock) return (headerHash, known);
        _sampleBlocks[headerHash] = sampleBlock;
        emit HeaderShown(headerHash, header.tsp, header.stream, header.sequence, sampleBlock);
    }

    /// @inheritdoc ISampleBeacon
    function capture(uint256 blockNumber, bytes calldata header) external returns (bytes32 value) {
        _requireSource();
        value = _values[blockNumber];
        if (value != 0) return value;
        bytes32 blockHash = BlockHeaders.hashOf(blockNumber);
        if (blockHash == 0) revert SampleBeacon_UnknownBlock(blockNumber);
        value = blockHash;
        if (source == Source.Prevrandao) {
            bytes32 given = keccak256(header);
            if (given != blockHash) revert SampleBeacon_NotTheBlock(given, blockHash);
            value = BlockHeaders.mixHashOf(header);
            if (value == 0) revert SampleBeacon_NoValue(blockNumber);
        }
        _values[blockNumber] = value;
        emit Captured(blockNumber, value);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ISampleBeacon
    function sampleBlockOf(bytes32 headerHash) external view returns (uint256) {
        return _sampleBlocks[headerHash];
    }

    /// @inheritdoc ISampleBeacon
    function valueOf(uint256 blockNumber) external view returns (bytes32) {
        return _values[blockNumber];
    }

    /// @inheritdoc ISampleBeacon
    function areFixed(bytes32[] calldata headers) external view returns (bool) {
        for (uint256 i = 0; i < headers.length; ++i) {
            if (_valueFor(headers[i]) == 0) return false;
        }
        return true;
    }

    /// @inheritdoc ISampleBeacon
    function sampleOf(bytes32 headerHash, uint256 leafCount, uint256 n) external view returns (uint256[] memory indices) {
        if (n == 0 || n > MAX_SAMPLE || leafCount == 0 || leafCount > type(uint32).max) {
            revert SampleBeacon_SampleSize(n, leafCount);
        }
        bytes32 value = _valueFor(headerHash);
        if (value == 0) revert SampleBeacon_NotFixed(headerHash);
        if (n > leafCount) n = leafCount;
        indices = new uint256[](n);
        uint256 found;
        for (uint32 i = 0; found < n; ++i) {
            uint256 index = uint256(sha256(abi.encodePacked(headerHash, value, i))) % leafCount;
            if (!_has(indices, found, index)) indices[found++] = index;
        }
    }

    // ---------------------------------------------------------------- internal

    function _valueFor(bytes32 headerHash) private view returns (bytes32) {
        uint256 sampleBlock = _sampleBlocks[headerHash];
        return sampleBlock == 0 ? bytes32(0) : _values[sampleBlock];
    }

    function _has(uint256[] memory indices, uint256 count, uint256 index) private pure returns (bool) {
        for (uint256 i = 0; i < count; ++i) {
            if (indices[i] == index) return true;
        }
        return false;
    }

    function _requireSource() private view {
        if (source == Source.None) revert SampleBeacon_NoRandomness(block.chainid);
    }

    /// @dev One, Nova and Sepolia: their block hashes are not to be taken for random, their prevrandao is a constant.
    function _isArbitrum() private view returns (bool) {
        return block.chainid == 42161 || block.chainid == 42170 || block.chainid == 421614;
    }
}
