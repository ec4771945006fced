// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { Signatures } from "../libraries/Signatures.sol";
import { IRedemptions } from "./IRedemptions.sol";

/// @title Redemptions
/// @notice See {IRedemptions}, which holds the documentation.
/// @dev Every request has the same time, so that deadlines are ordered as ids are, and the oldest open request is the first to be
/// overdue. Open requests are a list linked both ways: closing one in the middle and asking for the oldest are both a fixed
/// number of slots, however many requests there are.
///
/// Custody is the contract's own balance. It is moved by `ERC20._update` itself, past the overriding one: pause and lists have no
/// word in it, and transfers have no cost of it.
abstract contract Redemptions is IRedemptions, ERC20, EIP712, AccessManaged {
    using SafeCast for uint256;

    // Constants without getters: each function makes every transfer's way to its own code longer.

    /// @dev The longest time to pay and to object: no request stays open without end.
    uint256 private constant _MAX_TIME = 90 days;

    /// @dev The shortest time to pay of a deployment to any chain but a local one: a bank's working day.
    uint256 private constant _LEAST_PUBLIC_REDEMPTION_TIME = 1 days;

    /// @dev The shortest time to object of a deployment to any chain but a local one.
    uint256 private constant _LEAST_PUBLIC_OBJECTION_TIME = 7 days;

    /// @dev Chain id of local chains, on which times may be seconds.
    uint256 private constant _LOCAL_CHAIN = 31337;

    bytes32 private constant _RECEIPT_TYPEHASH = keccak256("RedemptionReceipt(uint256 id)");

    /// @inheritdoc IRedemptions
    uint256 public immutable redemptionTime;

    /// @inheritdoc IRedemptions
    uint256 public immutable objectionTime;

    /// @inheritdoc IRedemptions
    uint256 public immutable leastRedemption;

    /// @dev Ends of the list of open requests, 0 where it is empty, and the last id.
    struct Queue {
        uint64 oldest;
        uint64 newest;
        uint64 count;
    }

    Queue private _queue;
    mapping(uint256 id => Redemption) private _redemptions;

    constructor(RedemptionTerms memory terms) {
        bool local = block.chainid == _LOCAL_CHAIN;
        _checkTime(terms.redemptionTime, local ? 1 : _LEAST_PUBLIC_REDEMPTION_TIME);
        _checkTime(terms.objectionTime, local ? 1 : _LEAST_PUBLIC_OBJECTION_TIME);
        redemptionTime = terms.redemptionTime;
        objectionTime = terms.objectionTime;
        leastRedemption = terms.least;
    }

    // ---------------------------------------------------------------- redeemer

    /// @inheritdoc IRedemptions
    function queueRedemption(uint256 amount, bytes32 payoutHash) external returns (uint256 id) {
        if (payoutHash == 0) revert Redemptions_NoPayout();
        if (amount < leastRedemption) revert Redemptions_TooSmall(amount, leastRedemption);
        _checkNotFrozen(msg.sender);

        Queue memory queue = _queue;
        uint64 last = queue.newest;
        id = ++queue.count;
        uint256 deadline = block.timestamp + redemptionTime;
        _redemptions[id] = Redemption({
            redeemer: msg.sender,
            deadline: deadline.toUint48(),
            objectBy: 0,
            amount: amount.toUint128(),
            previous: last,
            next: 0
        });
        if (last == 0) queue.oldest = queue.count;
        else _redemptions[last].next = queue.count;
        queue.newest = queue.count;
        _queue = queue;

        emit RedemptionQueued(id, msg.sender, amount, deadline, payoutHash);
        _custody(msg.sender, address(this), amount);
    }

    /// @inheritdoc IRedemptions
    function confirmRedemption(uint256 id) external {
        _confirm(id, _own(id));
    }

    /// @inheritdoc IRedemptions
    function confirmRedemptionFor(uint256 id, bytes calldata signature) external {
        Redemption memory redemption = _open(id);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(_RECEIPT_TYPEHASH, id)));
        if (!Signatures.isValid(redemption.redeemer, digest, signature)) revert Redemptions_BadReceipt(redemption.redeemer);
        _confirm(id, redemption);
    }

    /// @inheritdoc IRedemptions
    function disputeRedemption(uint256 id) external {
        Redemption memory redemption = _own(id);
        if (redemption.objectBy == 0) revert Redemptions_NotAttested(id);
        if (block.timestamp > redemption.objectBy) revert Redemptions_TooLate(redemption.objectBy, block.timestamp);
        emit RedemptionDisputed(id, msg.sender);
        // Past the deadline an objection that left the tokens here could hold up minting for ever.
        if (block.timestamp > redemption.deadline) _takeBack(id, redemption);
        else _redemptions[id].objectBy = 0;
    }

    /// @inheritdoc IRedemptions
    function takeBackRedemption(uint256 id) external {
        Redemption memory redemption = _own(id);
        _checkReturnable(redemption);
        _takeBack(id, redemption);
    }

    // ---------------------------------------------------------------- auditor and everybody

    /// @inheritdoc IRedemptions
    function attestRedemption(uint256 id, bytes32 documentHash) external restricted {
        if (documentHash == 0) revert Redemptions_NoDocument();
        if (_open(id).objectBy != 0) revert Redemptions_AlreadyAttested(id);
        uint256 objectBy = block.timestamp + objectionTime;
        _redemptions[id].objectBy = objectBy.toUint48();
        emit RedemptionAttested(id, msg.sender, documentHash, objectBy);
    }

    /// @inheritdoc IRedemptions
    function sendBackRedemption(uint256 id, bytes32 documentHash) external restricted {
        if (documentHash == 0) revert Redemptions_NoDocument();
        Redemption memory redemption = _open(id);
        _checkReturnable(redemption);
        _close(id, redemption);
        emit RedemptionSentBack(id, redemption.redeemer, redemption.amount, msg.sender, documentHash);
        _custody(address(this), redemption.redeemer, redemption.amount);
    }

    /// @inheritdoc IRedemptions
    function settleRedemption(uint256 id) external {
        Redemption memory redemption = _open(id);
        if (redemption.objectBy == 0) revert Redemptions_NotAttested(id);
        if (block.timestamp <= redemption.objectBy) revert Redemptions_NotYet(redemption.objectBy, block.timestamp);
        _close(id, redemption);
        emit RedemptionSettled(id, redemption.redeemer, redemption.amount);
        _custody(address(this), address(0), redemption.amount);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IRedemptions
    function redemptionOf(uint256 id) external view returns (Redemption memory) {
        return _redemptions[id];
    }

    /// @inheritdoc IRedemptions
    function redemptionCount() external view returns (uint256) {
        return _queue.count;
    }

    /// @inheritdoc IRedemptions
    function overdue() public view returns (uint256 id) {
        uint256 oldest = _queue.oldest;
        if (oldest != 0 && block.timestamp > _redemptions[oldest].deadline) return oldest;
    }

    // ---------------------------------------------------------------- internal

    /// @dev Reverts for an account that may not send.
    function _checkNotFrozen(address account) internal view virtual;

    /// @dev Reverts while a request is past its deadline.
    function _checkNoneOverdue() internal view {
        uint256 id = overdue();
        if (id != 0) revert Redemptions_Overdue(id, _redemptions[id].deadline);
    }

    function _confirm(uint256 id, Redemption memory redemption) private {
        _close(id, redemption);
        emit RedemptionConfirmed(id, redemption.redeemer, redemption.amount);
        _custody(address(this), address(0), redemption.amount);
    }

    function _takeBack(uint256 id, Redemption memory redemption) private {
        _close(id, redemption);
        emit RedemptionTakenBack(id, redemption.redeemer, redemption.amount);
        _custody(address(this), redemption.redeemer, redemption.amount);
    }

    /// @dev Moves tokens into custody or out of it.
    function _custody(address from, address to, uint256 amount) private {
        ERC20._update(from, to, amount);
    }

    /// @dev Takes a request out of the list.
    function _close(uint256 id, Redemption memory redemption) private {
        delete _redemptions[id];
        if (redemption.previous == 0) _queue.oldest = redemption.next;
        else _redemptions[redemption.previous].next = redemption.next;
        if (redemption.next == 0) _queue.newest = redemption.previous;
        else _redemptions[redemption.next].previous = redemption.previous;
    }

    function _open(uint256 id) private view returns (Redemption memory redemption) {
        redemption = _redemptions[id];
        if (redemption.redeemer == address(0)) revert Redemptions_NotOpen(id);
    }

    /// @dev An open request of the caller.
    function _own(uint256 id) private view returns (Redemption memory redemption) {
        redemption = _open(id);
        if (redemption.redeemer != msg.sender) revert Redemptions_NotRedeemer(msg.sender, redemption.redeemer);
    }

    function _checkReturnable(Redemption memory redemption) private view {
        if (block.timestamp <= redemption.deadline) revert Redemptions_NotYet(redemption.deadline, block.timestamp);
        // Who was silent until then has been paid, as far as anybody here can know.
        if (redemption.objectBy != 0 && block.timestamp > redemption.objectBy) {
            revert Redemptions_TooLate(redemption.objectBy, block.timestamp);
        }
    }

    function _checkTime(uint256 given, uint256 least) private pure {
        if (given < least || given > _MAX_TIME) revert Redemptions_TimeOutOfRange(given, least, _MAX_TIME);
    }
}
