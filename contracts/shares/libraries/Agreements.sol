// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @notice What one (class, privacy) pair of an agreement says. All shares zero where the pair is denied.
struct PairShares {
    uint8 dataClass; // OEM 1, USER 2, DISPUTED 3
    uint8 privacy; // ORDINARY 1, PRIVATE 2
    bool authorised;
    uint16 ownerBps;
    uint16 oemBps;
    uint16 agentBps;
    uint16 storageBps;
}

/// @notice A token in which data may be paid, with the least price of one batch for each class, in the token's smallest unit.
struct TokenFloor {
    address token;
    uint128 oemFloor;
    uint128 userFloor;
    uint128 disputedFloor;
}

/// @notice The text that owner and OEM sign as EIP-712.
/// @param vehicle Token id.
/// @param epoch Ownership epoch whose data it covers.
/// @param owner Owner in that epoch, a principal and payee.
/// @param oem Maker, a principal and payee.
/// @param agent TSP that collects, offers and delivers.
/// @param storagePayee Who pins the ciphertext; zero only where no pair gives it a share.
/// @param pairs The six pairs, ordered by class, then privacy.
/// @param tokens Accepted tokens and floors, at least one, at most eight.
/// @param noticePeriod Seconds between an `end` by one side and the end.
/// @param legalHash Hash of the paper contract.
/// @param nonce The agreement's count of changes at the time of signing: each agree, deny and end voids older texts.
/// @param deadline Last second (Unix) in which the text may be recorded.
struct Agreement {
    uint256 vehicle;
    uint64 epoch;
    address owner;
    address oem;
    address agent;
    address storagePayee;
    PairShares[] pairs;
    TokenFloor[] tokens;
    uint32 noticePeriod;
    bytes32 legalHash;
    uint32 nonce;
    uint64 deadline;
}

/// @notice The preimage of a version's digest: what a settlement must know of an agreement, and no more.
/// @param textHash EIP-712 struct hash of the whole text.
/// @param shares The six pairs in one word, see {Agreements-pack}.
/// @param tokensHash EIP-712 hash of the accepted tokens.
struct VersionTerms {
    address owner;
    address oem;
    address storagePayee;
    bytes32 textHash;
    address agent;
    uint256 shares;
    bytes32 tokensHash;
}

/// @notice The first words of {VersionTerms}, which the digest has as one hash: most purchases need not know them.
struct VersionParties {
    address owner;
    address oem;
    address storagePayee;
    bytes32 textHash;
}

/// @notice What a purchase must know of a version, beside its tokens.
/// @param partiesHash keccak256 of the words of {VersionParties}.
struct VersionBrief {
    bytes32 partiesHash;
    address agent;
    uint256 shares;
}

