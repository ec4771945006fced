// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { IVehicleRegistry } from "../identity/IVehicleRegistry.sol";
import { Signatures } from "../libraries/Signatures.sol";
import { IQoodShares } from "./IQoodShares.sol";
import { Agreement, Agreements, PairShares, VersionTerms } from "./libraries/Agreements.sol";

/// @title QoodShares
/// @notice See {IQoodShares}, which holds the documentation.
contract QoodShares is IQoodShares, EIP712 {
    using SafeCast for uint256;

    /// @notice The longest notice that a text may ask for.
    uint32 public constant MAX_NOTICE = 180 days;

    /// @notice The most tokens of a text.
    uint256 public constant MAX_TOKENS = 8;

    /// @notice Whose owners, makers and TSPs count.
    IVehicleRegistry public immutable vehicles;

    /// @dev Mark of a version that another one follows.
    uint8 private constant _FOLLOWED = 0x80;

    mapping(uint256 agreementId => Head) private _heads;
    mapping(uint256 agreementId => mapping(uint32 version => Version)) private _versions;

    constructor(IVehicleRegistry vehicles_) EIP712("QoodShares", "1") {
        vehicles = vehicles_;
    }

    // ---------------------------------------------------------------- both sides

    /// @inheritdoc IQoodShares
    function agree(Agreement calldata text, bytes calldata ownerSignature, bytes calldata oemSignature)
        external
        returns (uint32 version)
    {
        if (block.timestamp > text.deadline) revert QoodShares_Expired(text.deadline, block.timestamp);
        uint256 id = Agreements.id(text.vehicle, text.epoch);
        Head memory head = _heads[id];
        if (text.nonce != head.nonce) revert QoodShares_WrongNonce(text.nonce, head.nonce);
        _checkParties(text);
        VersionTerms memory terms = _checkedTerms(text);

        bytes32 digest = _hashTypedDataV4(terms.textHash);
        if (!Signatures.isValid(text.owner, digest, ownerSignature)) revert QoodShares_BadOwnerSignature(text.owner);
        if (!Signatures.isValid(text.oem, digest, oemSignature)) revert QoodShares_BadOemSignature(text.oem);

        if (head.latest != 0) _follow(_versions[id][head.latest]);
        version = head.latest + 1;
        _heads[id] = Head({ latest: version, nonce: head.nonce + 1, noticePeriod: text.noticePeriod });
        _versions[id][version] =
            Version({ start: block.timestamp.toUint32(), marks: 0, digest: Agreements.digest(id, version, terms) });
        emit Agreed(id, version, text.agent, text, terms);
    }

    // ---------------------------------------------------------------- one side

    /// @inheritdoc IQoodShares
    function deny(uint256 vehicle, uint64 epoch, uint8 dataClass, uint8 privacy) external {
        _onlyPrincipal(vehicle, epoch);
        uint256 id = Agreements.id(vehicle, epoch);
        Head memory head = _heads[id];
        if (head.latest == 0) revert QoodShares_NoAgreement(id);
        if (dataClass == 0 || dataClass > 3 || privacy == 0 || privacy > 2) revert QoodShares_UnknownPair(dataClass, privacy);
        uint8 bit = uint8(1 << Agreements.pairIndex(dataClass, privacy));
        Version storage text = _latestText(id, head.latest);
        if (text.marks & bit != 0) revert QoodShares_AlreadyDenied(dataClass, privacy);

        text.marks |= bit;
        // A new nonce, so that a text signed before the denial cannot undo it.
        _heads[id].nonce = head.nonce + 1;
        emit Denied(id, msg.sender, dataClass, privacy);
    }

    /// @inheritdoc IQoodShares
    function end(uint256 vehicle, uint64 epoch) external {
        _onlyPrincipal(vehicle, epoch);
        uint256 id = Agreements.id(vehicle, epoch);
        Head memory head = _heads[id];
        if (head.latest == 0) revert QoodShares_NoAgreement(id);
        Version storage text = _versions[id][head.latest];
        if (text.digest == 0) revert QoodShares_AlreadyEnded(id);

        text.marks |= _FOLLOWED;
        uint32 endsAt = (block.timestamp + head.noticePeriod).toUint32();
        head.latest += 1;
        head.nonce += 1;
        _heads[id] = head;
        _versions[id][head.latest] = Version({ start: endsAt, marks: 0, digest: 0 });
        emit Ended(id, msg.sender, head.latest, endsAt);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IQoodShares
    function agreementId(uint256 vehicle, uint64 epoch) external pure returns (uint256) {
        return Agreements.id(vehicle, epoch);
    }

    /// @inheritdoc IQoodShares
    function headOf(uint256 id) external view returns (Head memory) {
        return _heads[id];
    }

    /// @inheritdoc IQoodShares
    function versionOf(uint256 id, uint32 version) external view returns (Version memory) {
        return _versions[id][version];
    }

    /// @inheritdoc IQoodShares
    function current(uint256 id) external view returns (uint32 version, uint8 denied, uint32 start, bytes27 digest) {
        version = _heads[id].latest;
        // Only an end starts in the future, and what comes before an end is a text.
        if (_versions[id][version].start > block.timestamp) version -= 1;
        (denied, start, digest) = inForce(id, version);
        if (digest == 0) version = 0;
    }

    /// @inheritdoc IQoodShares
    function inForce(uint256 id, uint32 version) public view returns (uint8 denied, uint32 start, bytes27 digest) {
        Version memory found = _versions[id][version];
        if (found.digest == 0) return (0, 0, 0);
        if (found.marks & _FOLLOWED != 0 && _versions[id][version + 1].start <= block.timestamp) return (0, 0, 0);
        return (found.marks & ~_FOLLOWED, found.start, found.digest);
    }

    /// @inheritdoc IQoodShares
    function agentAt(uint256 id, uint32 version, VersionTerms calldata terms, uint256 time) external view returns (address) {
        Version memory found = _versions[id][version];
        uint32 next = _versions[id][version + 1].start;
        if (time < found.start || (next != 0 && time >= next)) return address(0);
        if (found.digest != Agreements.digestOfCalldata(id, version, terms)) return address(0);
        return terms.agent;
    }

    // ---------------------------------------------------------------- internal

    /// @dev Another version begins now. An end whose notice is still running is overtaken: its empty version keeps its number
    /// but lasts no time at all.
    function _follow(Version storage latest) private {
        if (latest.digest != 0) latest.marks |= _FOLLOWED;
        else if (latest.start > block.timestamp) latest.start = block.timestamp.toUint32();
    }

    /// @dev The latest version that is not an end; before an end there always is one.
    function _latestText(uint256 id, uint32 latest) private view returns (Version storage text) {
        text = _versions[id][latest];
        if (text.digest == 0) text = _versions[id][latest - 1];
    }

    function _onlyPrincipal(uint256 vehicle, uint64 epoch) private view {
        if (msg.sender != vehicles.ownerInEpoch(vehicle, epoch) && msg.sender != vehicles.oemOf(vehicle)) {
            revert QoodShares_NotPrincipal(msg.sender);
        }
    }

    function _checkParties(Agreement calldata text) private view {
        address owner = vehicles.ownerInEpoch(text.vehicle, text.epoch);
        if (text.owner != owner) revert QoodShares_NotOwnerInEpoch(text.owner, owner);
        (address oem, bool confirmed) = vehicles.makerOf(text.vehicle);
        if (text.oem != oem) revert QoodShares_NotOem(text.oem, oem);
        if (!confirmed) _requireOwnersDataOnly(text);
        if (!vehicles.isTsp(text.agent)) revert QoodShares_NotAccreditedAgent(text.agent);
    }

    /// @dev Before the maker has confirmed a vehicle, only USER data of it is sold. Called before the pairs' order is checked, so
    /// that it looks at what they say.
    function _requireOwnersDataOnly(Agreement calldata text) private pure {
        for (uint256 i = 0; i < text.pairs.length; ++i) {
            if (text.pairs[i].authorised && text.pairs[i].dataClass != Agreements.USER) {
                revert QoodShares_Unconfirmed(text.vehicle, text.pairs[i].dataClass);
            }
        }
    }

    /// @dev Checks the text by itself and condenses it.
    function _checkedTerms(Agreement calldata text) private pure returns (VersionTerms memory terms) {
        if (text.tokens.length == 0 || text.tokens.length > MAX_TOKENS) revert QoodShares_TokenCount(text.tokens.length);
        if (text.noticePeriod > MAX_NOTICE) revert QoodShares_NoticeTooLong(text.noticePeriod, MAX_NOTICE);
        if (text.pairs.length != Agreements.PAIRS) revert QoodShares_PairCount(text.pairs.length);

        uint256 shares;
        for (uint256 i = 0; i < Agreements.PAIRS; ++i) {
            PairShares calldata pair = text.pairs[i];
            if (pair.dataClass != i / 2 + 1 || pair.privacy != i % 2 + 1) revert QoodShares_PairOutOfOrder(i);
            uint256 sum = uint256(pair.ownerBps) + pair.oemBps + pair.agentBps + pair.storageBps;
            if (!pair.authorised) {
                if (sum != 0) revert QoodShares_DeniedPairHasShares(i);
                continue;
            }
            if (sum != Agreements.WHOLE) revert QoodShares_SharesDoNotSum(i, sum);
            // Packed, such a pair would read as denied.
            if (pair.storageBps == Agreements.WHOLE) revert QoodShares_StorageTakesAll(i);
            if (pair.storageBps != 0 && text.storagePayee == address(0)) revert QoodShares_NoStoragePayee(i);
            shares |= Agreements.pack(pair) << (i * Agreements.PAIR_BITS);
        }

        bytes32 tokensHash = Agreements.hashTokens(text.tokens);
        terms.owner = text.owner;
        terms.oem = text.oem;
        terms.agent = text.agent;
        terms.storagePayee = text.storagePayee;
        terms.shares = shares;
        terms.tokensHash = tokensHash;
        terms.textHash = Agreements.hashText(text, tokensHash);
    }
}
