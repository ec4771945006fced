// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { ERC721 } from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { Signatures } from "../libraries/Signatures.sol";
import { IVehicleRegistry } from "./IVehicleRegistry.sol";
import { References } from "./libraries/References.sol";

/// @title VehicleRegistry
/// @notice See {IVehicleRegistry}, which holds the documentation.
contract VehicleRegistry is IVehicleRegistry, ERC721, EIP712, AccessManaged {
    bytes32 private constant _VOUCHER_TYPEHASH =
        keccak256("Voucher(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)");
    bytes32 private constant _MINT_CONSENT_TYPEHASH = keccak256(
        "MintConsent(Voucher voucher,address tsp,uint64 deadline)Voucher(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)"
    );
    bytes32 private constant _CLAIM_TYPEHASH =
        keccak256("Claim(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash)");
    bytes32 private constant _CLAIM_CONSENT_TYPEHASH = keccak256(
        "ClaimConsent(Claim claim,address tsp,uint64 deadline)Claim(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash)"
    );
    bytes32 private constant _CONFIRMATION_TYPEHASH = keccak256("Confirmation(uint256 vehicle,bytes32 tag,uint64 deadline)");

    struct Vehicle {
        address oem; // bits 0-159
        uint40 epoch; // bits 160-199, the current one
        Status status; // bits 200-207
        bytes6 wmi; // bits 208-255
    }

    struct ClosedEpoch {
        address owner;
        uint64 endedAt;
    }

    mapping(bytes6 wmi => address) public oemOfWmi;
    mapping(address account => bool) public isTsp;
    mapping(uint256 vehicle => Vehicle) private _vehicles;
    mapping(uint256 vehicle => bytes32) public legalHashOf;
    mapping(uint256 vehicle => mapping(uint64 epoch => ClosedEpoch)) private _closed;

    constructor(address authority) ERC721("QoodBlock Vehicle", "QVEH") EIP712("VehicleRegistry", "1") AccessManaged(authority) { }

    // ---------------------------------------------------------------- accreditation

    /// @inheritdoc IVehicleRegistry
    function accreditOem(address oem, bytes6 wmi) external restricted {
        if (oem == address(0)) revert VehicleRegistry_ZeroAddress();
        if (!References.isWmi(wmi)) revert VehicleRegistry_BadWmi(wmi);
        address holder = oemOfWmi[wmi];
        if (holder != address(0) && holder != oem) revert VehicleRegistry_WmiTaken(wmi, holder);
        oemOfWmi[wmi] = oem;
        emit OemAccredited(oem, wmi, true);
    }

    /// @inheritdoc IVehicleRegistry
    function revokeOem(address oem, bytes6 wmi) external restricted {
        _requireOem(oem, wmi);
        delete oemOfWmi[wmi];
        emit OemAccredited(oem, wmi, false);
    }

    /// @inheritdoc IVehicleRegistry
    function accreditTsp(address tsp, bool accredited) external restricted {
        isTsp[tsp] = accredited;
        emit TspAccredited(tsp, accredited);
    }

    // ---------------------------------------------------------------- minting

    /// @inheritdoc IVehicleRegistry
    function mint(
        Voucher calldata voucher,
        uint64 consentDeadline,
        bytes calldata oemSignature,
        bytes calldata ownerSignature
    ) external returns (uint256 vehicle) {
        _requireTsp();
        _requireOem(voucher.oem, voucher.wmi);
        _requireInTime(voucher.deadline);
        _requireInTime(consentDeadline);
        vehicle = vehicleId(voucher.oem, voucher.tag);
        if (_vehicles[vehicle].status != Status.Unknown) revert VehicleRegistry_AlreadyMinted(vehicle);

        bytes32 voucherHash = _hashVoucher(voucher);
        _requireOemSignature(voucher.oem, voucherHash, oemSignature);
        _requireConsent(_MINT_CONSENT_TYPEHASH, voucherHash, voucher.owner, consentDeadline, ownerSignature);

        _vehicles[vehicle] = Vehicle({ oem: voucher.oem, epoch: 1, status: Status.Confirmed, wmi: voucher.wmi });
        legalHashOf[vehicle] = voucher.legalHash;
        _mint(voucher.owner, vehicle);
        emit VehicleMinted(vehicle, voucher.oem, voucher.owner, voucher.tag, msg.sender, voucher.legalHash);
    }

    /// @inheritdoc IVehicleRegistry
    function mintUnconfirmed(Claim calldata claim, uint64 consentDeadline, bytes calldata ownerSignature)
        external
        returns (uint256 vehicle)
    {
        _requireTsp();
        _requireOem(claim.oem, claim.wmi);
        _requireInTime(consentDeadline);
        vehicle = vehicleId(msg.sender, claim.tag);
        if (_vehicles[vehicle].status != Status.Unknown) revert VehicleRegistry_AlreadyMinted(vehicle);

        bytes32 claimHash = keccak256(abi.encode(_CLAIM_TYPEHASH, claim));
        _requireConsent(_CLAIM_CONSENT_TYPEHASH, claimHash, claim.owner, consentDeadline, ownerSignature);

        _vehicles[vehicle] = Vehicle({ oem: claim.oem, epoch: 1, status: Status.Unconfirmed, wmi: claim.wmi });
        legalHashOf[vehicle] = claim.legalHash;
        _mint(claim.owner, vehicle);
        emit VehicleMinted(vehicle, claim.oem, claim.owner, claim.tag, msg.sender, claim.legalHash);
        emit VehicleUnconfirmed(vehicle, claim.oem);
    }

    /// @inheritdoc IVehicleRegistry
    function confirm(uint256 vehicle, bytes32 tag, uint64 deadline, bytes calldata oemSignature) external {
        Vehicle memory found = _vehicles[vehicle];
        if (found.status != Status.Unconfirmed) revert VehicleRegistry_NotUnconfirmed(vehicle, found.status);
        _requireOem(found.oem, found.wmi);
        _requireInTime(deadline);
        uint256 taken = vehicleId(found.oem, tag);
        if (_vehicles[taken].status != Status.Unknown) revert VehicleRegistry_AlreadyMinted(taken);
        _requireOemSignature(found.oem, keccak256(abi.encode(_CONFIRMATION_TYPEHASH, vehicle, tag, deadline)), oemSignature);

        _vehicles[vehicle].status = Status.Confirmed;
        _vehicles[taken].status = Status.Taken;
        emit VehicleConfirmed(vehicle, found.oem, tag);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IVehicleRegistry
    function vehicleId(address issuer, bytes32 tag) public pure returns (uint256) {
        return uint256(keccak256(abi.encodePacked(issuer, tag))) >> 128;
    }

    /// @inheritdoc IVehicleRegistry
    function statusOf(uint256 vehicle) external view returns (Status) {
        return _vehicles[vehicle].status;
    }

    /// @inheritdoc IVehicleRegistry
    function oemOf(uint256 vehicle) external view returns (address oem) {
        (oem,) = makerOf(vehicle);
    }

    /// @inheritdoc IVehicleRegistry
    function makerOf(uint256 vehicle) public view returns (address oem, bool confirmed) {
        Vehicle memory found = _vehicles[vehicle];
        if (found.oem == address(0)) revert VehicleRegistry_UnknownVehicle(vehicle);
        return (found.oem, found.status == Status.Confirmed);
    }

    /// @inheritdoc IVehicleRegistry
    function wmiOf(uint256 vehicle) external view returns (bytes6) {
        return _vehicles[vehicle].wmi;
    }

    /// @inheritdoc IVehicleRegistry
    function legalUriOf(uint256 vehicle) external view returns (string memory) {
        makerOf(vehicle);
        return References.ipfsUri(legalHashOf[vehicle]);
    }

    /// @inheritdoc IVehicleRegistry
    function referenceOf(uint256 vehicle) external view returns (string memory) {
        return References.caip19(vehicle);
    }

    /// @notice ERC-721 metadata as a data URI.
    /// @dev Requirements:
    /// - The vehicle exists.
    function tokenURI(uint256 vehicle) public view override returns (string memory) {
        (, bool confirmed) = makerOf(vehicle);
        return References.metadata(vehicle, _vehicles[vehicle].wmi, legalHashOf[vehicle], confirmed);
    }

    /// @inheritdoc IVehicleRegistry
    function epochOf(uint256 vehicle) external view returns (uint64) {
        return _vehicles[vehicle].epoch;
    }

    /// @inheritdoc IVehicleRegistry
    function ownerInEpoch(uint256 vehicle, uint64 epoch) external view returns (address) {
        return _hasEnded(vehicle, epoch) ? _closed[vehicle][epoch].owner : _ownerOf(vehicle);
    }

    /// @inheritdoc IVehicleRegistry
    function epochEnd(uint256 vehicle, uint64 epoch) external view returns (uint64) {
        return _hasEnded(vehicle, epoch) ? _closed[vehicle][epoch].endedAt : 0;
    }

    // ---------------------------------------------------------------- internal

    function _requireTsp() private view {
        if (!isTsp[msg.sender]) revert VehicleRegistry_NotAccreditedTsp(msg.sender);
    }

    function _requireOem(address oem, bytes6 wmi) private view {
        if (oem == address(0) || oemOfWmi[wmi] != oem) revert VehicleRegistry_NotAccreditedOem(oem, wmi);
    }

    function _requireInTime(uint64 deadline) private view {
        if (block.timestamp > deadline) revert VehicleRegistry_Expired(deadline, block.timestamp);
    }

    function _requireOemSignature(address oem, bytes32 structHash, bytes calldata signature) private view {
        if (!Signatures.isValid(oem, _hashTypedDataV4(structHash), signature)) revert VehicleRegistry_BadOemSignature(oem);
    }

    /// @dev EIP-712 struct hash. The words are copied as they lie: one that does not fit its type gives a hash that nobody signed.
    function _hashVoucher(Voucher calldata voucher) private pure returns (bytes32 hash) {
        bytes32 typehash = _VOUCHER_TYPEHASH;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, typehash)
            calldatacopy(add(at, 0x20), voucher, 0xc0)
            hash := keccak256(at, 0xe0)
        }
    }

    /// @dev The owner has signed what is said of the vehicle, with the caller as its TSP.
    function _requireConsent(bytes32 typehash, bytes32 saidHash, address owner, uint64 deadline, bytes calldata signature)
        private
        view
    {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(typehash, saidHash, msg.sender, deadline)));
        if (!Signatures.isValid(owner, digest, signature)) revert VehicleRegistry_BadOwnerSignature(owner);
    }

    /// @dev Reverts for an epoch that has not begun.
    function _hasEnded(uint256 vehicle, uint64 epoch) private view returns (bool) {
        uint64 current = _vehicles[vehicle].epoch;
        if (epoch == 0 || epoch > current) revert VehicleRegistry_UnknownEpoch(vehicle, epoch);
        return epoch < current;
    }

    /// @dev Every path of ERC-721 that changes an owner comes through here. A transfer to oneself closes nothing.
    function _update(address to, uint256 vehicle, address auth) internal override returns (address from) {
        from = super._update(to, vehicle, auth);
        if (from == address(0) || from == to) return from;

        uint40 epoch = _vehicles[vehicle].epoch;
        _vehicles[vehicle].epoch = epoch + 1;
        _closed[vehicle][epoch] = ClosedEpoch({ owner: from, endedAt: uint64(block.timestamp) });
        emit EpochClosed(vehicle, epoch, from, uint64(block.timestamp));
    }
}
