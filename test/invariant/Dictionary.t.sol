// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import { DataDictionary } from "../../contracts/rights/DataDictionary.sol";
import { IDataDictionary } from "../../contracts/rights/IDataDictionary.sol";
import { Refusal } from "./Refusal.sol";
import { vm } from "./Vm.sol";

/// @notice Moves the dictionary at random: three proposers with eight texts under two ids, curators, a treasurer, time. Every call
/// may fail, by a custom error; what goes through is written down here with nothing of the dictionary's code.
contract DictionaryHandler {
    DataDictionary public immutable dictionary;

    uint256 public constant PROPOSERS = 3;
    uint256 public constant TEXTS = 8;

    uint256 public paidIn;
    uint256 public paidOut;
    uint256 public time = 1_700_000_000;
    /// @notice What must be held for each proposer's text, and what each may take out.
    mapping(uint256 who => mapping(uint256 text => uint256)) public held;
    mapping(uint256 who => uint256) public owed;
    /// @notice Each entry at the moment of its acceptance, and when it was deprecated.
    mapping(bytes32 id => IDataDictionary.Entry) private _entries;
    /// @notice How often each move went through.
    mapping(bytes4 move => uint256) public done;

    constructor() {
        // The handler is the manager's admin, which holds every role that was not given away.
        dictionary = new DataDictionary(address(new AccessManager(address(this))), 7, 100);
        vm.warp(time);
    }

    function account(uint256 who) public pure returns (address) {
        return address(uint160(0x1000 + who % PROPOSERS));
    }

    /// @notice Texts 0 to 3 are under one id, 4 to 7 under the other.
    function text(uint256 which) public pure returns (IDataDictionary.Schema memory) {
        which %= TEXTS;
        return IDataDictionary.Schema({
            name: which < 4 ? "a" : "b",
            version: "1",
            digest: bytes32(1 + which % 2),
            fileHash: bytes32(uint256(1)),
            fields: uint8(which / 2 % 2)
        });
    }

    function idOf(uint256 which) public pure returns (bytes32) {
        return which % TEXTS < 4 ? keccak256("a@1") : keccak256("b@1");
    }

    // ---------------------------------------------------------------- checks

    /// @notice The dictionary's coins are open deposits and credits, each as written down.
    function checkMoney() external view {
        uint256 sum;
        for (uint256 who = 0; who < PROPOSERS; ++who) {
            assert(dictionary.creditOf(account(who)) == owed[who]);
            sum += owed[who];
            for (uint256 which = 0; which < TEXTS; ++which) {
                bytes32 key = keccak256(abi.encode(text(which), account(who)));
                assert(dictionary.proposalOf(key).deposit == held[who][which]);
                sum += held[who][which];
            }
        }
        assert(address(dictionary).balance == sum);
        assert(paidIn == sum + paidOut);
        assert(dictionary.deposit() <= 100);
    }

    /// @notice Both entries are as they were accepted, but for the time of deprecation.
    function checkEntries() external view {
        for (uint256 which = 0; which < TEXTS; which += 4) {
            bytes32 id = idOf(which);
            assert(keccak256(abi.encode(dictionary.schemaOf(id))) == keccak256(abi.encode(_entries[id])));
        }
    }

    // ---------------------------------------------------------------- moves

    function propose(uint256 who, uint256 which, uint256 slip) external {
        (who, which) = (who % PROPOSERS, which % TEXTS);
        // Now and then one unit too much: such a call must fail.
        uint256 amount = dictionary.deposit() + (slip % 8 == 0 ? 1 : 0);
        vm.deal(account(who), amount);
        vm.prank(account(who));
        try dictionary.propose{ value: amount }(text(which)) {
            paidIn += amount;
            held[who][which] = amount;
            ++done[this.propose.selector];
        } catch (bytes memory reason) {
            Refusal.check(reason);
        }
    }

    function retract(uint256 who, uint256 which) external {
        (who, which) = (who % PROPOSERS, which % TEXTS);
        vm.prank(account(who));
        try dictionary.retract(text(which)) {
            _close(who, which);
            ++done[this.retract.selector];
        } catch (bytes memory reason) {
            Refusal.check(reason);
        }
    }

    function reclaim(uint256 who, uint256 which) external {
        (who, which) = (who % PROPOSERS, which % TEXTS);
        vm.prank(account(who));
        try dictionary.reclaim(text(which)) {
            _close(who, which);
            ++done[this.reclaim.selector];
        } catch (bytes memory reason) {
            Refusal.check(reason);
        }
    }

    function accept(uint256 who, uint256 which) external {
        (who, which) = (who % PROPOSERS, which % TEXTS);
        try dictionary.accept(text(which), account(who)) {
            _close(who, which);
            IDataDictionary.Schema memory schema = text(which);
            // A second acceptance under one id would overwrite what was written down, and not what the invariant finds.
            assert(_entries[idOf(which)].acceptedAt == 0);
            _entries[idOf(which)] = IDataDictionary.Entry(schema.digest, uint64(time), 0, schema.fields);
            ++done[this.accept.selector];
        } catch (bytes memory reason) {
            Refusal.check(reason);
        }
    }

    function reject(uint256 who, uint256 which) external {
        (who, which) = (who % PROPOSERS, which % TEXTS);
        try dictionary.reject(text(which), account(who)) {
            _close(who, which);
            ++done[this.reject.selector];
        } catch (bytes memory reason) {
            Refusal.check(reason);
        }
    }

    function deprecate(uint256 which) external {
        bytes32 id = idOf(which);
        try dictionary.deprecate(id) {
            assert(_entries[id].deprecatedAt == 0);
            _entries[id].deprecatedAt = uint64(time);
            ++done[this.deprecate.selector];
        } catch (bytes memory reason) {
            Refusal.check(reason);
        }
    }

    function setDeposit(uint256 deposit) external {
        try dictionary.setDeposit(deposit % 120) {
            ++done[this.setDeposit.selector];
        } catch (bytes memory reason) {
            Refusal.check(reason);
        }
    }

    function withdraw(uint256 who, uint256 amount) external {
        who %= PROPOSERS;
        // Often more than there is.
        amount %= owed[who] + owed[who] / 4 + 2;
        vm.prank(account(who));
        try dictionary.withdraw(payable(address(0xbeef)), amount) {
            paidOut += amount;
            owed[who] -= amount;
            ++done[this.withdraw.selector];
        } catch (bytes memory reason) {
            Refusal.check(reason);
        }
    }

    function pass(uint256 duration) external {
        time += duration % 40 days;
        vm.warp(time);
    }

    function _close(uint256 who, uint256 which) private {
        owed[who] += held[who][which];
        held[who][which] = 0;
    }
}

