// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Header } from "../rights/libraries/Headers.sol";
import { TokenFloor, VersionTerms } from "../shares/libraries/Agreements.sol";
import { SellOrder, Terms } from "./libraries/Deals.sol";

/// @title IEscrow
/// @notice The exchange: holds the buyer's money until the key is shown to be right or time is over.
/// @dev States of a deal:
///
/// ```
/// buy -> Funded -- deliverProven --> DeliveredProven -- receipt | window over --> Settled
///          |                              `-- concede --> Refunded
///          |-- receipt --> Settled
///          `-- > deliverBy (anyone) | concede (seller) --> Refunded
/// ```
///
/// Notes:
/// - A deal's id is the hash of all its terms, which every move brings along. One slot keeps its state.
/// - After purchase no move calls a token: money moves as credits, see {ILedger}.
/// - No role can move, pause or delay the money of a deal. The guardian stops purchases only.
/// - Time: `<= end` acts, `> end` ends. A delivery counts until a refund was made, also after `deliverBy`.
/// - A header counts if it was anchored before the purchase by the TSP that it names, and that TSP was the agent of the
///   same agreement at the anchor's time.
/// - Bonds, deposits, challenges, hooks, exclusive and two-page deals have their place in the terms and must be zero.
///
/// Assumptions on listed tokens: no fee on transfer and no rebasing (a purchase that receives another amount than the price
/// reverts); a transfer out may fail and then only its receiver waits.
interface IEscrow {
    // ---------------------------------------------------------------- types

    /// @notice What a deal is in. Only `buy`, delivery, receipt, settle, refund and concede change it, never time alone.
    enum State {
        None, // no such deal
        Funded, // paid, nothing delivered; receipt, deliverProven, refund, concede
        DeliveredProven, // the key is out and proven; receipt, settle, concede
        Settled, // the price is credited to the payees; final
        Refunded // the price is credited to the buyer; final
    }

    /// @notice A deal, in one slot.
    struct Deal {
        State state; // bits 0-7
        uint40 purchasedAt; // Unix seconds
        uint40 versionStart; // start of the pinned agreement version
        uint40 deliveredAt; // 0 before a delivery
    }

    /// @notice What a buyer brings.
    /// @param order The seller's order.
    /// @param sellerSignature Its signature.
    /// @param principalSignature The class's principal's signature of the same order, needed below the floor; else empty.
    /// @param agreement Preimage of the pinned agreement version.
    /// @param tokens Preimage of `agreement.tokensHash`.
    /// @param tokenIndex Position of the order's token in it.
    /// @param keyX Delivery key, x.
    /// @param keyY Delivery key, y.
    /// @param nonce Any number not used before with the same terms.
    struct Purchase {
        SellOrder order;
        bytes sellerSignature;
        bytes principalSignature;
        VersionTerms agreement;
        TokenFloor[] tokens;
        uint256 tokenIndex;
        uint256 keyX;
        uint256 keyY;
        uint256 nonce;
    }

    /// @notice An ERC-2612 permit of the price to the exchange.
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
    /// @param handleProof Preimage of the stream handle.
    /// @param former 0 where the TSP was agent by the pinned version, else 1 + position in {Opening-formers}.
    struct Lot {
        Header header;
        bytes32[] path;
        bytes handleProof;
        uint256 former;
    }

    /// @notice An earlier version of the same agreement, for data whose TSP has been replaced since.
    struct FormerVersion {
        uint32 version;
        VersionTerms terms;
    }

    /// @notice All lots of a page and the earlier versions that they refer to.
    struct Opening {
        Lot[] lots;
        FormerVersion[] formers;
    }

    /// @notice A wrapped key with the proof that it opens the header's commitment for the deal's delivery key.
    struct KeyDelivery {
        uint256[2] r; // R = r * Base8
        uint256 c; // wrapped key
        uint256[2] proofA;
        uint256[2][2] proofB;
        uint256[2] proofC;
    }

    // ---------------------------------------------------------------- events

