// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

// solhint does not look into assembly.
// solhint-disable-next-line no-unused-import
import { ChaChaRounds, X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15 } from "./ChaChaRounds.sol";

/// @title ChaCha20
/// @notice The stream cipher of RFC 8439 with nonce 0: every key serves one segment only.
/// @dev Seven blocks at a time. Works in memory from 0x2000 on, which must be free: a caller that has allocated up to there is refused.
library ChaCha20 {
    error ChaCha20_MemoryInUse(uint256 free);

    uint256 private constant _WORK = 0x2000; // X0 ... X15, then the masks
    uint256 private constant _BLOCK = 0x2320; // one block of the key stream
    uint256 private constant _START = 0x2400; // the states before the rounds, then the masks again
    uint256 private constant _COUNTERS = 0x2580;

    uint256 private constant _LANES = 0x0000000001000000001000000001000000001000000001000000001000000001;
    uint256 private constant _LANE_NUMBERS = 0x0000000006000000005000000004000000003000000002000000001000000000;
    uint256 private constant _BYTES = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
    uint256 private constant _PAIRS = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;

    /// @notice Encrypts or decrypts (the same operation) `data` from byte `offset` on, in place.
    /// @param key 32 bytes, big-endian.
    /// @param firstBlock Counter of the first block; counters go on modulo 2^32.
    function crypt(bytes memory data, uint256 offset, uint256 key, uint256 firstBlock) internal pure {
        _start(key);
        uint256 position;
        uint256 end;
        assembly ("memory-safe") {
            position := add(add(data, 32), offset)
            end := add(add(data, 32), mload(data))
        }
        for (; position < end; firstBlock += 7) {
            _sevenBlocks(firstBlock);
            position = _xor(position, end);
        }
    }

    /// @dev Writes what is the same for all blocks of a key (section 2.3: constants, key, counter, nonce), and the masks.
    function _start(uint256 key) private pure {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        if (free > _WORK) revert ChaCha20_MemoryInUse(free);
        key = _swapBytes(key);
        assembly ("memory-safe") {
            // "expand 32-byte k" in every lane
            mstore(0x2400, 0x0061707865061707865061707865061707865061707865061707865061707865)
            mstore(0x2420, 0x003320646e03320646e03320646e03320646e03320646e03320646e03320646e)
            mstore(0x2440, 0x0079622d32079622d32079622d32079622d32079622d32079622d32079622d32)
            mstore(0x2460, 0x006b20657406b20657406b20657406b20657406b20657406b20657406b206574)
            mstore(0x2480, mul(shr(224, key), _LANES))
            mstore(0x24a0, mul(and(shr(192, key), 0xffffffff), _LANES))
            mstore(0x24c0, mul(and(shr(160, key), 0xffffffff), _LANES))
            mstore(0x24e0, mul(and(shr(128, key), 0xffffffff), _LANES))
            mstore(0x2500, mul(and(shr(96, key), 0xffffffff), _LANES))
            mstore(0x2520, mul(and(shr(64, key), 0xffffffff), _LANES))
            mstore(0x2540, mul(and(shr(32, key), 0xffffffff), _LANES))
            mstore(0x2560, mul(and(key, 0xffffffff), _LANES))
            mstore(0x25a0, 0)
            mstore(0x25c0, 0)
            mstore(0x25e0, 0)
            mstore(0x2600, mul(0x7f, _LANES))
            mstore(0x2620, mul(0xff, _LANES))
            mstore(0x2640, mul(0xfff, _LANES))
            mstore(0x2660, mul(0xffff, _LANES))
            mstore(0x2680, mul(0xfffff, _LANES))
            mstore(0x26a0, mul(0xffffff, _LANES))
            mstore(0x26c0, mul(0x1ffffff, _LANES))
            mstore(0x26e0, mul(0xffffffff, _LANES))
        }
    }

    /// @dev Leaves seven blocks of the key stream in the lanes of X0 ... X15, carries of the last addition included.
    function _sevenBlocks(uint256 firstBlock) private pure {
        assembly ("memory-safe") {
            // A counter that passes 2^32 is a carry like any other.
            mstore(_COUNTERS, add(mul(and(firstBlock, 0xffffffff), _LANES), _LANE_NUMBERS))
            mcopy(_WORK, _START, 0x300)
        }
        ChaChaRounds.run();
        assembly ("memory-safe") {
            mstore(X0, add(mload(X0), mload(0x2400)))
            mstore(X1, add(mload(X1), mload(0x2420)))
            mstore(X2, add(mload(X2), mload(0x2440)))
            mstore(X3, add(mload(X3), mload(0x2460)))
            mstore(X4, add(mload(X4), mload(0x2480)))
            mstore(X5, add(mload(X5), mload(0x24a0)))
            mstore(X6, add(mload(X6), mload(0x24c0)))
            mstore(X7, add(mload(X7), mload(0x24e0)))
            mstore(X8, add(mload(X8), mload(0x2500)))
            mstore(X9, add(mload(X9), mload(0x2520)))
            mstore(X10, add(mload(X10), mload(0x2540)))
            mstore(X11, add(mload(X11), mload(0x2560)))
            mstore(X12, add(mload(X12), mload(0x2580)))
            mstore(X13, add(mload(X13), mload(0x25a0)))
            mstore(X14, add(mload(X14), mload(0x25c0)))
            mstore(X15, add(mload(X15), mload(0x25e0)))
        }
    }

    /// @dev Takes the blocks out of the lanes one by one and XORs them onto memory, up to `end`.
    function _xor(uint256 position, uint256 end) private pure returns (uint256) {
        assembly ("memory-safe") {
            let evenBytes := _BYTES
            let evenPairs := _PAIRS
            for { let lane := 0 } and(lt(lane, 252), lt(position, end)) { lane := add(lane, 36) } {
                // Last word first: each store overwrites what stands to the left of its 32 bits.
                mstore(0x2340, shr(lane, mload(X15)))
                mstore(0x233c, shr(lane, mload(X14)))
                mstore(0x2338, shr(lane, mload(X13)))
                mstore(0x2334, shr(lane, mload(X12)))
                mstore(0x2330, shr(lane, mload(X11)))
                mstore(0x232c, shr(lane, mload(X10)))
                mstore(0x2328, shr(lane, mload(X9)))
                mstore(0x2324, shr(lane, mload(X8)))
                mstore(0x2320, shr(lane, mload(X7)))
                mstore(0x231c, shr(lane, mload(X6)))
                mstore(0x2318, shr(lane, mload(X5)))
                mstore(0x2314, shr(lane, mload(X4)))
                mstore(0x2310, shr(lane, mload(X3)))
                mstore(0x230c, shr(lane, mload(X2)))
                mstore(0x2308, shr(lane, mload(X1)))
                mstore(0x2304, shr(lane, mload(X0)))
                // Reverses the bytes of every word, as {_swapBytes}.
                let low := mload(_BLOCK)
                low := or(and(shr(8, low), evenBytes), shl(8, and(low, evenBytes)))
                low := or(and(shr(16, low), evenPairs), shl(16, and(low, evenPairs)))
                let high := mload(0x2340)
                high := or(and(shr(8, high), evenBytes), shl(8, and(high, evenBytes)))
                high := or(and(shr(16, high), evenPairs), shl(16, and(high, evenPairs)))
                let left := sub(end, position)
                if lt(left, 64) {
                    // Zeros where the data has ended.
                    mstore(_BLOCK, low)
                    mstore(0x2340, high)
                    mstore(add(_BLOCK, left), 0)
                    mstore(add(0x2340, left), 0)
                    low := mload(_BLOCK)
                    high := mload(0x2340)
                }
                mstore(position, xor(mload(position), low))
                mstore(add(position, 32), xor(mload(add(position, 32)), high))
                position := add(position, 64)
            }
        }
        return position;
    }

    /// @dev Reverses the bytes of each of the eight 32-bit words: ChaCha20 is little-endian.
    function _swapBytes(uint256 words) private pure returns (uint256) {
        words = ((words >> 8) & _BYTES) | ((words & _BYTES) << 8);
        return ((words >> 16) & _PAIRS) | ((words & _PAIRS) << 16);
    }
}
