// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import { DeviceRegistry } from "../../../contracts/identity/DeviceRegistry.sol";
import { VehicleRegistry } from "../../../contracts/identity/VehicleRegistry.sol";
import { HashProbe } from "../../../contracts/mocks/HashProbe.sol";
import { DataRegistry } from "../../../contracts/rights/DataRegistry.sol";
import { QoodShares } from "../../../contracts/shares/QoodShares.sol";
import { Refusal } from "../Refusal.sol";
import { vm } from "../Vm.sol";
import { RightsFault, FaultyRights } from "./FaultyRights.sol";

/// @notice What an actor can try.
enum RightsMove {
    Mint,
    MintUnconfirmed,
    Confirm,
    Transfer,
    Accredit,
    SetUp,
    SetUpDup,
    Retire,
    Reset,
    AskRecovery,
    ContestRecovery,
    CancelRecovery,
    FinishRecovery,
    Anchor,
    Admit,
    TwoOfOneSequence,
    Overlap,
    GrantFree,
    GrantPaid,
    Revoke,
    BeginKeyEpoch,
    Agree,
    Deny,
    End
}

/// @title RightsStage
/// @notice The real registries, eight parties, chance, and the one place where a contract is called: each call must go through
/// exactly if what is written down by the interfaces' rules allows it.
abstract contract RightsStage {
    /// @dev A call that went another way than the interfaces say.
    error Rights_Forbidden(RightsMove move, uint256 step);
    error Rights_Refused(RightsMove move, uint256 step, bytes reason);
    /// @dev A call that failed, but by no guard.
    error Rights_Broke(RightsMove move, uint256 step, bytes reason);
    /// @dev A state that is not the one written down.
    error Rights_Wrong(string what, uint256 step);

    // ---------------------------------------------------------------- parties

    /// @dev Three who buy and sell cars, two makers, two TSPs of which the first is honest about its batches, and a stranger.
    uint256 internal constant OWNERS = 3;
    uint256 internal constant OEM = 3;
    uint256 internal constant OEM_2 = 4;
    uint256 internal constant HONEST_TSP = 5;
    uint256 internal constant TSP_2 = 6;
    uint256 internal constant ACTORS = 8;

    address[] public who;

    VehicleRegistry internal _vehicles;
    DeviceRegistry internal _devices;
    DataRegistry internal _data;
    QoodShares internal _shares;
    HashProbe internal _probe;

    mapping(RightsMove move => uint256) public allowedCount;
    mapping(RightsMove move => uint256) public refusedCount;

    uint256 internal _step;
    uint256 internal _time = 1_700_000_000;
    uint256 internal _block = 1000;

    constructor(RightsFault fault, uint256 seed) {
        _chance = bytes32(seed);
        vm.warp(_time);
        vm.roll(_block);
        for (uint256 i = 0; i < ACTORS; ++i) {
            who.push(vm.addr(_secretOf(i)));
        }
        // The walk is the manager's admin, which holds every role that was not given away.
        bytes memory authority = abi.encode(new AccessManager(address(this)));
        _vehicles = VehicleRegistry(_create("contracts/identity/VehicleRegistry.sol:VehicleRegistry", authority));
        bytes memory vehicles = abi.encode(_vehicles);
        _devices = DeviceRegistry(_faulty(_create("contracts/identity/DeviceRegistry.sol:DeviceRegistry", vehicles), fault));
        bytes memory both = abi.encode(_vehicles, _devices);
        _data = DataRegistry(_faulty(_create("contracts/rights/DataRegistry.sol:DataRegistry", both), fault));
        _shares = QoodShares(_faulty(_create("contracts/shares/QoodShares.sol:QoodShares", vehicles), fault));
        _probe = new HashProbe();
    }

    /// @dev As compiled for the chain: the tests' own settings would make other code of them.
    function _create(string memory artifact, bytes memory arguments) private returns (address made) {
        bytes memory code = bytes.concat(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        require(made != address(0), "not created");
    }

    function _faulty(address honest, RightsFault fault) private returns (address) {
        return fault == RightsFault.None ? honest : address(new FaultyRights(honest, _vehicles, fault));
    }

    // ---------------------------------------------------------------- signatures

    function _secretOf(uint256 actor) internal pure returns (uint256) {
        return 0xca7 + actor;
    }

    function _sign(uint256 actor, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_secretOf(actor), digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev By the one whose word is asked for, or by another.
    function _signAs(address account, bool rightly, bytes32 digest) internal view returns (bytes memory) {
        uint256 actor = _indexOf(account);
        return _sign(rightly ? actor : (actor + 1) % ACTORS, digest);
    }

    function _indexOf(address account) internal view returns (uint256 i) {
        while (who[i] != account) ++i;
    }

    /// @dev EIP-712, written out.
    function _typed(string memory name, address place, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                place
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

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

    /// @dev Mostly the one who may, now and then anybody.
    function _actor(address favoured) internal returns (address) {
        return _rarely(4) ? who[_pick(ACTORS)] : favoured;
    }

    /// @dev Mostly a deadline of today or of this very second, now and then the second before.
    function _deadline() internal returns (uint64) {
        uint256 kind = _pick(12);
        return uint64(kind == 0 ? _time - 1 : kind < 4 ? _time : _time + 1 days);
    }

    // ---------------------------------------------------------------- calls

    function _try(RightsMove move, address sender, address target, bytes memory data, bool allowed) internal returns (bytes memory result) {
        bool ok;
        vm.prank(sender);
        (ok, result) = target.call(data);
        if (ok && !allowed) revert Rights_Forbidden(move, _step);
        if (!ok && allowed) revert Rights_Refused(move, _step, result);
        if (ok) ++allowedCount[move];
        else ++refusedCount[move];
        if (ok) return result;
        if (!Refusal.isOfAGuard(result)) revert Rights_Broke(move, _step, result);
    }

    function _require(bool right, string memory what) internal view {
        if (!right) revert Rights_Wrong(what, _step);
    }
}
