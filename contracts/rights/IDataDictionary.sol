// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title IDataDictionary
/// @notice The open dictionary of data schemas: proposed by anyone, accepted by curators, deprecated, never changed.
/// @dev Notes:
/// - A schema's id is keccak256(name ‖ 0x40 ‖ version), 0x40 being an at sign: the `schema` of headers and stream handles. Under
///   one id there is at most one entry for ever: a better text is a new version.
/// - `digest` is the sha2-256 digest of the CID of the schema's file: CID version 1, codec dag-pb, UnixFS, balanced, raw leaves,
///   chunks of 1 MiB, 1,024 children, a single chunk wrapped too. So the CID is the bytes 0x01 0x70 0x12 0x20 ‖ digest in
///   base32. `fileHash` is the plain sha2-256 of the same file, for those who have the file and no IPFS. The file is JSON in the
///   canonical form of RFC 8785. The chain sees no file: curators check that both belong to it before they accept.
/// - A proposal is keyed by all that it says *and* its proposer. It reserves nothing: who proposes a name, or copies a proposal
///   out of the mempool, keeps nobody else from proposing the same name, with the same text or another one. What a curator
///   accepts by its key is what was read, whatever was taken back and proposed again meanwhile.
/// - A proposal needs a deposit in the chain's own coin, so that filling the list ties money up. It always goes back: when
///   the proposal is accepted, rejected or taken back, and by {reclaim} when no curator has acted for {REVIEW_TIME}.
///   All payments are credits, which their account withdraws: no receiver can hold up anybody else.
/// - Warning: acceptance says that curators found the text well formed and useful. It says nothing of the data sold under it.
///   Sealing and selling under a schema that is not here works too; nothing in the exchange reads this contract.
interface IDataDictionary {
    // ---------------------------------------------------------------- types

    /// @notice All that a schema is.
    struct Schema {
        string name; // 1 to 64 bytes of a-z, 0-9, "." and "-"
        string version; // the same
        bytes32 digest; // sha2-256 digest of the file's CID
        bytes32 fileHash; // sha2-256 of the file
        uint8 fields; // public search fields that batches may carry: 1 time, 2 H3 cell, 4 owner, 8 VIN tag; none is obligatory
    }

    /// @notice An accepted schema, in two slots.
    struct Entry {
        // slot 0
        bytes32 digest;
        // slot 1
        uint64 acceptedAt; // Unix seconds, 0 where there is no entry
        uint64 deprecatedAt; // Unix seconds, 0 while it is in force
        uint8 fields;
    }

    /// @notice An open proposal, in one slot.
    struct Proposal {
        uint128 deposit; // what is still held for it
        uint64 proposedAt; // Unix seconds, 0 where there is none
    }

    // ---------------------------------------------------------------- events

    /// @param key Of the proposal, see {proposalKey}.
    event SchemaProposed(bytes32 indexed id, address indexed proposer, bytes32 indexed key, Schema schema, uint256 deposit);
    event ProposalRetracted(bytes32 indexed id, address indexed proposer, bytes32 indexed key);
    event ProposalRejected(bytes32 indexed id, address indexed proposer, bytes32 indexed key, address curator);
    event DepositReclaimed(bytes32 indexed id, address indexed proposer, bytes32 indexed key, uint256 deposit);
    event SchemaAccepted(bytes32 indexed id, address indexed proposer, bytes32 indexed key, Schema schema, address curator);
    event SchemaDeprecated(bytes32 indexed id, address curator);
    event DepositSet(uint256 deposit);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    // ---------------------------------------------------------------- errors

    error DataDictionary_DepositTooHigh(uint256 given, uint256 most);
    error DataDictionary_WrongDeposit(uint256 given, uint256 needed);
    error DataDictionary_BadLength(uint256 given);
    error DataDictionary_BadCharacter(uint256 position, bytes1 given);
    error DataDictionary_NoFile();
    error DataDictionary_UnknownFields(uint8 fields);
    error DataDictionary_Taken(bytes32 id);
    error DataDictionary_ProposedAlready(bytes32 key);
    error DataDictionary_NoProposal(bytes32 key);
    error DataDictionary_NothingToReclaim(bytes32 key);
    error DataDictionary_UnderReview(uint256 until);
    error DataDictionary_UnknownSchema(bytes32 id);
    error DataDictionary_Deprecated(bytes32 id);
    error DataDictionary_NoReceiver();
    error DataDictionary_NotEnough(address account, uint256 credit, uint256 asked);

