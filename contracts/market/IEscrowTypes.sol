// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IVehicleRegistry } from "../identity/IVehicleRegistry.sol";
import { IDataRegistry } from "../rights/IDataRegistry.sol";
import { Header } from "../rights/libraries/Headers.sol";
import { IQoodShares } from "../shares/IQoodShares.sol";
import { TokenFloor, VersionBrief, VersionParties, VersionTerms } from "../shares/libraries/Agreements.sol";
import { IComplaintVerifier } from "./IComplaintVerifier.sol";
import { Sale, SellOrder, Terms } from "./libraries/Deals.sol";

/// @title IEscrowTypes
/// @notice Types, events and errors of the exchange, see {IEscrow}.
interface IEscrowTypes {
    // ---------------------------------------------------------------- types

    /// @notice What a page is in. Only moves change it, never time alone.
    enum State {
        None, // no such deal
        Funded, // paid, nothing delivered (Reserved, while the buyer of a matched order inspects)
        DeliveredUnproven, // the key is out, bond locked; the buyer may challenge until `endsAt`
        Challenged, // the buyer says that the key is wrong; the seller proves it right, or loses the bond after `endsAt`
        DeliveredProven, // the key is out and proven, bond locked; complaints until `endsAt`
        Settled, // the price is credited to the payees; final
        Refunded, // the price is credited to the buyer; final
        Cancelled // rejected by the buyer while it was reserved; final
    }

    /// @notice Why a buyer was refunded.
    enum Reason {
        Late, // nothing delivered by `deliverBy`
        Conceded, // the seller gave up
        Unanswered, // a challenge was not answered in time
        Complaint, // a right complaint
        BadHeader // a right complaint was made about the header before
    }

    /// @notice A page, in one slot. That of page 0 is the deal's own, written at purchase.
    /// @dev An unproven delivery puts the hash of what was delivered into bits 56-255 and sets mark 8: what stands there tells
    /// whether headers can be opened, and they have been. Only page 0 of several keeps it, for the pages that have not moved
    /// yet, and its hash has a slot of its own.
    struct Deal {
        State state; // bits 0-7
        uint8 marks; // bits 8-15: 1 reservation accepted, 2 deposit paid out, 4 resale right passed on, 8 see above
        uint40 endsAt; // bits 16-55, last second to challenge, answer or complain; 0 before a delivery
        uint40 purchasedAt; // bits 56-95, Unix seconds
        uint40 versionStart; // bits 96-135, start of the pinned agreement version
        uint32 delivered; // bits 136-167, pages delivered of an all-or-nothing deal
    }

    /// @notice Who beside the sealer has bonds in a DISPUTED deal.
    struct Parties {
        address owner;
        address oem;
    }

    /// @notice On what terms a token is taken, in one slot. Deposits and bonds are in units of 10^scale and are given for a
    /// page of one lot, of up to 8 and of up to 32.
    struct TokenTerms {
        bool listed; // bits 0-7
        bool stopped; // bits 8-15, by the guardian
        uint8 scale; // bits 16-23, at most 18
        uint16 feeBps; // bits 24-39, at most MAX_FEE_BPS
        uint32 deposit1; // bits 40-71, the most that a page may ask for a challenge
        uint32 deposit8; // bits 72-103
        uint32 deposit32; // bits 104-135
        uint32 bond1; // bits 136-167, the least that a page must bond
        uint32 bond8; // bits 168-199
        uint32 bond32; // bits 200-231
        bool exact; // bits 232-239, its code moves what it is told to and not less, so that a purchase compares no balances
    }

    /// @notice What both halves of the exchange are built on.
    struct Parts {
        address authority;
        IVehicleRegistry vehicles;
        IDataRegistry dataRegistry;
        IQoodShares shares;
        address verifier1;
        address verifier8;
        address verifier32;
        IComplaintVerifier complaints;
        uint256 leastWindow;
    }

