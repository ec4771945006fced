// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { Address } from "@openzeppelin/contracts/utils/Address.sol";
import { IDataDictionary } from "./IDataDictionary.sol";

/// @title DataDictionary
/// @notice See {IDataDictionary}, which holds the documentation.
contract DataDictionary is IDataDictionary, AccessManaged {
    /// @inheritdoc IDataDictionary
    uint256 public constant REVIEW_TIME = 30 days;
    /// @inheritdoc IDataDictionary
    uint256 public immutable MAX_DEPOSIT;

    uint256 private constant _MAX_LENGTH = 64;
    /// @dev Time, H3 cell, owner, VIN tag.
    uint8 private constant _ALL_FIELDS = 15;
    /// @dev Bit c is set if the character c may stand in names and versions: "-" and ".", 0-9, a-z. The at sign is not among
    /// them, so that what an id is the hash of can be read in one way only.
    uint256 private constant _CHARACTERS = (3 << 0x2d) | (0x3ff << 0x30) | (0x3ffffff << 0x61);

    /// @inheritdoc IDataDictionary
    uint256 public deposit;
    mapping(bytes32 id => Entry) private _entries;
    mapping(bytes32 key => Proposal) private _proposals;
    mapping(address account => uint256) private _credits;

    /// @param maxDeposit Bounds every later deposit; a uint128, so that a proposal fits one slot.
    constructor(address authority, uint256 deposit_, uint128 maxDeposit) AccessManaged(authority) {
        MAX_DEPOSIT = maxDeposit;
        _setDeposit(deposit_);
    }

    // ---------------------------------------------------------------- proposers

    /// @inheritdoc IDataDictionary
    function propose(Schema calldata schema) external payable returns (bytes32 key) {
        if (msg.value != deposit) revert DataDictionary_WrongDeposit(msg.value, deposit);
        _checkText(bytes(schema.name));
        _checkText(bytes(schema.version));
        if (schema.digest == 0 || schema.fileHash == 0) revert DataDictionary_NoFile();
        if (schema.fields > _ALL_FIELDS) revert DataDictionary_UnknownFields(schema.fields);
        bytes32 id = schemaId(schema.name, schema.version);
        if (_entries[id].acceptedAt != 0) revert DataDictionary_Taken(id);
        key = proposalKey(schema, msg.sender);
        if (_proposals[key].proposedAt != 0) revert DataDictionary_ProposedAlready(key);

        // The value is the deposit, which is at most MAX_DEPOSIT, a uint128.
        _proposals[key] = Proposal({ deposit: uint128(msg.value), proposedAt: uint64(block.timestamp) });
        emit SchemaProposed(id, msg.sender, key, schema, msg.value);
    }

    /// @inheritdoc IDataDictionary
    function retract(Schema calldata schema) external {
        (bytes32 id, bytes32 key) = _close(schema, msg.sender);
        emit ProposalRetracted(id, msg.sender, key);
    }

    /// @inheritdoc IDataDictionary
    function reclaim(Schema calldata schema) external {
        bytes32 key = proposalKey(schema, msg.sender);
        Proposal memory proposal = _open(key);
        uint256 until = proposal.proposedAt + REVIEW_TIME;
        if (block.timestamp <= until) revert DataDictionary_UnderReview(until);
        if (proposal.deposit == 0) revert DataDictionary_NothingToReclaim(key);

        _proposals[key].deposit = 0;
        _credits[msg.sender] += proposal.deposit;
        emit DepositReclaimed(schemaId(schema.name, schema.version), msg.sender, key, proposal.deposit);
    }

    /// @inheritdoc IDataDictionary
    function withdraw(address payable to, uint256 amount) external {
        if (to == address(0)) revert DataDictionary_NoReceiver();
        uint256 credit = _credits[msg.sender];
        if (credit < amount) revert DataDictionary_NotEnough(msg.sender, credit, amount);

        unchecked {
            // Cannot underflow: compared in the line above.
            _credits[msg.sender] = credit - amount;
        }
        emit Withdrawn(msg.sender, to, amount);
        Address.sendValue(to, amount);
    }

    // ---------------------------------------------------------------- curators

    /// @inheritdoc IDataDictionary
    function accept(Schema calldata schema, address proposer) external restricted {
        (bytes32 id, bytes32 key) = _close(schema, proposer);
        if (_entries[id].acceptedAt != 0) revert DataDictionary_Taken(id);

        _entries[id] =
            Entry({ digest: schema.digest, acceptedAt: uint64(block.timestamp), deprecatedAt: 0, fields: schema.fields });
        emit SchemaAccepted(id, proposer, key, schema, msg.sender);
    }

    /// @inheritdoc IDataDictionary
    function reject(Schema calldata schema, address proposer) external restricted {
        (bytes32 id, bytes32 key) = _close(schema, proposer);
        emit ProposalRejected(id, proposer, key, msg.sender);
    }

    /// @inheritdoc IDataDictionary
    function deprecate(bytes32 id) external restricted {
        Entry storage entry = _entries[id];
        if (entry.acceptedAt == 0) revert DataDictionary_UnknownSchema(id);
        if (entry.deprecatedAt != 0) revert DataDictionary_Deprecated(id);

        entry.deprecatedAt = uint64(block.timestamp);
        emit SchemaDeprecated(id, msg.sender);
    }

    /// @inheritdoc IDataDictionary
    function setDeposit(uint256 deposit_) external restricted {
        _setDeposit(deposit_);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IDataDictionary
    function schemaOf(bytes32 id) external view returns (Entry memory) {
        return _entries[id];
    }

    /// @inheritdoc IDataDictionary
    function proposalOf(bytes32 key) external view returns (Proposal memory) {
        return _proposals[key];
    }

    /// @inheritdoc IDataDictionary
    function creditOf(address account) external view returns (uint256) {
        return _credits[account];
    }

    /// @inheritdoc IDataDictionary
    function schemaId(string calldata name, string calldata version) public pure returns (bytes32) {
        return keccak256(bytes.concat(bytes(name), "@", bytes(version)));
    }

    /// @inheritdoc IDataDictionary
    function proposalKey(Schema calldata schema, address proposer) public pure returns (bytes32) {
        return keccak256(abi.encode(schema, proposer));
    }

    // ---------------------------------------------------------------- internal

    function _setDeposit(uint256 deposit_) private {
        if (deposit_ > MAX_DEPOSIT) revert DataDictionary_DepositTooHigh(deposit_, MAX_DEPOSIT);
        deposit = deposit_;
        emit DepositSet(deposit_);
    }

    /// @dev Ends an open proposal and credits what is held for it.
    function _close(Schema calldata schema, address proposer) private returns (bytes32 id, bytes32 key) {
        key = proposalKey(schema, proposer);
        _credits[proposer] += _open(key).deposit;
        delete _proposals[key];
        id = schemaId(schema.name, schema.version);
    }

    function _open(bytes32 key) private view returns (Proposal memory proposal) {
        proposal = _proposals[key];
        if (proposal.proposedAt == 0) revert DataDictionary_NoProposal(key);
    }

    function _checkText(bytes calldata text) private pure {
        uint256 length = text.length;
        if (length == 0 || length > _MAX_LENGTH) revert DataDictionary_BadLength(length);
        for (uint256 i = 0; i < length; ++i) {
            if ((_CHARACTERS >> uint8(text[i])) & 1 == 0) revert DataDictionary_BadCharacter(i, text[i]);
        }
    }
}
