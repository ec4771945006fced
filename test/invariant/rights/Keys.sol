// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { IDeviceRegistry } from "../../../contracts/identity/IDeviceRegistry.sol";
import { vm } from "../Vm.sol";
import { Cars } from "./Cars.sol";
import { RightsMove } from "./Stage.sol";

/// @title Keys
/// @notice Devices and their keys, as {IDeviceRegistry} has them.
abstract contract Keys is Cars {
    struct Key {
        uint256 secret;
        uint256 x;
        uint256 y;
        bytes32 name;
        bool known; // registered, once and for ever
        uint256 car;
        address agent;
        uint256 from; // block
        uint256 until; // block, 0 while in use
        uint256 setUpAt;
        uint256 endedAt; // 0 while in use
        uint256 first; // 1 + position of the device's first key, 0 where it is this
    }

    struct Wait {
        uint256 key; // 1 + position, 0 where none is running
        address owner;
        uint256 readyAt;
        bool contested;
    }

    // secp256k1 (SEC 2): its field, its base point and twice that. Secrets count from 2, so that each point is the last one plus G.
    uint256 private constant _FIELD = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 private constant _GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant _GY = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;
    uint256 private constant _TWO_X = 0xC6047F9441ED7D6D3045406E95C07CD85C778E4B8CEF3CA7ABAC09B95C709EE5;
    uint256 private constant _TWO_Y = 0x1AE168FEA63DC339A3C58419466CEAEEF7F632653266D0E1236431A950CFE52A;

    Key[] internal _keys;
    mapping(uint256 key => Wait) internal _waits;

    function _freshKey() internal returns (uint256 position) {
        position = _keys.length;
        Key storage key = _keys.push();
        key.secret = position + 2;
        (key.x, key.y) = position == 0 ? (_TWO_X, _TWO_Y) : _plusG(_keys[position - 1].x, _keys[position - 1].y);
        key.name = keccak256(abi.encode(key.x, key.y));
    }

    /// @dev The sum of a point and G, which is neither G nor its negative.
    function _plusG(uint256 x, uint256 y) private view returns (uint256 sumX, uint256 sumY) {
        uint256 slope =
            mulmod(addmod(_GY, _FIELD - y, _FIELD), Math.invModPrime(addmod(_GX, _FIELD - x, _FIELD), _FIELD), _FIELD);
        sumX = addmod(mulmod(slope, slope, _FIELD), _FIELD - addmod(x, _GX, _FIELD), _FIELD);
        sumY = addmod(mulmod(slope, addmod(x, _FIELD - sumX, _FIELD), _FIELD), _FIELD - y, _FIELD);
    }

    /// @dev Mostly a key that was never registered.
    function _newKey() internal returns (uint256) {
        return _rarely(6) && _keys.length != 0 ? _pick(_keys.length) : _freshKey();
    }

    /// @dev A key of the car if chance finds one, else any.
    function _keyOfCar(uint256 car) internal returns (uint256 key) {
        if (_keys.length == 0) _freshKey();
        key = _pick(_keys.length);
        for (uint256 i = 0; i < _keys.length; ++i) {
            uint256 other = (key + i) % _keys.length;
            if (_keys[other].known && _keys[other].car == car) return other;
        }
    }

    /// @dev A device in use if chance finds one.
    function _device() internal returns (uint256 key) {
        if (_keys.length == 0) _freshKey();
        key = _pick(_keys.length);
        if (_rarely(6)) return key;
        for (uint256 i = 0; i < _keys.length; ++i) {
            uint256 other = (key + i) % _keys.length;
            if (_isFirstInUse(other)) return other;
        }
    }

    function _isInUse(uint256 key) internal view returns (bool) {
        return _keys[key].known && _keys[key].endedAt == 0;
    }

    function _isFirstInUse(uint256 key) internal view returns (bool) {
        return _isInUse(key) && _keys[key].first == 0;
    }

    function _signDevice(uint256 key, bytes32 digest) internal view returns (bytes memory) {
        (, bytes32 r, bytes32 s) = vm.sign(_keys[key].secret, digest);
        return abi.encodePacked(r, s);
    }

    function _signed(uint256 key, uint256 by, bytes32 digest) internal view returns (IDeviceRegistry.SignedKey memory) {
        return IDeviceRegistry.SignedKey(_keys[key].x, _keys[key].y, _signDevice(by, digest));
    }

    function _typedDevice(bytes32 structHash) private view returns (bytes32) {
        return _typed("DeviceRegistry", address(_devices), structHash);
    }

    /// @dev The key itself, or now and then another one.
    function _signerFor(uint256 key) private returns (uint256) {
        return _rarely(8) ? _pick(_keys.length) : key;
    }

    function _register(uint256 key, uint256 car, address agent, uint256 first) private {
        Key storage k = _keys[key];
        (k.known, k.car, k.agent) = (true, car, agent);
        (k.from, k.setUpAt, k.first) = (_block, _time, first);
    }

    function _endKey(uint256 key) private {
        (_keys[key].until, _keys[key].endedAt) = (_block, _time);
        delete _waits[key];
    }

    // ---------------------------------------------------------------- moves

    function _setUp(uint256 car) internal {
        uint256 key = _newKey();
        (address agent, uint64 deadline) = (_actor(who[HONEST_TSP + _pick(2)]), _deadline());
        // A former owner's consent, or one to a former epoch, is none.
        uint64 epoch = _rarely(8) ? _anyEpoch(car) : _epoch(car);
        address owner = _rarely(8) ? _cars[car].owners[0] : _owner(car);
        bytes32 digest = _typedDevice(
            keccak256(
                abi.encode(
                    keccak256("DeviceSetup(uint256 vehicle,uint64 epoch,bytes32 deviceKey,address agent,uint64 deadline)"),
                    _cars[car].id,
                    epoch,
                    _keys[key].name,
                    agent,
                    deadline
                )
            )
        );
        uint256 by = _signerFor(key);
        bool allowed = _time <= deadline && _isTsp[agent] && !_keys[key].known && owner == _owner(car) && epoch == _epoch(car) && by == key;
        bytes memory data = abi.encodeCall(
            IDeviceRegistry.setup, (_cars[car].id, agent, deadline, _signed(key, by, digest), _signAs(owner, true, digest))
        );
        _try(RightsMove.SetUp, who[_pick(ACTORS)], address(_devices), data, allowed);
        if (allowed) _register(key, car, agent, 0);
    }

    /// @dev A further key, or a device that goes on under another one.
    function _pair(bool resets) internal {
        (uint256 device, uint256 key, uint64 deadline) = (_device(), _newKey(), _deadline());
        uint256[2] memory by = [_signerFor(device), _signerFor(key)];
        bytes32 typehash = resets
            ? keccak256("DeviceReset(uint256 vehicle,bytes32 device,bytes32 deviceKey,uint64 deadline)")
            : keccak256("DeviceDup(uint256 vehicle,bytes32 device,bytes32 deviceKey,uint64 deadline)");
        uint256 vehicle = _keys[device].known ? _cars[_keys[device].car].id : 0;
        bytes32 digest = _typedDevice(keccak256(abi.encode(typehash, vehicle, _keys[device].name, _keys[key].name, deadline)));
        bool allowed = _time <= deadline && _isFirstInUse(device) && !_keys[key].known && by[0] == device && by[1] == key;
        (IDeviceRegistry.SignedKey memory one, IDeviceRegistry.SignedKey memory other) =
            (_signed(device, by[0], digest), _signed(key, by[1], digest));
        bytes memory data = resets
            ? abi.encodeCall(IDeviceRegistry.reset, (one, other, deadline))
            : abi.encodeCall(IDeviceRegistry.setupDup, (one, other, deadline));
        _try(resets ? RightsMove.Reset : RightsMove.SetUpDup, who[_pick(ACTORS)], address(_devices), data, allowed);
        if (!allowed) return;
        if (resets) _endKey(device);
        _register(key, _keys[device].car, _keys[device].agent, resets ? 0 : device + 1);
    }

    function _retire() internal {
        uint256 key = _rarely(3) ? _keyOfCar(_pick(_cars.length)) : _device();
        Key storage k = _keys[key];
        address sender = _actor(!k.known || _rarely(2) ? _owner(k.car) : k.agent);
        bool allowed = _isInUse(key) && (sender == _owner(k.car) || sender == k.agent);
        _try(RightsMove.Retire, sender, address(_devices), abi.encodeCall(IDeviceRegistry.retire, (k.name)), allowed);
        if (allowed) _endKey(key);
    }

    function _ask() internal {
        (uint256 device, uint256 key) = (_device(), _newKey());
        address sender = _actor(_owner(_keys[device].car));
        uint256 by = _signerFor(key);
        bytes32 digest = _typedDevice(
            keccak256(
                abi.encode(
                    keccak256("DeviceRecovery(uint256 vehicle,bytes32 device,bytes32 deviceKey,address owner)"),
                    _keys[device].known ? _cars[_keys[device].car].id : 0,
                    _keys[device].name,
                    _keys[key].name,
                    sender
                )
            )
        );
        bool allowed = _isFirstInUse(device) && sender == _owner(_keys[device].car) && _waits[device].owner != sender
            && !_keys[key].known && by == key;
        bytes memory data = abi.encodeCall(IDeviceRegistry.askRecovery, (_keys[device].name, _signed(key, by, digest)));
        _try(RightsMove.AskRecovery, sender, address(_devices), data, allowed);
        if (allowed) _waits[device] = Wait(key + 1, sender, _time + 7 days, false);
    }

    function _waiting() private returns (uint256 key) {
        key = _device();
        for (uint256 i = 0; i < _keys.length; ++i) {
            uint256 other = (key + i) % _keys.length;
            if (_waits[other].key != 0) return other;
        }
    }

    function _contest() internal {
        uint256 device = _waiting();
        Wait storage wait = _waits[device];
        address sender = _actor(_keys[device].agent == address(0) ? who[0] : _keys[device].agent);
        bool allowed = wait.key != 0 && sender == _keys[device].agent && !wait.contested && _time < wait.readyAt;
        bytes memory data = abi.encodeCall(IDeviceRegistry.contestRecovery, (_keys[device].name));
        _try(RightsMove.ContestRecovery, sender, address(_devices), data, allowed);
        if (allowed) (wait.contested, wait.readyAt) = (true, wait.readyAt + 14 days);
    }

    function _cancel() internal {
        uint256 device = _waiting();
        address sender = _actor(_owner(_keys[device].car));
        bool allowed = _waits[device].key != 0 && sender == _owner(_keys[device].car);
        bytes memory data = abi.encodeCall(IDeviceRegistry.cancelRecovery, (_keys[device].name));
        _try(RightsMove.CancelRecovery, sender, address(_devices), data, allowed);
        if (allowed) delete _waits[device];
    }

    function _finish() internal {
        uint256 device = _waiting();
        Wait memory wait = _waits[device];
        if (wait.key != 0 && _time < wait.readyAt && _rarely(2)) _passTo(wait.readyAt - _pick(2));
        uint256 key = wait.key == 0 || _rarely(8) ? _freshKey() : wait.key - 1;
        bool allowed = wait.key == key + 1 && _isFirstInUse(device) && wait.owner == _owner(_keys[device].car) && _time >= wait.readyAt
            && !_keys[key].known;
        bytes memory data = abi.encodeCall(IDeviceRegistry.finishRecovery, (_keys[device].name, _keys[key].x, _keys[key].y));
        _try(RightsMove.FinishRecovery, who[_pick(ACTORS)], address(_devices), data, allowed);
        if (!allowed) return;
        _endKey(device);
        _register(key, _keys[device].car, _keys[device].agent, 0);
    }

    function _passTo(uint256 time) internal virtual;

    // ---------------------------------------------------------------- what holds

    /// @dev When a key, and its device, ended; 0 while both are in use.
    function _endOfKey(uint256 key) internal view returns (uint256 end) {
        end = _keys[key].endedAt;
        if (_keys[key].first == 0) return end;
        uint256 ofDevice = _keys[_keys[key].first - 1].endedAt;
        if (end == 0 || (ofDevice != 0 && ofDevice < end)) end = ofDevice;
    }

    function _checkKey(uint256 key) internal view {
        Key storage k = _keys[key];
        uint256 vehicle = _cars[k.car].id;
        (uint40 from, uint40 until) = _devices.validityOf(k.name, vehicle);
        _require(from == k.setUpAt && until == _endOfKey(key), "validity of a key");
        bool valid = k.known && k.until == 0 && (k.first == 0 || _keys[k.first - 1].until == 0);
        _require(_devices.isValidAt(k.name, vehicle, _block + 1) == valid, "key in use");
        _require(_devices.recoveryOf(k.name).readyAt == _waits[key].readyAt, "recovery");
    }
}