    // ---------------------------------------------------------------- proposers

    /// @notice Proposes a schema; anyone may.
    /// @dev Emits {SchemaProposed}.
    ///
    /// Requirements:
    /// - Exactly the deposit is sent.
    /// - Name and version have 1 to 64 bytes each, of a-z, 0-9, "." and "-".
    /// - Neither hash of the file is zero.
    /// - Only the four search fields that there are.
    /// - No schema of this name and version was ever accepted.
    /// - The caller has not the very same proposal open.
    /// @return key Of the proposal.
    function propose(Schema calldata schema) external payable returns (bytes32 key);

    /// @notice Takes the caller's proposal back; its deposit becomes the caller's credit.
    /// @dev Emits {ProposalRetracted}.
    ///
    /// Requirements:
    /// - The caller has this proposal open.
    function retract(Schema calldata schema) external;

    /// @notice Turns the deposit of a proposal that no curator has decided on into credit; the proposal stays open.
    /// @dev Emits {DepositReclaimed}.
    ///
    /// Requirements:
    /// - The caller has this proposal open.
    /// - More than {REVIEW_TIME} has passed since it was proposed.
    /// - It still has a deposit.
    function reclaim(Schema calldata schema) external;

    /// @notice Pays out part of the caller's credit to any address.
    /// @dev Emits {Withdrawn}.
    ///
    /// Requirements:
    /// - `to` is not zero.
    /// - The credit is at least `amount`.
    /// - The receiver takes it: its own reason where it gives one, else `FailedCall`.
    function withdraw(address payable to, uint256 amount) external;

    // ---------------------------------------------------------------- curators

    /// @notice Accepts a proposal: from now on the schema stands under its id, for ever. The deposit becomes the proposer's credit.
    /// @dev Emits {SchemaAccepted}. Other proposals of the same name and version stay open; they can only be rejected or retracted.
    ///
    /// Requirements:
    /// - The caller has the curator's role in the access manager.
    /// - The proposer has this proposal open.
    /// - No schema of this name and version was accepted before.
    function accept(Schema calldata schema, address proposer) external;

    /// @notice Rejects a proposal; its deposit becomes the proposer's credit. It may be proposed again, by anyone.
    /// @dev Emits {ProposalRejected}.
    ///
    /// Requirements:
    /// - The caller has the curator's role in the access manager.
    /// - The proposer has this proposal open.
    function reject(Schema calldata schema, address proposer) external;

    /// @notice Marks an accepted schema as one that new data should not use. Old data stays readable by it; there is no way back.
    /// @dev Emits {SchemaDeprecated}.
    ///
    /// Requirements:
    /// - The caller has the curator's role in the access manager.
    /// - The schema was accepted.
    /// - It is not deprecated yet.
    function deprecate(bytes32 id) external;

    /// @notice Sets the deposit of later proposals; those that are open keep theirs.
    /// @dev Emits {DepositSet}.
    ///
    /// Requirements:
    /// - The caller has the treasurer's role in the access manager.
    /// - At most {MAX_DEPOSIT}.
    function setDeposit(uint256 deposit_) external;

    // ---------------------------------------------------------------- reading

    /// @notice Seconds after which a proposer may have the deposit back without a decision.
    function REVIEW_TIME() external view returns (uint256);

    /// @notice The highest deposit that can ever be set, fixed at deployment.
    function MAX_DEPOSIT() external view returns (uint256);

    /// @notice What a proposal must bring now, in the chain's own coin.
    function deposit() external view returns (uint256);

    /// @notice The accepted schema of an id; all zero where there is none.
    function schemaOf(bytes32 id) external view returns (Entry memory);

    /// @notice The open proposal of a key; all zero where there is none.
    function proposalOf(bytes32 key) external view returns (Proposal memory);

    /// @notice What an account may withdraw.
    function creditOf(address account) external view returns (uint256);

    /// @notice keccak256(name ‖ 0x40 ‖ version), 0x40 being an at sign.
    function schemaId(string calldata name, string calldata version) external pure returns (bytes32);

    /// @notice keccak256(abi.encode(schema, proposer)).
    function proposalKey(Schema calldata schema, address proposer) external pure returns (bytes32);
}
