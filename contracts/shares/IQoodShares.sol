// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Agreement, VersionTerms } from "./libraries/Agreements.sol";

/// @title IQoodShares
/// @notice Agreements between the owner and the OEM of a vehicle on what may be sold of its data and who earns what.
/// @dev Notes:
/// - There is one agreement per (vehicle, ownership epoch), with versions counted from 1. Both principals sign a version;
///   either alone can deny a pair at once or end the agreement with its notice; neither alone can change anything else.
/// - A version is stored as a 27-byte digest with its start. Its text stands in the event, its preimage in calldata where
///   it is needed. No version is ever deleted: open deals keep the one that they pinned.
/// - An `end` writes an empty version that starts when the notice is over. So "version v was in force at time t" is always
///   start(v) <= t < start(v + 1), and two slots show it. A version that none follows shows by its own slot that it is in
///   force.
/// - A closed epoch may still get new versions, signed by the owner of that epoch: old data stays sellable by a new agent.
interface IQoodShares {
    // ---------------------------------------------------------------- types

    /// @notice State of an agreement, in one slot.
    struct Head {
        uint32 latest; // highest version recorded, 0 where there is no agreement
        uint32 nonce; // changes so far; the next text must carry it
        uint32 noticePeriod; // of the latest text, seconds
    }

    /// @notice A version, in one slot, which alone tells whether it is in force as long as none follows it.
    struct Version {
        uint32 start; // Unix seconds, until the year 2106
        uint8 marks; // bits 0-5: denied pairs; bit 7: another version follows
        bytes27 digest; // zero: nothing is in force from `start` on
    }

    // ---------------------------------------------------------------- events

    event Agreed(uint256 indexed agreementId, uint32 indexed version, address indexed agent, Agreement text, VersionTerms terms);
    event Denied(uint256 indexed agreementId, address indexed by, uint8 dataClass, uint8 privacy);
    event Ended(uint256 indexed agreementId, address indexed by, uint32 version, uint32 endsAt);

    // ---------------------------------------------------------------- errors

    error QoodShares_Expired(uint64 deadline, uint256 timestamp);
    error QoodShares_WrongNonce(uint32 given, uint32 expected);
    error QoodShares_NotOwnerInEpoch(address given, address owner);
    error QoodShares_NotOem(address given, address oem);
    error QoodShares_Unconfirmed(uint256 vehicle, uint8 dataClass);
    error QoodShares_NotAccreditedAgent(address agent);
    error QoodShares_BadOwnerSignature(address owner);
    error QoodShares_BadOemSignature(address oem);
    error QoodShares_PairCount(uint256 given);
    error QoodShares_PairOutOfOrder(uint256 index);
    error QoodShares_DeniedPairHasShares(uint256 index);
    error QoodShares_SharesDoNotSum(uint256 index, uint256 sum);
    error QoodShares_StorageTakesAll(uint256 index);
    error QoodShares_NoStoragePayee(uint256 index);
    error QoodShares_TokenCount(uint256 given);
    error QoodShares_NoticeTooLong(uint32 given, uint32 most);
    error QoodShares_NotPrincipal(address caller);
    error QoodShares_UnknownPair(uint8 dataClass, uint8 privacy);
    error QoodShares_AlreadyDenied(uint8 dataClass, uint8 privacy);
    error QoodShares_NoAgreement(uint256 agreementId);
    error QoodShares_AlreadyEnded(uint256 agreementId);

    // ---------------------------------------------------------------- both sides

    /// @notice Records a new version, in force from this block on. Anyone may submit it: the signatures are the consent.
    /// @dev Emits {Agreed}. Clears all denials and overtakes an end whose notice is running. ERC-1271 signers count.
    ///
    /// Requirements:
    /// - The deadline has not passed and the nonce is the agreement's.
    /// - `owner` is the owner of the vehicle in `epoch`, `oem` its maker, `agent` an accredited TSP.
    /// - The maker has confirmed the vehicle, or no pair of OEM or DISPUTED data is authorised.
    /// - There are six pairs in order; an authorised pair's shares sum to exactly 10,000 and do not all go to storage; a
    ///   denied pair's shares are zero; a pair that gives storage a share needs a storage payee.
    /// - There are one to eight tokens; the notice period is at most 180 days.
    /// - Owner and OEM have signed the text.
    /// @return version The number of the version.
    function agree(Agreement calldata text, bytes calldata ownerSignature, bytes calldata oemSignature)
        external
        returns (uint32 version);

    // ---------------------------------------------------------------- one side

    /// @notice Denies a (class, privacy) pair at once: no further purchase. Open deals go on.
    /// @dev Emits {Denied}.
    ///
    /// Requirements:
    /// - There is an agreement and the pair exists and is not denied already.
    /// - The caller is the owner in that epoch or the OEM.
    function deny(uint256 vehicle, uint64 epoch, uint8 dataClass, uint8 privacy) external;

    /// @notice Ends the agreement when the notice period is over. Open deals go on.
    /// @dev Emits {Ended}.
    ///
    /// Requirements:
    /// - There is an agreement in force that nobody has ended.
    /// - The caller is the owner in that epoch or the OEM.
    function end(uint256 vehicle, uint64 epoch) external;

    // ---------------------------------------------------------------- reading

    /// @notice The id of the agreement of (vehicle, epoch).
    function agreementId(uint256 vehicle, uint64 epoch) external pure returns (uint256);

    /// @notice The state of an agreement; all zero where there is none.
    function headOf(uint256 agreementId) external view returns (Head memory);

    /// @notice A version; all zero where it was not recorded.
    function versionOf(uint256 agreementId, uint32 version) external view returns (Version memory);

    /// @notice The version in force now and the pairs denied in it.
    /// @return version Its number, 0 where nothing is in force.
    /// @return denied Bit per pair.
    /// @return start Its start.
    /// @return digest Its digest.
    function current(uint256 agreementId) external view returns (uint32 version, uint8 denied, uint32 start, bytes27 digest);

    /// @notice A version, if it is in force now: the cheap way for who knows its number.
    /// @return denied Bit per pair.
    /// @return start Its start.
    /// @return digest Its digest, zero where the version is not in force.
    function inForce(uint256 agreementId, uint32 version) external view returns (uint8 denied, uint32 start, bytes27 digest);

    /// @notice The agent of a version, if the version was in force at a time.
    /// @return agent Zero where `terms` are not that version's or it was not in force at `time`.
    function agentAt(uint256 agreementId, uint32 version, VersionTerms calldata terms, uint256 time)
        external
        view
        returns (address agent);
}