    event TokenListed(address indexed token, bool listed);
    event FeeSet(uint16 feeBps, address recipient);
    event PurchasesPaused(bool paused);
    event Bought(bytes32 indexed dealId, address indexed seller, address indexed buyer, Terms terms);
    event DeliveredProven(bytes32 indexed dealId, uint256 indexed page, uint256 rX, uint256 rY, uint256 c);
    /// @param byReceipt Whether the buyer has signed for it, or the window was over.
    event Settled(
        bytes32 indexed dealId,
        bool byReceipt,
        uint256 ownerAmount,
        uint256 oemAmount,
        uint256 agentAmount,
        uint256 storageAmount,
        uint256 fee
    );
    /// @param conceded Whether the seller gave up, or the deadline had passed.
    event Refunded(bytes32 indexed dealId, bool conceded, uint256 amount);

    // ---------------------------------------------------------------- errors

    error Escrow_ZeroAddress();
    error Escrow_WindowTooShort(uint256 given, uint256 least);
    error Escrow_WindowTooLong(uint256 given, uint256 most);
    error Escrow_FeeTooHigh(uint256 feeBps, uint256 most);
    error Escrow_Paused();
    error Escrow_TokenNotListed(address token);
    error Escrow_TermNotSupported(bytes32 term, uint256 value);
    error Escrow_PageCount(uint256 pages);
    error Escrow_LotCount(uint256 lots);
    error Escrow_BadDeliveryKey(uint256 x, uint256 y);
    error Escrow_VersionNotInForce(uint256 agreementId, uint32 given, uint32 inForce);
    error Escrow_WrongAgreement(uint256 agreementId, uint32 version);
    error Escrow_WrongTokenList(bytes32 given, bytes32 agreed);
    error Escrow_TokenNotAgreed(address token);
    error Escrow_PairDenied(uint8 dataClass, uint8 privacy);
    error Escrow_SellerNotAgent(address seller, address agent);
    error Escrow_BelowFloor(uint256 price, uint256 floor, address principal);
    error Escrow_DealExists(bytes32 dealId);
    error Escrow_WrongAmountReceived(uint256 received, uint256 expected);
    error Escrow_WrongState(bytes32 dealId, State state);
    error Escrow_NotYet(uint256 end, uint256 timestamp);
    error Escrow_NotSeller(address caller, address seller);
    error Escrow_BadReceipt(address buyer);
    error Escrow_NotTheLotsSold(bytes32 given, bytes32 sold);
    error Escrow_PathTooLong(uint256 depth);
    error Escrow_HeaderNotAnchored(bytes32 headerHash, address tsp);
    error Escrow_AnchoredAfterPurchase(uint256 anchoredAt, uint256 purchasedAt);
    error Escrow_AnchoredAfterEpoch(uint256 anchoredAt, uint256 epochEnd);
    error Escrow_HeaderExclusive(bytes32 headerHash);
    error Escrow_SecondKey(bytes32 headerHash);
    error Escrow_StreamNotOfAgreement(bytes32 stream, uint256 agreementId);
    error Escrow_NotAgentAtAnchor(address tsp, uint256 anchoredAt);
    error Escrow_NoVerifier(uint256 lots);
    error Escrow_BadProof();

    // ---------------------------------------------------------------- foundation and guardian

    /// @notice Lists a token for later purchases, or takes it off.
    /// @dev Emits {TokenListed}.
    ///
    /// Requirements:
    /// - The caller has the role for it in the access manager.
    function setToken(address token, bool listed) external;

    /// @notice Sets the protocol fee of later deals.
    /// @dev Emits {FeeSet}.
    ///
    /// Requirements:
    /// - The caller has the role for it in the access manager.
    /// - The fee is at most `MAX_FEE_BPS`; a fee above 0 has a recipient.
    function setFee(uint16 feeBps, address recipient) external;

    /// @notice Stops purchases, or allows them again. Nothing else is ever stopped.
    /// @dev Emits {PurchasesPaused}.
    ///
    /// Requirements:
    /// - The caller has the guardian's role in the access manager.
    function pausePurchases(bool paused) external;

    // ---------------------------------------------------------------- buyer

