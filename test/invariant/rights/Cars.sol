// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IVehicleRegistry } from "../../../contracts/identity/IVehicleRegistry.sol";
import { RightsMove, RightsStage } from "./Stage.sol";

/// @title Cars
/// @notice Vehicles, their owners by epoch and their makers, as {IVehicleRegistry} has them.
abstract contract Cars is RightsStage {
    uint64 internal constant TAGS = 6;

    struct Car {
        uint256 id;
        address oem;
        bytes6 wmi;
        bool confirmed;
        address[] owners; // by epoch, from 1
        uint64[] ends; // of the closed ones
    }

    Car[] internal _cars;
    /// @dev Minted under the issuer's tag, or taken by a confirmation.
    mapping(address issuer => mapping(bytes32 tag => bool)) internal _tagUsed;
    mapping(address account => bool) internal _isTsp;
    mapping(bytes6 wmi => address) internal _oemOfWmi;

    function _wmiOf(address oem) internal view returns (bytes6) {
        return oem == who[OEM] ? bytes6("WDB") : bytes6("LBV");
    }

    function _owner(uint256 car) internal view returns (address) {
        return _cars[car].owners[_cars[car].owners.length - 1];
    }

    function _epoch(uint256 car) internal view returns (uint64) {
        return uint64(_cars[car].owners.length);
    }

    function _hasBegun(uint256 car, uint64 epoch) internal view returns (bool) {
        return epoch != 0 && epoch <= _epoch(car);
    }

    /// @dev 0 while the epoch runs.
    function _endOf(uint256 car, uint64 epoch) internal view returns (uint64) {
        return epoch < _epoch(car) ? _cars[car].ends[epoch - 1] : 0;
    }

    /// @dev The current epoch or a former one, now and then one that has not begun.
    function _anyEpoch(uint256 car) internal returns (uint64) {
        uint256 kind = _pick(8);
        if (kind == 0) return _epoch(car) + uint64(_pick(2)) * uint64(_pick(2));
        return kind < 5 || _epoch(car) == 1 ? _epoch(car) : _epoch(car) - 1 - uint64(_pick(_epoch(car) < 4 ? _epoch(car) - 1 : 3));
    }

    // ---------------------------------------------------------------- moves

    function _accredit() internal {
        bool byAdmin = !_rarely(3);
        address sender = byAdmin ? address(this) : who[_pick(ACTORS)];
        if (_rarely(3)) {
            address oem = who[OEM + _pick(2)];
            bytes6 wmi = _wmiOf(oem);
            // What is accredited is revoked; another maker never takes it over.
            bool has = _oemOfWmi[wmi] == oem;
            bytes memory data = abi.encodeCall(IVehicleRegistry.accreditOem, (oem, wmi));
            if (has && _rarely(3)) data = abi.encodeCall(IVehicleRegistry.revokeOem, (oem, wmi));
            bool revokes = bytes4(data) == IVehicleRegistry.revokeOem.selector;
            _try(RightsMove.Accredit, sender, address(_vehicles), data, byAdmin);
            if (byAdmin) _oemOfWmi[wmi] = revokes ? address(0) : oem;
            return;
        }
        address tsp = who[HONEST_TSP + _pick(2)];
        bool accredited = !_rarely(3);
        _try(RightsMove.Accredit, sender, address(_vehicles), abi.encodeCall(IVehicleRegistry.accreditTsp, (tsp, accredited)), byAdmin);
        if (byAdmin) _isTsp[tsp] = accredited;
    }

    function _mint() internal {
        IVehicleRegistry.Voucher memory v;
        v.oem = who[OEM + _pick(2)];
        v.wmi = _wmiOf(_rarely(12) ? who[OEM] : v.oem);
        (v.tag, v.owner, v.deadline) = (bytes32(1 + _pick(TAGS)), _buyer(), _deadline());
        uint64 deadline = _deadline();
        address tsp = _actor(who[HONEST_TSP + _pick(2)]);
        bytes32 hash = keccak256(
            abi.encode(keccak256("Voucher(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)"), v)
        );
        bytes32 consent = keccak256(
            abi.encode(
                keccak256(
                    "MintConsent(Voucher voucher,address tsp,uint64 deadline)Voucher(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)"
                ),
                hash,
                tsp,
                deadline
            )
        );
        (bool byOem, bool byOwner) = (!_rarely(8), !_rarely(8));
        bool allowed = _isTsp[tsp] && _oemOfWmi[v.wmi] == v.oem && _time <= v.deadline && _time <= deadline && !_tagUsed[v.oem][v.tag]
            && byOem && byOwner;
        bytes memory data = abi.encodeCall(
            IVehicleRegistry.mint,
            (
                v,
                deadline,
                _signAs(v.oem, byOem, _typed("VehicleRegistry", address(_vehicles), hash)),
                _signAs(v.owner, byOwner, _typed("VehicleRegistry", address(_vehicles), consent))
            )
        );
        bytes memory id = _try(RightsMove.Mint, tsp, address(_vehicles), data, allowed);
        if (allowed) _minted(abi.decode(id, (uint256)), v.oem, v.oem, v.wmi, v.tag, v.owner, true);
    }

    function _mintUnconfirmed() internal {
        IVehicleRegistry.Claim memory c;
        c.oem = who[OEM + _pick(2)];
        (c.wmi, c.tag, c.owner) = (_wmiOf(c.oem), bytes32(1 + _pick(TAGS)), _buyer());
        uint64 deadline = _deadline();
        address tsp = _actor(who[HONEST_TSP + _pick(2)]);
        bytes32 hash =
            keccak256(abi.encode(keccak256("Claim(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash)"), c));
        bytes32 consent = keccak256(
            abi.encode(
                keccak256(
                    "ClaimConsent(Claim claim,address tsp,uint64 deadline)Claim(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash)"
                ),
                hash,
                tsp,
                deadline
            )
        );
        bool byOwner = !_rarely(8);
        bool allowed = _isTsp[tsp] && _oemOfWmi[c.wmi] == c.oem && _time <= deadline && !_tagUsed[tsp][c.tag] && byOwner;
        bytes memory signature = _signAs(c.owner, byOwner, _typed("VehicleRegistry", address(_vehicles), consent));
        bytes memory data = abi.encodeCall(IVehicleRegistry.mintUnconfirmed, (c, deadline, signature));
        bytes memory id = _try(RightsMove.MintUnconfirmed, tsp, address(_vehicles), data, allowed);
        if (allowed) _minted(abi.decode(id, (uint256)), tsp, c.oem, c.wmi, c.tag, c.owner, false);
    }

    /// @dev The maker itself now and then keeps a car.
    function _buyer() private returns (address) {
        return _rarely(8) ? who[OEM] : who[_pick(OWNERS)];
    }

    function _minted(uint256 id, address issuer, address oem, bytes6 wmi, bytes32 tag, address owner, bool confirmed) private {
        _require(id == uint256(keccak256(abi.encodePacked(issuer, tag))) >> 128, "vehicle id");
        // One vehicle for each (issuer, tag).
        for (uint256 i = 0; i < _cars.length; ++i) {
            _require(_cars[i].id != id, "second vehicle of a tag");
        }
        _tagUsed[issuer][tag] = true;
        Car storage car = _cars.push();
        (car.id, car.oem, car.wmi, car.confirmed) = (id, oem, wmi, confirmed);
        car.owners.push(owner);
    }

    function _confirm(uint256 car) internal {
        Car storage c = _cars[car];
        // Also tags that its maker has minted.
        (bytes32 tag, uint64 deadline, bool byOem) = (bytes32(1 + _pick(2 * TAGS)), _deadline(), !_rarely(6));
        bytes32 hash = keccak256(abi.encode(keccak256("Confirmation(uint256 vehicle,bytes32 tag,uint64 deadline)"), c.id, tag, deadline));
        bytes memory signature = _signAs(c.oem, byOem, _typed("VehicleRegistry", address(_vehicles), hash));
        bool allowed = !c.confirmed && _oemOfWmi[c.wmi] == c.oem && _time <= deadline && !_tagUsed[c.oem][tag] && byOem;
        bytes memory data = abi.encodeCall(IVehicleRegistry.confirm, (c.id, tag, deadline, signature));
        _try(RightsMove.Confirm, who[_pick(ACTORS)], address(_vehicles), data, allowed);
        if (allowed) (c.confirmed, _tagUsed[c.oem][tag]) = (true, true);
    }

    function _transfer(uint256 car) internal {
        address sender = _actor(_owner(car));
        (address from, address to) = (_rarely(8) ? who[_pick(ACTORS)] : _owner(car), _buyer());
        bool allowed = sender == _owner(car) && from == sender;
        bytes memory data = abi.encodeCall(_vehicles.transferFrom, (from, to, _cars[car].id));
        _try(RightsMove.Transfer, sender, address(_vehicles), data, allowed);
        if (!allowed || to == from) return;
        _cars[car].ends.push(uint64(_time));
        _cars[car].owners.push(to);
    }

    // ---------------------------------------------------------------- checks

    /// @dev The current epoch and one other: closed ones never change.
    function _checkCar(uint256 car) internal {
        Car storage c = _cars[car];
        uint64 epoch = 1 + uint64(_pick(_epoch(car)));
        _require(_vehicles.epochOf(c.id) == _epoch(car), "epoch");
        _require(_vehicles.ownerOf(c.id) == _owner(car), "owner");
        _require(_vehicles.ownerInEpoch(c.id, epoch) == c.owners[epoch - 1], "owner in epoch");
        _require(_vehicles.epochEnd(c.id, epoch) == _endOf(car, epoch), "end of epoch");
        (address oem, bool confirmed) = _vehicles.makerOf(c.id);
        _require(oem == c.oem && confirmed == c.confirmed, "maker");
    }
}