    /// @notice What a buyer brings.
    /// @param order The seller's order.
    /// @param sellerSignature Its signature.
    /// @param agreement With `tokens`, preimage of the pinned agreement version.
    /// @param tokens The tokens that it accepts.
    /// @param tokenIndex Position of the order's token in it.
    /// @param keyX Delivery key, x.
    /// @param keyY Delivery key, y.
    /// @param nonce Any number not used before with the same terms.
    /// @param maxTotal The most that the buyer pays in all, deposits included.
    /// @param extras Empty, or one with what only some purchases need.
    struct Purchase {
        SellOrder order;
        bytes sellerSignature;
        VersionBrief agreement;
        TokenFloor[] tokens;
        uint256 tokenIndex;
        uint256 keyX;
        uint256 keyY;
        uint48 nonce;
        uint256 maxTotal;
        Extras[] extras;
    }

    /// @notice What only some purchases need.
    /// @param parties Preimage of the agreement's `partiesHash`, for who needs one of the signatures below.
    /// @param ownerSignature The owner's signature of the order: DISPUTED data, and USER data below the floor.
    /// @param oemSignature The OEM's: DISPUTED data, and OEM data below the floor.
    /// @param buyerPath Path of the buyer in the order's list of buyers.
    /// @param hookData For the order's hook.
    /// @param right Empty, or the terms of the deal that the seller's resale right comes from.
    /// @param rightPage Its page.
    struct Extras {
        VersionParties parties;
        bytes ownerSignature;
        bytes oemSignature;
        bytes32[] buyerPath;
        bytes hookData;
        Terms[] right;
        uint256 rightPage;
    }

    /// @notice An ERC-2612 permit of the total to the exchange.
    struct Permit {
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice A header with all that opens it.
    /// @param header Its words.
    /// @param path Siblings up to the anchored root.
    /// @param schema The one part of the named stream handle's preimage that the terms do not say.
    /// @param former 0 where the TSP is the seller, agent by the pinned version, else 1 + position in {Opening-formers}.
    struct Lot {
        Header header;
        bytes32[] path;
        bytes32 schema;
        uint256 former;
    }

    /// @notice A version of the same agreement, by which the TSP of a header was agent when it anchored.
    struct FormerVersion {
        uint32 version;
        VersionTerms terms;
    }

    /// @notice All lots of a page and the versions that they refer to.
    struct Opening {
        Lot[] lots;
        FormerVersion[] formers;
    }

    // ---------------------------------------------------------------- events

    event TokenSet(address indexed token, TokenTerms terms);
    event TokenStopped(address indexed token, bool stopped);
    event FeeRecipientSet(address recipient);
    /// @dev The order itself is known to its seller, and stands in the transaction.
    event Bought(bytes32 indexed dealId, address indexed seller, address indexed buyer, bytes32 orderHash, Sale sale);
    event Accepted(bytes32 indexed dealId);
    event Rejected(bytes32 indexed dealId, uint256 amount);
    event DeliveredUnproven(bytes32 indexed dealId, uint256 indexed page, uint256[2] r, uint256[] c);
    event DeliveredProven(bytes32 indexed dealId, uint256 indexed page, uint256[2] r, uint256[] c);
    event Challenged(bytes32 indexed dealId, uint256 indexed page, uint256 answerBy);
    event Answered(bytes32 indexed dealId, uint256 indexed page, uint256 complainBy);
    event HeaderShownBad(bytes32 indexed headerHash, bytes32 indexed dealId);
    event HeaderShownEquivocated(bytes32 indexed headerHash);
    /// @param byReceipt Whether the buyer has signed for it, or the window was over.
    /// @param sellerAmount What a resale leaves its seller.
    event Settled(
        bytes32 indexed dealId,
        uint256 indexed page,
        bool byReceipt,
        uint256 ownerAmount,
        uint256 oemAmount,
        uint256 agentAmount,
        uint256 storageAmount,
        uint256 sellerAmount,
        uint256 fee
    );
    /// @param amount Price and deposit.
    /// @param bond What the seller has lost to the buyer.
    event Refunded(bytes32 indexed dealId, uint256 indexed page, Reason reason, uint256 amount, uint256 bond);

    // ---------------------------------------------------------------- errors

