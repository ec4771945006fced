// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { AwkwardToken } from "../../../contracts/mocks/AwkwardToken.sol";
import { Refusal } from "../Refusal.sol";
import { vm } from "../Vm.sol";
import { Ghost } from "./Ghost.sol";

/// @notice What an actor can try.
enum Move {
    Buy,
    BuyFor,
    Resell,
    Accept,
    Reject,
    DeliverUnproven,
    DeliverProven,
    DeliverDisputed,
    Challenge,
    Answer,
    Complain,
    RefundBad,
    Refund,
    Concede,
    Receipt,
    SignedReceipt,
    Settle,
    Deposit,
    Withdraw,
    WithdrawFor,
    TransferCredit,
    SetOperator,
    Cancel,
    SetToken,
    StopToken,
    SetFeeRecipient,
    ShowEquivocated,
    Admit,
    PlaceWish,
    FundWish,
    AnswerWish,
    AcceptAnswer,
    MarkJunk,
    ReturnDeposit,
    FillWish,
    CloseWish
}

/// @notice What a long walk must have come by, so that it is worth something.
enum Sight {
    FeeChanged, // settled by a fee that is no longer the token's
    VersionChanged, // settled by an agreement version that is no longer in force
    Dissent, // settled though a principal denies the pair now
    Stopped, // settled in a token that is stopped or off the list
    WholeSettled, // an all-or-nothing deal
    DisputedSettled,
    WholeSlashed, // a right complaint about one page of an all-or-nothing deal
    DisputedSlashed,
    WithheldPage, // the missing page's bond goes to who has delivered
    ConcededLate, // so too where the sealer concedes after the deadline
    Barred, // no delivery: the headers are another's, or were shown bad
    HookRefused, // no delivery: the hook does not want it, fails, or burns its gas
    WalletRefused, // no receipt: the buyer's wallet does not stand by its signature
    LastSecond, // a challenge or a complaint in the last second of the window
    FirstSecond, // a settlement or a refund in the first second after it
    LateDelivery, // after deliverBy, nobody having refunded
    LateAnswer, // after the time to answer
    Reduced, // bought at the hook's price
    Listed, // bought by one of a list
    FormerAgent, // settled with a header of who was agent before
    Contradicted, // refunded before delivery, a header being one of two
    Transferred, // settled after the vehicle was sold
    AfterEpoch, // no delivery: anchored after the vehicle was sold
    SoldLate, // settled with a header that was admitted after its epoch
    Resold, // settled by a royalty
    ResoldAgain, // so too where the seller's right comes from a resale
    PassedOn, // a header that the seller had for himself is the buyer's
    RightGone, // no delivery: the seller has passed its right on meanwhile
    Filled, // settled, having been reserved by a buyer's rule
    FilledRejected, // rejected by the buyer of the rule
    Answered, // settled, having been an accepted answer
    JunkTooLate, // an answer of which the time to mark it as junk is over
    ClosedByOther // a buy order ended by a stranger after its deadline

}

