// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title BabyJub
/// @notice Accepts exactly the delivery keys that the circuit accepts: on the twisted Edwards curve
/// a x^2 + y^2 = 1 + d x^2 y^2 over BN254's scalar field (EIP-2494, circomlib's form), and not of small order.
library BabyJub {
    /// @notice Order of BN254's scalar field, the base field of the curve.
    uint256 internal constant P = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice Whether (x, y) is canonical, on the curve, and 8 times it is not the identity.
    /// @dev 8P = O if and only if 2P has an order that divides 4, that is x(2P) = 0 (orders 1 and 2) or y(2P) = 0 (order 4).
    /// By the doubling formula x(2P) = 2xy / (1 + d x^2 y^2) and y(2P) = (y^2 - a x^2) / (2 - a x^2 - y^2), whose
    /// denominators are never 0. So three comparisons do what three doublings would: x, y and y^2 - a x^2 are not 0.
    /// a = 168700, d = 168696.
    function isValidKey(uint256 x, uint256 y) internal pure returns (bool valid) {
        uint256 p = P;
        if (x >= p || y >= p) return false;
        assembly ("memory-safe") {
            let xx := mulmod(x, x, p)
            let yy := mulmod(y, y, p)
            let axx := mulmod(168700, xx, p)
            let onCurve := eq(addmod(axx, yy, p), addmod(1, mulmod(168696, mulmod(xx, yy, p), p), p))
            valid := and(onCurve, iszero(or(or(iszero(x), iszero(y)), eq(yy, axx))))
        }
    }
}
