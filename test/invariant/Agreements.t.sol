// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { HashProbe } from "../../contracts/mocks/HashProbe.sol";
import { PairShares } from "../../contracts/shares/libraries/Agreements.sol";

/// @title AgreementsTest
/// @notice Whatever was packed comes out again, and no split pays out more than the price.
contract AgreementsTest {
    HashProbe private immutable _probe = new HashProbe();

    function testFuzz_sharesSurvivePacking(uint16 a, uint16 b, uint16 c, uint8 position, uint128 price) public view {
        uint16 owner = a % 10_001;
        uint16 oem = b % (10_001 - owner);
        uint16 agent = c % (10_001 - owner - oem);
        uint256 index = position % 6;
        PairShares memory pair = PairShares(uint8(index / 2 + 1), uint8(index % 2 + 1), true, owner, oem, agent, 10_000 - owner - oem - agent);
        (uint256 oemBps, uint256 agentBps, uint256 storageBps) = _probe.sharesOf(_probe.pack(pair) << (index * 42), index);
        assert(oemBps == oem && agentBps == agent && storageBps == pair.storageBps);
        uint256 others = uint256(price) * oemBps / 10_000 + uint256(price) * agentBps / 10_000 + uint256(price) * storageBps / 10_000;
        assert(others <= price);
    }
}