/// @title Stage
/// @notice Chance, and the one place where the exchange is called: each call must go through exactly if the ghost allows it, and
/// afterwards every credit and the balance must be what the ghost says.
abstract contract Stage is Ghost {
    /// @dev A call that went another way than the document says.
    error Walk_Forbidden(Move move, uint256 step);
    error Walk_Refused(Move move, uint256 step, bytes reason);
    /// @dev A call that failed, but by no guard.
    error Walk_Broke(Move move, uint256 step, bytes reason);
    error Walk_WrongCredit(address account, uint256 token, uint256 real, uint256 ghost);
    error Walk_NotMine(Move move, address account);
    error Walk_Insolvent(uint256 token, uint256 balance, uint256 owed);
    error Walk_WrongState(uint256 deal, uint256 page, IEscrowTypes.State real, IEscrowTypes.State ghost);
    error Walk_NotEnded(uint256 deal, uint256 page);
    /// @dev A buy order that is not in the ghost's state, or an answer to one, or what is left of all in the end.
    error Walk_WrongWish(uint256 wish, uint256 real, uint256 ghost);
    error Walk_WrongReply(uint256 reply, uint256 real, uint256 ghost);
    error Walk_LeftBehind(uint256 token, uint256 credit);

    mapping(Move move => uint256) public allowedCount;
    mapping(Move move => uint256) public refusedCount;

    mapping(Sight sight => uint256) public sights;

    function _see(Sight sight, bool seen) internal {
        if (seen) ++sights[sight];
    }

    uint256 internal constant NO_TOKEN = type(uint256).max;

    // ---------------------------------------------------------------- chance

    bytes32 private _chance;
    uint256 private _draws;

    function _seed(uint256 seed) internal {
        _chance = keccak256(abi.encode(_chance, seed));
    }

    function _pick(uint256 below) internal returns (uint256) {
        return uint256(keccak256(abi.encode(_chance, ++_draws))) % below;
    }

    /// @dev Once in `times`.
    function _rarely(uint256 times) internal returns (bool) {
        return _pick(times) == 0;
    }

    function _between(uint256 least, uint256 most) internal returns (uint256) {
        return least + _pick(most - least + 1);
    }

    // ---------------------------------------------------------------- calls

    /// @dev A move that may call the token: purchases, payments in and out.
    function _moveMoney(Move move, uint256 token, address sender, bytes memory data, bool allowed) internal returns (bool, bytes memory) {
        return _call(address(exchange), move, token, sender, data, allowed);
    }

    /// @dev Any other move: the token is dead meanwhile, so that one which touches it fails.
    function _moveState(Move move, uint256 token, address sender, bytes memory data, bool allowed) internal returns (bool ok) {
        (ok,) = _moveDead(address(exchange), move, token, sender, data, allowed);
    }

    /// @dev So too a move of the registry of data, or of the contract of buy orders.
    function _moveDead(address place, Move move, uint256 token, address sender, bytes memory data, bool allowed)
        internal
        returns (bool ok, bytes memory result)
    {
        if (token != NO_TOKEN) tokens[token].setDead(true);
        (ok, result) = _call(place, move, token, sender, data, allowed);
        if (token != NO_TOKEN) tokens[token].setDead(false);
    }

    uint256[] private _before;

    function _call(address place, Move move, uint256 token, address sender, bytes memory data, bool allowed)
        private
        returns (bool ok, bytes memory result)
    {
        if (token != NO_TOKEN) {
            delete _before;
            for (uint256 i = 0; i < who.length; ++i) {
                _before.push(_credits[token][who[i]]);
            }
        }
        vm.prank(sender);
        (ok, result) = place.call{ gas: 12_000_000 }(data);
        if (ok && !allowed) revert Walk_Forbidden(move, _step);
        if (!ok && allowed) revert Walk_Refused(move, _step, result);
        if (ok) ++allowedCount[move];
        else ++refusedCount[move];
        if (!ok && !Refusal.isOfAGuard(result)) revert Walk_Broke(move, _step, result);
    }

    // ---------------------------------------------------------------- what must hold after each step

    /// @dev Every credit is the ghost's, none but the sender's has fallen, and the exchange has what it owes, exactly.
    function _checkMoney(Move move, uint256 token, address sender) internal view {
        WalkSum memory sum;
        address asset = address(tokens[token]);
        for (uint256 i = 0; i < who.length; ++i) {
            address account = who[i];
            uint256 real = exchange.creditOf(account, asset);
            if (real != _credits[token][account]) revert Walk_WrongCredit(account, token, real, _credits[token][account]);
            if (real < _before[i] && account != sender && !_mayFall[_step][account]) revert Walk_NotMine(move, account);
            sum.owed += real;
        }
        sum.balance = tokens[token].balanceOf(address(exchange));
        sum.owed += _held[token];
        if (sum.balance != sum.owed || sum.balance != _inside[token]) revert Walk_Insolvent(token, sum.balance, sum.owed);
    }

    struct WalkSum {
        uint256 balance;
        uint256 owed;
    }

    function _positionOf(address account) internal view returns (uint256 position) {
        while (who[position] != account) ++position;
    }

    // ---------------------------------------------------------------- moods

    function _isKind(AwkwardToken.Mood mood) internal pure returns (bool) {
        return mood == AwkwardToken.Mood.Honest || mood == AwkwardToken.Mood.CallsBack;
    }

    /// @dev Whether a transfer to the exchange brings what it says.
    function _arrives(uint256 token) internal view returns (bool) {
        return _isKind(tokens[token].mood());
    }
}