/// @title Agreements
/// @notice Hashes, packing and reading of QoodShares texts; shared by QoodShares, which records, and the exchange, which pays.
library Agreements {
    uint8 internal constant OEM = 1;
    uint8 internal constant USER = 2;
    uint8 internal constant DISPUTED = 3;
    uint8 internal constant ORDINARY = 1;
    uint8 internal constant PRIVATE = 2;

    /// @notice (class, privacy) pairs of an agreement.
    uint256 internal constant PAIRS = 6;

    /// @notice Bits of a pair in the packed shares: owner, OEM and agent 14 bits each. Six pairs fill 252 bits.
    uint256 internal constant PAIR_BITS = 42;

    /// @notice Basis points of a whole.
    uint256 internal constant WHOLE = 10_000;

    bytes32 internal constant PAIR_TYPEHASH = keccak256(
        "PairShares(uint8 dataClass,uint8 privacy,bool authorised,uint16 ownerBps,uint16 oemBps,uint16 agentBps,uint16 storageBps)"
    );
    bytes32 internal constant TOKEN_TYPEHASH =
        keccak256("TokenFloor(address token,uint128 oemFloor,uint128 userFloor,uint128 disputedFloor)");
    bytes32 internal constant AGREEMENT_TYPEHASH = keccak256(
        "Agreement(uint256 vehicle,uint64 epoch,address owner,address oem,address agent,address storagePayee,PairShares[] pairs,TokenFloor[] tokens,uint32 noticePeriod,bytes32 legalHash,uint32 nonce,uint64 deadline)PairShares(uint8 dataClass,uint8 privacy,bool authorised,uint16 ownerBps,uint16 oemBps,uint16 agentBps,uint16 storageBps)TokenFloor(address token,uint128 oemFloor,uint128 userFloor,uint128 disputedFloor)"
    );

    // ---------------------------------------------------------------- names

    /// @notice The id of the agreement of (vehicle, epoch): the two side by side, unique since an epoch has 64 bits.
    function id(uint256 vehicle, uint64 epoch) internal pure returns (uint256) {
        return (vehicle << 64) | epoch;
    }

    /// @notice Position of a pair, 0 to 5.
    function pairIndex(uint8 dataClass, uint8 privacy) internal pure returns (uint256) {
        return (uint256(dataClass) - 1) * 2 + (uint256(privacy) - 1);
    }

    // ---------------------------------------------------------------- hashes

    /// @notice EIP-712 hash of the list of accepted tokens.
    /// @dev A struct's calldata has its words where EIP-712 has them, so they are copied as they lie.
    function hashTokens(TokenFloor[] calldata tokens) internal pure returns (bytes32 hash) {
        bytes32 typehash = TOKEN_TYPEHASH;
        assembly ("memory-safe") {
            let at := mload(0x40)
            let list := add(at, 0xa0)
            mstore(at, typehash)
            for { let i := 0 } lt(i, tokens.length) { i := add(i, 1) } {
                calldatacopy(add(at, 0x20), add(tokens.offset, shl(7, i)), 0x80)
                mstore(add(list, shl(5, i)), keccak256(at, 0xa0))
            }
            hash := keccak256(list, shl(5, tokens.length))
        }
    }

    /// @notice EIP-712 struct hash of a text.
    function hashText(Agreement calldata text, bytes32 tokensHash) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](text.pairs.length);
        for (uint256 i = 0; i < text.pairs.length; ++i) {
            hashes[i] = keccak256(abi.encode(PAIR_TYPEHASH, text.pairs[i]));
        }
        return keccak256(
            bytes.concat(
                abi.encode(AGREEMENT_TYPEHASH, text.vehicle, text.epoch, text.owner, text.oem, text.agent, text.storagePayee),
                abi.encode(
                    keccak256(abi.encodePacked(hashes)),
                    tokensHash,
                    text.noticePeriod,
                    text.legalHash,
                    text.nonce,
                    text.deadline
                )
            )
        );
    }

    /// @notice Digest of a version, 27 bytes so that it shares a slot with the version's start: hash of agreement, number,
    /// parties' hash, agent, shares and tokens' hash.
    function digest(uint256 agreementId, uint32 version, VersionTerms memory terms) internal pure returns (bytes27) {
        bytes32 parties = keccak256(abi.encode(terms.owner, terms.oem, terms.storagePayee, terms.textHash));
        return bytes27(keccak256(abi.encode(agreementId, version, parties, terms.agent, terms.shares, terms.tokensHash)));
    }

    /// @notice As {digest}, for terms that a caller brings along: their words are copied as they lie.
    function digestOfCalldata(uint256 agreementId, uint32 version, VersionTerms calldata terms) internal pure returns (bytes27) {
        bytes32 hash;
        assembly ("memory-safe") {
            let at := mload(0x40)
            calldatacopy(at, terms, 0x80)
            mstore(add(at, 0x40), keccak256(at, 0x80))
            mstore(at, agreementId)
            mstore(add(at, 0x20), and(version, 0xffffffff))
            calldatacopy(add(at, 0x60), add(terms, 0x80), 0x60)
            hash := keccak256(at, 0xc0)
        }
        return bytes27(hash);
    }

    /// @notice As {digest}, of what a purchase brings along.
    function digestOfBrief(uint256 agreementId, uint256 version, VersionBrief calldata brief, bytes32 tokensHash)
        internal
        pure
        returns (bytes27)
    {
        bytes32 hash;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, agreementId)
            mstore(add(at, 0x20), version)
            calldatacopy(add(at, 0x40), brief, 0x60)
            mstore(add(at, 0xa0), tokensHash)
            hash := keccak256(at, 0xc0)
        }
        return bytes27(hash);
    }

    /// @notice Hash of a version's parties.
    function hashParties(VersionParties calldata parties) internal pure returns (bytes32) {
        return keccak256(abi.encode(parties));
    }

    // ---------------------------------------------------------------- packed shares

    /// @notice Packs the shares of owner, OEM and agent of a pair, 14 bits each; storage has the rest of the whole.
    /// A denied pair packs to zero.
    function pack(PairShares calldata pair) internal pure returns (uint256) {
        return (uint256(pair.ownerBps) << 28) | (uint256(pair.oemBps) << 14) | pair.agentBps;
    }

    /// @notice Whether a pair is authorised by the packed shares.
    function isAuthorised(uint256 shares, uint256 index) internal pure returns (bool) {
        return (shares >> (index * PAIR_BITS)) & ((1 << PAIR_BITS) - 1) != 0;
    }

    /// @notice Shares of OEM and agent and storage in basis points; the owner has the rest, dust included.
    function sharesOf(uint256 shares, uint256 index)
        internal
        pure
        returns (uint256 oemBps, uint256 agentBps, uint256 storageBps)
    {
        uint256 word = shares >> (index * PAIR_BITS);
        uint256 ownerBps = (word >> 28) & 0x3fff;
        oemBps = (word >> 14) & 0x3fff;
        agentBps = word & 0x3fff;
        // Cannot underflow for shares that were recorded: QoodShares refuses a pair whose sum is not the whole.
        storageBps = WHOLE - ownerBps - oemBps - agentBps;
    }

    /// @notice The floor of a class.
    function floorOf(TokenFloor calldata token, uint8 dataClass) internal pure returns (uint256) {
        if (dataClass == OEM) return token.oemFloor;
        if (dataClass == USER) return token.userFloor;
        return token.disputedFloor;
    }
}
