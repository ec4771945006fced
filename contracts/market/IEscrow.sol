// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { ILedger } from "../shares/ILedger.sol";
import { IEscrowDisputes } from "./IEscrowDisputes.sol";
import { IEscrowTrade } from "./IEscrowTrade.sol";
import { ISellOrders } from "./ISellOrders.sol";

/// @title IEscrow
/// @notice The exchange: holds the buyer's money until the key is shown to be right or time is over.
/// @dev States of a page:
///
/// ```
/// buy ─► Funded ── deliverUnproven ─► DeliveredUnproven ── challenge ─► Challenged
///          │                            │                                │    │
///          │── deliverProven ─► DeliveredProven ◄──────── answer ────────┼────┘
///          │                            │                                │
///          │── receipt ─────────────────┼── receipt, or window over ─────┴── receipt ─► Settled
///          │── > deliverBy, concede, bad header ─► Refunded
///          │            delivered or Challenged ── complaint, bad header, concede, > time to answer ─► Refunded + bond
///          └── reserved, rejected by the buyer ─► Cancelled
/// ```
///
/// Notes:
/// - A deal's id is the hash of all its terms, which every move brings along. One slot keeps its state; an unproven delivery
///   takes a second one. Further pages get a slot at their first move.
/// - After purchase no move calls a token: money moves as credits, see {ILedger}. Bonds are locked out of the seller's credit.
/// - No role can move, pause or delay the money of a deal. The guardian stops purchases only.
/// - Time: `<= end` acts, `> end` ends. A delivery counts until a refund was made, also after `deliverBy`; so does an answer.
/// - A header counts if it was anchored before the purchase by the TSP that it names, and that TSP was the agent of the
///   same agreement at the anchor's time. A header that a right complaint has shown to be bad can only be refunded.
/// - An exclusive sale, or one without a copy kept, reserves its headers at the first delivery or receipt. Deals bought before
///   and not delivered by then can no longer be delivered and are refunded.
/// - The pages of an all-or-nothing deal end together; each is delivered proven and the last delivery starts the one window.
///
/// Warning: a header can be committed to and worthless. What a complaint covers is ciphertext against the committed data
/// hashes, not whether the data is true.
///
/// Assumptions on listed tokens: no fee on transfer and no rebasing (a purchase that receives another amount than the total
/// reverts); a transfer out may fail and then only its receiver waits.
interface IEscrow is IEscrowTrade, IEscrowDisputes, ISellOrders, ILedger { }
