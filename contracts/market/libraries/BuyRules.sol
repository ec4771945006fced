// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import { Header, Headers } from "../../rights/libraries/Headers.sol";
import { Rests } from "../../rights/libraries/Rests.sol";

/// @notice What a buyer looks for, and on what terms. Zero means "any" where nothing else is said.
/// @param buyer Whom everything is bought for, and to whom the money returns.
/// @param token What is paid in.
/// @param schema keccak256 of the schema's name@version.
/// @param dataClass OEM 1, USER 2, DISPUTED 3.
/// @param privacy ORDINARY 1, PRIVATE 2.
/// @param flags Flags that a sell order must have, see {Deals}.
/// @param origins Allowed origins of headers, a bit each: 1 TSP_ATTESTED, 2 DEVICE_SIGNED, 4 DEVICE_SEALED.
/// @param firstTime Earliest record, Unix milliseconds.
/// @param lastTime Latest record, Unix milliseconds.
/// @param anchoredFrom First second (Unix) of an anchor.
/// @param anchoredTo Last second (Unix) of an anchor.
/// @param cellsHash Search only: keccak256 of the wanted H3 cells, each a uint64, sorted and packed.
/// @param vehicleHash Search only: SHA-256 of the wanted attributes of vehicles (RFC 8785 JSON).
/// @param searchDigest sha2-256 digest of the CID of the file in which both stand in full.
/// @param agentsRoot Root of the list of TSPs whose headers count, and who may answer and sell (leaf and pairs as in
/// {SellOrder-buyersRoot}).
/// @param oem Maker whose agreements count.
/// @param legalHash Terms of use that a sell order must have.
/// @param minLots Least number of lots of one purchase by rule.
/// @param maxPrice The most that one lot costs by rule, challenge deposits not counted.
/// @param maxDeliverTime The longest time to deliver by rule, seconds.
/// @param minComplaintWindow The shortest complaint window by rule, seconds.
/// @param inspectTime Seconds in which the buyer may reject what a rule has reserved; zero: no purchase by rule.
/// @param deadline Last second (Unix) for answers and purchases.
/// @param answerDeposit What an answer locks against spam; see {IBuyOrders}.
/// @param keyX Delivery key of the buyer, x on BabyJubJub.
/// @param keyY Delivery key of the buyer, y.
/// @param nonce Any number, so that the same order can be placed again.
struct BuyOrder {
    address buyer;
    address token;
    bytes32 schema;
    uint8 dataClass;
    uint8 privacy;
    uint8 flags;
    uint8 origins;
    uint64 firstTime;
    uint64 lastTime;
    uint64 anchoredFrom;
    uint64 anchoredTo;
    bytes32 cellsHash;
    bytes32 vehicleHash;
    bytes32 searchDigest;
    bytes32 agentsRoot;
    address oem;
    bytes32 legalHash;
    uint32 minLots;
    uint128 maxPrice;
    uint32 maxDeliverTime;
    uint32 minComplaintWindow;
    uint32 inspectTime;
    uint64 deadline;
    uint128 answerDeposit;
    uint256 keyX;
    uint256 keyY;
    uint256 nonce;
}

/// @notice A lot as a rule sees it.
/// @param header Its words.
/// @param path Siblings up to the anchored root.
/// @param rest abi.encode of all that lies behind `restHash`, or empty where the buy order has no times of records.
/// @param agentPath Path of the header's TSP in the buy order's list; read where that is neither the
/// seller nor the TSP of the lot before.
struct OfferedLot {
    Header header;
    bytes32[] path;
    bytes rest;
    bytes32[] agentPath;
}

/// @title BuyRules
/// @notice Names of buy orders and what a rule asks that needs nothing of the chain.
library BuyRules {
    /// @notice Bit of {BuyOrder-origins} of headers that no device vouches for.
    uint8 internal constant TSP_ATTESTED = 1;

    bytes32 private constant _TAG = keccak256("qood/buy-order/v1");
    bytes32 private constant _ANSWER_TAG = keccak256("qood/answer/v1");

    // ---------------------------------------------------------------- names

    /// @notice The id of a buy order at the calling contract.
    function idOf(BuyOrder calldata wanted) internal view returns (bytes32) {
        return keccak256(abi.encode(_TAG, block.chainid, address(this), wanted));
    }

    /// @notice Where an agent's answer is kept.
    function answerKey(bytes32 id, address agent, bytes32 orderHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(_ANSWER_TAG, id, agent, orderHash));
    }

    // ---------------------------------------------------------------- rules

    /// @notice Whether a rule says whose data it takes: a list of TSPs, or a maker and devices that vouch for it. One that
    /// does not would pay whoever registers a vehicle and seals noise.
    function namesSomebody(BuyOrder calldata wanted) internal pure returns (bool) {
        if (wanted.agentsRoot != 0) return true;
        return wanted.oem != address(0) && wanted.origins != 0 && wanted.origins & TSP_ATTESTED == 0;
    }

    /// @notice Whether an account is in a list.
    function isListed(bytes32 root, address account, bytes32[] calldata path) internal pure returns (bool) {
        return MerkleProof.verifyCalldata(path, root, keccak256(abi.encode(keccak256(abi.encode(account)))));
    }

    /// @notice Whether the origin in a header's flags is an allowed one.
    function isOrigin(uint8 origins, uint256 headerFlags) internal pure returns (bool) {
        return origins == 0 || (uint256(origins) >> Headers.originOf(headerFlags)) & 1 != 0;
    }

    /// @notice Whether a time lies between two others; an upper end of zero is none.
    function isWithin(uint256 time, uint256 from, uint256 to) internal pure returns (bool) {
        return time >= from && (to == 0 || time <= to);
    }

    /// @notice Whether all records of a batch lie in the wanted range, by its header's own word.
    function areTimesWithin(BuyOrder calldata wanted, OfferedLot calldata lot) internal pure returns (bool) {
        if (wanted.firstTime == 0 && wanted.lastTime == 0) return true;
        if (!Rests.isOf(lot.rest, lot.header.restHash)) return false;
        (uint256 first, uint256 last) = Rests.times(lot.rest);
        return first >= wanted.firstTime && isWithin(last, first, wanted.lastTime);
    }
}
