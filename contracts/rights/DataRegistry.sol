// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IDeviceRegistry } from "../identity/IDeviceRegistry.sol";
import { IVehicleRegistry } from "../identity/IVehicleRegistry.sol";
import { Anchors } from "./Anchors.sol";
import { Equivocations } from "./Equivocations.sol";
import { Grants } from "./Grants.sol";
import { LateHeaders } from "./LateHeaders.sol";

/// @title DataRegistry
/// @notice What is anchored, what of it counts, and who may read it. See {IDataRegistry}, {IEquivocations}, {ILateHeaders} and
/// {IGrants}, which hold the documentation.
contract DataRegistry is Equivocations, LateHeaders, Grants {
    constructor(IVehicleRegistry vehicles_, IDeviceRegistry devices_) Anchors(vehicles_, devices_) { }
}
