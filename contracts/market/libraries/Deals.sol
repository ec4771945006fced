// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Sales } from "./Sales.sol";

/// @notice The unit of delivery, bond, challenge, complaint, refund and settlement: up to 32 lots of one agreement version.
/// @param lotsHash keccak256 of the packed header hashes, in order.
/// @param lotCount How many.
/// @param price What the buyer pays for the page before a hook's reduction, in the token's smallest unit.
/// @param challengeDeposit What the buyer locks for a challenge; zero where every delivery is proven.
/// @param bond What the seller locks at a delivery on chain, at least the token's floor for that many lots.
struct Page {
    bytes32 lotsHash;
    uint32 lotCount;
    uint128 price;
    uint128 challengeDeposit;
    uint128 bond;
}

/// @notice An offer, signed by the seller as EIP-712 and free to make.
/// @param seller Signs, delivers and bonds; the agent of the pinned agreement version, or the holder of a resale right.
/// @param buyer The only account that may buy, or zero.
/// @param buyersRoot Root of a Merkle list of the accounts that may buy (leaf: keccak256(keccak256(abi.encode(account))),
/// sorted pairs), or zero.
/// @param token What the price is in.
/// @param maxFeeBps The highest protocol fee that the seller accepts.
/// @param agreementId Agreement of (vehicle, epoch).
/// @param version The agreement's version that every sale pins; must be the one in force at purchase.
/// @param dataClass OEM 1, USER 2, DISPUTED 3.
/// @param privacy ORDINARY 1, PRIVATE 2.
/// @param flags See {Deals}.
/// @param royaltyBps What the agreement's parties get of each later resale's price; zero without the flag RESALE.
/// @param hook Contract asked at purchase and at each delivery on chain, zero for none, see {IOrderHook}.
/// @param hookCodeHash Its code hash, zero for none.
/// @param pages What is sold, 1 to 32 pages.
/// @param deliverTime Seconds from purchase (or from the end of the inspection) to `deliverBy`.
/// @param answerTime Seconds to answer a challenge; zero where every delivery is proven.
/// @param complaintWindow Seconds after a delivery in which it can be challenged and complained of.
/// @param repeatable Whether the order survives a purchase.
/// @param maxFills How many purchases a repeatable order allows, 0 for any number.
/// @param expiry Last second (Unix) in which it may be bought.
/// @param nonce Bit of the seller's bitmap; a set bit means cancelled.
/// @param legalHash Hash of the terms of use.
struct SellOrder {
    address seller;
    address buyer;
    bytes32 buyersRoot;
    address token;
    uint16 maxFeeBps;
    uint256 agreementId;
    uint32 version;
    uint8 dataClass;
    uint8 privacy;
    uint8 flags;
    uint16 royaltyBps;
    address hook;
    bytes32 hookCodeHash;
    Page[] pages;
    uint32 deliverTime;
    uint32 answerTime;
    uint32 complaintWindow;
    bool repeatable;
    uint32 maxFills;
    uint64 expiry;
    uint256 nonce;
    bytes32 legalHash;
}

/// @notice What a purchase adds to an order, in six words that {Sales} packs and reads. Together they are all the terms of a
/// deal.
/// @param party Buyer, fee, what is paid, what the agreement's parties get, and until when to deliver.
/// @param fee Fee recipient, until when to inspect, and the buyer's nonce.
/// @param rightKey Key of the settled page that the seller's resale right comes from; zero for the agent's own sales.
/// @param agreementDigest Digest of the pinned agreement version.
/// @param keyX Delivery key of the buyer, x on BabyJubJub.
/// @param keyY Delivery key of the buyer, y.
struct Sale {
    bytes32 party;
    bytes32 fee;
    bytes32 rightKey;
    bytes27 agreementDigest;
    uint256 keyX;
    uint256 keyY;
}

/// @notice All terms of a deal, brought along by every move. Their hash is the deal's id: what is not in here could be swapped.
struct Terms {
    SellOrder order;
    Sale sale;
}

