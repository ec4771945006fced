// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IERC1271 } from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { IComplaintVerifier } from "../../../contracts/market/IComplaintVerifier.sol";
import { Complaint } from "../../../contracts/market/libraries/Complaints.sol";
import { AwkwardToken } from "../../../contracts/mocks/AwkwardToken.sol";

/// @notice A token that can be dead: then nobody can even read a balance, so that a move which touches it fails.
contract WalkToken is AwkwardToken {
    bool public dead;

    error WalkToken_Dead();

    function setDead(bool value) external {
        dead = value;
    }

    function balanceOf(address account) public view override returns (uint256) {
        if (dead) revert WalkToken_Dead();
        return super.balanceOf(account);
    }

    /// @dev Every transfer and approval asks who sends it.
    function _msgSender() internal view override returns (address) {
        if (dead) revert WalkToken_Dead();
        return super._msgSender();
    }
}

/// @notice A contract wallet that answers for its key, or does what hostile code would.
contract MoodyWallet is IERC1271 {
    enum Mood {
        Honest,
        Reverts,
        BurnsAllGas,
        SaysNo
    }

    address public immutable key;
    Mood public mood;

    constructor(address key_) {
        key = key_;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (mood == Mood.Reverts) revert();
        if (mood == Mood.BurnsAllGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        return mood == Mood.Honest && signer == key ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @title Toy
/// @notice A wrapping of keys that can be checked in public, in place of the circuit's: a key is rightly wrapped if it is the hash
/// of its commitment, the deal's context, the delivery key and R.
library Toy {
    function wrap(uint256 commitment, uint256 context, uint256 keyX, uint256 r) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(commitment, context, keyX, r))) >> 8;
    }
}

/// @notice Takes a proof if what it is about is true and its first word is 1: a sound and complete proof system whose prover may
/// be honest or not. It stands for all three sizes.
contract ToyKeyVerifier {
    /// @dev Selector, 8 words of proof, then context, P (2), commitment[m], R (2), c[m].
    fallback(bytes calldata data) external returns (bytes memory) {
        uint256[] memory word = abi.decode(bytes.concat(bytes32(uint256(32)), bytes32((data.length - 4) / 32), data[4:]), (uint256[]));
        uint256 m = (word.length - 13) / 2;
        bool right = word[0] == 1;
        for (uint256 i = 0; i < m && right; ++i) {
            right = word[13 + m + i] == Toy.wrap(word[11 + i], word[8], word[9], word[11 + m]);
        }
        return abi.encode(right);
    }
}

/// @notice A complaint is right if the batch was spoiled and the complaint is about leaf 1.
contract ToyComplaints is IComplaintVerifier {
    mapping(bytes32 root => bool) public spoiled;

    function spoil(bytes32 root) external {
        spoiled[root] = true;
    }

    function check(bytes32 root, uint256, uint256, Complaint calldata complaint) external view {
        if (!spoiled[root] || complaint.leaf != 1) revert ComplaintVerifier_LeafIsRight(complaint.leaf, complaint.dataHash);
    }
}
