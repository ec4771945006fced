// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Header } from "../rights/libraries/Headers.sol";
import { IQoodShares } from "../shares/IQoodShares.sol";
import { VersionTerms } from "../shares/libraries/Agreements.sol";
import { Complaint, IComplaintVerifier } from "./IComplaintVerifier.sol";
import { IEscrowTypes } from "./IEscrowTypes.sol";
import { Terms } from "./libraries/Deals.sol";
import { KeyDelivery } from "./libraries/Proofs.sol";

/// @title IEscrowDisputes
/// @notice The moves of a trade that does not go well, deliveries of DISPUTED data, settings and reading, see {IEscrow}.
interface IEscrowDisputes is IEscrowTypes {
    // ---------------------------------------------------------------- foundation and guardian

    /// @notice Lists a token for later purchases with its fee, deposits and bonds, or takes it off.
    /// @dev Emits {TokenSet}. A stop by the guardian stays as it is, whatever `terms.stopped` says.
    ///
    /// Requirements:
    /// - The caller has the treasurer's role in the access manager.
    /// - The scale is at most 18, the fee at most `MAX_FEE_BPS`, and there is a receiver where it is above 0.
    /// - No deposit is above the bond for as many lots.
    function setToken(address token, TokenTerms calldata terms) external;

    /// @notice Names the receiver of the fees of later deals.
    /// @dev Emits {FeeRecipientSet}.
    ///
    /// Requirements:
    /// - The caller has the treasurer's role in the access manager.
    /// - `recipient` is not zero.
    function setFeeRecipient(address recipient) external;

    /// @notice Stops purchases in a token, or allows them again. Nothing else is ever stopped.
    /// @dev Emits {TokenStopped}.
    ///
    /// Requirements:
    /// - The caller has the guardian's role in the access manager.
    function stopToken(address token, bool stopped) external;

    // ---------------------------------------------------------------- buyer

    /// @notice Accepts a reserved deal before its inspection time is over.
    /// @dev Emits {Accepted}.
    ///
    /// Requirements:
    /// - The deal is reserved; the caller is its buyer.
    function accept(Terms calldata terms) external;

    /// @notice Rejects a reserved deal: prices and deposits of all pages go back to the buyer.
    /// @dev Emits {Rejected}.
    ///
    /// Requirements:
    /// - The deal is reserved; the caller is its buyer.
    function reject(Terms calldata terms) external;

    /// @notice Says that an unproven delivery is wrong. The deposit was paid with the purchase.
    /// @dev Emits {Challenged}.
    ///
    /// Requirements:
    /// - The page is DeliveredUnproven and its window has not ended.
    /// - The caller is the buyer.
    function challenge(Terms calldata terms, uint256 page) external;

    // ---------------------------------------------------------------- seller

    /// @notice Delivers one side's part of the keys of DISPUTED data: page 0 the owner's, page 1 the OEM's. The first page locks
    /// the bonds of owner, OEM and sealer; the second starts the one window.
    /// @dev Emits {DeliveredProven}.
    ///
    /// Requirements:
    /// - The data is DISPUTED; the deal is Funded, not reserved; the page was not delivered yet; the order's hook allows it.
    /// - The lots are those sold and each header opens; the seller is the TSP that each names.
    /// - The proof holds for the page's commitments.
    /// - With the first page: `agreement` is the pinned version, and three credits cover the bonds.
    function deliverDisputed(
        Terms calldata terms,
        uint256 page,
        VersionTerms calldata agreement,
        Opening calldata opening,
        KeyDelivery calldata delivery
    ) external;

    /// @notice Answers a challenge with the proof of exactly what was delivered. The deposit goes to the seller and a full
    /// window for complaints starts. Counts until the refund is made, also after the time to answer.
    /// @dev Emits {Answered}.
    ///
    /// Requirements:
    /// - The page is Challenged.
    /// - R and c are those delivered.
    /// - `headers` are the lots' headers and none was shown bad.
    /// - The proof holds.
    function answer(Terms calldata terms, uint256 page, Header[] calldata headers, KeyDelivery calldata delivery) external;

    /// @notice Gives up: the buyer is refunded at once, after a delivery with the bond.
    /// @dev Emits {Refunded}.
    ///
    /// Requirements:
    /// - The page is Funded and not reserved, delivered or Challenged.
    /// - The caller is the seller.
    function concede(Terms calldata terms, uint256 page) external;

