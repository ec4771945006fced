// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import { FixedFeed } from "../../contracts/mocks/FixedFeed.sol";
import { IAggregatorV3 } from "../../contracts/tokens/IAggregatorV3.sol";
import { IRedemptionTypes } from "../../contracts/tokens/IRedemptions.sol";
import { QDD } from "../../contracts/tokens/QDD.sol";
import { QDT } from "../../contracts/tokens/QDT.sol";
import { Refusal } from "./Refusal.sol";
import { vm } from "./Vm.sol";

/// @notice What is made of a request, kept here with nothing of the contract's code.
enum Stage {
    None,
    Open,
    Attested,
    Burnt,
    Returned
}

/// @notice QDD in the hands of five hostile accounts, an issuer, an auditor, a guardian and a lister who do what they can. After
/// each step the contract must stand as this book says.
contract TokensHandler {
    uint256 private constant ACTORS = 5;
    uint256 private constant TO_PAY = 100;
    uint256 private constant TO_OBJECT = 60;
    uint256 private constant LEAST = 10;
    /// @dev All roles are this contract's: what no role may do, it may not.
    uint256 private constant RESERVE = 1_000_000;

    struct Request {
        address redeemer;
        uint256 amount;
        uint256 deadline;
        uint256 objectBy;
        Stage stage;
    }

    QDD public immutable qdd;
    FixedFeed public immutable feed = new FixedFeed(6);

    Request[] public requests;
    /// @dev The oldest open request, or where the next will be.
    uint256 private _first = 1;
    /// @dev The one that was attested last, to which objections mostly go.
    uint256 private _lastAttested;
    uint256 public supply;
    uint256 public queued;
    bool public paused;
    mapping(address account => uint256) public balances;
    mapping(address account => bool) public frozen;
    /// @dev How often each move went through and was refused, so that a walk that does nothing is seen.
    mapping(bytes4 move => uint256) public made;
    mapping(bytes4 move => uint256) public refused;

    error Unlike(bytes4 move, bool went, bool allowed);
    error Panicked(bytes4 move, bytes reason);

    constructor() {
        AccessManager manager = new AccessManager(address(this));
        IRedemptionTypes.RedemptionTerms memory terms = IRedemptionTypes.RedemptionTerms(uint48(TO_PAY), uint48(TO_OBJECT), uint128(LEAST));
        qdd = new QDD(address(manager), IAggregatorV3(address(feed)), type(uint256).max, terms);
        feed.set(int256(RESERVE), 1);
        requests.push();
    }

    // ---------------------------------------------------------------- moves

    function mint(uint256 who, uint256 amount) external {
        address to = account(who);
        // Often just above what is left.
        amount %= RESERVE / 4;
        if (amount % 5 == 0 && reserve() > supply) amount = reserve() - supply + amount % 2;
        bool allowed = overdue() == 0 && supply + amount <= reserve() && !paused && !frozen[to];
        if (_try(address(this), abi.encodeCall(QDD.mint, (to, amount)), allowed)) {
            supply += amount;
            balances[to] += amount;
        }
    }

    function setReserve(uint256 amount) external {
        feed.set(int256(supply / 2 + amount % RESERVE + 1), 1);
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        (address payer, address payee) = (account(from), account(to));
        amount = _part(amount, balances[payer]);
        bool allowed = amount <= balances[payer] && !paused && !frozen[payer] && !frozen[payee];
        if (_try(payer, abi.encodeCall(qdd.transfer, (payee, amount)), allowed)) {
            balances[payer] -= amount;
            balances[payee] += amount;
        }
    }

    function steal(uint256 from, uint256 by, uint256 amount) external {
        address thief = from % 2 == 0 ? address(this) : account(by);
        amount = amount % 100 + 1;
        _try(thief, abi.encodeCall(qdd.transferFrom, (account(from), account(by), amount)), false);
        _try(thief, abi.encodeCall(qdd.transferFrom, (address(qdd), account(by), amount)), false);
        _try(account(from), abi.encodeCall(qdd.transfer, (address(qdd), balances[account(from)])), false);
    }

    function switchPause(uint256 seed) external {
        // Mostly off, or nothing else would ever move.
        bool on = seed % 4 == 0;
        if (on) {
            if (_try(address(this), abi.encodeCall(QDD.pause, ()), !paused)) paused = true;
        } else if (_try(address(this), abi.encodeCall(QDD.unpause, ()), paused)) {
            paused = false;
        }
    }

    function switchFreeze(uint256 seed) external {
        address who = account(seed / 4);
        if (seed % 4 == 0) {
            if (_try(address(this), abi.encodeCall(QDD.freeze, (who, bytes32("order"))), !frozen[who])) frozen[who] = true;
        } else if (_try(address(this), abi.encodeCall(QDD.unfreeze, (who, bytes32("order"))), frozen[who])) {
            frozen[who] = false;
        }
    }

    function request(uint256 who, uint256 amount) external {
        address redeemer = account(who);
        amount = _part(amount, balances[redeemer]);
        bool allowed = amount >= LEAST && amount <= balances[redeemer] && !frozen[redeemer];
        if (_try(redeemer, abi.encodeWithSelector(qdd.queueRedemption.selector, amount, bytes32("IBAN")), allowed)) {
            balances[redeemer] -= amount;
            queued += amount;
            requests.push(Request(redeemer, amount, block.timestamp + TO_PAY, 0, Stage.Open));
        }
    }

    function confirm(uint256 seed, uint256 who) external {
        (uint256 id, address by) = _pick(seed, who);
        if (_try(by, abi.encodeWithSelector(qdd.confirmRedemption.selector, id), _open(id) && by == requests[id].redeemer)) _burn(id);
    }

    function attest(uint256 seed) external {
        uint256 id = _target(seed);
        bool allowed = _open(id) && requests[id].stage == Stage.Open;
        if (_try(address(this), abi.encodeWithSelector(qdd.attestRedemption.selector, id, bytes32("paid")), allowed)) {
            requests[id].stage = Stage.Attested;
            _lastAttested = id;
            requests[id].objectBy = block.timestamp + TO_OBJECT;
        }
    }

    function objectTo(uint256 seed, uint256 who) external {
        (uint256 id, address by) = _pick(seed, who);
        if (seed % 2 == 0) (id, by) = (_lastAttested, who % 4 == 0 ? by : requests[_lastAttested].redeemer);
        bool allowed = _open(id) && by == requests[id].redeemer && requests[id].stage == Stage.Attested && block.timestamp <= requests[id].objectBy;
        if (_try(by, abi.encodeWithSelector(qdd.disputeRedemption.selector, id), allowed)) {
            if (block.timestamp > requests[id].deadline) _giveBack(id);
            else requests[id].stage = Stage.Open;
        }
    }

    function settle(uint256 seed, uint256 who) external {
        (uint256 id, address by) = _pick(seed, who);
        if (seed % 2 == 0) id = _outlasted(id);
        bool allowed = _open(id) && requests[id].stage == Stage.Attested && block.timestamp > requests[id].objectBy;
        if (_try(by, abi.encodeWithSelector(qdd.settleRedemption.selector, id), allowed)) _burn(id);
    }

    function reclaim(uint256 seed, uint256 who) external {
        (uint256 id, address by) = _pick(seed, who);
        if (_try(by, abi.encodeWithSelector(qdd.takeBackRedemption.selector, id), _returnable(id) && by == requests[id].redeemer)) _giveBack(id);
    }

    function sendBack(uint256 seed) external {
        uint256 id = _target(seed);
        if (_try(address(this), abi.encodeWithSelector(qdd.sendBackRedemption.selector, id, bytes32("closed account")), _returnable(id))) _giveBack(id);
    }

    function pass(uint256 seed) external {
        uint256 id = seed % requests.length;
        // Often to the last second of a deadline or an objection time, or to the one after it.
        uint256 end = seed % 3 == 0 ? requests[id].deadline : requests[id].objectBy;
        if (seed % 5 < 3 && end > block.timestamp) vm.warp(end + seed % 2);
        else vm.warp(block.timestamp + seed % 40);
    }

    // ---------------------------------------------------------------- reading

    function account(uint256 seed) public pure returns (address) {
        return address(uint160(0x1000 + seed % ACTORS));
    }

    function reserve() public view returns (uint256) {
        return uint256(feed.answer());
    }

    function count() external view returns (uint256) {
        return requests.length;
    }

    /// @dev By the order of deadlines; {check} looks at all.
    function overdue() public view returns (uint256) {
        return _open(_first) && block.timestamp > requests[_first].deadline ? _first : 0;
    }

    /// @notice Everything as the book has it.
    function check() external view {
        uint256 sum = queued;
        for (uint256 who = 0; who < ACTORS; ++who) {
            assert(qdd.balanceOf(account(who)) == balances[account(who)]);
            sum += balances[account(who)];
        }
        assert(qdd.balanceOf(address(qdd)) == queued);
        assert(qdd.totalSupply() == supply && supply == sum);
        assert(qdd.overdue() == overdue());
        assert(qdd.redemptionCount() == requests.length - 1);
        uint256 inCustody;
        uint256 late;
        for (uint256 id = 1; id < requests.length; ++id) {
            IRedemptionTypes.Redemption memory found = qdd.redemptionOf(id);
            if (_open(id)) {
                assert(found.redeemer == requests[id].redeemer && found.amount == requests[id].amount);
                assert(found.deadline == requests[id].deadline);
                assert(found.objectBy == (requests[id].stage == Stage.Attested ? requests[id].objectBy : 0));
                inCustody += found.amount;
                if (late == 0 && block.timestamp > requests[id].deadline) late = id;
            } else {
                assert(found.redeemer == address(0) && found.amount == 0);
            }
        }
        assert(inCustody == queued && late == overdue());
    }

    // ---------------------------------------------------------------- internal

    /// @dev Makes a call that must go through exactly if the book allows it. A refusal is a custom error, never a panic.
    function _try(address by, bytes memory data, bool allowed) private returns (bool went) {
        bytes memory reason;
        if (by != address(this)) vm.prank(by);
        (went, reason) = address(qdd).call(data);
        bytes4 move = bytes4(data);
        if (went != allowed) revert Unlike(move, went, allowed);
        if (!went && !Refusal.isOfAGuard(reason)) revert Panicked(move, reason);
        if (went) made[move] += 1;
        else refused[move] += 1;
    }

    /// @dev A request, often the one that stops minting, seldom one that never was.
    function _target(uint256 seed) private view returns (uint256) {
        uint256 late = overdue();
        if (seed % 3 == 0 && late != 0) return late;
        // Mostly among the latest, or a long walk would ever pick what is closed.
        uint256 all = requests.length;
        return seed % 5 == 0 || all < 12 ? seed % (all + 1) : all - seed % 12;
    }

    /// @dev One of the last thirty whose attestation has outlasted its objection time, or else the given one.
    function _outlasted(uint256 id) private view returns (uint256) {
        for (uint256 i = 1; i <= 30 && i < requests.length; ++i) {
            Request storage late = requests[requests.length - i];
            if (late.stage == Stage.Attested && block.timestamp > late.objectBy) return requests.length - i;
        }
        return id;
    }

    /// @dev The same, and mostly its own redeemer.
    function _pick(uint256 seed, uint256 who) private view returns (uint256 id, address by) {
        id = _target(seed);
        by = id != 0 && id < requests.length && who % 4 != 0 ? requests[id].redeemer : account(who / 4);
    }

    /// @dev Mostly less than there is, now and then just more.
    function _part(uint256 amount, uint256 held) private pure returns (uint256) {
        return amount % (held + held / 8 + 2);
    }

    function _open(uint256 id) private view returns (bool) {
        return id < requests.length && (requests[id].stage == Stage.Open || requests[id].stage == Stage.Attested);
    }

    function _returnable(uint256 id) private view returns (bool) {
        return _open(id) && block.timestamp > requests[id].deadline
            && (requests[id].stage == Stage.Open || block.timestamp <= requests[id].objectBy);
    }

    function _close(uint256 id, Stage end) private {
        requests[id].stage = end;
        while (_first < requests.length && !_open(_first)) ++_first;
    }

    function _burn(uint256 id) private {
        _close(id, Stage.Burnt);
        queued -= requests[id].amount;
        supply -= requests[id].amount;
    }

    function _giveBack(uint256 id) private {
        _close(id, Stage.Returned);
        queued -= requests[id].amount;
        balances[requests[id].redeemer] += requests[id].amount;
    }
}

