// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { AwkwardHook } from "../../../contracts/mocks/AwkwardHook.sol";
import { AwkwardToken } from "../../../contracts/mocks/AwkwardToken.sol";
import { vm } from "../Vm.sol";
import { MoodyWallet } from "./Doubles.sol";
import { Moves } from "./Moves.sol";
import { Fault } from "./PlantedFault.sol";
import { Move } from "./Stage.sol";
import { World } from "./World.sol";

/// @title Walk
/// @notice One step after the other by chance: somebody does something to some deal, money moves in and out, terms change, time
/// passes. Every step is checked, and in the end every deal can be ended by a stranger and every credit be taken out.
contract Walk is Moves {
    constructor(Fault fault, uint256 seed) World(fault) {
        _seed(seed);
        for (uint256 i = 0; i < 3; ++i) {
            _setToken(i, true, 0);
            for (uint256 a = 0; a < ACTORS; ++a) {
                _deposit(i, a, a, 20_000_000);
            }
        }
        _callBack();
        vm.prank(who[BUYER]);
        exchange.setOperator(who[OPERATOR], true);
        _operators[who[BUYER]][who[OPERATOR]] = true;
        for (uint256 a = 0; a < ACTORS; ++a) {
            vm.prank(who[a]);
            exchange.setOperator(who[ORDERS], true);
            _operators[who[a]][who[ORDERS]] = true;
        }
    }

    // ---------------------------------------------------------------- one step

    function step(uint256 seed) external {
        _seed(seed);
        ++_step;
        uint256 kind = _pick(100);
        if (_deals.length == 0 || kind < 6) _buy();
        else if (kind < 9) _resell();
        else if (kind < 12) _buyFor();
        else if (kind < 24) _wish();
        else if (kind < 26) _admit();
        else if (kind < 76) _moveDeal();
        else if (kind < 86) _passTime();
        else if (kind < 93) _moveOwnMoney();
        else if (kind < 98) _changeTerms();
        else _changeMoods();
        if (tokens[HOSTILE].calledBackWell()) revert Walk_Forbidden(Move.Withdraw, _step);
    }

    /// @dev Mostly a live page of late; sometimes any, since what has ended must stay ended. Half of the moves of late deals are
    /// about the very last, so that some get far before time passes.
    function _moveDeal() private {
        (uint256 i, uint256 p) = (0, 0);
        for (uint256 tries = 0; tries < 6; ++tries) {
            i = _deals.length - 1 - _pick(_deals.length < 10 || _rarely(10) ? _deals.length : _rarely(2) ? 2 : 10);
            p = _pick(_pages[i].length);
            if (!_hasEnded(i, p)) break;
        }
        _choose(i, p);
    }

    function _anybody(uint256 i) private returns (address) {
        uint256 chance = _pick(10);
        return chance < 3 ? _deals[i].buyer : chance < 5 ? _deals[i].seller : who[_pick(ACTORS)];
    }

    /// @dev Any move by anybody, or one that could be next, mostly by who may.
    function _choose(uint256 i, uint256 p) private {
        uint256 any = _pick(13);
        if (_rarely(4)) return _run(any, _deal(i, p, _anybody(i)));
        uint256 move = _nextMove(i, p, any);
        bool isBuyers = move == 0 || move == 1 || move == 5;
        bool isSellers = move == 2 || move == 10;
        address sender = isBuyers ? _deals[i].buyer : isSellers ? _deals[i].seller : _anybody(i);
        _run(move, _deal(i, p, _rarely(6) ? _anybody(i) : sender));
    }

    function _nextMove(uint256 i, uint256 p, uint256 any) private returns (uint256) {
        if (_pageHasBad(i, p) && _rarely(3)) return 8;
        bool half = _isDisputed(i) && _pages[i][0].delivered != _pages[i][1].delivered;
        if (half && _is(i, p, IEscrowTypes.State.Funded) && _rarely(2)) {
            // The last mover withholds its page: time passes, and the sealer or anybody ends it.
            if (block.timestamp <= _deals[i].deliverBy) vm.warp(_deals[i].deliverBy + _pick(2));
            return _rarely(2) ? 10 : 9;
        }
        if (_is(i, p, IEscrowTypes.State.Funded)) {
            if (_isReserved(i)) return _rarely(3) ? 1 : 0;
            bool late = block.timestamp > _deals[i].deliverBy;
            uint256 deliver = _isDisputed(i) ? 4 : _rarely(5) ? 3 : 2;
            if (_deals[i].flags & PROVEN_ONLY != 0 && !_isDisputed(i)) deliver = 3;
            return late && _rarely(2) ? 9 : _rarely(12) ? 10 : _rarely(6) ? 12 : deliver;
        }
        bool over = block.timestamp > _statePage(i, p).endsAt;
        if (_is(i, p, IEscrowTypes.State.DeliveredUnproven)) return over ? 11 : _rarely(10) ? 10 : _rarely(5) ? 7 : 5;
        if (_is(i, p, IEscrowTypes.State.Challenged)) return over && _rarely(2) ? 9 : _rarely(4) ? 7 : 6;
        if (_is(i, p, IEscrowTypes.State.DeliveredProven)) return over ? 11 : _rarely(3) ? 12 : 7;
        return any;
    }

    function _run(uint256 move, Try memory t) private {
        if (move == 0) _accept(t);
        if (move == 1) _reject(t);
        if (move == 2) _deliverUnproven(t);
        if (move == 3) _deliverProven(t);
        if (move == 4) _deliverDisputed(t);
        if (move == 5) _challenge(t);
        if (move == 6) _answer(t);
        if (move == 7) _complain(t);
        if (move == 8) _refundBad(t);
        if (move == 9) _refund(t);
        if (move == 10) _concede(t);
        if (move == 11) _settle(t);
        if (move == 12) _receipt(t);
    }

    // ---------------------------------------------------------------- time

    /// @dev A while, or exactly to the last second of something or the one after it: there what is too early or too late is tried
    /// first, and then what is next.
    function _passTime() private {
        if (_rarely(2)) {
            vm.warp(block.timestamp + _between(1, 60));
            return;
        }
        uint256 i = _deals.length - 1 - _pick(_deals.length < 6 ? _deals.length : 6);
        uint256 p = _pick(_pages[i].length);
        uint256 end = _statePage(i, p).endsAt;
        if (end == 0) end = _isReserved(i) ? _deals[i].inspectBy : _deals[i].deliverBy;
        bool over = _rarely(2);
        if (over) ++end;
        if (end < block.timestamp || _hasEnded(i, p)) return;
        vm.warp(end);
        (address buyer, address seller) = (_deals[i].buyer, _deals[i].seller);
        if (over) {
            _run(5, _deal(i, p, buyer));
            _run(7, _deal(i, p, buyer));
            if (_rarely(2)) _run(_pick(2), _deal(i, p, buyer));
        } else {
            _run(11, _deal(i, p, seller));
            _run(9, _deal(i, p, buyer));
            if (_isReserved(i)) _run(2 + _pick(2), _deal(i, p, seller));
        }
        _choose(i, p);
    }

    // ---------------------------------------------------------------- money in and out

    function _moveOwnMoney() private {
        uint256 token = _pick(3);
        uint256 kind = _pick(7);
        if (kind == 0) _deposit(token, _pick(ACTORS), _pick(ACTORS), _pick(5_000_000));
        else if (kind < 3) _withdraw(token, _pick(ACTORS), _pick(ACTORS));
        else if (kind == 3) _withdrawFor(token, _pick(ACTORS), _pick(ACTORS));
        else if (kind < 6) _transferCredit(token, _pick(ACTORS), _pick(ACTORS));
        else if (_rarely(2)) _setOperator(_rarely(2) ? BUYER : BUYER_WALLET, _rarely(2) ? OPERATOR : STRANGER, _rarely(2));
        else _setOperator(_pick(ACTORS), ORDERS, !_rarely(6));
    }

    function _deposit(uint256 token, uint256 payer, uint256 account, uint256 amount) private {
        bytes memory data = abi.encodeCall(exchange.deposit, (address(tokens[token]), who[account], amount));
        bool allowed = _tokenTerms[token].listed && (_arrives(token) || amount == 0);
        (bool ok,) = _moveMoney(Move.Deposit, token, who[payer], data, allowed);
        if (!ok) return;
        _inside[token] += amount;
        _credits[token][who[account]] += amount;
        _checkMoney(Move.Deposit, token, who[payer]);
    }

    /// @dev About as often more than there is.
    function _amountOf(uint256 token, uint256 account) private returns (uint256) {
        uint256 credit = _credits[token][who[account]];
        return _rarely(3) ? credit + 1 + _pick(1000) : _rarely(3) ? credit : _pick(credit / 10 + 1);
    }

    function _sends(uint256 token) private view returns (bool) {
        return tokens[token].mood() != AwkwardToken.Mood.SaysFalse;
    }

    function _withdraw(uint256 token, uint256 account, uint256 to) private {
        uint256 amount = _amountOf(token, account);
        bytes memory data = abi.encodeCall(exchange.withdraw, (address(tokens[token]), who[to], amount));
        bool allowed = amount <= _credits[token][who[account]] && _sends(token);
        (bool ok,) = _moveMoney(Move.Withdraw, token, who[account], data, allowed);
        if (ok) _paidOut(Move.Withdraw, token, account, amount, who[account]);
    }

    function _paidOut(Move move, uint256 token, uint256 account, uint256 amount, address sender) private {
        _inside[token] -= amount;
        _credits[token][who[account]] -= amount;
        _checkMoney(move, token, sender);
    }

    /// @dev A withdrawal by signature in the making.
    struct Signed {
        uint256 account;
        uint256 sender;
        uint256 signer;
        uint256 amount;
        uint64 deadline;
    }

    /// @dev By anybody with a signature: the account's own, or another's.
    function _withdrawFor(uint256 token, uint256 account, uint256 sender) private {
        Signed memory w = Signed(account, sender, account, _amountOf(token, account), uint64(block.timestamp));
        if (_rarely(3)) w.signer = _pick(ACTORS);
        if (_rarely(5)) w.deadline -= 1;
        bytes memory data = _withdrawForCall(token, w);
        bool signed = w.signer == account && _standsBy(account);
        bool allowed = signed && w.deadline == block.timestamp && w.amount <= _credits[token][who[account]] && _sends(token);
        (bool ok,) = _moveMoney(Move.WithdrawFor, token, who[sender], data, allowed);
        if (!ok) return;
        _mayFall[_step][who[account]] = true;
        _paidOut(Move.WithdrawFor, token, account, w.amount, who[sender]);
        // The same signature again is none.
        _moveMoney(Move.WithdrawFor, token, who[sender], data, false);
    }

    function _withdrawForCall(uint256 token, Signed memory w) private view returns (bytes memory) {
        (address account, address asset) = (who[w.account], address(tokens[token]));
        bytes32 typehash =
            keccak256("Withdrawal(address account,address token,address to,uint256 amount,uint256 nonce,uint64 deadline)");
        bytes32 message = keccak256(
            abi.encode(typehash, account, asset, who[STRANGER], w.amount, exchange.withdrawalNonce(account), w.deadline)
        );
        bytes memory signature = _sign(w.signer, _typed("Escrow", address(exchange), message));
        return abi.encodeCall(exchange.withdrawFor, (account, asset, who[STRANGER], w.amount, w.deadline, signature));
    }

    /// @dev Out of one's own credit, out of the buyer's, who has an operator, or out of anybody's.
    function _transferCredit(uint256 token, uint256 sender, uint256 to) private {
        uint256 from = _rarely(3) ? sender : _rarely(2) ? BUYER : _pick(ACTORS);
        if (from == BUYER && _rarely(2)) sender = OPERATOR;
        uint256 amount = _amountOf(token, from);
        bytes memory data = abi.encodeCall(exchange.transferCredit, (who[from], address(tokens[token]), who[to], amount));
        bool mine = sender == from || _operators[who[from]][who[sender]];
        bool allowed = mine && amount <= _credits[token][who[from]];
        if (!_moveState(Move.TransferCredit, token, who[sender], data, allowed)) return;
        if (mine) _mayFall[_step][who[from]] = true;
        _credits[token][who[from]] -= amount;
        _credits[token][who[to]] += amount;
        _checkMoney(Move.TransferCredit, token, who[sender]);
    }

    function _setOperator(uint256 account, uint256 operator, bool approved) private {
        _moveState(Move.SetOperator, NO_TOKEN, who[account], abi.encodeCall(exchange.setOperator, (who[operator], approved)), true);
        _operators[who[account]][who[operator]] = approved;
    }

    // ---------------------------------------------------------------- terms and consents

    /// @dev The foundation changes what later deals are made on; anybody else cannot. A principal denies, then both agree anew.
    function _changeTerms() private {
        uint256 kind = _pick(5);
        address sender = _rarely(4) ? who[_pick(ACTORS)] : address(this);
        bool allowed = sender == address(this);
        if (kind == 0) {
            uint256 token = !_tokenTerms[0].listed ? 0 : !_tokenTerms[1].listed ? 1 : _pick(3);
            _setToken(token, !_tokenTerms[token].listed || !_rarely(4), uint16(_pick(501)));
        } else if (kind == 1) {
            uint256 token = _pick(3);
            bool stopped = !_tokenTerms[token].stopped && _rarely(2);
            bytes memory data = abi.encodeCall(exchange.stopToken, (address(tokens[token]), stopped));
            if (_moveState(Move.StopToken, NO_TOKEN, sender, data, allowed)) _tokenTerms[token].stopped = stopped;
        } else if (kind == 2) {
            address taker = who[FEE_TAKER + _pick(2)];
            bytes memory data = abi.encodeCall(exchange.setFeeRecipient, (taker));
            if (_moveState(Move.SetFeeRecipient, NO_TOKEN, sender, data, allowed)) _feeTaker = taker;
        } else {
            _changeAgreement(_rarely(4) ? _pick(_count) : _rarely(2) ? 1 : _latest(), uint8(_pick(3)));
        }
        if (_rarely(3)) _cancelAhead();
        if (_rarely(3)) _showEquivocated();
        if (_rarely(60)) _transferVehicle();
    }

    /// @dev Anybody shows the exchange what the registry knows of a header, or does not.
    function _showEquivocated() private {
        if (_batches.length == 0) return;
        Batch storage batch = _batches[_batches.length - 1 - _pick(_batches.length < 20 ? _batches.length : 20)];
        if (!batch.contradicted && _rarely(2)) _contradict(batch);
        bytes memory data = abi.encodeCall(exchange.showEquivocated, (batch.hash));
        bool allowed = batch.contradicted && !batch.shown && !batch.bad;
        if (_moveState(Move.ShowEquivocated, NO_TOKEN, who[_pick(ACTORS)], data, allowed)) batch.shown = true;
    }

    function _changeAgreement(uint256 g, uint8 pair) private {
        if (_denied[g] != 0) {
            if (g != 1 && _rarely(3)) _seller[g] = _seller[g] == TSP ? TSP_2 : TSP;
            return _agree(g, uint16(_between(1000, 6000)));
        }
        vm.prank(who[_rarely(2) ? OEM : _ownerOf(g)]);
        _shares.deny(_vehicle[g], _epoch[g], pair + 1, 1);
        _denied[g] |= uint8(1 << (pair * 2));
    }

    /// @dev Sellers take back orders that are not yet made.
    function _cancelAhead() private {
        address seller = who[_sellerOf(_rarely(2) ? 1 : _latest())];
        uint256 nonce = _nextNonce + _pick(4);
        _moveState(Move.Cancel, NO_TOKEN, seller, abi.encodeCall(exchange.cancelOrders, (nonce >> 8, 1 << (nonce & 255))), true);
        _cancelled[seller][nonce] = true;
    }

    /// @dev By somebody, who cannot, and then by the foundation.
    function _setToken(uint256 token, bool listed, uint16 feeBps) private {
        IEscrowTypes.TokenTerms memory terms;
        (terms.listed, terms.feeBps, terms.scale) = (listed, _feeTaker == address(0) ? 0 : feeBps, 0);
        (terms.deposit1, terms.bond1) = (uint32(_between(1, 60)), uint32(_between(60, 300)));
        (terms.deposit8, terms.bond8) = (uint32(_between(1, 90)), uint32(_between(90, 400)));
        (terms.deposit32, terms.bond32) = (terms.deposit8, terms.bond8);
        bytes memory data = abi.encodeCall(exchange.setToken, (address(tokens[token]), terms));
        _moveState(Move.SetToken, NO_TOKEN, who[_pick(ACTORS)], data, false);
        _moveState(Move.SetToken, NO_TOKEN, address(this), data, true);
        terms.stopped = _tokenTerms[token].stopped;
        _tokenTerms[token] = terms;
    }

    // ---------------------------------------------------------------- moods

    function _callBack() private {
        address token = address(tokens[HOSTILE]);
        tokens[HOSTILE].callBack(address(exchange), abi.encodeCall(exchange.withdraw, (token, token, 0)));
    }

    /// @dev The hook, the wallets and the third token behave, or do not.
    function _changeMoods() private {
        uint256 kind = _pick(4);
        uint256 answer = _rarely(2) ? 1 : _pick(11_000);
        if (kind == 0) _hook.set(_rarely(2) ? AwkwardHook.Mood.Answers : AwkwardHook.Mood(_pick(6)), answer);
        else if (kind < 3) MoodyWallet(who[SELLER_WALLET + kind - 1]).setMood(MoodyWallet.Mood(_rarely(2) ? 0 : _pick(4)));
        else if (_rarely(2)) _callBack();
        else tokens[HOSTILE].setMood(AwkwardToken.Mood(_pick(3)));
    }

    // ---------------------------------------------------------------- the end

    /// @notice Long after everything: whoever has nothing to do with it ends every deal, and everybody takes out what is his.
    function windUp() external {
        ++_step;
        vm.warp(block.timestamp + 400 days);
        for (uint256 i = 0; i < _deals.length; ++i) {
            for (uint256 p = 0; p < (_isWhole(i) ? 1 : _pages[i].length); ++p) {
                if (!_hasEnded(i, p)) _endByStranger(i, p);
            }
        }
        _endWishes();
        for (uint256 token = 0; token < 3; ++token) {
            if (_held[token] != 0) revert Walk_Insolvent(token, _held[token], 0);
            tokens[token].setMood(AwkwardToken.Mood.Honest);
            for (uint256 a = 0; a < ACTORS; ++a) {
                _takeOut(token, a);
            }
            // All but the deposits of junk, which nobody has.
            uint256 lost = _credits[token][who[JUNKYARD]];
            if (_inside[token] != lost) revert Walk_Insolvent(token, _inside[token], lost);
        }
    }

    function _endByStranger(uint256 i, uint256 p) private {
        Try memory t = Try(i, p, who[STRANGER], true, _terms(i));
        if (_isDelivered(i, p) && !_hasBad(i, p)) {
            bytes memory data = abi.encodeCall(exchange.settle, (t.terms, p, _pinned(i), _hashes(i, p, _isWhole(i))));
            _make(Move.Settle, t, data, true);
            _settleSeen(Move.Settle, t);
        } else if (_isDelivered(i, p)) {
            _endBad(t);
        } else {
            _refund(t);
        }
        if (!_hasEnded(i, p)) revert Walk_NotEnded(i, p);
    }

    /// @dev Finds the header that was shown bad, of whichever page.
    function _endBad(Try memory t) private {
        for (uint256 q = 0; q < _pages[t.i].length; ++q) {
            if (!_isWhole(t.i) && q != t.p) continue;
            for (uint256 k = 0; k < _pages[t.i][q].lots.length; ++k) {
                if (!_batches[_pages[t.i][q].lots[k]].bad) continue;
                _make(Move.RefundBad, t, abi.encodeCall(exchange.refundBad, (t.terms, q, _hashes(t.i, q, false), k)), true);
                _refundGhost(t.i, t.p, Bonds.Slashed);
                return _check(Move.RefundBad, t);
            }
        }
    }

    function _takeOut(uint256 token, uint256 account) private {
        uint256 amount = _credits[token][who[account]];
        bytes memory data = abi.encodeCall(exchange.withdraw, (address(tokens[token]), who[account], amount));
        _moveMoney(Move.Withdraw, token, who[account], data, true);
        _paidOut(Move.Withdraw, token, account, amount, who[account]);
    }

    // ---------------------------------------------------------------- for the tests

    function steps() external view returns (uint256) {
        return _step;
    }

    function dealCount() external view returns (uint256) {
        return _deals.length;
    }
}