/// @title Deals
/// @notice Hashes of orders, deals and delivery contexts, and the amounts that terms stand for.
library Deals {
    /// @notice Flags of orders.
    uint8 internal constant ALL_OR_NOTHING = 1;
    uint8 internal constant RESALE = 2;
    uint8 internal constant EXCLUSIVE = 4;
    uint8 internal constant PROVEN_ONLY = 8;
    /// @notice The seller gives up its own right with the sale (CarChain's dup = false).
    uint8 internal constant NO_COPY_KEPT = 16;
    uint8 internal constant ALL_FLAGS = 31;

    /// @notice The most lots of a page, and the most pages of a deal.
    uint256 internal constant MAX_LOTS = 32;
    uint256 internal constant MAX_PAGES = 32;

    /// @notice A whole in basis points.
    uint256 internal constant WHOLE = 10_000;

    bytes32 internal constant PAGE_TYPEHASH =
        keccak256("Page(bytes32 lotsHash,uint32 lotCount,uint128 price,uint128 challengeDeposit,uint128 bond)");
    bytes32 internal constant ORDER_TYPEHASH = keccak256(
        "SellOrder(address seller,address buyer,bytes32 buyersRoot,address token,uint16 maxFeeBps,uint256 agreementId,uint32 version,uint8 dataClass,uint8 privacy,uint8 flags,uint16 royaltyBps,address hook,bytes32 hookCodeHash,Page[] pages,uint32 deliverTime,uint32 answerTime,uint32 complaintWindow,bool repeatable,uint32 maxFills,uint64 expiry,uint256 nonce,bytes32 legalHash)Page(bytes32 lotsHash,uint32 lotCount,uint128 price,uint128 challengeDeposit,uint128 bond)"
    );
    bytes32 private constant _DEAL_TAG = keccak256("qood/deal/v2");
    bytes32 private constant _CONTEXT_TAG = keccak256("qood/context/v1");

    // ---------------------------------------------------------------- hashes

    /// @notice EIP-712 struct hash of an order.
    /// @dev A struct's calldata head has its words where EIP-712 has them, so they are copied as they lie; only the list of
    /// pages is replaced by its hash. Words that do not fit their type make `buy`, which reads each, revert.
    function hashOrder(SellOrder calldata order) internal pure returns (bytes32 hash) {
        bytes32 pagesHash = hashPages(order.pages);
        bytes32 typehash = ORDER_TYPEHASH;
        assembly ("memory-safe") {
            // Scratch space behind the free memory pointer: type hash and 22 words.
            let at := mload(0x40)
            mstore(at, typehash)
            calldatacopy(add(at, 0x20), order, 0x2c0)
            mstore(add(at, 0x1c0), pagesHash)
            hash := keccak256(at, 0x2e0)
        }
    }

    /// @notice EIP-712 hash of a list of pages.
    function hashPages(Page[] calldata pages) internal pure returns (bytes32 hash) {
        bytes32 typehash = PAGE_TYPEHASH;
        assembly ("memory-safe") {
            let at := mload(0x40)
            let list := add(at, 0xc0)
            mstore(at, typehash)
            for { let i := 0 } lt(i, pages.length) { i := add(i, 1) } {
                calldatacopy(add(at, 0x20), add(pages.offset, mul(i, 0xa0)), 0xa0)
                mstore(add(list, shl(5, i)), keccak256(at, 0xc0))
            }
            hash := keccak256(list, shl(5, pages.length))
        }
    }

    /// @notice The deal's id. The order's EIP-712 digest brings in chain and exchange.
    function idOf(bytes32 orderHash, Sale memory sale) internal pure returns (bytes32 id) {
        bytes32 tag = _DEAL_TAG;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, tag)
            mstore(add(at, 0x20), orderHash)
            mcopy(add(at, 0x40), sale, 0xc0)
            id := keccak256(at, 0x100)
        }
    }

    /// @notice As {idOf}, for a sale that a move brings along: its words are copied as they lie.
    function idOfCalldata(bytes32 orderHash, Sale calldata sale) internal pure returns (bytes32 id) {
        bytes32 tag = _DEAL_TAG;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, tag)
            mstore(add(at, 0x20), orderHash)
            calldatacopy(add(at, 0x40), sale, 0xc0)
            id := keccak256(at, 0x100)
        }
    }

    /// @notice Key of a page's state: the deal's id for page 0.
    function keyOf(bytes32 dealId, uint256 page) internal pure returns (bytes32 key) {
        if (page == 0) return dealId;
        assembly ("memory-safe") {
            mstore(0x00, dealId)
            mstore(0x20, page)
            key := keccak256(0x00, 0x40)
        }
    }

    /// @notice Public input that binds a KeyDelivery proof to one page of one deal. 248 bits, hence below the field's order.
    function contextOf(bytes32 dealId, uint256 page) internal view returns (uint256) {
        return uint256(keccak256(abi.encode(_CONTEXT_TAG, block.chainid, address(this), dealId, page))) >> 8;
    }

    /// @notice Hash of a page's header hashes.
    function hashLots(bytes32[] memory headers) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(headers, 0x20), shl(5, mload(headers)))
        }
    }

    /// @notice As {hashLots}, of calldata.
    function hashLotsCalldata(bytes32[] calldata headers) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let at := mload(0x40)
            calldatacopy(at, headers.offset, shl(5, headers.length))
            hash := keccak256(at, shl(5, headers.length))
        }
    }

    // ---------------------------------------------------------------- amounts

    /// @notice What was paid for a page, rounded down.
    function priceOf(SellOrder calldata order, Sale calldata sale, uint256 page) internal pure returns (uint256) {
        uint256 price = order.pages[page].price;
        unchecked {
            // Below 2^128 x 2^16.
            return price * Sales.priceBps(sale.party) / WHOLE;
        }
    }

    /// @notice Whether a flag is set.
    function has(SellOrder calldata order, uint8 flag) internal pure returns (bool) {
        return order.flags & flag != 0;
    }
}
