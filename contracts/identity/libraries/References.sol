// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { Base64 } from "@openzeppelin/contracts/utils/Base64.sol";
import { Strings } from "@openzeppelin/contracts/utils/Strings.sol";

/// @title References
/// @notice The texts by which a vehicle token and its legal contract name each other.
library References {
    using Strings for uint256;
    using Strings for address;

    /// @notice Whether a world manufacturer identifier has its form: three characters of a VIN, or six with a 9 in the middle.
    /// @dev ISO 3780: a 9 in the third place tells that three more characters name the maker.
    function isWmi(bytes6 wmi) internal pure returns (bool) {
        bool isLong = uint24(uint48(wmi)) != 0;
        if (isLong && wmi[2] != "9") return false;
        for (uint256 i = 0; i < (isLong ? 6 : 3); ++i) {
            bytes1 c = wmi[i];
            bool isDigit = c >= "0" && c <= "9";
            // A VIN has no I, O and Q.
            bool isLetter = c >= "A" && c <= "Z" && c != "I" && c != "O" && c != "Q";
            if (!isDigit && !isLetter) return false;
        }
        return true;
    }

    /// @notice `ipfs://` and the CID of a single raw block: version 1, raw (0x55), sha2-256 (0x12, 32 bytes), in base 16.
    function ipfsUri(bytes32 digest) internal pure returns (string memory) {
        return string.concat("ipfs://f01551220", _hex(digest));
    }

    /// @notice CAIP-19 name of a token of the calling contract.
    function caip19(uint256 id) internal view returns (string memory) {
        return string.concat("eip155:", block.chainid.toString(), "/erc721:", address(this).toHexString(), "/", id.toString());
    }

    /// @notice ERC-721 metadata as a data URI: name, description, legal contract and reference.
    function metadata(uint256 id, bytes6 wmi, bytes32 legalHash, bool confirmed) internal view returns (string memory) {
        string memory json = string.concat(
            "{\"name\":\"QoodBlock vehicle ",
            id.toString(),
            "\",\"description\":\"",
            confirmed ? "A vehicle, confirmed by its maker." : "A vehicle that its maker has not confirmed.",
            "\",\"external_url\":\"",
            ipfsUri(legalHash),
            "\",\"reference\":\"",
            caip19(id),
            "\",\"attributes\":[{\"trait_type\":\"wmi\",\"value\":\"",
            _text(wmi),
            "\"}]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(bytes(json)));
    }

    /// @dev 64 characters, without a prefix.
    function _hex(bytes32 word) private pure returns (string memory text) {
        bytes memory long = bytes(uint256(word).toHexString(32));
        bytes memory short = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) {
            short[i] = long[i + 2];
        }
        return string(short);
    }

    /// @dev The characters of a WMI without the zero bytes after them.
    function _text(bytes6 wmi) private pure returns (string memory) {
        return uint24(uint48(wmi)) == 0 ? string(abi.encodePacked(bytes3(wmi))) : string(abi.encodePacked(wmi));
    }
}