    error Escrow_ZeroAddress();
    error Escrow_OtherParts(address half);
    error Escrow_WindowTooShort(uint256 given, uint256 least);
    error Escrow_WindowTooLong(uint256 given, uint256 most);
    error Escrow_FeeTooHigh(uint256 feeBps, uint256 most);
    error Escrow_ScaleTooLarge(uint256 scale, uint256 most);
    error Escrow_DepositAboveBond(uint256 lots);
    error Escrow_TokenNotListed(address token);
    error Escrow_TokenStopped(address token);
    error Escrow_UnknownFlags(uint8 flags);
    error Escrow_FlagsDoNotFit(uint8 flags);
    error Escrow_UnknownPair(uint8 dataClass, uint8 privacy);
    error Escrow_RoyaltyTooHigh(uint16 royaltyBps);
    error Escrow_RoyaltyTooLow(uint16 royaltyBps, uint16 least);
    error Escrow_DisputedForm();
    error Escrow_PageCount(uint256 pages);
    error Escrow_LotCount(uint256 lots);
    error Escrow_DepositTooHigh(uint256 page, uint256 deposit, uint256 most);
    error Escrow_BondTooLow(uint256 page, uint256 bond, uint256 least);
    error Escrow_AnswerTimeWithoutChallenge(uint256 answerTime);
    error Escrow_BadDeliveryKey(uint256 x, uint256 y);
    error Escrow_VersionNotInForce(uint256 agreementId, uint32 version);
    error Escrow_WrongAgreement(uint256 agreementId, uint32 version);
    error Escrow_TokenNotAgreed(address token);
    error Escrow_PairDenied(uint8 dataClass, uint8 privacy);
    error Escrow_SellerNotAgent(address seller, address agent);
    error Escrow_NoResaleRight(address seller, bytes32 key);
    error Escrow_RightSpent(bytes32 key);
    error Escrow_BelowFloor(uint256 page, uint256 price, uint256 floor);
    error Escrow_NoConsent(address principal);
    error Escrow_NotForThisBuyer(address buyer);
    error Escrow_HookRefused(address hook);
    error Escrow_TooExpensive(uint256 total, uint256 most);
    error Escrow_DealExists(bytes32 dealId);
    error Escrow_NotOperator(address buyer, address caller);
    error Escrow_NoSuchPage(uint256 page, uint256 pages);
    error Escrow_WrongState(bytes32 key, State state);
    error Escrow_Reserved(uint256 inspectBy, uint256 timestamp);
    error Escrow_NotReserved(uint256 inspectBy, uint256 timestamp);
    error Escrow_AlreadyDelivered(uint256 page);
    error Escrow_ProvenOnly(bytes32 dealId);
    error Escrow_WrongClass(uint8 dataClass);
    error Escrow_NotYet(uint256 end, uint256 timestamp);
    error Escrow_TooLate(uint256 end, uint256 timestamp);
    error Escrow_NotSeller(address caller, address seller);
    error Escrow_NotBuyer(address caller, address buyer);
    error Escrow_BadReceipt(address buyer);
    error Escrow_NotTheLotsSold(bytes32 given, bytes32 sold);
    error Escrow_NotTheHeader(bytes32 given, bytes32 sold);
    error Escrow_PathTooLong(uint256 depth);
    error Escrow_HeaderNotAnchored(bytes32 headerHash, address tsp);
    error Escrow_AnchoredAfterPurchase(uint256 anchoredAt, uint256 purchasedAt);
    error Escrow_AnchoredAfterEpoch(uint256 anchoredAt, uint256 epochEnd);
    error Escrow_HeaderExclusive(bytes32 headerHash);
    error Escrow_HeaderReserved(bytes32 headerHash, bytes32 key);
    error Escrow_HeaderBad(bytes32 headerHash);
    error Escrow_HeaderNotBad(bytes32 headerHash);
    error Escrow_NotEquivocated(bytes32 headerHash);
    error Escrow_SecondKey(bytes32 headerHash);
    error Escrow_NotTheSealer(address seller, address tsp);
    error Escrow_StreamNotOfAgreement(bytes32 stream, uint256 agreementId);
    error Escrow_NotAgentAtAnchor(address tsp, uint256 anchoredAt);
    error Escrow_NotCanonical();
    error Escrow_NotWhatWasDelivered(bytes25 given, bytes25 delivered);
    error Escrow_BadProof();
}
