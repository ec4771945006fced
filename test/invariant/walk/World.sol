// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import { IERC721 } from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import { IDeviceRegistry } from "../../../contracts/identity/IDeviceRegistry.sol";
import { IVehicleRegistry } from "../../../contracts/identity/IVehicleRegistry.sol";
import { IBuyOrders } from "../../../contracts/market/IBuyOrders.sol";
import { IEscrow } from "../../../contracts/market/IEscrow.sol";
import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { AwkwardHook } from "../../../contracts/mocks/AwkwardHook.sol";
import { HashProbe } from "../../../contracts/mocks/HashProbe.sol";
import { IDataRegistry } from "../../../contracts/rights/IDataRegistry.sol";
import { IQoodShares } from "../../../contracts/shares/IQoodShares.sol";
import { Agreement, PairShares, TokenFloor, VersionTerms } from "../../../contracts/shares/libraries/Agreements.sol";
import { vm } from "../Vm.sol";
import { MoodyWallet, ToyComplaints, ToyKeyVerifier, WalkToken } from "./Doubles.sol";
import { FaultyBeside } from "./FaultyBeside.sol";
import { Fault, PlantedFault } from "./PlantedFault.sol";

/// @title World
/// @notice Real registries and the real exchange with two vehicles, thirteen parties and three tokens, two of which behave.
abstract contract World {
    // ---------------------------------------------------------------- parties

    /// @dev Positions in {who}. The two wallets sign by keys of their own; who comes after the actors only holds credits.
    uint256 internal constant OWNER = 0;
    uint256 internal constant OEM = 1;
    uint256 internal constant TSP = 2;
    uint256 internal constant OWNER_2 = 3;
    uint256 internal constant BUYER = 4;
    uint256 internal constant OPERATOR = 5;
    uint256 internal constant STRANGER = 6;
    uint256 internal constant FEE_TAKER = 7;
    uint256 internal constant STORAGE = 9;
    uint256 internal constant SELLER_WALLET = 10;
    uint256 internal constant BUYER_WALLET = 11;
    uint256 internal constant TSP_2 = 12;
    uint256 internal constant ACTORS = 13;
    /// @dev Behind the actors, the exchange, nobody and the tokens: the contract of buy orders, and where deposits of junk go.
    uint256 internal constant ORDERS = 18;
    uint256 internal constant JUNKYARD = 19;

    address[] internal who;

    function _keyOf(uint256 actor) internal pure returns (uint256) {
        return 0xa11ce + actor;
    }

    function _sign(uint256 actor, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keyOf(actor), digest);
        return abi.encodePacked(r, s, v);
    }

    // ---------------------------------------------------------------- contracts

    uint256 internal constant FAR = 4_000_000_000;
    uint256 internal constant LEAST_WINDOW = 10;
    bytes32 internal constant SCHEMA = keccak256("trip-obd@1");
    /// @dev Poseidon(DOM_KEY, 0).
    uint256 internal constant COMMITMENT_OF_ZERO = 11314548607448721259923455803722730104993980843467008612519806744655242809012;
    /// @dev Base8 of BabyJubJub (EIP-2494): a delivery key like any other.
    uint256 internal constant KEY_X = 5299619240641551281634865583518297030282874472190772894086521144482721001553;
    uint256 internal constant KEY_Y = 16950150798460657717958625567821834550301663161624707787222815936182638968203;

    IEscrow public exchange;
    IBuyOrders public orders;
    WalkToken[3] public tokens;
    /// @dev The third is listed though it may misbehave.
    uint256 internal constant HOSTILE = 2;

    AwkwardHook internal _hook;
    HashProbe internal _probe;
    IVehicleRegistry internal _vehicles;
    IDeviceRegistry internal _devices;
    IDataRegistry internal _data;
    IQoodShares internal _shares;
    ToyComplaints internal _complaints;

    // ---------------------------------------------------------------- agreements

    /// @dev Two vehicles, the one sold by accounts with keys, the other by a contract wallet; then further epochs of the first, each
    /// with an agreement of its own.
    uint256 private constant MOST = 6;
    uint256 internal _count = 2;
    uint256[MOST] internal _vehicle;
    uint64[MOST] internal _epoch = [1, 1, 2, 3, 4, 5];
    uint256[MOST] internal _owner = [OWNER, OWNER_2, OWNER_2, OWNER, OWNER_2, OWNER];
    uint256[MOST] internal _seller = [TSP, SELLER_WALLET, TSP, TSP, TSP, TSP];
    uint256[MOST] internal _epochEnd;
    VersionTerms[][MOST] internal _versions;
    uint256[][MOST] internal _versionStarts;
    uint8[MOST] internal _denied;
    /// @dev By version, from 1: the owner's part of OEM data, the others' parts follow from it.
    uint16[][MOST] internal _ownerBps;

    function _ownerOf(uint256 g) internal view returns (uint256) {
        return _owner[g];
    }

    /// @dev The agent of what was agreed last.
    function _sellerOf(uint256 g) internal view returns (uint256) {
        return _seller[g];
    }

    /// @dev Where the first vehicle is now.
    function _latest() internal view returns (uint256) {
        return _count == 2 ? 0 : _count - 1;
    }

    /// @dev The first vehicle is sold, as long as there is room for one more epoch; the new owner agrees at once.
    function _transferVehicle() internal {
        if (_count == MOST) return;
        (uint256 g, uint256 next) = (_latest(), _count);
        (_epochEnd[g], _vehicle[next]) = (block.timestamp, _vehicle[g]);
        vm.prank(who[_owner[g]]);
        IERC721(address(_vehicles)).transferFrom(who[_owner[g]], who[_owner[next]], _vehicle[g]);
        ++_count;
        _agree(next, 5000);
    }

    constructor(Fault fault) {
        for (uint256 i = 0; i < 10; ++i) {
            who.push(vm.addr(_keyOf(i)));
        }
        who.push(address(new MoodyWallet(vm.addr(_keyOf(SELLER_WALLET)))));
        who.push(address(new MoodyWallet(vm.addr(_keyOf(BUYER_WALLET)))));
        who.push(vm.addr(_keyOf(TSP_2)));

        address manager = address(new AccessManager(address(this)));
        _vehicles = IVehicleRegistry(_make("contracts/identity/VehicleRegistry.sol:VehicleRegistry", abi.encode(manager)));
        _devices = IDeviceRegistry(_make("contracts/identity/DeviceRegistry.sol:DeviceRegistry", abi.encode(_vehicles)));
        address data = _make("contracts/rights/DataRegistry.sol:DataRegistry", abi.encode(_vehicles, _devices));
        _data = IDataRegistry(fault < Fault.AdmitsAll ? data : address(new FaultyBeside(data, fault)));
        _shares = IQoodShares(_make("contracts/shares/QoodShares.sol:QoodShares", abi.encode(_vehicles)));
        _complaints = new ToyComplaints();
        _hook = new AwkwardHook();
        _probe = new HashProbe();
        _deployExchange(manager, fault);
        _vehicles.accreditOem(who[OEM], "WDB");
        _vehicles.accreditTsp(who[TSP_2], true);
        for (uint256 g = 0; g < 2; ++g) {
            _vehicles.accreditTsp(who[_sellerOf(g)], true);
            _mintVehicle(g);
        }
        for (uint256 i = 0; i < 3; ++i) {
            tokens[i] = new WalkToken();
            for (uint256 a = 0; a < ACTORS; ++a) {
                tokens[i].mint(who[a], 10 ** 15);
                vm.prank(who[a]);
                tokens[i].approve(address(exchange), type(uint256).max);
            }
        }
        who.push(address(exchange));
        who.push(address(0));
        for (uint256 i = 0; i < 3; ++i) {
            who.push(address(tokens[i]));
        }
        who.push(address(orders));
        who.push(0x000000000000000000000000000000000000dEaD);
        _setUpDevice();
        _agree(0, 6000);
        _agree(1, 4001);
    }

    function _deployExchange(address manager, Fault fault) private {
        address verifier = address(new ToyKeyVerifier());
        IEscrowTypes.Parts memory parts = IEscrowTypes.Parts({
            authority: manager,
            vehicles: _vehicles,
            dataRegistry: _data,
            shares: _shares,
            verifier1: verifier,
            verifier8: verifier,
            verifier32: verifier,
            complaints: _complaints,
            leastWindow: LEAST_WINDOW
        });
        address half = _make("contracts/market/EscrowDisputes.sol:EscrowDisputes", abi.encode(parts));
        address whole = _make("contracts/market/Escrow.sol:Escrow", abi.encode(parts, half));
        exchange = IEscrow(fault == Fault.None ? whole : address(new PlantedFault(parts, whole, fault)));
        address beside = _make("contracts/market/BuyOrders.sol:BuyOrders", abi.encode(exchange));
        orders = IBuyOrders(fault < Fault.AdmitsAll ? beside : address(new FaultyBeside(beside, fault)));
    }

    /// @dev As compiled for the chain: the older code generator of the tests would make other code of them, and take its time.
    function _make(string memory artifact, bytes memory arguments) private returns (address made) {
        bytes memory code = bytes.concat(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        require(made != address(0), "not created");
    }

    function _mintVehicle(uint256 g) private {
        (address owner, address tsp) = (who[_ownerOf(g)], who[_sellerOf(g)]);
        IVehicleRegistry.Voucher memory voucher = IVehicleRegistry.Voucher(who[OEM], "WDB", bytes32(g + 1), owner, bytes32(0), uint64(FAR));
        bytes32 hash = keccak256(
            abi.encode(keccak256("Voucher(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)"), voucher)
        );
        bytes32 consent = keccak256(
            abi.encode(
                keccak256(
                    "MintConsent(Voucher voucher,address tsp,uint64 deadline)Voucher(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)"
                ),
                hash,
                tsp,
                uint64(FAR)
            )
        );
        bytes memory byOem = _sign(OEM, _typed("VehicleRegistry", address(_vehicles), hash));
        bytes memory byOwner = _sign(_ownerOf(g), _typed("VehicleRegistry", address(_vehicles), consent));
        vm.prank(tsp);
        _vehicle[g] = _vehicles.mint(voucher, uint64(FAR), byOem, byOwner);
    }

    // secp256k1 (SEC 2): the device's key is two, its public key twice the base point.
    uint256 internal constant DEVICE = 2;
    uint256 internal constant DEVICE_X = 0xC6047F9441ED7D6D3045406E95C07CD85C778E4B8CEF3CA7ABAC09B95C709EE5;
    uint256 internal constant DEVICE_Y = 0x1AE168FEA63DC339A3C58419466CEAEEF7F632653266D0E1236431A950CFE52A;

    function _signDevice(uint256 secret, bytes32 digest) internal pure returns (bytes memory) {
        (, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encodePacked(r, s);
    }

    /// @dev The device of the first vehicle, which stays in it whoever owns it.
    function _setUpDevice() private {
        bytes32 typehash = keccak256("DeviceSetup(uint256 vehicle,uint64 epoch,bytes32 deviceKey,address agent,uint64 deadline)");
        bytes32 name = keccak256(abi.encode(DEVICE_X, DEVICE_Y));
        bytes32 setup = keccak256(abi.encode(typehash, _vehicle[0], uint64(1), name, who[TSP], uint64(FAR)));
        bytes32 digest = _typed("DeviceRegistry", address(_devices), setup);
        IDeviceRegistry.SignedKey memory key = IDeviceRegistry.SignedKey(DEVICE_X, DEVICE_Y, _signDevice(DEVICE, digest));
        _devices.setup(_vehicle[0], who[TSP], uint64(FAR), key, _sign(OWNER, digest));
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

    function _agreementId(uint256 g) internal view returns (uint256) {
        return (_vehicle[g] << 64) | _epoch[g];
    }

    function _tokenList() internal view returns (TokenFloor[] memory list) {
        list = new TokenFloor[](3);
        for (uint256 i = 0; i < 3; ++i) {
            list[i] = TokenFloor(address(tokens[i]), 100, 200, 300);
        }
    }

    /// @dev Both principals sign a new version; open deals keep theirs.
    /// @param ownerBps The owner's part of OEM data. Of USER and DISPUTED data it has 2 and 4 % less; OEM and agent always have
    /// 15 and 20 %, storage the rest.
    function _agree(uint256 g, uint16 ownerBps) internal {
        Agreement memory text;
        (text.vehicle, text.epoch) = (_vehicle[g], _epoch[g]);
        (text.owner, text.oem, text.agent, text.storagePayee) = (who[_ownerOf(g)], who[OEM], who[_sellerOf(g)], who[STORAGE]);
        text.pairs = new PairShares[](6);
        uint256 packed;
        for (uint8 i = 0; i < 6; ++i) {
            text.pairs[i] = PairShares(i / 2 + 1, i % 2 + 1, false, 0, 0, 0, 0);
            if (i % 2 == 1) continue;
            uint16 part = ownerBps - uint16(i) * 100;
            text.pairs[i] = PairShares(i / 2 + 1, 1, true, part, 1500, 2000, 6500 - part);
            packed |= _probe.pack(text.pairs[i]) << (uint256(i) * 42);
        }
        text.tokens = _tokenList();
        text.nonce = _shares.headOf(_agreementId(g)).nonce;
        text.deadline = uint64(FAR);
        (bytes32 tokensHash, bytes32 textHash) = _probe.text(text);
        bytes32 digest = _typed("QoodShares", address(_shares), textHash);
        _shares.agree(text, _sign(_ownerOf(g), digest), _sign(OEM, digest));
        _versions[g].push(VersionTerms(text.owner, text.oem, text.storagePayee, textHash, text.agent, packed, tokensHash));
        _ownerBps[g].push(ownerBps);
        _versionStarts[g].push(block.timestamp);
        _denied[g] = 0;
    }
}
