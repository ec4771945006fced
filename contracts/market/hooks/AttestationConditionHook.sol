// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { Signatures } from "../../libraries/Signatures.sol";
import { IOrderHook } from "../IOrderHook.sol";

/// @title AttestationConditionHook
/// @notice An order with this hook can be bought, delivered or both only with the word of a named attester: an auditor who has
/// seen a sample, a garage that has done a repair. ERC-1271 attesters count.
/// @dev EIP-712, this contract as domain (name "AttestationConditionHook", version "1"):
///
/// - `PurchaseAttestation(bytes32 orderHash,address buyer,uint64 validUntil)`; a zero buyer stands for anyone. Hook data of the
///   purchase: `abi.encode(address buyer, uint64 validUntil, bytes signature)`.
/// - `DeliveryAttestation(bytes32 dealId,uint256 page)`, brought by anyone through {attestDelivery} and kept.
contract AttestationConditionHook is IOrderHook, EIP712 {
    /// @notice Bits of `steps`.
    uint8 public constant AT_PURCHASE = 1;
    uint8 public constant AT_DELIVERY = 2;

    bytes32 private constant _PURCHASE_TYPEHASH =
        keccak256("PurchaseAttestation(bytes32 orderHash,address buyer,uint64 validUntil)");
    bytes32 private constant _DELIVERY_TYPEHASH = keccak256("DeliveryAttestation(bytes32 dealId,uint256 page)");

    address public immutable attester;
    /// @notice In which steps the attester's word is needed.
    uint8 public immutable steps;

    mapping(bytes32 dealId => mapping(uint256 page => bool)) private _attested;

    event DeliveryAttested(bytes32 indexed dealId, uint256 indexed page);

    error AttestationConditionHook_NoAttester();
    error AttestationConditionHook_UnknownSteps(uint8 steps);
    error AttestationConditionHook_NotForThisBuyer(address buyer);
    error AttestationConditionHook_Expired(uint64 validUntil, uint256 timestamp);
    error AttestationConditionHook_BadSignature(address attester);

    constructor(address attester_, uint8 steps_) EIP712("AttestationConditionHook", "1") {
        if (attester_ == address(0)) revert AttestationConditionHook_NoAttester();
        if (steps_ == 0 || steps_ > AT_PURCHASE + AT_DELIVERY) revert AttestationConditionHook_UnknownSteps(steps_);
        attester = attester_;
        steps = steps_;
    }

    /// @notice Keeps the attester's word that a page may be delivered.
    /// @dev Emits {DeliveryAttested}.
    ///
    /// Requirements:
    /// - The attester has signed.
    function attestDelivery(bytes32 dealId, uint256 page, bytes calldata signature) external {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(_DELIVERY_TYPEHASH, dealId, page)));
        if (!Signatures.isValid(attester, digest, signature)) revert AttestationConditionHook_BadSignature(attester);
        _attested[dealId][page] = true;
        emit DeliveryAttested(dealId, page);
    }

    /// @inheritdoc IOrderHook
    function onPurchase(bytes32 orderHash, address buyer, uint256, uint256, bytes calldata data)
        external
        view
        returns (uint256 bps)
    {
        if (steps & AT_PURCHASE == 0) return 10_000;
        (address named, uint64 validUntil) = abi.decode(data, (address, uint64));
        bytes calldata signature = _signatureOf(data);
        if (named != address(0) && named != buyer) revert AttestationConditionHook_NotForThisBuyer(buyer);
        if (block.timestamp > validUntil) revert AttestationConditionHook_Expired(validUntil, block.timestamp);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(_PURCHASE_TYPEHASH, orderHash, named, validUntil)));
        if (!Signatures.isValid(attester, digest, signature)) revert AttestationConditionHook_BadSignature(attester);
        return 10_000;
    }

    /// @inheritdoc IOrderHook
    function onDelivery(bytes32 dealId, uint256 page) external view returns (uint256 allowed) {
        return steps & AT_DELIVERY == 0 || _attested[dealId][page] ? 1 : 0;
    }

    /// @notice Whether the attester's word about a page is kept.
    function isAttested(bytes32 dealId, uint256 page) external view returns (bool) {
        return _attested[dealId][page];
    }

    /// @dev `abi.encode` puts the signature's length in the fourth word and its bytes behind it; nothing else is taken.
    function _signatureOf(bytes calldata data) private pure returns (bytes calldata) {
        uint256 length = uint256(bytes32(data[0x60:0x80]));
        return data[0x80:0x80 + length];
    }
}
