// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { Votes } from "@openzeppelin/contracts/governance/utils/Votes.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC20Capped } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import { ERC20Votes } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { Time } from "@openzeppelin/contracts/utils/types/Time.sol";
import { IQDT } from "./IQDT.sol";

/// @title QDT
/// @notice See {IQDT}, which holds the documentation.
contract QDT is IQDT, ERC20Capped, ERC20Permit, ERC20Votes, AccessManaged {
    constructor(address authority)
        ERC20("QoodBlock Token", "QDT")
        ERC20Permit("QoodBlock Token")
        ERC20Capped(2_100_000_000e18)
        AccessManaged(authority)
    { }

    // ---------------------------------------------------------------- emission

    /// @inheritdoc IQDT
    function mint(address to, uint256 amount) external restricted {
        _mint(to, amount);
        emit Emitted(msg.sender, to, amount, totalSupply());
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc Votes
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    /// @inheritdoc Votes
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc ERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    // ---------------------------------------------------------------- internal

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Capped, ERC20Votes) {
        super._update(from, to, value);
    }
}
