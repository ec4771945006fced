// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title BabyJub
/// @notice Accepts exactly the delivery keys that the circuit accepts: on the twisted Edwards curve
/// a x^2 + y^2 = 1 + d x^2 y^2 over BN254's scalar field (EIP-2494, circomlib's form), and not of small order.
library BabyJub {
    /// @notice Order of BN254's scalar field, the base field of the curve.
    uint256 internal constant P = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice Whether (x, y) is canonical, on the curve, and 8 times it is not the identity.
    /// @dev Projective doublings (Bernstein, Birkner, Joye, Lange, Peters: Twisted Edwards Curves, 2008, section 6), written so
    /// that the modulus stays on the stack. a = 168700, d = 168696.
    function isValidKey(uint256 x, uint256 y) internal pure returns (bool valid) {
        uint256 p = P;
        if (x >= p || y >= p) return false;
        assembly ("memory-safe") {
            let xx := mulmod(x, x, p)
            let yy := mulmod(y, y, p)
            if eq(addmod(mulmod(168700, xx, p), yy, p), addmod(1, mulmod(168696, mulmod(xx, yy, p), p), p)) {
                let z := 1
                for { let i := 0 } lt(i, 3) { i := add(i, 1) } {
                    let c := mulmod(x, x, p)
                    let d := mulmod(y, y, p)
                    let e := mulmod(168700, c, p)
                    let f := addmod(e, d, p)
                    // f - 2 z^2; differences of values below p are kept positive by adding p.
                    let j := addmod(f, sub(p, mulmod(2, mulmod(z, z, p), p)), p)
                    // (x + y)^2 - c - d
                    let s := add(x, y)
                    x := mulmod(addmod(mulmod(s, s, p), sub(add(p, p), add(c, d)), p), j, p)
                    y := mulmod(f, addmod(e, sub(p, d), p), p)
                    z := mulmod(f, j, p)
                }
                // The identity is (0 : z : z). z is never 0, since the doubling is complete: a is a square, d is not.
                valid := or(iszero(iszero(x)), iszero(eq(y, z)))
            }
        }
    }
}