    /// @notice Buys an order: pulls its price from the caller and opens a deal.
    /// @dev Emits {Bought}.
    ///
    /// Requirements:
    /// - Purchases are not paused; the token is listed.
    /// - The order has one page of 1 to 32 lots, class OEM or USER, no bond, deposit, answer time or hook, is not exclusive.
    /// - `deliverTime` and `complaintWindow` are within the deployment's least and 90 days.
    /// - The order is signed by its seller, not expired, cancelled or filled, for anyone or for the caller; the protocol
    ///   fee is at most what it accepts.
    /// - The delivery key's coordinates are below the field's order, on BabyJubJub, and 8P is not the identity.
    /// - The order's agreement version is the one in force, the pair is authorised and not denied, the seller is its agent.
    /// - The agreement accepts the token and the price is at least floor x lots and above 0, or the class's principal has
    ///   signed the same order.
    /// - No deal of the same terms exists.
    /// - Exactly the price is received.
    /// @return dealId Hash of the terms.
    function buy(Purchase calldata purchase) external returns (bytes32 dealId);

    /// @notice As {buy}, with an ERC-2612 permit. A permit that fails (for one, because somebody submitted it first) is not
    /// an error: the allowance decides.
    function buyWithPermit(Purchase calldata purchase, Permit calldata permit) external returns (bytes32 dealId);

    // ---------------------------------------------------------------- seller

    /// @notice Delivers the wrapped key with its proof. Anyone may submit it: the payees come from the terms.
    /// @dev Emits {DeliveredProven}.
    ///
    /// Requirements:
    /// - The deal is Funded.
    /// - The lots are those sold, and each header opens, see {IEscrow} notes.
    /// - There is a verifier for that many lots (now: one).
    /// - The proof holds for (context, delivery key, commitment, R, c).
    function deliverProven(Terms calldata terms, Opening calldata opening, KeyDelivery calldata delivery) external;

    /// @notice Gives up: the buyer is refunded at once.
    /// @dev Emits {Refunded}.
    ///
    /// Requirements:
    /// - The deal is Funded or DeliveredProven.
    /// - The caller is the seller.
    function concede(Terms calldata terms) external;

    // ---------------------------------------------------------------- anyone

    /// @notice Settles by the buyer's receipt, from Funded (the key was handed over off chain) or DeliveredProven.
    /// @dev Emits {Settled}. EIP-712 `Receipt(bytes32 dealId,uint256 page)`, ERC-1271 buyers count. The buyer itself needs no
    /// signature. From Funded the headers are opened as in {deliverProven}; from DeliveredProven `opening` is not read.
    ///
    /// Requirements:
    /// - The deal is Funded or DeliveredProven.
    /// - The buyer has signed, or calls.
    /// - From Funded: the lots are those sold, and each header opens.
    /// - `agreement` is the pinned version.
    function settleByReceipt(
        Terms calldata terms,
        VersionTerms calldata agreement,
        Opening calldata opening,
        bytes calldata signature
    ) external;

    /// @notice Settles when the complaint window is over.
    /// @dev Emits {Settled}.
    ///
    /// Requirements:
    /// - The deal is DeliveredProven and its window has ended before this second.
    /// - `agreement` is the pinned version.
    function settle(Terms calldata terms, VersionTerms calldata agreement) external;

    /// @notice Refunds the buyer when nothing was delivered in time.
    /// @dev Emits {Refunded}.
    ///
    /// Requirements:
    /// - The deal is Funded and `deliverBy` has passed.
    function refund(Terms calldata terms) external;

    // ---------------------------------------------------------------- reading

    /// @notice A deal; all zero where there is none.
    function dealOf(bytes32 dealId) external view returns (Deal memory);

    /// @notice The id that terms have on this exchange.
    function dealIdOf(Terms calldata terms) external view returns (bytes32);

    /// @notice The public input that binds a proof to a page of a deal.
    function contextOf(bytes32 dealId, uint256 page) external view returns (uint256);

    /// @notice Whether a token may be paid with in new deals.
    function isListed(address token) external view returns (bool);

    /// @notice Protocol fee of new deals, its recipient, and whether purchases are paused.
    function config() external view returns (uint16 feeBps, address feeRecipient, bool paused);
}
