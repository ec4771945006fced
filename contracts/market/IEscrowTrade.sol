// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { VersionTerms } from "../shares/libraries/Agreements.sol";
import { IEscrowTypes } from "./IEscrowTypes.sol";
import { Terms } from "./libraries/Deals.sol";
import { KeyDelivery } from "./libraries/Proofs.sol";

/// @title IEscrowTrade
/// @notice The moves of a trade that goes well, see {IEscrow}.
interface IEscrowTrade is IEscrowTypes {
    // ---------------------------------------------------------------- buyer

    /// @notice Buys an order: pulls prices and deposits from the caller and opens a deal.
    /// @dev Emits {Bought}.
    ///
    /// Requirements:
    /// - The token is listed and not stopped; its fee is at most what the order accepts.
    /// - The order's form can be carried out: known flags and pair; 1 to 32 pages of 1 to 32 lots; all-or-nothing only with
    ///   proven deliveries, exclusive and without a copy kept only where not repeatable; DISPUTED as two all-or-nothing pages
    ///   over the same lots, the second for nothing, not to be resold; a royalty only with the flag for resales.
    /// - `deliverTime`, `complaintWindow` and, where a delivery may be unproven, `answerTime` are within the deployment's
    ///   least and 90 days.
    /// - The order is signed by its seller, not expired, cancelled or filled, and is for anyone, for the caller, or for a list
    ///   with the caller in it.
    /// - The delivery key's coordinates are below the field's order, on BabyJubJub, and 8P is not the identity.
    /// - The order's agreement version is the one in force, the pair is authorised and not denied, the token accepted.
    /// - The seller is the version's agent, or was the buyer of a settled page over the same lots that may be sold on and
    ///   whose right it has not passed on; then the order keeps up royalty and exclusiveness.
    /// - Each page's deposit is at most, its bond at least what the token's terms say for its lots; a page of a deal with
    ///   proven deliveries has no deposit.
    /// - The order's hook answers with a price.
    /// - Each page's price is at least floor x lots and above 0, or the class's principal has signed the same order; for
    ///   DISPUTED data both principals have.
    /// - The total is at most `maxTotal`.
    /// - No deal of the same terms exists.
    /// - Exactly the total is received.
    /// @return dealId Hash of the terms.
    function buy(Purchase calldata purchase) external returns (bytes32 dealId);

    /// @notice As {buy}, with an ERC-2612 permit. A permit that fails (for one, because somebody submitted it first) is not
    /// an error: the allowance decides.
    function buyWithPermit(Purchase calldata purchase, Permit calldata permit) external returns (bytes32 dealId);

    /// @notice As {buy} in the name of `buyer`, paid out of the caller's credit. With an inspection time the deal is Reserved:
    /// the buyer may reject it freely, and it is delivered only after that time or the buyer's acceptance.
    /// @dev Emits {Bought}.
    ///
    /// Requirements:
    /// - The caller is the buyer or its operator.
    /// - `inspectTime` is at most 90 days.
    /// - The caller's credit suffices.
    /// - And those of {buy}, but the last.
    function buyFor(Purchase calldata purchase, address buyer, uint64 inspectTime) external returns (bytes32 dealId);

    // ---------------------------------------------------------------- seller

    /// @notice Delivers a page's wrapped keys without proof and locks the page's bond.
    /// @dev Emits {DeliveredUnproven}.
    ///
    /// Requirements:
    /// - The page is Funded and not reserved; the order's hook allows it.
    /// - The caller is the seller; the order is not proven-only.
    /// - There are as many wrapped keys as the page's circuit instance has, all values below the field's order.
    /// - The lots are those sold and each header opens, see {IEscrow}.
    /// - The seller's credit covers the bond.
    function deliverUnproven(
        Terms calldata terms,
        uint256 page,
        Opening calldata opening,
        uint256[2] calldata r,
        uint256[] calldata c
    ) external;

    /// @notice Delivers a page's wrapped keys with the proof that they are the committed ones, and locks the seller's bond.
    /// Anyone may submit it: payees and bond come from the terms, and only who knows the keys can make the proof.
    /// @dev Emits {DeliveredProven}.
    ///
    /// Requirements:
    /// - The page is Funded, not reserved, not yet delivered in an all-or-nothing deal; the order's hook allows it.
    /// - The data is not DISPUTED.
    /// - The lots are those sold and each header opens.
    /// - The proof holds for (context, delivery key, commitments, R, c).
    /// - The seller's credit covers the bond.
    function deliverProven(Terms calldata terms, uint256 page, Opening calldata opening, KeyDelivery calldata delivery) external;

    // ---------------------------------------------------------------- anyone

    /// @notice Settles a page by the buyer's receipt, from Funded (the keys were handed over off chain) or from any delivered
    /// state. An all-or-nothing deal settles whole, as page 0.
    /// @dev Emits {Settled}. EIP-712 `Receipt(bytes32 dealId,uint256 page)`, ERC-1271 buyers count. The buyer itself needs no
    /// signature. From Funded `opening` is read (of all pages, where they end together), later `headers`.
    ///
    /// Requirements:
    /// - The page is Funded and not reserved, DeliveredUnproven, Challenged or DeliveredProven.
    /// - The buyer has signed, or calls.
    /// - From Funded: the lots are those sold and each header opens.
    /// - Later: `headers` are the lots' header hashes and none was shown bad.
    /// - `agreement` is the pinned version.
    function settleByReceipt(
        Terms calldata terms,
        uint256 page,
        VersionTerms calldata agreement,
        Opening calldata opening,
        bytes32[] calldata headers,
        bytes calldata signature
    ) external;

    /// @notice Settles a page when its window is over.
    /// @dev Emits {Settled}.
    ///
    /// Requirements:
    /// - The page is DeliveredUnproven or DeliveredProven and its window has ended before this second.
    /// - `headers` are the lots' header hashes and none was shown bad.
    /// - `agreement` is the pinned version.
    function settle(Terms calldata terms, uint256 page, VersionTerms calldata agreement, bytes32[] calldata headers) external;
}
