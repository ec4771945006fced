// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @notice Whose data a stream carries.
/// @param vehicle Token id.
/// @param epoch Ownership epoch in which the data was made.
/// @param dataClass OEM 1, USER 2, DISPUTED 3.
/// @param privacy ORDINARY 1, PRIVATE 2.
/// @param schema keccak256 of the schema's name@version.
struct Rights {
    uint256 vehicle;
    uint64 epoch;
    uint8 dataClass;
    uint8 privacy;
    bytes32 schema;
}

/// @title Handles
/// @notice Resolves an opaque stream handle to rights. Named handles are a hash of the rights themselves.
library Handles {
    /// @notice Kind of a named handle, the first word of its proof.
    uint8 internal constant NAMED = 1;

    /// @notice Length of a named handle's proof: six words.
    uint256 internal constant NAMED_LENGTH = 192;

    bytes32 private constant _TAG = keccak256("qood/handle/v1");

    /// @notice The named handle of rights under a vehicle registry of this chain.
    function named(address registry, Rights memory rights) internal view returns (bytes32) {
        return named(registry, rights.vehicle, rights.epoch, rights.dataClass, rights.privacy, rights.schema);
    }

    /// @notice As above, of rights word by word.
    function named(address registry, uint256 vehicle, uint256 epoch, uint256 dataClass, uint256 privacy, bytes32 schema)
        internal
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(_TAG, block.chainid, registry, vehicle, epoch, dataClass, privacy, schema));
    }

    /// @notice Decodes a proof and checks it against the handle.
    /// @return ok False where the kind or the length is unknown or the hash differs; `rights` then means nothing.
    function resolve(address registry, bytes32 handle, bytes calldata proof) internal view returns (bool ok, Rights memory rights) {
        if (proof.length != NAMED_LENGTH || uint256(bytes32(proof[:32])) != NAMED) return (false, rights);
        rights = abi.decode(proof[32:], (Rights));
        ok = named(registry, rights) == handle;
    }
}
