// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { vm } from "../Vm.sol";
import { RightsFault } from "./FaultyRights.sol";
import { Signing } from "./Signing.sol";
import { RightsStage } from "./Stage.sol";

/// @title RightsWalk
/// @notice Draws one step after the other. A step that breaks an invariant reverts.
contract RightsWalk is Signing {
    constructor(RightsFault fault, uint256 seed) RightsStage(fault, seed) {
        _vehicles.accreditOem(who[OEM], _wmiOf(who[OEM]));
        _vehicles.accreditOem(who[OEM_2], _wmiOf(who[OEM_2]));
        (_oemOfWmi[_wmiOf(who[OEM])], _oemOfWmi[_wmiOf(who[OEM_2])]) = (who[OEM], who[OEM_2]);
        for (uint256 i = HONEST_TSP; i <= TSP_2; ++i) {
            _vehicles.accreditTsp(who[i], true);
            _isTsp[who[i]] = true;
        }
    }

    function step(uint256 seed) external {
        ++_step;
        _seed(seed);
        vm.warp(_time);
        vm.roll(_block);
        if (_rarely(3)) _pass();
        if (_cars.length == 0) _mint();
        else _move(_pick(220));
        if (_cars.length != 0) _look();
    }

    function _move(uint256 m) private {
        uint256 car = _pick(_cars.length);
        if (m < 5) return _mint();
        if (m < 10) return _mintUnconfirmed();
        if (m < 15) return _confirm(car);
        if (m < 28) return _transfer(car);
        if (m < 32) return _accredit();
        if (m < 42) return _setUp(car);
        if (m < 52) return _pair(m < 47);
        if (m < 57) return _retire();
        if (m < 63) return _ask();
        if (m < 67) return _contest();
        if (m < 69) return _cancel();
        if (m < 74) return _finish();
        if (m < 104) return _anchor();
        if (m < 120) return _admit();
        if (m < 134) return _prove(m < 127);
        if (m < 146) return _grantFree();
        if (m < 158) return _grantPaid();
        if (m < 164) return _revoke();
        if (m < 168) return _beginKeyEpoch();
        if (m < 182) return _agree();
        if (m < 192) return _deny();
        if (m < 200) return _end();
        if (m < 210) return _admit();
        if (m < 216) return _ask();
        _contest();
    }

    /// @dev What the step did not touch must not have changed either: one of each kind, drawn at random.
    function _look() private {
        uint256 kind = _pick(4);
        if (kind == 0) _checkCar(_pick(_cars.length));
        if (kind == 1 && _keys.length != 0) _checkKey(_pick(_keys.length));
        if (kind == 2 && _given.length != 0) _checkGrant(_pick(_given.length));
        if (kind == 3 && _agreements.length != 0) _checkAgreement(_agreements[_pick(_agreements.length)]);
    }

    /// @notice At the end of a walk everything is looked at once.
    function windUp() external {
        for (uint256 i = 0; i < _cars.length; ++i) {
            _checkCar(i);
        }
        for (uint256 i = 0; i < _keys.length; ++i) {
            _checkKey(i);
        }
        for (uint256 i = 0; i < _given.length; ++i) {
            _checkGrant(i);
        }
        for (uint256 i = 0; i < _agreements.length; ++i) {
            _checkAgreement(_agreements[i]);
        }
        for (uint256 i = 0; i < _batches.length; ++i) {
            _checkBatch(i);
        }
        _require(_data.equivocationsOf(who[HONEST_TSP]) == 0, "proof against an honest TSP");
    }

    // ---------------------------------------------------------------- time

    /// @dev Often to the last second of a grace or to the one after it.
    function _pass() private {
        uint256 kind = _pick(12);
        if (kind == 0 && _cars.length != 0) {
            uint256 car = _pick(_cars.length);
            uint256 last = _epoch(car) == 1 ? 0 : _cars[car].ends[_epoch(car) - 2] + GRACE + _pick(2);
            if (last > _time) return _passTo(last);
        }
        _passTo(_time + (kind < 2 ? _pick(10 days) : kind < 9 ? _pick(6 hours) : 1));
    }

    function _passTo(uint256 time) internal override {
        (_time, _block) = (time, _block + 1 + _pick(3));
        vm.warp(_time);
        vm.roll(_block);
    }
}