/// @title DictionaryInvariantTest
/// @notice Deposits are never lost or paid twice, and what was accepted never changes.
contract DictionaryInvariantTest {
    DictionaryHandler public handler;

    error NeverWentThrough(uint256 move);

    function setUp() public {
        handler = new DictionaryHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_balanceIsDepositsAndCredits() public view {
        handler.checkMoney();
    }

    function invariant_entriesNeverChange() public view {
        handler.checkEntries();
    }

    /// @dev A walk of which nothing went through would hold everything: here each move does.
    function test_everyMoveGoesThrough() public {
        uint256 seed = 1;
        for (uint256 step = 0; step < 300; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            (uint256 who, uint256 which, uint256 amount) = (seed >> 8, seed >> 16, seed >> 24);
            uint256 move = seed % 256;
            if (move < 90) handler.propose(who, which, amount);
            else if (move < 120) handler.retract(who, which);
            else if (move < 160) handler.reclaim(who, which);
            else if (move < 163) handler.accept(who, which);
            else if (move < 180) handler.reject(who, which);
            else if (move < 185) handler.deprecate(which);
            else if (move < 200) handler.setDeposit(amount);
            else if (move < 230) handler.withdraw(who, amount);
            else handler.pass(amount);
            if (step % 10 == 9) {
                handler.checkMoney();
                handler.checkEntries();
            }
        }
        bytes4[8] memory moves = [
            handler.propose.selector,
            handler.retract.selector,
            handler.reclaim.selector,
            handler.accept.selector,
            handler.reject.selector,
            handler.deprecate.selector,
            handler.setDeposit.selector,
            handler.withdraw.selector
        ];
        for (uint256 i = 0; i < moves.length; ++i) {
            if (handler.done(moves[i]) == 0) revert NeverWentThrough(i);
        }
    }
}
