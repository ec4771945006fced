// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IBuyOrders } from "../../../contracts/market/IBuyOrders.sol";
import { ILateHeaders } from "../../../contracts/rights/ILateHeaders.sol";
import { vm } from "../Vm.sol";
import { Fault } from "./PlantedFault.sol";

/// @title FaultyBeside
/// @notice The registry of data or the contract of buy orders with one fault: it runs the real code in its own storage and does
/// wrong around it.
contract FaultyBeside {
    address private immutable _honest;
    Fault private immutable _fault;

    constructor(address honest, Fault fault) {
        (_honest, _fault) = (honest, fault);
    }

    fallback() external {
        uint256 time = block.timestamp;
        bool early = _is(Fault.ClosesEarly, IBuyOrders.close.selector) || _is(Fault.ReturnsEarly, IBuyOrders.returnDeposit.selector);
        if (early) vm.warp(time + 400 days);
        bytes32 slot = _is(Fault.SpendsOthers, IBuyOrders.fill.selector) ? _stateSlot() : bytes32(0);
        bytes32 state = _read(slot);
        (bool ok, bytes memory result) = _honest.delegatecall(msg.data);
        if (early) vm.warp(time);
        if (ok && slot != 0) _write(slot, state);
        if (_is(Fault.AdmitsAll, ILateHeaders.isAdmitted.selector)) result = abi.encode(true);
        if (_is(Fault.AdmitsNothing, ILateHeaders.isAdmitted.selector)) result = abi.encode(false);
        assembly {
            if iszero(ok) { revert(add(result, 0x20), mload(result)) }
            return(add(result, 0x20), mload(result))
        }
    }

    function _is(Fault fault, bytes4 move) private view returns (bool) {
        return _fault == fault && msg.sig == move;
    }

    /// @dev States of buy orders are the first mapping of their contract; the order is the first argument, 27 words as they lie.
    function _stateSlot() private view returns (bytes32) {
        bytes32 self = bytes32(uint256(uint160(address(this))));
        bytes32 id = keccak256(bytes.concat(keccak256("qood/buy-order/v1"), bytes32(block.chainid), self, msg.data[4:868]));
        return keccak256(abi.encode(id, uint256(0)));
    }

    function _read(bytes32 slot) private view returns (bytes32 value) {
        assembly ("memory-safe") {
            value := sload(slot)
        }
    }

    function _write(bytes32 slot, bytes32 value) private {
        assembly ("memory-safe") {
            sstore(slot, value)
        }
    }
}
