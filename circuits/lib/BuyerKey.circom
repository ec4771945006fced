pragma circom 2.1.0;

include "circomlib/circuits/babyjub.circom";

/*
 * A buyer's delivery key P, checked and freed of its cofactor.
 *
 * BabyJubJub has 8·l points. Multiplying by 8 lands in the subgroup of prime order l whatever the order of P, and
 * 8P != O leaves only points of order l exactly: what EscalarMulAny needs, whose additions are incomplete and whose
 * answer for the neutral element is an arbitrary choice. Doubling is complete on the curve, hence the order of work:
 * on the curve first, then three doublings, then the one comparison. In the subgroup of odd order the only point
 * with x = 0 is O, so that 8P != O is x(8P) != 0, shown by an inverse.
 *
 * The numbers in brackets are listed in KeyDelivery.circom.
 */
template BuyerKey() {
    // INPUT
    signal input P[2];        // any pair of field elements
    // OUTPUT
    signal output P8[2];      // 8·P, of order l

    component onCurve = BabyCheck(); // [1]
    onCurve.x <== P[0];
    onCurve.y <== P[1];

    component double[3];
    for (var i = 0; i < 3; i++) {
        double[i] = BabyDbl();
        double[i].x <== i == 0 ? P[0] : double[i - 1].xout;
        double[i].y <== i == 0 ? P[1] : double[i - 1].yout;
    }

    signal inverse;
    inverse <-- double[2].xout != 0 ? 1 / double[2].xout : 0;
    double[2].xout * inverse === 1; // [2]

    P8[0] <== double[2].xout; // [3]
    P8[1] <== double[2].yout; // [4]
}