/// @title TokensInvariantTest
/// @notice Runs of the walk as the runner draws them.
contract TokensInvariantTest {
    TokensHandler public handler;

    function setUp() public {
        handler = new TokensHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_everythingStandsAsTheBookSays() public view {
        handler.check();
    }
}

/// @title TokensWalkTest
/// @notice One long walk that is counted: every move is made and refused often.
contract TokensWalkTest {
    uint256 private constant STEPS = 4000;
    uint256 private constant LEAST = 10;

    error Seldom(bytes4 move, uint256 made, uint256 refused);

    function test_everyMoveIsMadeAndRefusedOften() public {
        TokensHandler h = new TokensHandler();
        for (uint256 i = 0; i < STEPS; ++i) {
            uint256 a = uint256(keccak256(abi.encode("a", i)));
            uint256 b = uint256(keccak256(abi.encode("b", i)));
            uint256 c = uint256(keccak256(abi.encode("c", i)));
            _step(h, i % 17 == 0 ? 12 : c % 13, a, b, c);
            if (i % 200 == 0) h.check();
        }
        h.check();
        QDD qdd = h.qdd();
        bytes4[11] memory moves = [
            QDD.mint.selector,
            qdd.transfer.selector,
            QDD.pause.selector,
            QDD.unpause.selector,
            QDD.freeze.selector,
            qdd.queueRedemption.selector,
            qdd.confirmRedemption.selector,
            qdd.attestRedemption.selector,
            qdd.disputeRedemption.selector,
            qdd.settleRedemption.selector,
            qdd.takeBackRedemption.selector
        ];
        for (uint256 i = 0; i < moves.length; ++i) {
            (uint256 made, uint256 refused) = (h.made(moves[i]), h.refused(moves[i]));
            if (made < LEAST || refused < LEAST) revert Seldom(moves[i], made, refused);
        }
        bytes4 back = qdd.sendBackRedemption.selector;
        if (h.made(back) < LEAST || h.refused(back) < LEAST) revert Seldom(back, h.made(back), h.refused(back));
        if (h.refused(qdd.transferFrom.selector) < LEAST) revert Seldom(qdd.transferFrom.selector, 0, h.refused(qdd.transferFrom.selector));
    }

    function _step(TokensHandler h, uint256 move, uint256 a, uint256 b, uint256 c) private {
        if (move == 0) h.mint(a, b);
        else if (move == 1) h.setReserve(a);
        else if (move == 2) h.transfer(a, b, c);
        else if (move == 3) h.steal(a, b, c);
        else if (move == 4) h.switchPause(a);
        else if (move == 5) h.switchFreeze(a);
        else if (move == 6) h.request(a, b);
        else if (move == 7) h.confirm(a, b);
        else if (move == 8) h.attest(a);
        else if (move == 9) h.objectTo(a, b);
        else if (move == 10) h.settle(a, b);
        else if (move == 11) h.reclaim(a, b);
        else {
            h.sendBack(a);
            h.pass(b);
        }
    }
}

/// @title TokensFuzzTest
/// @notice The reserve is scaled down, and QDT never passes its cap.
contract TokensFuzzTest {
    function testFuzz_mintStaysWithinTheScaledReserve(uint128 answer, uint8 decimals, uint128 amount) public {
        FixedFeed feed = new FixedFeed(decimals % 19);
        QDD qdd = new QDD(
            address(new AccessManager(address(this))),
            IAggregatorV3(address(feed)),
            type(uint256).max,
            IRedemptionTypes.RedemptionTerms(1, 1, 0)
        );
        feed.set(int256(uint256(answer)) + 1, 1);
        uint256 held = qdd.reserve();
        uint256 one = 10 ** feed.decimals();
        // Held in 6 decimals is at most what the feed says, and less than one unit below it.
        assert(held * one <= (uint256(answer) + 1) * 1e6 && (held + 1) * one > (uint256(answer) + 1) * 1e6);
        try qdd.mint(address(1), amount) {
            assert(amount <= held);
        } catch (bytes memory reason) {
            Refusal.check(reason);
            assert(amount > held);
        }
        assert(qdd.totalSupply() <= held);
    }

    function testFuzz_qdtNeverPassesItsCap(uint128[8] calldata amounts) public {
        QDT qdt = new QDT(address(new AccessManager(address(this))));
        uint256 supply;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amount = amounts[i] % 1_000_000_000e18;
            try qdt.mint(address(1), amount) {
                supply += amount;
            } catch (bytes memory reason) {
                Refusal.check(reason);
                assert(supply + amount > qdt.cap());
            }
            assert(qdt.totalSupply() == supply && supply <= 2_100_000_000e18);
        }
    }
}
