// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IVehicleRegistry } from "../identity/IVehicleRegistry.sol";
import { IDataRegistry } from "../rights/IDataRegistry.sol";

/// @title IExchangeParts
/// @notice What the exchange is built on and others read from it, so that both mean the same registries.
interface IExchangeParts {
    function vehicles() external view returns (IVehicleRegistry);

    function dataRegistry() external view returns (IDataRegistry);
}
