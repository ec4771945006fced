// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IDeviceRegistry } from "../../../contracts/identity/IDeviceRegistry.sol";
import { IVehicleRegistry } from "../../../contracts/identity/IVehicleRegistry.sol";
import { IDataRegistry } from "../../../contracts/rights/IDataRegistry.sol";
import { IEquivocations } from "../../../contracts/rights/IEquivocations.sol";
import { IGrants } from "../../../contracts/rights/IGrants.sol";
import { ILateHeaders } from "../../../contracts/rights/ILateHeaders.sol";
import { IQoodShares } from "../../../contracts/shares/IQoodShares.sol";
import { vm } from "../Vm.sol";

/// @notice What is wrong with a registry.
enum RightsFault {
    None,
    SignsAnything, // any signature of a device counts
    EndedKeysLive, // a key's end is not told
    OwnersKeyOnly, // anybody retires a device
    AnchorsDatedBack, // an anchor is dated a day back
    AdmitsTwice, // a late header is forgotten once it was admitted
    NoEvidence, // two headers of one sequence prove nothing
    KeyEpochIdle, // the next key epoch does not begin
    RevokedByAnyone, // a stranger ends a free grant
    RevokesPaid, // the owner ends a paid grant
    NoticeSkipped, // an agreement ends a day early
    DenialIdle // a denial changes nothing
}

/// @title FaultyRights
/// @notice A registry with one fault: it runs the real code in its own storage and does wrong around it.
contract FaultyRights {
    address private immutable _honest;
    IVehicleRegistry private immutable _vehicles;
    RightsFault private immutable _fault;

    constructor(address honest, IVehicleRegistry vehicles, RightsFault fault) {
        (_honest, _vehicles, _fault) = (honest, vehicles, fault);
    }

    fallback() external {
        uint256 time = block.timestamp;
        if (_is(RightsFault.AnchorsDatedBack, IDataRegistry.anchor.selector)) vm.warp(time - 1 days);
        if (_is(RightsFault.NoticeSkipped, IQoodShares.end.selector)) vm.warp(time - 1 days);
        (bool ok, bytes memory result) = _isIdle() ? (true, new bytes(0)) : _honest.delegatecall(msg.data);
        if (block.timestamp != time) vm.warp(time);
        if (_is(RightsFault.SignsAnything, IDeviceRegistry.hasSigned.selector)) result = abi.encode(true);
        if (_is(RightsFault.EndedKeysLive, IDeviceRegistry.validityOf.selector)) {
            (uint40 from,) = abi.decode(result, (uint40, uint40));
            result = abi.encode(from, 0);
        }
        if (!ok && _is(RightsFault.OwnersKeyOnly, IDeviceRegistry.retire.selector)) ok = _again(_ownerOfDevice());
        if (!ok && _is(RightsFault.RevokedByAnyone, IGrants.revoke.selector)) ok = _again(_principal());
        assembly {
            if iszero(ok) { revert(add(result, 0x20), mload(result)) }
            return(add(result, 0x20), mload(result))
        }
    }

    function _is(RightsFault fault, bytes4 move) private view returns (bool) {
        return _fault == fault && msg.sig == move;
    }

    /// @dev Moves that seem to go through and write nothing.
    function _isIdle() private view returns (bool) {
        return _is(RightsFault.AdmitsTwice, ILateHeaders.admit.selector) || _is(RightsFault.DenialIdle, IQoodShares.deny.selector)
            || _is(RightsFault.KeyEpochIdle, IGrants.beginKeyEpoch.selector)
            || _is(RightsFault.RevokesPaid, IGrants.revoke.selector)
            || _is(RightsFault.NoEvidence, IEquivocations.proveTwoOfOneSequence.selector);
    }

    /// @dev The same call in the name of one who may make it.
    function _again(address principal) private returns (bool ok) {
        if (principal == msg.sender || principal == address(0)) return false;
        vm.prank(principal);
        (ok,) = address(this).call(msg.data);
    }

    function _ownerOfDevice() private returns (address) {
        (, bytes memory device) =
            _honest.delegatecall(abi.encodeCall(IDeviceRegistry.deviceOf, (abi.decode(msg.data[4:], (bytes32)))));
        uint256 vehicle = abi.decode(device, (IDeviceRegistry.Device)).vehicle;
        return vehicle == 0 ? address(0) : _vehicles.ownerInEpoch(vehicle, _vehicles.epochOf(vehicle));
    }

    function _principal() private view returns (address) {
        (, bytes memory proof) = abi.decode(msg.data[4:], (IGrants.Range, bytes));
        (, uint256 vehicle, uint64 epoch, uint8 dataClass) = abi.decode(proof, (uint8, uint256, uint64, uint8));
        return dataClass == 1 ? _vehicles.oemOf(vehicle) : _vehicles.ownerInEpoch(vehicle, epoch);
    }
}
