// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title BabyJub
/// @notice Accepts exactly the delivery keys that the circuit accepts: on the twisted Edwards curve
/// a x^2 + y^2 = 1 + d x^2 y^2 over BN254's scalar field (EIP-2494, circomlib's form), and not of small order.
library BabyJub {
    /// @notice Order of BN254's scalar field, the base field of the curve.
    uint256 internal constant P = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    uint256 private constant _A = 168700;
    uint256 private constant _D = 168696;

    /// @notice Whether (x, y) is canonical, on the curve, and 8 times it is not the identity.
    function isValidKey(uint256 x, uint256 y) internal pure returns (bool) {
        if (x >= P || y >= P) return false;
        uint256 xx = mulmod(x, x, P);
        uint256 yy = mulmod(y, y, P);
        if (addmod(mulmod(_A, xx, P), yy, P) != addmod(1, mulmod(_D, mulmod(xx, yy, P), P), P)) return false;

        uint256 z = 1;
        for (uint256 i = 0; i < 3; ++i) {
            (x, y, z) = _double(x, y, z);
        }
        // The identity is (0 : z : z). z is never 0, since the doubling is complete: a is a square, d is not.
        return x != 0 || y != z;
    }

    /// @dev Projective doubling (Bernstein, Birkner, Joye, Lange, Peters: Twisted Edwards Curves, 2008, section 6).
    function _double(uint256 x, uint256 y, uint256 z) private pure returns (uint256 x3, uint256 y3, uint256 z3) {
        uint256 c = mulmod(x, x, P);
        uint256 d = mulmod(y, y, P);
        uint256 xy = addmod(x, y, P);
        uint256 e = mulmod(_A, c, P);
        uint256 f = addmod(e, d, P);
        uint256 h = mulmod(z, z, P);
        uint256 j = addmod(f, P - addmod(h, h, P), P);
        // (x + y)^2 - c - d
        x3 = mulmod(addmod(mulmod(xy, xy, P), P - addmod(c, d, P), P), j, P);
        y3 = mulmod(f, addmod(e, P - d, P), P);
        z3 = mulmod(f, j, P);
    }
}
