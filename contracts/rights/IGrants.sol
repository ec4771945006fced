// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Header } from "./libraries/Headers.sol";

/// @title IGrants
/// @notice Rights to read: to a named party, for a range of a stream's sequences, given freely or against payment.
/// @dev Notes:
/// - The principal of the class grants: USER the owner of the epoch, OEM the maker, DISPUTED both, each by its own call.
/// - The maker may grant on a stream of an ownership epoch that has not begun; an owner is known only when it has.
/// - A free grant may reach forward, ends with its expiry or by {revoke}, and all of a stream's free grants end with its next
///   key epoch: one write. Which is also what makes them end in truth, since later data has another key.
/// - A paid grant covers anchored data only, so that no transfer of the vehicle can take what was paid for. Nobody ends it.
/// - Granting tells nobody a key. Who holds the keys (the TSP's delivery worker, a device) hands them to whom a grant names.
interface IGrants {
    // ---------------------------------------------------------------- types

    /// @notice What is granted; the hash of it names the grant, so that no second call changes the first one's words.
    /// @param stream Handle.
    /// @param party Who may read.
    /// @param first First sequence.
    /// @param last Last sequence.
    /// @param expiry Last second (Unix).
    /// @param paid Whether it is a paid one.
    struct Range {
        bytes32 stream;
        address party;
        uint64 first;
        uint64 last;
        uint64 expiry;
        bool paid;
    }

    /// @notice A grant, in one slot.
    struct Grant {
        uint64 keyEpoch; // of a free one: the stream's when it was given
        uint8 consents; // bit 0 owner, bit 1 OEM
    }

    // ---------------------------------------------------------------- events

    /// @param termsHash Of a free grant the hash of the service given in return, of a paid one that of the payment's terms.
    event Granted(bytes32 indexed stream, address indexed party, address indexed by, Range range, bytes32 termsHash);
    event Revoked(bytes32 indexed stream, address indexed party, address indexed by, Range range);
    event KeyEpochBegun(bytes32 indexed stream, address indexed by, uint64 keyEpoch);

    // ---------------------------------------------------------------- errors

    error Grants_NotPrincipal(address caller);
    error Grants_ZeroAddress();
    error Grants_EmptyRange(uint64 first, uint64 last);
    error Grants_Expired(uint64 expiry, uint256 timestamp);
    error Grants_NotOfStream(bytes32 given, bytes32 stream);
    error Grants_NotTheLast(uint64 sequence, uint64 last);
    error Grants_WrongKind(bool paid);
    error Grants_NotGranted(bytes32 grantId);

    // ---------------------------------------------------------------- principals

    /// @notice Grants a range freely, or adds the second principal's consent to it.
    /// @dev Emits {Granted}. A grant of before the stream's current key epoch is made anew.
    ///
    /// Requirements:
    /// - The range says that it is a free one.
    /// - `party` is not zero, the range is not empty, the expiry is not over.
    /// - The stream resolves by `handleProof`, and the caller is a principal of its class.
    function grantFree(Range calldata range, bytes calldata handleProof, bytes32 serviceHash) external;

    /// @notice Grants against payment what is anchored, up to the given header's sequence, or adds the second principal's
    /// consent to it.
    /// @dev Emits {Granted}. The payment is the two parties' matter; a sale through the exchange needs no grant.
    ///
    /// Requirements:
    /// - The range says that it is a paid one.
    /// - `header` opens under an anchor of its TSP, is of the stream, and has the range's last sequence.
    /// - `party` is not zero, the range is not empty, the expiry is not over.
    /// - The stream resolves by `handleProof`, and the caller is a principal of its class.
    function grantPaid(
        Range calldata range,
        bytes calldata handleProof,
        bytes32 paymentHash,
        Header calldata header,
        bytes32[] calldata path
    ) external;

    /// @notice Ends a free grant at once; of DISPUTED data either principal can.
    /// @dev Emits {Revoked}.
    ///
    /// Requirements:
    /// - The range says that it is a free one.
    /// - The stream resolves by `handleProof`, and the caller is a principal of its class.
    /// - There is such a grant.
    function revoke(Range calldata range, bytes calldata handleProof) external;

    /// @notice Begins a stream's next key epoch and with it ends all of its free grants.
    /// @dev Emits {KeyEpochBegun}. Who seals takes the secret of that key epoch for all later batches.
    ///
    /// Requirements:
    /// - The stream resolves by `handleProof`, and the caller is a principal of its class.
    /// @return keyEpoch The new one, counted from 0 at first.
    function beginKeyEpoch(bytes32 stream, bytes calldata handleProof) external returns (uint64 keyEpoch);

    // ---------------------------------------------------------------- reading

    /// @notice The key epoch of a stream, 0 at first.
    function keyEpochOf(bytes32 stream) external view returns (uint64);

    /// @notice The hash that names a grant.
    function grantId(Range calldata range) external pure returns (bytes32);

    /// @notice A grant as it was given; all zero where there is none.
    function grantOf(bytes32 grantId) external view returns (Grant memory);

    /// @notice Whether a grant lets its party read a sequence now: given by all principals, not over, not revoked.
    /// @dev False, too, where `handleProof` does not resolve the stream.
    function isGranted(Range calldata range, bytes calldata handleProof, uint64 sequence) external view returns (bool);
}
