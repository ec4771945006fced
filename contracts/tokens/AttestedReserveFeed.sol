// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { IAggregatorV3 } from "./IAggregatorV3.sol";
import { IAttestedReserveFeed } from "./IAttestedReserveFeed.sol";

/// @title AttestedReserveFeed
/// @notice See {IAttestedReserveFeed}, which holds the documentation.
contract AttestedReserveFeed is IAttestedReserveFeed, AccessManaged {
    struct Round {
        // slot 0
        uint128 amount;
        uint64 asOf;
        uint64 writtenAt;
        // slot 1
        bytes32 documentHash;
    }

    /// @inheritdoc IAggregatorV3
    uint8 public immutable decimals;

    uint80 private _latest;
    mapping(uint80 round => Round) private _rounds;

    constructor(address authority, uint8 decimals_) AccessManaged(authority) {
        decimals = decimals_;
    }

    // ---------------------------------------------------------------- auditor

    /// @inheritdoc IAttestedReserveFeed
    function attest(bytes32 documentHash, uint64 asOf, uint256 amount) external restricted {
        if (documentHash == 0) revert AttestedReserveFeed_NoDocument();
        if (asOf > block.timestamp) revert AttestedReserveFeed_InFuture(asOf, block.timestamp);
        if (asOf < _rounds[_latest].asOf) revert AttestedReserveFeed_OlderThanLast(asOf, _rounds[_latest].asOf);
        if (amount > type(uint128).max) revert AttestedReserveFeed_AmountTooLarge(amount);

        uint80 round = ++_latest;
        _rounds[round] =
            Round({ amount: uint128(amount), asOf: asOf, writtenAt: uint64(block.timestamp), documentHash: documentHash });
        emit ReserveAttested(round, msg.sender, documentHash, asOf, amount);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IAggregatorV3
    function description() external pure returns (string memory) {
        return "QDD reserve, attested";
    }

    /// @inheritdoc IAggregatorV3
    function version() external pure returns (uint256) {
        return 1;
    }

    /// @inheritdoc IAggregatorV3
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        return _roundData(roundId);
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return _roundData(_latest);
    }

    /// @inheritdoc IAttestedReserveFeed
    function documentOf(uint80 round) external view returns (bytes32) {
        return _rounds[round].documentHash;
    }

    // ---------------------------------------------------------------- internal

    function _roundData(uint80 id) private view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = _rounds[id];
        if (round.documentHash == 0) revert AttestedReserveFeed_UnknownRound(id);
        return (id, int256(uint256(round.amount)), round.writtenAt, round.asOf, id);
    }
}
