// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title IVehicleRegistry
/// @notice One ERC-721 token a vehicle, minted with the consent of its owner, its maker (OEM) and a telematics provider (TSP).
/// @dev Notes:
/// - The token id is the first half of `keccak256(oem, tag)`: one mint per (OEM, tag) needs no storage of its own, and the
///   id fits 128 bits everywhere. An OEM that searches for two tags of one id only hurts itself: the second mint reverts.
/// - Without the OEM's voucher a TSP may mint under a tag of its own. Such a vehicle is *unconfirmed*: no agreement on it
///   can sell OEM or DISPUTED data until the OEM has confirmed it with its own tag, which then counts as minted.
/// - OEMs are accredited for their world manufacturer identifiers (WMI, ISO 3780): the first three characters of a VIN, for
///   makers of fewer than 1,000 vehicles a year together with its characters 12 to 14. So nobody names a false OEM.
/// - An *ownership epoch* is the time that one owner holds the vehicle. It counts from 1 and goes up by one at every
///   transfer to somebody else. A closed epoch keeps its owner and its end, so that data of that time keeps its principal.
/// - Dual integration: the token carries the hash of the legal contract that it stands for, and that contract the token's
///   reference ({referenceOf}), which is known before the mint.
/// - Vehicles are never burnt: the data of a scrapped car stays sellable.
interface IVehicleRegistry {
    // ---------------------------------------------------------------- types

    /// @notice How much the maker has said of a vehicle.
    enum Status {
        Unknown, // not minted
        Confirmed, // minted with the OEM's voucher, or confirmed later
        Unconfirmed, // minted by a TSP alone
        Taken // the OEM's tag of a vehicle that was minted unconfirmed: no token, and no second mint
    }

    /// @notice What the OEM says of a vehicle, signed as EIP-712.
    /// @param oem Accredited maker that signs.
    /// @param wmi Its world manufacturer identifier for this vehicle, ASCII: three characters, or six.
    /// @param tag HMAC of the VIN under the OEM's own key: nobody else can test a VIN against it.
    /// @param owner First owner; named so that a voucher seen in the mempool is of no use to another.
    /// @param legalHash SHA-256 of the legal contract that the token stands for.
    /// @param deadline Last second (Unix) in which the voucher counts.
    struct Voucher {
        address oem;
        bytes6 wmi;
        bytes32 tag;
        address owner;
        bytes32 legalHash;
        uint64 deadline;
    }

    /// @notice What a TSP says of a vehicle without its maker.
    /// @param oem Maker accredited for the WMI.
    /// @param wmi As in {Voucher}.
    /// @param tag HMAC of the VIN under the TSP's own key.
    /// @param owner First owner.
    /// @param legalHash As in {Voucher}.
    struct Claim {
        address oem;
        bytes6 wmi;
        bytes32 tag;
        address owner;
        bytes32 legalHash;
    }

    // ---------------------------------------------------------------- events

    event OemAccredited(address indexed oem, bytes6 indexed wmi, bool accredited);
    event TspAccredited(address indexed tsp, bool accredited);
    event VehicleMinted(
        uint256 indexed vehicle, address indexed oem, address indexed owner, bytes32 tag, address tsp, bytes32 legalHash
    );
    event VehicleUnconfirmed(uint256 indexed vehicle, address indexed oem);
    event VehicleConfirmed(uint256 indexed vehicle, address indexed oem, bytes32 tag);
    event EpochClosed(uint256 indexed vehicle, uint64 indexed epoch, address indexed owner, uint64 endedAt);

    // ---------------------------------------------------------------- errors

    error VehicleRegistry_BadWmi(bytes6 wmi);
    error VehicleRegistry_WmiTaken(bytes6 wmi, address oem);
    error VehicleRegistry_ZeroAddress();
    error VehicleRegistry_NotAccreditedTsp(address account);
    error VehicleRegistry_NotAccreditedOem(address account, bytes6 wmi);
    error VehicleRegistry_Expired(uint64 deadline, uint256 timestamp);
    error VehicleRegistry_BadOwnerSignature(address owner);
    error VehicleRegistry_BadOemSignature(address oem);
    error VehicleRegistry_AlreadyMinted(uint256 vehicle);
    error VehicleRegistry_NotUnconfirmed(uint256 vehicle, Status status);
    error VehicleRegistry_UnknownVehicle(uint256 vehicle);
    error VehicleRegistry_UnknownEpoch(uint256 vehicle, uint64 epoch);

    // ---------------------------------------------------------------- accreditation

    /// @notice Accredits a maker for a world manufacturer identifier.
    /// @dev Emits {OemAccredited}.
    ///
    /// Requirements:
    /// - The caller has the registrar's role in the access manager.
    /// - `oem` is not zero.
    /// - `wmi` is three capital letters and digits without I, O and Q, or six of them whose third is a 9.
    /// - No other maker is accredited for it.
    function accreditOem(address oem, bytes6 wmi) external;

    /// @notice Takes an accreditation back, for later mints and confirmations.
    /// @dev Emits {OemAccredited}.
    ///
    /// Requirements:
    /// - The caller has the registrar's role in the access manager.
    /// - `oem` is accredited for `wmi`.
    function revokeOem(address oem, bytes6 wmi) external;

    /// @notice Accredits a telematics provider, or takes the accreditation back for later mints, devices and agreements.
    /// @dev Emits {TspAccredited}.
    ///
    /// Requirements:
    /// - The caller has the registrar's role in the access manager.
    function accreditTsp(address tsp, bool accredited) external;

