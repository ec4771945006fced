pragma circom 2.1.0;

include "Commitment.circom";

/*
 * The key that a batch is sealed with, from the two commitments of its header: key = k_0 + k_1 mod p.
 *
 * Where one principal holds the whole key the second part is 0, its commitment that of 0. Each part is fixed by its
 * commitment, hence so is the sum.
 *
 * The numbers in brackets are listed in every circuit that uses this.
 */
template BatchKey() {
    // INPUT
    signal input commitment[2];
    signal input k[2];
    // OUTPUT
    signal output key;

    component commit[2];
    for (var i = 0; i < 2; i++) {
        commit[i] = Commitment();
        commit[i].k <== k[i];
        commit[i].commitment <== commitment[i];
    }

    key <== k[0] + k[1]; // [11]
}
