// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { AwkwardToken } from "../../contracts/mocks/AwkwardToken.sol";
import { Ledger } from "../../contracts/shares/Ledger.sol";
import { Refusal } from "./Refusal.sol";
import { vm } from "./Vm.sol";

/// @notice A ledger whose credits come with the money, as in the exchange.
contract OpenLedger is Ledger {
    constructor() EIP712("OpenLedger", "1") { }

    function _checkToken(address) internal pure override { }

    function credit(address account, address token, uint256 amount) external {
        _credit(account, token, amount);
    }
}

/// @notice Moves the ledger at random: credits to four accounts in two tokens, withdrawals by anyone of any amount.
contract LedgerHandler {
    OpenLedger public immutable ledger = new OpenLedger();
    AwkwardToken[2] public tokens = [new AwkwardToken(), new AwkwardToken()];
    uint256[2] public paidIn;
    uint256[2] public paidOut;

    function account(uint256 seed) public pure returns (address) {
        return address(uint160(0x1000 + seed % 4));
    }

    function deposit(uint256 who, uint256 which, uint128 amount) external {
        which %= 2;
        tokens[which].mint(address(ledger), amount);
        ledger.credit(account(who), address(tokens[which]), amount);
        paidIn[which] += amount;
    }

    function withdraw(uint256 who, uint256 which, uint256 amount) external {
        which %= 2;
        uint256 credit = ledger.creditOf(account(who), address(tokens[which]));
        // Often more than there is: such a call must fail and change nothing.
        amount %= credit + credit / 4 + 2;
        vm.prank(account(who));
        try ledger.withdraw(address(tokens[which]), address(0xbeef), amount) {
            assert(amount <= credit);
            paidOut[which] += amount;
        } catch (bytes memory reason) {
            Refusal.check(reason);
            assert(amount > credit);
        }
    }
}

/// @title LedgerInvariantTest
/// @notice The ledger holds exactly what it owes, and nobody can take more than was credited.
contract LedgerInvariantTest {
    LedgerHandler public handler;

    function setUp() public {
        handler = new LedgerHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_balanceIsSumOfCredits() public view {
        for (uint256 which = 0; which < 2; ++which) {
            address token = address(handler.tokens(which));
            uint256 owed;
            for (uint256 who = 0; who < 4; ++who) {
                owed += handler.ledger().creditOf(handler.account(who), token);
            }
            assert(AwkwardToken(token).balanceOf(address(handler.ledger())) == owed);
            assert(handler.paidIn(which) == owed + handler.paidOut(which));
        }
    }
}
