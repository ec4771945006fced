// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import { DeviceRegistry } from "../../../contracts/identity/DeviceRegistry.sol";
import { IVehicleRegistry } from "../../../contracts/identity/IVehicleRegistry.sol";
import { VehicleRegistry } from "../../../contracts/identity/VehicleRegistry.sol";
import { IEscrow } from "../../../contracts/market/IEscrow.sol";
import { IEscrowTypes } from "../../../contracts/market/IEscrowTypes.sol";
import { AwkwardHook } from "../../../contracts/mocks/AwkwardHook.sol";
import { HashProbe } from "../../../contracts/mocks/HashProbe.sol";
import { DataRegistry } from "../../../contracts/rights/DataRegistry.sol";
import { IEquivocations } from "../../../contracts/rights/IEquivocations.sol";
import { Rights } from "../../../contracts/rights/libraries/Handles.sol";
import { Header } from "../../../contracts/rights/libraries/Headers.sol";
import { QoodShares } from "../../../contracts/shares/QoodShares.sol";
import { Agreement, PairShares, TokenFloor, VersionTerms } from "../../../contracts/shares/libraries/Agreements.sol";
import { vm } from "../Vm.sol";
import { MoodyWallet, ToyComplaints, ToyKeyVerifier, WalkToken } from "./Doubles.sol";
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
    WalkToken[3] public tokens;
    /// @dev The third is listed though it may misbehave.
    uint256 internal constant HOSTILE = 2;

    AwkwardHook internal _hook;
    HashProbe internal _probe;
    VehicleRegistry internal _vehicles;
    DataRegistry internal _data;
    QoodShares internal _shares;
    ToyComplaints internal _complaints;

    // ---------------------------------------------------------------- agreements

    /// @dev Two vehicles, the one sold by accounts with keys, the other by a contract wallet; then further epochs of the first, each
    /// with an agreement of its own.
    uint256 private constant MOST = 4;
    uint256 internal _count = 2;
    uint256[MOST] internal _vehicle;
    uint64[MOST] internal _epoch = [1, 1, 2, 3];
    uint256[MOST] internal _owner = [OWNER, OWNER_2, OWNER_2, OWNER];
    uint256[MOST] internal _seller = [TSP, SELLER_WALLET, TSP, TSP];
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
        _vehicles.transferFrom(who[_owner[g]], who[_owner[next]], _vehicle[g]);
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

        AccessManager manager = new AccessManager(address(this));
        _vehicles = new VehicleRegistry(address(manager));
        _data = new DataRegistry(_vehicles, new DeviceRegistry(_vehicles));
        _shares = new QoodShares(_vehicles);
        _complaints = new ToyComplaints();
        _hook = new AwkwardHook();
        _probe = new HashProbe();
        _deployExchange(address(manager), fault);
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
        _agree(0, 6000);
        _agree(1, 4001);
    }

    /// @dev As compiled for the chain: the older code generator of the tests would make other code of them.
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
        address half = _create(bytes.concat(vm.getCode("contracts/market/EscrowDisputes.sol:EscrowDisputes"), abi.encode(parts)));
        address whole = _create(bytes.concat(vm.getCode("contracts/market/Escrow.sol:Escrow"), abi.encode(parts, half)));
        exchange = IEscrow(fault == Fault.None ? whole : address(new PlantedFault(parts, whole, fault)));
    }

    function _create(bytes memory code) private returns (address made) {
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

    // ---------------------------------------------------------------- batches

    /// @dev A batch that is for sale. `holder` is 1 + the position of the deal that has it for itself.
    struct Batch {
        Header header;
        bytes32 hash;
        bytes32 sibling;
        uint256 anchoredAt;
        uint8 dataClass;
        uint8 g;
        bool spoiled;
        bool bad;
        bool contradicted; // by another of the same sequence, as the registry of data knows
        bool shown; // so to the exchange
        uint32 holder;
        uint32 holderPage;
    }

    Batch[] internal _batches;

    /// @dev Seals a batch and anchors it with another.
    function _anchorBatch(uint256 g, uint8 dataClass, bool spoiled) internal returns (uint256 position) {
        position = _batches.length;
        Batch storage batch = _batches.push();
        batch.header = Header({
            stream: _probe.handle(address(_vehicles), Rights(_vehicle[g], _epoch[g], dataClass, 1, SCHEMA)),
            sequence: uint64(position),
            tsp: who[_sellerOf(g)],
            root: keccak256(abi.encode("root", position)),
            kc1: uint256(keccak256(abi.encode("kc1", position))) >> 8,
            kc2: dataClass == 3 ? uint256(keccak256(abi.encode("kc2", position))) >> 8 : COMMITMENT_OF_ZERO,
            flags: 2,
            restHash: bytes32(position)
        });
        batch.hash = keccak256(abi.encode(keccak256("qood/header/v1"), batch.header));
        batch.sibling = keccak256(abi.encode("beside", position));
        (batch.anchoredAt, batch.dataClass, batch.g, batch.spoiled) = (block.timestamp, dataClass, uint8(g), spoiled);
        if (spoiled) _complaints.spoil(batch.header.root);
        _anchor(batch.header, batch.hash, batch.sibling);
    }

    function _anchor(Header memory header, bytes32 hash, bytes32 sibling) private {
        (bytes32 a, bytes32 b) = hash < sibling ? (hash, sibling) : (sibling, hash);
        vm.prank(header.tsp);
        _data.anchor(keccak256(abi.encodePacked(a, b)), header.sequence, 0, 0);
    }

    /// @dev The TSP anchors another header of the same sequence, and somebody proves it.
    function _contradict(Batch storage batch) internal {
        IEquivocations.Opened memory first = IEquivocations.Opened(batch.header, new bytes32[](1));
        IEquivocations.Opened memory second = IEquivocations.Opened(batch.header, new bytes32[](1));
        second.header.root = keccak256(abi.encode("another root", batch.hash));
        first.path[0] = batch.sibling;
        second.path[0] = bytes32(0);
        _anchor(second.header, keccak256(abi.encode(keccak256("qood/header/v1"), second.header)), bytes32(0));
        _data.proveTwoOfOneSequence(first, second);
        batch.contradicted = true;
    }
}
