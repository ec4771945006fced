// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { ERC721 } from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { IVehicleRegistry } from "./IVehicleRegistry.sol";

/// @title VehicleRegistry
/// @notice See {IVehicleRegistry}, which holds the documentation.
contract VehicleRegistry is IVehicleRegistry, ERC721, EIP712, AccessManaged {
    bytes32 private constant _VOUCHER_TYPEHASH =
        keccak256("Voucher(address oem,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)");
    bytes32 private constant _CONSENT_TYPEHASH = keccak256(
        "MintConsent(Voucher voucher,address tsp,uint64 deadline)Voucher(address oem,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)"
    );

    struct Vehicle {
        address oem;
        uint64 epoch;
    }

    struct ClosedEpoch {
        address owner;
        uint64 endedAt;
    }

    mapping(address account => bool) public isOem;
    mapping(address account => bool) public isTsp;
    mapping(uint256 vehicle => Vehicle) private _vehicles;
    mapping(uint256 vehicle => bytes32) public legalHashOf;
    mapping(uint256 vehicle => mapping(uint64 epoch => ClosedEpoch)) private _closed;

    constructor(address authority) ERC721("QoodBlock Vehicle", "QVEH") EIP712("VehicleRegistry", "1") AccessManaged(authority) { }

    // ---------------------------------------------------------------- accreditation

    /// @inheritdoc IVehicleRegistry
    function accreditOem(address oem, bool accredited) external restricted {
        isOem[oem] = accredited;
        emit OemAccredited(oem, accredited);
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
        if (!isTsp[msg.sender]) revert VehicleRegistry_NotAccreditedTsp(msg.sender);
        if (!isOem[voucher.oem]) revert VehicleRegistry_NotAccreditedOem(voucher.oem);
        if (block.timestamp > voucher.deadline) revert VehicleRegistry_Expired(voucher.deadline, block.timestamp);
        if (block.timestamp > consentDeadline) revert VehicleRegistry_Expired(consentDeadline, block.timestamp);

        vehicle = vehicleId(voucher.oem, voucher.tag);
        if (_vehicles[vehicle].epoch != 0) revert VehicleRegistry_AlreadyMinted(vehicle);

        bytes32 voucherHash = keccak256(abi.encode(_VOUCHER_TYPEHASH, voucher));
        if (!SignatureChecker.isValidSignatureNowCalldata(voucher.oem, _hashTypedDataV4(voucherHash), oemSignature)) {
            revert VehicleRegistry_BadOemSignature(voucher.oem);
        }
        bytes32 consentHash = keccak256(abi.encode(_CONSENT_TYPEHASH, voucherHash, msg.sender, consentDeadline));
        if (!SignatureChecker.isValidSignatureNowCalldata(voucher.owner, _hashTypedDataV4(consentHash), ownerSignature)) {
            revert VehicleRegistry_BadOwnerSignature(voucher.owner);
        }

        _vehicles[vehicle] = Vehicle({ oem: voucher.oem, epoch: 1 });
        legalHashOf[vehicle] = voucher.legalHash;
        _mint(voucher.owner, vehicle);
        emit VehicleMinted(vehicle, voucher.oem, voucher.owner, voucher.tag, msg.sender, voucher.legalHash);
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IVehicleRegistry
    function vehicleId(address oem, bytes32 tag) public pure returns (uint256) {
        return uint256(keccak256(abi.encodePacked(oem, tag))) >> 128;
    }

    /// @inheritdoc IVehicleRegistry
    function oemOf(uint256 vehicle) external view returns (address oem) {
        oem = _vehicles[vehicle].oem;
        if (oem == address(0)) revert VehicleRegistry_UnknownVehicle(vehicle);
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

        uint64 epoch = _vehicles[vehicle].epoch;
        _vehicles[vehicle].epoch = epoch + 1;
        _closed[vehicle][epoch] = ClosedEpoch({ owner: from, endedAt: uint64(block.timestamp) });
        emit EpochClosed(vehicle, epoch, from, uint64(block.timestamp));
    }
}
