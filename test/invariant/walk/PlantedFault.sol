// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { EscrowBase } from "../../../contracts/market/EscrowBase.sol";
import { IEscrowDisputes } from "../../../contracts/market/IEscrowDisputes.sol";
import { IEscrowTrade } from "../../../contracts/market/IEscrowTrade.sol";
import { Sales } from "../../../contracts/market/libraries/Sales.sol";
import { Terms } from "../../../contracts/market/libraries/Deals.sol";
import { ILedger } from "../../../contracts/shares/ILedger.sol";
import { VersionTerms } from "../../../contracts/shares/libraries/Agreements.sol";
import { vm } from "../Vm.sol";

/// @notice What is wrong with an exchange.
enum Fault {
    None,
    RefundsEarly, // the deadline is not looked at
    PaysTwice, // settling credits the seller one unit that nobody paid
    SlashIsShort, // a concession leaves one unit of the bond with the seller
    NoBond, // an unproven delivery locks nothing
    AnyoneSpends, // a credit can be transferred by anybody
    TouchesToken, // a challenge reads a balance
    NeverSettles, // the window's end settles nothing
    ForgetsContradiction, // a header that contradicts another is sold on
    RightNeverEnds, // who has kept no copy sells on
    RoyaltyIsShort, // a resale leaves one unit of the royalty with its seller
    // Of what stands beside the exchange, see FaultyBeside.sol:
    AdmitsAll, // every header counts as admitted
    AdmitsNothing, // no header does
    ClosesEarly, // a buy order's deadline is not looked at
    SpendsOthers, // what a purchase by rule cost stays in the order
    ReturnsEarly // an answer's deposit comes back before its time
}

/// @title PlantedFault
/// @notice The whole exchange with one fault: it runs the real code in its own storage and then does wrong.
contract PlantedFault is EscrowBase {
    address private immutable _honest;
    Fault private immutable _fault;

    constructor(Parts memory parts, address honest, Fault fault) EscrowBase(parts) {
        (_honest, _fault) = (honest, fault);
    }

    fallback() external {
        uint256 time = block.timestamp;
        if (_is(Fault.RefundsEarly, IEscrowDisputes.refund.selector)) vm.warp(time + 400 days);
        bool idle = _is(Fault.ForgetsContradiction, IEscrowDisputes.showEquivocated.selector);
        (bool ok, bytes memory result) = idle ? (true, new bytes(0)) : _honest.delegatecall(msg.data);
        if (_is(Fault.RefundsEarly, IEscrowDisputes.refund.selector)) vm.warp(time);
        if (_is(Fault.AnyoneSpends, ILedger.transferCredit.selector) && !ok) ok = _spend();
        if (_is(Fault.NeverSettles, IEscrowTrade.settle.selector)) ok = false;
        if (ok) _doWrong();
        assembly {
            if iszero(ok) { revert(add(result, 0x20), mload(result)) }
            return(add(result, 0x20), mload(result))
        }
    }

    function _is(Fault fault, bytes4 move) private view returns (bool) {
        return _fault == fault && msg.sig == move;
    }

    function _doWrong() private {
        if (_is(Fault.PaysTwice, IEscrowTrade.settle.selector)) {
            Terms memory terms = abi.decode(msg.data[4:], (Terms));
            _credit(terms.order.seller, terms.order.token, 1);
        }
        if (_is(Fault.SlashIsShort, IEscrowDisputes.concede.selector)) {
            Terms memory terms = abi.decode(msg.data[4:], (Terms));
            _debit(Sales.buyer(terms.sale.party), terms.order.token, 1);
            _credit(terms.order.seller, terms.order.token, 1);
        }
        if (_is(Fault.NoBond, IEscrowTrade.deliverUnproven.selector)) {
            (Terms memory terms, uint256 page) = abi.decode(msg.data[4:], (Terms, uint256));
            _credit(terms.order.seller, terms.order.token, terms.order.pages[page].bond);
        }
        if (_is(Fault.RightNeverEnds, IEscrowTrade.settle.selector) || _is(Fault.RightNeverEnds, IEscrowTrade.settleByReceipt.selector)) {
            bytes32 key = abi.decode(msg.data[4:], (Terms)).sale.rightKey;
            if (key != 0) _deals[key].marks &= ~_RIGHT_SPENT;
        }
        if (_is(Fault.RoyaltyIsShort, IEscrowTrade.settle.selector)) {
            (Terms memory terms,, VersionTerms memory agreement) = abi.decode(msg.data[4:], (Terms, uint256, VersionTerms));
            if (terms.sale.rightKey != 0) {
                _debit(agreement.oem, terms.order.token, 1);
                _credit(terms.order.seller, terms.order.token, 1);
            }
        }
        if (_is(Fault.TouchesToken, IEscrowDisputes.challenge.selector)) {
            IERC20(abi.decode(msg.data[4:], (Terms)).order.token).balanceOf(address(this));
        }
    }

    function _spend() private returns (bool) {
        (address from, address token, address to, uint256 amount) = abi.decode(msg.data[4:], (address, address, address, uint256));
        if (to == address(0) || _credits[from][token] < amount) return false;
        _debit(from, token, amount);
        _credit(to, token, amount);
        return true;
    }
}
