// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @notice The unit of delivery and settlement: up to 32 lots of one agreement version.
/// @param lotsHash keccak256 of the packed header hashes, in order.
/// @param lotCount How many.
/// @param price What the buyer pays for the page, in the token's smallest unit.
/// @param challengeDeposit What the buyer locks for a challenge.
/// @param bond What the seller locks at delivery.
struct Page {
    bytes32 lotsHash;
    uint32 lotCount;
    uint128 price;
    uint128 challengeDeposit;
    uint128 bond;
}

/// @notice An offer, signed by the seller as EIP-712 and free to make.
/// @param seller Signs, delivers; the agent of the pinned agreement version.
/// @param buyer The only account that may buy, or zero for anyone.
/// @param token What the price is in.
/// @param maxFeeBps The highest protocol fee that the seller accepts.
/// @param agreementId Agreement of (vehicle, epoch).
/// @param version The agreement's version that every sale pins; must be the one in force at purchase.
/// @param dataClass OEM 1, USER 2, DISPUTED 3.
/// @param privacy ORDINARY 1, PRIVATE 2.
/// @param flags See {Deals}.
/// @param hook Contract asked at purchase, zero for none.
/// @param hookCodeHash Its code hash, zero for none.
/// @param pages What is sold.
/// @param deliverTime Seconds from purchase to `deliverBy`.
/// @param answerTime Seconds to answer a challenge.
/// @param complaintWindow Seconds after delivery until anyone may settle.
/// @param repeatable Whether the order survives a purchase.
/// @param maxFills How many purchases a repeatable order allows, 0 for any number.
/// @param expiry Last second (Unix) in which it may be bought.
/// @param nonce Bit of the seller's bitmap; a set bit means cancelled.
/// @param legalHash Hash of the terms of use.
struct SellOrder {
    address seller;
    address buyer;
    address token;
    uint16 maxFeeBps;
    uint256 agreementId;
    uint32 version;
    uint8 dataClass;
    uint8 privacy;
    uint8 flags;
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

/// @notice All terms of a deal. Their hash is its id: what is not in here could be swapped.
/// @param orderHash EIP-712 digest of the order.
/// @param keyX Delivery key of the buyer, x on BabyJubJub.
/// @param keyY Delivery key of the buyer, y.
/// @param deliverBy Last second (Unix) before which nobody can refund but the seller.
/// @param nonce Chosen by the buyer, so that one order can be bought twice.
struct Terms {
    bytes32 orderHash;
    address buyer;
    address seller;
    address token;
    uint16 feeBps;
    address feeRecipient;
    uint256 keyX;
    uint256 keyY;
    uint256 agreementId;
    uint32 version;
    uint8 dataClass;
    uint8 privacy;
    uint8 flags;
    address hook;
    bytes32 hookCodeHash;
    Page[] pages;
    uint64 deliverBy;
    uint32 answerTime;
    uint32 complaintWindow;
    uint256 nonce;
}

/// @title Deals
/// @notice Hashes of orders, deals and delivery contexts.
library Deals {
    /// @notice Flags of orders and deals.
    uint8 internal constant ALL_OR_NOTHING = 1;
    uint8 internal constant RESALE = 2;
    uint8 internal constant EXCLUSIVE = 4;
    uint8 internal constant PROVEN_ONLY = 8;

    /// @notice The most lots of a page.
    uint256 internal constant MAX_LOTS = 32;

    bytes32 internal constant PAGE_TYPEHASH =
        keccak256("Page(bytes32 lotsHash,uint32 lotCount,uint128 price,uint128 challengeDeposit,uint128 bond)");
    bytes32 internal constant ORDER_TYPEHASH = keccak256(
        "SellOrder(address seller,address buyer,address token,uint16 maxFeeBps,uint256 agreementId,uint32 version,uint8 dataClass,uint8 privacy,uint8 flags,address hook,bytes32 hookCodeHash,Page[] pages,uint32 deliverTime,uint32 answerTime,uint32 complaintWindow,bool repeatable,uint32 maxFills,uint64 expiry,uint256 nonce,bytes32 legalHash)Page(bytes32 lotsHash,uint32 lotCount,uint128 price,uint128 challengeDeposit,uint128 bond)"
    );
    bytes32 private constant _DEAL_TAG = keccak256("qood/deal/v1");
    bytes32 private constant _CONTEXT_TAG = keccak256("qood/context/v1");

    /// @notice EIP-712 struct hash of an order.
    function hashOrder(SellOrder calldata order) internal pure returns (bytes32) {
        bytes32[] memory pages = new bytes32[](order.pages.length);
        for (uint256 i = 0; i < order.pages.length; ++i) {
            pages[i] = keccak256(abi.encode(PAGE_TYPEHASH, order.pages[i]));
        }
        return keccak256(
            bytes.concat(
                abi.encode(ORDER_TYPEHASH, order.seller, order.buyer, order.token, order.maxFeeBps, order.agreementId, order.version),
                abi.encode(order.dataClass, order.privacy, order.flags, order.hook, order.hookCodeHash),
                abi.encode(
                    keccak256(abi.encodePacked(pages)),
                    order.deliverTime,
                    order.answerTime,
                    order.complaintWindow,
                    order.repeatable
                ),
                abi.encode(order.maxFills, order.expiry, order.nonce, order.legalHash)
            )
        );
    }

    /// @notice The deal's id on this chain and this exchange.
    function idOf(Terms memory terms) internal view returns (bytes32) {
        return keccak256(abi.encode(_DEAL_TAG, block.chainid, address(this), terms));
    }

    /// @notice As {idOf}, for terms that a move brings along.
    function idOfCalldata(Terms calldata terms) internal view returns (bytes32) {
        return keccak256(abi.encode(_DEAL_TAG, block.chainid, address(this), terms));
    }

    /// @notice Public input that binds a KeyDelivery proof to one page of one deal. 248 bits, hence below the field's order.
    function contextOf(bytes32 dealId, uint256 page) internal view returns (uint256) {
        return uint256(keccak256(abi.encode(_CONTEXT_TAG, block.chainid, address(this), dealId, page))) >> 8;
    }
}
