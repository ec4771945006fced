// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Header, Headers } from "../rights/libraries/Headers.sol";
import { Handles, Rights } from "../rights/libraries/Handles.sol";
import { Agreement, Agreements, PairShares, VersionTerms } from "../shares/libraries/Agreements.sol";
import { BabyJub } from "../market/libraries/BabyJub.sol";
import { Deals } from "../market/libraries/Deals.sol";

/// @title HashProbe
/// @notice Test only: what the libraries compute, to compare with the SDK.
contract HashProbe {
    function header(Header calldata h) external pure returns (bytes32) {
        return Headers.hash(h);
    }

    function handle(address registry, Rights calldata rights) external view returns (bytes32) {
        return Handles.named(registry, rights);
    }

    function text(Agreement calldata a) external pure returns (bytes32 tokensHash, bytes32 textHash) {
        tokensHash = Agreements.hashTokens(a.tokens);
        textHash = Agreements.hashText(a, tokensHash);
    }

    function digest(uint256 id, uint32 version, VersionTerms calldata terms) external pure returns (bytes27) {
        return Agreements.digest(id, version, terms);
    }

    function pack(PairShares calldata pair) external pure returns (uint256) {
        return Agreements.pack(pair);
    }

    function sharesOf(uint256 shares, uint256 index) external pure returns (uint256, uint256, uint256) {
        return Agreements.sharesOf(shares, index);
    }

    function contextOf(bytes32 dealId, uint256 page) external view returns (uint256) {
        return Deals.contextOf(dealId, page);
    }

    function isValidKey(uint256 x, uint256 y) external pure returns (bool) {
        return BabyJub.isValidKey(x, y);
    }
}