    // ---------------------------------------------------------------- anyone

    /// @notice Refunds a page when nothing was delivered by `deliverBy`, or a challenge was not answered in time.
    /// @dev Emits {Refunded}.
    ///
    /// Requirements:
    /// - The page is Funded and `deliverBy` has passed, or Challenged and the time to answer has.
    function refund(Terms calldata terms, uint256 page) external;

    /// @notice Shows that one leaf of a sold batch, decrypted by its proven segment key, is not what the seller committed to.
    /// The header is bad from now on for all deals; this page is refunded with the bond.
    /// @dev Emits {HeaderShownBad} and {Refunded}. The money goes to the buyer whoever complains.
    ///
    /// Requirements:
    /// - The page is delivered and its window has not ended, or Challenged.
    /// - `headers` are the page's header hashes, and `header` is the one at `index`.
    /// - The complaint is right, see {IComplaintVerifier}.
    function complain(
        Terms calldata terms,
        uint256 page,
        bytes32[] calldata headers,
        uint256 index,
        Header calldata header,
        Complaint calldata complaint
    ) external;

    /// @notice Refunds a page that has a header which a complaint in any deal has shown to be bad, after a delivery with the
    /// bond. Always possible until the page has ended; a reserved deal is rejected instead.
    /// @dev Emits {Refunded}.
    ///
    /// Requirements:
    /// - The page is Funded and not reserved, delivered or Challenged.
    /// - `headers` are the page's header hashes, and the one at `index` was shown bad; or, of a page that is Funded, shown to
    ///   contradict another header.
    function refundBad(Terms calldata terms, uint256 page, bytes32[] calldata headers, uint256 index) external;

    /// @notice Shows the exchange that a header contradicts another one of its TSP: no key to it is delivered any more. By anyone.
    /// @dev Emits {HeaderShownEquivocated}. What was delivered before goes on: the buyer has what was committed to.
    ///
    /// Requirements:
    /// - The data registry has the proof, see {IEquivocations}.
    /// - The header was not shown to be bad or equivocated before.
    function showEquivocated(bytes32 headerHash) external;

    // ---------------------------------------------------------------- reading

    /// @notice The stored state under a key, all zero where nothing was stored: a page above 0 that nobody has moved yet.
    /// After an unproven delivery it may be without `purchasedAt` and `versionStart`, which nothing needs any more.
    function dealOf(bytes32 key) external view returns (Deal memory);

    /// @notice The state of a page as every move sees it.
    function pageOf(Terms calldata terms, uint256 page) external view returns (bytes32 dealId, bytes32 key, Deal memory deal);

    /// @notice The key of a page's state: the deal's id for page 0, else keccak256(dealId, page).
    function keyOf(bytes32 dealId, uint256 page) external pure returns (bytes32);

    /// @notice The public input that binds a proof to a page of a deal.
    function contextOf(bytes32 dealId, uint256 page) external view returns (uint256);

    /// @notice The first 25 bytes of keccak256(R, c...) of an unproven delivery; zero where there was none.
    function deliveryOf(bytes32 key) external view returns (bytes25);

    /// @notice Whether a header was shown bad or equivocated, and the key of the page that has it for itself, zero for none.
    function markOf(bytes32 headerHash) external view returns (bool bad, bytes32 reservedBy);

    /// @notice On what terms a token is taken.
    function tokenTermsOf(address token) external view returns (TokenTerms memory);

    /// @notice Who gets the fees of new deals.
    function feeRecipient() external view returns (address);

    // ---------------------------------------------------------------- what it works with

    /// @notice The agreements.
    function shares() external view returns (IQoodShares);

    /// @notice The verifier of a page of one key.
    function verifier1() external view returns (address);

    /// @notice The verifier of a page of up to 8 keys.
    function verifier8() external view returns (address);

    /// @notice The verifier of a page of up to 32 keys.
    function verifier32() external view returns (address);

    /// @notice What decides complaints.
    function complaints() external view returns (IComplaintVerifier);

    /// @notice The shortest window of this deployment, in seconds.
    function leastWindow() external view returns (uint256);

    /// @notice Hash of all that the two halves have in common.
    function partsHash() external view returns (bytes32);
}