    /// @notice The maker accredited for a WMI, zero where there is none.
    function oemOfWmi(bytes6 wmi) external view returns (address);

    /// @notice Whether `account` may mint, be a device's agent and be the agent of an agreement.
    function isTsp(address account) external view returns (bool);

    // ---------------------------------------------------------------- minting

    /// @notice Mints the vehicle of (voucher.oem, voucher.tag) to voucher.owner and opens its first ownership epoch.
    /// @dev Emits {VehicleMinted} and ERC-721's `Transfer`. The receiver is not called: a wallet that cannot take the token
    /// must not be able to block anybody. Both signers may be contracts (ERC-1271). The OEM signs EIP-712
    /// `Voucher(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline)`, the owner
    /// `MintConsent(Voucher voucher,address tsp,uint64 deadline)` with the caller as `tsp`.
    ///
    /// Requirements:
    /// - The caller is an accredited TSP.
    /// - `voucher.oem` is accredited for `voucher.wmi` and has signed the voucher.
    /// - Neither the voucher's nor the consent's deadline has passed.
    /// - (oem, tag) has not been minted, nor confirmed under another id.
    /// - `voucher.owner` has signed the consent to a mint by the caller.
    /// @return vehicle The token id.
    function mint(
        Voucher calldata voucher,
        uint64 consentDeadline,
        bytes calldata oemSignature,
        bytes calldata ownerSignature
    ) external returns (uint256 vehicle);

    /// @notice Mints a vehicle that its maker has not vouched for, under the id of (caller, claim.tag).
    /// @dev Emits {VehicleMinted}, {VehicleUnconfirmed} and ERC-721's `Transfer`. The owner signs EIP-712
    /// `ClaimConsent(Claim claim,address tsp,uint64 deadline)` with
    /// `Claim(address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash)`.
    ///
    /// Requirements:
    /// - The caller is an accredited TSP.
    /// - `claim.oem` is accredited for `claim.wmi`.
    /// - The consent's deadline has not passed.
    /// - (caller, tag) has not been minted.
    /// - `claim.owner` has signed the consent to a mint by the caller.
    /// @return vehicle The token id.
    function mintUnconfirmed(Claim calldata claim, uint64 consentDeadline, bytes calldata ownerSignature)
        external
        returns (uint256 vehicle);

    /// @notice Confirms a vehicle in its maker's name. Anyone may submit it: the signature is the consent.
    /// @dev Emits {VehicleConfirmed}. The OEM signs EIP-712 `Confirmation(uint256 vehicle,bytes32 tag,uint64 deadline)`
    /// (ERC-1271 counts) with its own tag of the VIN, which can then never be minted.
    ///
    /// Requirements:
    /// - The vehicle is unconfirmed.
    /// - Its maker is still accredited for its WMI.
    /// - The deadline has not passed.
    /// - (oem, tag) has not been minted, nor confirmed under another id.
    /// - The maker has signed.
    function confirm(uint256 vehicle, bytes32 tag, uint64 deadline, bytes calldata oemSignature) external;

    // ---------------------------------------------------------------- reading

    /// @notice The token id of (issuer of the tag, tag), minted or not. The issuer is the OEM, or the TSP of an unconfirmed mint.
    function vehicleId(address issuer, bytes32 tag) external pure returns (uint256);

    /// @notice How much the maker has said of an id.
    function statusOf(uint256 vehicle) external view returns (Status);

    /// @notice The maker of a vehicle.
    /// @dev Requirements:
    /// - The vehicle exists.
    function oemOf(uint256 vehicle) external view returns (address);

    /// @notice The maker of a vehicle, and whether it has confirmed the vehicle: what an agreement asks.
    /// @dev Requirements:
    /// - The vehicle exists.
    function makerOf(uint256 vehicle) external view returns (address oem, bool confirmed);

    /// @notice World manufacturer identifier of a vehicle, ASCII, zero for an unknown one.
    function wmiOf(uint256 vehicle) external view returns (bytes6);

    /// @notice SHA-256 of the legal contract that the token stands for (zero for an unknown vehicle).
    function legalHashOf(uint256 vehicle) external view returns (bytes32);

    /// @notice Where that contract is found: `ipfs://` and the version 1 CID (base 16, raw, sha2-256) of its hash.
    /// @dev The file must be stored as one raw block for this address to lead to it, so it may have up to a mebibyte.
    ///
    /// Requirements:
    /// - The vehicle exists.
    function legalUriOf(uint256 vehicle) external view returns (string memory);

    /// @notice What the legal contract has to name: the token as CAIP-19, `eip155:{chain}/erc721:{registry}/{id}`.
    function referenceOf(uint256 vehicle) external view returns (string memory);

    /// @notice The current ownership epoch, counted from 1; 0 for an unknown vehicle.
    function epochOf(uint256 vehicle) external view returns (uint64);

    /// @notice The owner in an epoch: the current holder, or whoever held the vehicle when the epoch was closed.
    /// @dev Requirements:
    /// - The epoch has begun.
    function ownerInEpoch(uint256 vehicle, uint64 epoch) external view returns (address);

    /// @notice When an epoch ended (Unix seconds), or 0 while it is the current one.
    /// @dev Requirements:
    /// - The epoch has begun.
    function epochEnd(uint256 vehicle, uint64 epoch) external view returns (uint64);
}
