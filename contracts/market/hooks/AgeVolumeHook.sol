// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IDataRegistry } from "../../rights/IDataRegistry.sol";
import { Headers } from "../../rights/libraries/Headers.sol";
import { IExchangeParts } from "../IExchangeParts.sol";
import { IOrderHook } from "../IOrderHook.sol";
import { SellOrder } from "../libraries/Deals.sol";
import { HeaderProof, HookData } from "../libraries/HookData.sol";
import { OrderDigests } from "../libraries/OrderDigests.sol";

/// @title AgeVolumeHook
/// @notice Price by age and volume: a table of basis points of the list price, by the time since the youngest lot's anchor and
/// by the number of lots. The table is part of the code, so an order that pins the code pins the table.
/// @dev Hook data: empty for the price of fresh data, or `abi.encode(SellOrder order, HeaderProof[] proofs)` with a proof for
/// each lot of all pages in order, those of DISPUTED data once. Orders of up to 16 lots in paths of 10 stay below a hook's
/// gas. The number of lots is the sum over all pages, which counts DISPUTED data twice. The buyer's `maxTotal` holds whatever
/// the table says.
contract AgeVolumeHook is IOrderHook {
    /// @notice The most rows, and the most columns.
    uint256 public constant MAX_STEPS = 8;

    address public immutable exchange;
    IDataRegistry public immutable dataRegistry;

    uint256 private immutable _ageSteps;
    uint256 private immutable _lotSteps;
    /// @dev Up to eight numbers of 32 bits each, the first in the lowest bits.
    uint256 private immutable _ages;
    uint256 private immutable _lots;
    /// @dev Two rows a word, eight numbers of 16 bits each.
    uint256 private immutable _bps0;
    uint256 private immutable _bps1;
    uint256 private immutable _bps2;
    uint256 private immutable _bps3;

    error AgeVolumeHook_BadTable();
    error AgeVolumeHook_WrongOrder(bytes32 given, bytes32 expected);
    error AgeVolumeHook_PathTooLong(uint256 depth);
    error AgeVolumeHook_NotAnchored(uint256 lot);

    /// @param ages Seconds from which each row holds: ascending, the first 0.
    /// @param lots Numbers of lots from which each column holds: ascending, the first 1.
    /// @param bps Rows one after the other, 1 to 10,000 each.
    constructor(address exchange_, uint32[] memory ages, uint32[] memory lots, uint16[] memory bps) {
        exchange = exchange_;
        dataRegistry = IExchangeParts(exchange_).dataRegistry();
        if (bps.length != ages.length * lots.length) revert AgeVolumeHook_BadTable();
        _ageSteps = ages.length;
        _lotSteps = lots.length;
        _ages = _packSteps(ages, 0);
        _lots = _packSteps(lots, 1);
        uint256[4] memory words;
        for (uint256 i = 0; i < bps.length; ++i) {
            if (bps[i] == 0 || bps[i] > 10_000) revert AgeVolumeHook_BadTable();
            (uint256 row, uint256 column) = (i / lots.length, i % lots.length);
            words[row / 2] |= uint256(bps[i]) << (16 * (MAX_STEPS * (row % 2) + column));
        }
        (_bps0, _bps1, _bps2, _bps3) = (words[0], words[1], words[2], words[3]);
    }

    // ---------------------------------------------------------------- hook

    /// @inheritdoc IOrderHook
    function onPurchase(bytes32 orderHash, address, uint256, uint256 lots, bytes calldata data)
        external
        view
        returns (uint256 bps)
    {
        return bpsFor(data.length == 0 ? 0 : block.timestamp - _youngest(orderHash, data), lots);
    }

    /// @inheritdoc IOrderHook
    function onDelivery(bytes32, uint256) external pure returns (uint256 allowed) {
        return 1;
    }

    // ---------------------------------------------------------------- table

    /// @notice What the table says.
    /// @param age Seconds since the anchor of the youngest lot.
    /// @param lots Number of lots.
    function bpsFor(uint256 age, uint256 lots) public view returns (uint256) {
        uint256 row = _stepOf(_ages, _ageSteps, age);
        uint256 column = _stepOf(_lots, _lotSteps, lots);
        uint256 word = row < 4 ? (row < 2 ? _bps0 : _bps1) : (row < 6 ? _bps2 : _bps3);
        return (word >> (16 * (MAX_STEPS * (row % 2) + column))) & 0xffff;
    }

    // ---------------------------------------------------------------- internal

    /// @dev The latest anchor among all lots of the order.
    function _youngest(bytes32 orderHash, bytes calldata data) private view returns (uint256 time) {
        SellOrder calldata order = HookData.orderOf(data);
        bytes32 given = OrderDigests.digest(exchange, order);
        if (given != orderHash) revert AgeVolumeHook_WrongOrder(given, orderHash);
        HeaderProof[] calldata proofs = HookData.proofsOf(data);
        // Each lot takes gas, and a hook has little: a list that is too long fails.
        bytes32[] memory hashes = new bytes32[](proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            HeaderProof calldata proof = proofs[i];
            if (proof.path.length > Headers.MAX_DEPTH) revert AgeVolumeHook_PathTooLong(proof.path.length);
            hashes[i] = Headers.hash(proof.header);
            uint256 anchoredAt = dataRegistry.anchorOf(proof.header.tsp, Headers.rootOf(hashes[i], proof.path)).time;
            if (anchoredAt == 0) revert AgeVolumeHook_NotAnchored(i);
            if (anchoredAt > time) time = anchoredAt;
        }
        OrderDigests.requireLots(order, hashes);
    }

    /// @dev The last step that a value has reached; below the first step it is the first.
    function _stepOf(uint256 steps, uint256 count, uint256 value) private pure returns (uint256 step) {
        while (step + 1 < count && value >= uint32(steps >> (32 * (step + 1)))) ++step;
    }

    function _packSteps(uint32[] memory steps, uint256 first) private pure returns (uint256 packed) {
        if (steps.length == 0 || steps.length > MAX_STEPS || steps[0] != first) revert AgeVolumeHook_BadTable();
        for (uint256 i = 0; i < steps.length; ++i) {
            if (i != 0 && steps[i] <= steps[i - 1]) revert AgeVolumeHook_BadTable();
            packed |= uint256(steps[i]) << (32 * i);
        }
    }
}
